# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the kernel to records: of one resource link by link, of a layout by a dump for each namespace.

The rooms are imported when they are needed: the target compiles what is imported, on every task.
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
    """What is worth decoding of a whole layout: what it speaks of."""
    from ansible_collections.nfv.vnet.plugins.module_utils._observe import _survey

    return _survey.selection(layout)


def observe(reader: Reader, layout: Layout) -> Host:
    """The part of the host that the layout speaks of. VnetError where it may not be looked at."""
    if layout.name:
        from ansible_collections.nfv.vnet.plugins.module_utils._observe._survey import survey

        with _speaking_of(()):
            return survey(reader, layout)
    from ansible_collections.nfv.vnet.plugins.module_utils._observe._inspection import Inspector

    inspector = Inspector(reader, layout)
    for namespace in layout.namespaces:
        with _speaking_of(namespace.path):
            inspector.namespace(namespace)
    for link in layout.links:
        with _speaking_of(link.path):
            inspector.link(link)
    return Host(inspector.namespaces, inspector.links)


def observe_again(reader: Reader, layout: Layout, earlier: Host, names: Set[str]) -> Host:
    """What was seen of a whole layout earlier, with what is in these namespaces now."""
    from ansible_collections.nfv.vnet.plugins.module_utils._observe._survey import survey_again

    with _speaking_of(()):
        return survey_again(reader, layout, earlier, names)


@contextmanager
def _speaking_of(path: Path) -> Iterator[None]:
    try:
        yield
    except KernelError as error:
        raise VnetError(path, str(error), error.errno) from None
