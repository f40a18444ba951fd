# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""TUN and TAP devices: C(include/uapi/linux/if_tun.h); C(if_link.h), C(IFLA_TUN_*)."""

from __future__ import annotations

from typing import Any, Mapping, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import QUEUES, LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import BOOL8, GROUP, U32, USER, ValueType

_ROWS: Tuple[Attribute, ...] = (
    Attribute(
        "mode",
        3,
        ValueType("str", "uint8", lambda payload: {1: "tun", 2: "tap"}.get(payload[0], ""), str, str, ("tun", "tap")),
        "Mode of the device. V(tun) carries IP packets and is point-to-point, V(tap) carries Ethernet frames. It is required to create the device.",
        when="create",
        location="ioctl",
    ),
    Attribute(
        "owner",
        1,
        USER,
        "User who may attach to the device, by name or id. If neither O(owner) nor O(group) is set, every user who can open C(/dev/net/tun) may"
        " attach. V('') means no owner. An owner cannot be removed from an existing device; with O(recreate=true) the device is replaced.",
        ip_name="user",
        location="ioctl",
        initial="",
    ),
    Attribute(
        "group",
        2,
        GROUP,
        "Group whose members may attach to the device, by name or id. If O(owner) is set as well, only that user may attach, and only as a member"
        " of the group. V('') means no group; the same applies.",
        location="ioctl",
        initial="",
    ),
    Attribute("multi_queue", 7, BOOL8, "Whether a program may attach several queues to the device.", when="create", location="ioctl", initial=False),
    Attribute(
        "packet_info",
        4,
        BOOL8,
        "Whether packets are preceded by a header of four bytes with their protocol.",
        ip_name="pi",
        when="attach",
        location="ioctl",
        initial=False,
    ),
    Attribute(
        "vnet_hdr",
        5,
        BOOL8,
        "Whether packets are preceded by a virtio header.",
        when="attach",
        location="ioctl",
        initial=False,
    ),
    Attribute("persist", 6, BOOL8, "Whether the device persists when no program holds it.", when="read", location="ioctl"),
    Attribute("num_queues", 8, U32, "Number of attached queues.", when="read", location="ioctl"),
)


def _initial_of_tuntap(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"arp": False, "txqueuelen": 500} if values.get("mode") == "tun" else {}


TUNTAP = LinkKind(
    "tuntap",
    "tun",
    "a TUN or TAP device",
    "CONFIG_TUN",
    _ROWS,
    lacks=QUEUES,
    required=("mode",),
    created_with=tuple(row.name for row in _ROWS),
    always=("mode", "multi_queue", "packet_info", "vnet_hdr", "persist"),
    is_ethernet=lambda values: values.get("mode") != "tun",
    is_attachable=True,
    initial=_initial_of_tuntap,
    without_frames="a TUN device, which carries no Ethernet frames; use a TAP device",
    picture="device",
)
