# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Dict

from ansible_collections.nfv.vnet.plugins.plugin_utils._dot import dot
from ansible_collections.nfv.vnet.plugins.plugin_utils._draw import filter_of

DOCUMENTATION = r"""
---
name: dot
short_description: Draw a network in the language of Graphviz
version_added: 1.0.0
description:
  - Converts the declaration of a network to a graph in the language of Graphviz (DOT). Graphviz itself is not needed.
extends_documentation_fragment:
  - nfv.vnet.picture
seealso:
  - plugin: nfv.vnet.text
    plugin_type: filter
  - plugin: nfv.vnet.mermaid
    plugin_type: filter
  - plugin: nfv.vnet.svg
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Read one layout
  nfv.vnet.vnet_info:
    layout: lab
  register: vnet_lab

- name: Write its picture in the language of Graphviz
  ansible.builtin.copy:
    content: "{{ vnet_lab | nfv.vnet.dot(fold=0) }}"
    dest: lab.dot
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
---
_value:
  description: The text of the graph.
  type: str
"""


class FilterModule:
    """The filter."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"dot": filter_of("dot", dot)}
