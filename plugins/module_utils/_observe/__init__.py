# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the current state: of a single resource link by link, of a layout by one dump for each kind of object and namespace.

The modules are imported when they are needed, as the target compiles what is imported in every task.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout


def selection(layout: Layout) -> Selection:
    """The attributes to decode for a layout: those that it declares, and those that the plan needs."""
    from ansible_collections.nfv.vnet.plugins.module_utils._observe import _layout

    return _layout.selection(layout)


def observe(reader: Reader, layout: Layout) -> Host:
    """Reads the part of the host that the layout is about. VnetError if it cannot be read."""
    if layout.name:
        from ansible_collections.nfv.vnet.plugins.module_utils._observe._layout import read_layout

        with _with_path(()):
            return read_layout(reader, layout)
    from ansible_collections.nfv.vnet.plugins.module_utils._observe._single import SingleReader

    single_reader = SingleReader(reader, layout)
    for namespace in layout.namespaces:
        with _with_path(namespace.path):
            single_reader.namespace(namespace)
    for link in layout.links:
        with _with_path(link.path):
            single_reader.link(link)
    return Host(single_reader.namespaces, single_reader.links)


def observe_again(reader: Reader, layout: Layout, earlier: Host, names: Set[str]) -> Host:
    """The state that was read earlier, with these namespaces read again."""
    from ansible_collections.nfv.vnet.plugins.module_utils._observe._layout import reread_layout

    with _with_path(()):
        return reread_layout(reader, layout, earlier, names)


@contextmanager
def _with_path(path: Path) -> Iterator[None]:
    try:
        yield
    except KernelError as error:
        raise VnetError(path, str(error), error.errno) from None
