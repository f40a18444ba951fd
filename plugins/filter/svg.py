# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Dict

from ansible_collections.nfv.vnet.plugins.plugin_utils import _graphviz
from ansible_collections.nfv.vnet.plugins.plugin_utils._dot import dot
from ansible_collections.nfv.vnet.plugins.plugin_utils._draw import filter_of

DOCUMENTATION = r"""
---
name: svg
short_description: Draw a network as an SVG image
version_added: 1.0.0
description:
  - Converts the declaration of a network to an SVG image, which is readable on light and dark pages. The program C(dot) of Graphviz draws it.
requirements:
  - the program C(dot) on the controller (C(apt install graphviz), C(dnf install graphviz))
extends_documentation_fragment:
  - nfv.vnet.picture
seealso:
  - plugin: nfv.vnet.text
    plugin_type: filter
  - plugin: nfv.vnet.mermaid
    plugin_type: filter
  - plugin: nfv.vnet.dot
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Read the state of the host
  nfv.vnet.vnet_info:
  register: vnet_host

- name: Write its picture
  ansible.builtin.copy:
    content: "{{ vnet_host | nfv.vnet.svg }}"
    dest: "{{ inventory_hostname }}.svg"
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
---
_value:
  description: The image, as text.
  type: str
"""


class FilterModule:
    """The filter."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"svg": filter_of("svg", lambda picture, direction: _graphviz.svg(dot(picture, direction)))}
