# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx builds the documentation site: make docs-site."""

from __future__ import annotations

import zlib
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
GALAXY = yaml.safe_load((HERE.parents[1] / "galaxy.yml").read_text(encoding="utf-8"))
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
SETUP = "ansible_collections.ansible.builtin.setup_module"
LABELS = {
    "ansible_configuration_settings": ("reference_appendices/config.html", "Ansible Configuration Settings"),
    "action_plugins": ("plugins/action.html", "Action plugins"),
    "common_return_values": ("reference_appendices/common_return_values.html", "Return Values"),
    SETUP: ("collections/ansible/builtin/setup_module.html", "ansible.builtin.setup"),
}
"""What the reference refers to there: label, page, title. The site is built without a network."""
VARIABLES = ["BECOME_EXE", "BECOME_FLAGS", "BECOME_USER", "CACHE_PLUGIN", "CACHE_PLUGIN_CONNECTION", "CACHE_PLUGIN_PREFIX", "CACHE_PLUGIN_TIMEOUT"]
"""Environment variables without C(ANSIBLE_), which its page on the configuration has."""


def inventory(target: Path) -> str:
    """Writes an inventory of intersphinx with these; returns its file."""
    head = "# Sphinx inventory version 2\n# Project: ansible\n# Version:\n# The remainder of this file is compressed using zlib.\n"
    lines = "".join(f"{label} std:label -1 {page} {title}\n" for label, (page, title) in LABELS.items())
    lines += "".join(f"ANSIBLE_{name} std:envvar 1 reference_appendices/config.html#envvar-$ -\n" for name in VARIABLES)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(head.encode() + zlib.compress(lines.encode()))
    return str(target)


project = f"{GALAXY['namespace']}.{GALAXY['name']}"
author = "The nfv.vnet developers"
copyright = author  # noqa: A001
version = release = GALAXY["version"]

extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext", "sphinx_copybutton"]
nitpicky = True
default_role = "any"
highlight_language = "YAML+Jinja"
pygments_style = "ansible"
pygments_dark_style = "github-dark"
intersphinx_mapping = {"ansible": (ANSIBLE, inventory(HERE.parents[1] / ".venv" / "site" / "ansible.inv"))}
intersphinx_disabled_reftypes = []  # labels, too

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
antsibull_ext_color_scheme = "none"
copybutton_prompt_text = r"[$#] "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_line_continuation_character = "\\"
