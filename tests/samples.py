# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample values for the general tests of kinds of links: tests/kernel/test_kinds.py, tests/integration/test_sampled_kinds.py."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

Values = Dict[str, Any]


class Sample(NamedTuple):
    """Sample values of one kind, in addition to those of all links."""

    create: Values
    """The options, apart from the name, to create one."""
    around: List[Values]
    """Other links that must exist, as items of the option links of a layout."""
    live: Dict[str, List[Any]]
    """Two values of each own attribute that can be changed."""
    new: Values
    """Of the parent and of each own attribute that only a new link can have, a value that differs from C(create)."""


SAMPLES: Dict[str, Sample] = {
    "dummy": Sample({}, [], {}, {}),
    "ifb": Sample({}, [], {}, {}),
    "vlan": Sample(
        create={"parent": "below", "id": 10},
        around=[{"type": "tuntap", "name": "below", "mode": "tap"}, {"type": "tuntap", "name": "beside", "mode": "tap"}],
        live={
            "reorder_hdr": [False, True],
            "gvrp": [True, False],
            "mvrp": [True, False],
            "loose_binding": [True, False],
            "bridge_binding": [True, False],
            "ingress_qos_map": [{"1": 5, "7": 70000}, {"2": 3}],
            "egress_qos_map": [{"0": 1, "70000": 7}, {}],
        },
        new={"parent": "beside", "id": 20, "protocol": "802.1ad"},
    ),
}
"""By type."""
