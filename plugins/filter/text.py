# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any, Callable, Dict

from ansible_collections.nfv.vnet.plugins.plugin_utils._draw import filter_of
from ansible_collections.nfv.vnet.plugins.plugin_utils._text import text

DOCUMENTATION = r"""
---
name: text
short_description: Draw a network as text for a terminal
version_added: 1.0.0
description:
  - Converts the declaration of a network to a tree of lines. Each box is below the one that it is connected to, with its links, addresses and routes.
  - O(direction) has no effect.
extends_documentation_fragment:
  - nfv.vnet.picture
seealso:
  - plugin: nfv.vnet.mermaid
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
    msg: "{{ (vnet_host | nfv.vnet.text).splitlines() }}"
"""

RETURN = r"""
---
_value:
  description: The lines of the tree.
  type: str
"""


class FilterModule:
    """The filter."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"text": filter_of("text", text)}
