# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Dict

from ansible_collections.nfv.vnet.plugins.plugin_utils._draw import filter_of
from ansible_collections.nfv.vnet.plugins.plugin_utils._mermaid import mermaid

DOCUMENTATION = r"""
---
name: mermaid
short_description: Draw a network as a Mermaid flowchart
version_added: 1.0.0
description:
  - Converts the declaration of a network to the text of a Mermaid flowchart. GitHub, GitLab and others show it as a picture, in a file of its own
    (C(.mmd)) or in Markdown in a code block with the language C(mermaid).
extends_documentation_fragment:
  - nfv.vnet.picture
seealso:
  - plugin: nfv.vnet.text
    plugin_type: filter
  - plugin: nfv.vnet.dot
    plugin_type: filter
  - plugin: nfv.vnet.svg
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Read the state of the host
  nfv.vnet.vnet_info:
  register: vnet_host

- name: Show its picture
  ansible.builtin.debug:
    msg: "{{ vnet_host | nfv.vnet.mermaid }}"

- name: Write the picture of a declaration in a file to the documentation
  ansible.builtin.copy:
    content: |
      ```mermaid
      {{ lookup('ansible.builtin.file', 'network.yml') | from_yaml | nfv.vnet.mermaid(direction='TB') }}```
    dest: network.md
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
---
_value:
  description: The text of the flowchart.
  type: str
"""


class FilterModule:
    """The filter."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"mermaid": filter_of("mermaid", mermaid)}
