# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is there to what is wanted: a pure function of records."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    CORPSE,
    KERNEL_OWNED,
    Address,
    FoundLink,
    FoundNamespace,
    Host,
    Layout,
    Link,
    LinkId,
    Namespace,
    Plan,
    Port,
    Route,
    Step,
    Values,
    Vlan,
    VnetError,
    ranges,
)

# The order of the steps. What cannot be taken back comes late, deletions last.
_NAMESPACE, _AWAY, _MAKE, _SET, _JOIN, _PORTS_ARE_IN, _UNROUTE = range(7)
_ADDRESS, _UP, _IS_UP, _ROUTE, _LATE, _DELETE, _DELETE_NAMESPACE = range(7, 14)

_CREATED_WITH = ("mac", "num_tx_queues", "num_rx_queues")
"""What goes into the message that makes a bridge or a cable."""
_STP_DELAYS = (2, 30)
_IPV6_MTU = 1280
_IPV6_PLACES = ("sysctl", "inet6")


def plan(layout: Layout, host: Host, checking: bool = False) -> Plan:
    """The steps from the host to the layout. VnetError for what cannot be.

    C(checking): a namespace, bridge or port that is missing may be the work of an earlier task that was only checked too,
    so it is a warning.
    """
    planner = _Planner(layout, host, checking)
    for namespace in layout.namespaces:
        planner.namespace(namespace)
    planner.links()
    planner.ports()
    steps = [step for phase in sorted(planner.steps) for step in planner.steps[phase]]
    return Plan(steps, Host(planner.namespaces, planner.found), planner.warnings)


class _Join(NamedTuple):
    """A link that is to be a port. C(master) None: of the bridge that it is in."""

    where: str
    master: Optional[str]
    port: Port


class _Planner:
    def __init__(self, layout: Layout, host: Host, checking: bool) -> None:
        self._layout = layout
        self._host = host
        self._checking = checking
        self._wanted: Dict[LinkId, Link] = {link.id: link for link in layout.links}
        self.namespaces: Dict[str, FoundNamespace] = dict(host.namespaces)
        self.found: Dict[LinkId, FoundLink] = dict(host.links)
        """What is there, changed to what will be there as the steps are planned."""
        self.steps: Dict[int, List[Step]] = {}
        self.warnings: List[str] = []

    def _add(self, phase: int, act: str, netns: str, name: str, new: Any = None, old: Any = None, restore: Tuple[Step, ...] = ()) -> None:
        self.steps.setdefault(phase, []).append(Step(act, netns, name, new, old, restore))

    def _missing(self, message: str) -> None:
        if not self._checking:
            raise VnetError(message)
        self.warnings.append("%s (in check mode: it may be what an earlier task makes)" % message)

    # Namespaces

    def namespace(self, wanted: Namespace) -> None:
        found = self.namespaces[wanted.name]
        if not wanted.present:
            if found.identity or found.obstacle:
                self._check_obstacle(wanted, found)
                self._add(_DELETE_NAMESPACE, "netns delete", "", wanted.name)
                self.namespaces[wanted.name] = FoundNamespace(None)
            return
        self._check_obstacle(wanted, found)
        fresh = found.identity is None
        if fresh:
            self._add(_NAMESPACE, "netns add", "", wanted.name, found.obstacle or None)
            found = FoundNamespace((0, 0), routes=[])
            self.found[wanted.name, "lo"] = _blank("loopback", wanted.name, "lo", {"up": False})
        sysctl = self._sysctl(wanted, found, fresh)
        nsid = found.nsid
        if wanted.nsid is not None and wanted.nsid != found.nsid:
            if found.nsid is not None:
                raise VnetError("%s: nsid is %d, and the kernel never changes it; leave nsid out" % (wanted.where, found.nsid))
            self._add(_LATE, "nsid set", "", wanted.name, wanted.nsid)
            nsid = wanted.nsid
        routes = found.routes
        if wanted.routes is not None:
            routes = self._routes(wanted.name, wanted.routes, found.routes or [], wanted.purge_routes, of_link=False)
        self.namespaces[wanted.name] = found._replace(nsid=nsid, sysctl=sysctl, routes=routes)

    def _check_obstacle(self, wanted: Namespace, found: FoundNamespace) -> None:
        if found.obstacle not in ("", CORPSE):
            raise VnetError("%s: there is %s at /run/netns/%s, no namespace; move it away" % (wanted.where, found.obstacle, wanted.name))

    def _sysctl(self, wanted: Namespace, found: FoundNamespace, fresh: bool) -> Dict[str, Optional[str]]:
        values = dict(found.sysctl)
        settings = sorted((wanted.sysctl or {}).items(), key=lambda setting: "forward" not in setting[0])
        resets = any("forward" in key and values.get(key) != value for key, value in settings)
        for key, value in settings:
            current = values.get(key)
            if current is None and not fresh:
                raise VnetError("%s: sysctl: this kernel has no %s in a namespace; look below /proc/sys/net there" % (wanted.where, key))
            if current != value or resets:  # forwarding brings other settings back to their defaults
                self._add(_SET, "sysctl set", wanted.name, key, value, current)
                values[key] = value
        return values

    # Links

    def links(self) -> None:
        done = set()
        for link in self._layout.links:
            if link.id in done:
                continue
            if link.present:
                self._require_namespace(link)
            far = self._wanted.get(link.peer) if link.peer else None
            if not link.present:
                self._absent(link)
            elif far:
                self._require_namespace(far)
                done.add(far.id)
                self._cable(link, far)
            else:
                self._single(link)

    def _require_namespace(self, link: Link) -> None:
        found = self.namespaces[link.netns]
        if found.identity:
            return
        if found.obstacle:
            raise VnetError("%s: netns: there is %s at %s, no namespace; vnet_netns makes one of an empty file" % (link.where, found.obstacle, link.netns))
        advice = "give another path" if "/" in link.netns else "make it with vnet_netns"
        self._missing("%s: namespace %s does not exist; %s" % (link.where, link.netns, advice))

    def _absent(self, wanted: Link) -> None:
        found = self.found.get(wanted.id) or self._moved_near(wanted)
        if not found:
            return
        if found.kind != wanted.kind:
            raise VnetError("%s: %s is %s, so it was not removed" % (wanted.where, found.name, found.title))
        self._remove(found, found.name)

    def _remove(self, found: FoundLink, known_as: str) -> None:
        if found.status.get("attached"):
            self.warnings.append("%s is held by a program that will be cut off (process id: %s)" % (known_as, _holders(found)))
        self._add(_DELETE, "link delete", found.netns, found.name, old=found.kind)
        del self.found[found.id]

    def _single(self, wanted: Link) -> None:
        """A bridge, a TUN or TAP device, or the lo of a namespace."""
        found = self.found.get(wanted.id)
        if found:
            _same_kind(wanted, found)
            found = self._unless_recreated(wanted, found, _conflicts(wanted, found))
        if not found:
            found = self._make(wanted)
        self._configure(wanted, found)

    def _unless_recreated(self, wanted: Link, found: FoundLink, conflicts: List[str]) -> Optional[FoundLink]:
        """None where a new link must take the place of the one found, which goes away last."""
        if not conflicts:
            return found
        if not wanted.recreate:
            raise VnetError("%s: %s; only a new link can have that: recreate: true replaces it" % (wanted.where, conflicts[0]))
        self._remove(self._put_away(found), found.name)
        return None

    def _put_away(self, found: FoundLink) -> FoundLink:
        """Frees the name of a link: it goes down, as older kernels only rename what is down, and gets another name."""
        away = "vnetold%d" % found.ifindex
        if found.values["up"]:
            self._add(_AWAY, "link set", found.netns, found.name, {"up": False}, {"up": True})
        self._add(_AWAY, "link rename", found.netns, found.name, away, found.name)
        for port in self._host.ports(found.id):
            self.found[port.id] = port._replace(master=away)
        del self.found[found.id]
        return self.found.setdefault((found.netns, away), found._replace(name=away))

    def _make(self, wanted: Link) -> FoundLink:
        created = {name: wanted.values[name] for name in _CREATED_WITH if name in wanted.values}
        if wanted.kind == "tun":
            if "mode" not in wanted.values:
                raise VnetError("%s: mode is needed to make the device: tun or tap" % wanted.where)
            created = {row.name: wanted.values[row.name] for row in table.TUNTAP if row.name in wanted.values}
        self._add(_MAKE, "link add", wanted.netns, wanted.name, {"kind": wanted.kind, "values": created})
        return _blank(wanted.kind, wanted.netns, wanted.name, {**created, "up": False})

    # Cables

    def _cable(self, near: Link, far: Link) -> None:
        if self._host.same(near.id, far.id):
            raise VnetError("%s: both ends have one name in one namespace; give them two" % far.where)
        found = self._found_cable(near, far)
        if found:
            conflicts = _conflicts(near, found[0]) + _conflicts(far, found[1])
            if not self._unless_recreated(near, found[0], conflicts):
                self._put_away(found[1])  # it goes with the near end
                found = None
        if not found:
            taken = self.found.get(far.id)
            if taken:
                raise VnetError("%s: name %s is taken by %s; remove it first" % (far.where, far.name, taken.title))
            created = [{name: end.values[name] for name in _CREATED_WITH if name in end.values} for end in (near, far)]
            new = {"kind": "veth", "values": created[0], "peer": far.id, "peer_values": created[1]}
            self._add(_MAKE, "link add", near.netns, near.name, new)
            found = tuple(  # type: ignore[assignment]
                _blank("veth", end.netns, end.name, {**values, "up": False})._replace(peer=end.peer) for end, values in zip((near, far), created)
            )
        for end, now in zip((near, far), found or ()):
            self._configure(end, self._at_home(end, now))

    def _found_cable(self, near: Link, far: Link) -> Optional[Tuple[FoundLink, FoundLink]]:
        """Both ends of the cable wherever somebody moved them, None where there is no such cable."""
        found = self.found.get(near.id)
        if found:
            _same_kind(near, found)
        else:
            found = self._moved_near(near)
        if not found:
            return None
        for place in (far.id, (near.netns, far.name)):
            peer = self.found.get(place)
            if peer and self._host.same(found.peer, place):
                return found, peer
        self._wrong_peer(near, far, found)
        return None

    def _moved_near(self, near: Link) -> Optional[FoundLink]:
        """The near end, if somebody moved it to where the far end belongs."""
        if not near.peer:
            return None
        found = self.found.get((near.peer[0], near.name))
        if not found or found.kind != "veth":
            return None
        ours = [near.peer, (near.netns, near.peer[1])]
        return found if any(self._host.same(found.peer, place) for place in ours) else None

    def _wrong_peer(self, near: Link, far: Link, found: FoundLink) -> None:
        if found.peer is None:
            peer = "in a namespace that this task does not speak of"
        else:
            peer = found.peer[1] + (" in namespace %s" % found.peer[0] if found.peer[0] else "")
        self._unless_recreated(near, found, ["its peer is %s, not %s" % (peer, far.name)])

    def _at_home(self, wanted: Link, found: FoundLink) -> FoundLink:
        """Moves an end that is in the other namespace. The kernel drops its addresses, its master and up."""
        if self._host.same(found.id, wanted.id) or not found.ifindex:
            return found
        if wanted.id in self.found:
            raise VnetError("%s: name %s is taken by %s; remove it first" % (wanted.where, wanted.name, self.found[wanted.id].title))
        up = (Step("link set", found.netns, found.name, {"up": True}),) if found.values["up"] else ()
        master = (Step("link set", found.netns, found.name, {"master": found.master}),) if found.master else ()
        self._add(_MAKE, "link move", found.netns, found.name, wanted.netns, found.netns, master + up)
        del self.found[found.id]
        values = {name: value for name, value in found.values.items() if name != "disable_ipv6"}
        values["up"] = False
        return found._replace(netns=wanted.netns, values=values, master="", port=None, addresses=[], routes=[])

    # What a link holds

    def _configure(self, wanted: Link, found: FoundLink) -> None:
        fresh = not found.ifindex
        _check_ipv6_mtu(wanted, found)
        if found.kind == "bridge":
            _check_delay(wanted, found)
            _check_vlan_snooping(wanted, found)
        if wanted.values.get("mac") and found.values.get("mode") == "tun":
            raise VnetError("%s: mac: a TUN device has no MAC address; leave it out" % wanted.where)
        going_down = found.values["up"] and wanted.values.get("up") is False
        if going_down:
            self._add(_SET, "link set", wanted.netns, wanted.name, {"up": False}, {"up": True})
        if found.kind == "tun":
            self._set_accounts(wanted, found)
        for row in self._rows(wanted):
            self._set(wanted, found, row, fresh)
        no_ipv6 = going_down or wanted.values.get("disable_ipv6") or wanted.values.get("mtu", _IPV6_MTU) < _IPV6_MTU
        addresses = [address for address in found.addresses if not (no_ipv6 and address.ipv6)]
        routes = [] if going_down else [route for route in found.routes or [] if not (no_ipv6 and route.ipv6)]
        if wanted.addresses is not None:
            addresses = self._addresses(wanted, addresses)
        if wanted.routes is not None:
            if wanted.routes and not wanted.values.get("up", True):
                raise VnetError("%s: routes: a link that is down has none; leave them out or set up: true" % wanted.where)
            routes = self._routes(wanted.netns, wanted.routes, routes, wanted.purge_routes, of_link=True)
        vlans = found.vlans
        if wanted.vlans is not None:
            current = {} if fresh else found.vlans or {}
            vlans = self._vlans(wanted, self._after_default(wanted, found, current), wanted.vlans, wanted.purge_vlans, of_bridge=True)
        rows = table.OF_KIND[wanted.kind]
        kept = () if fresh else [name for name in wanted.values if rows[name].when == "attach" or _holds(rows[name], wanted, found)]
        values = {**found.values, **{name: value for name, value in wanted.values.items() if name not in kept}}
        self.found[wanted.id] = found._replace(netns=wanted.netns, values=values, addresses=addresses, routes=routes, vlans=vlans)

    def _rows(self, wanted: Link) -> List[table.Attribute]:
        """The attributes that are wanted, in the order in which the kernel takes them."""
        rows = [row for row in table.OF_KIND[wanted.kind].values() if row.name in wanted.values and row.when == "live"]
        rows = [row for row in rows if row.name not in ("owner", "group")]
        if wanted.values.get("stp") is False:
            rows.sort(key=lambda row: row.name != "stp")  # a short forward_delay is refused while STP is on
        return rows

    def _set(self, wanted: Link, found: FoundLink, row: table.Attribute, fresh: bool) -> None:
        value, current = wanted.values[row.name], found.values.get(row.name)
        if current is None and not fresh and row.place not in _IPV6_PLACES:  # what moved or was small has lost these
            raise VnetError("%s: this kernel has no %s%s" % (wanted.where, row.name, needs(row)))
        if row.name == "disable_ipv6" and value and _mtu(wanted, found) < _IPV6_MTU:
            return
        if _holds(row, wanted, found):
            return
        if row.name == "up":
            if value:
                self._add(_UP, "link set", wanted.netns, wanted.name, {"up": True}, {"up": False})
            return
        phase = _PORTS_ARE_IN if row.name == "mtu" and wanted.kind == "bridge" else _ADDRESS if row.place in _IPV6_PLACES else _SET
        restore: Tuple[Step, ...] = ()
        if row.name == "vlan_filtering" and found.values.get("mcast_vlan_snooping"):  # goes off with it
            restore = (Step("link set", wanted.netns, wanted.name, {"mcast_vlan_snooping": True}),)
        self._add(phase, "link set", wanted.netns, wanted.name, {row.name: value}, None if fresh else {row.name: current}, restore)

    def _set_accounts(self, wanted: Link, found: FoundLink) -> None:
        """Owner and group of a TUN or TAP device that is there."""
        there = {name: found.values.get(name, "") for name in ("owner", "group")}
        names = [name for name, now in there.items() if wanted.values.get(name, now) != now]
        if not found.ifindex or (not names and found.status.get("persist")):
            return
        if found.status.get("attached") and not found.values.get("multi_queue"):
            what = "%s cannot change" % names[0] if names else "the device cannot be made to stay"
            raise VnetError("%s: %s while a program holds it (process id: %s); end that first" % (wanted.where, what, _holders(found)))
        old = {name: found.values.get(name) for name in ("mode", "packet_info", "vnet_hdr", "multi_queue")}
        new = dict(old)
        for name in names:
            old[name], new[name] = there[name], wanted.values[name]
        self._add(_LATE, "tuntap set", wanted.netns, wanted.name, new, old)

    def _addresses(self, wanted: Link, current: List[Address]) -> List[Address]:
        """Plans the addresses and returns those that will be there."""
        wished = {address.key: address for address in wanted.addresses or []}
        locals6 = {address.local for address in wished.values() if address.ipv6}
        going: List[Address] = []
        for address in current:
            if address.key in wished:
                continue
            ours = not (address.dynamic or address.link_local or address.key in KERNEL_OWNED)
            if (wanted.purge_addresses and ours) or address.local in locals6:
                going.append(address)
        for address in list(going):
            if any(other.dynamic and _secondary(other, address) for other in current):
                going.remove(address)
                self.warnings.append("%s: %s stays, as a dynamic address of its network would go with it" % (wanted.where, str(address)))
        staying = [address for address in current if address not in going]
        there = {address.key for address in staying if not address.dynamic and not any(_secondary(address, primary) for primary in going)}
        coming = [address for address in wished.values() if address.key not in there]
        # new ones first: the last address of a link takes routes with it. But not where they would go with an old one
        late = [address for address in coming if any(_secondary(address, old) or address.local == old.local for old in going)]
        for address in coming:
            if address not in late:
                self._add(_ADDRESS, "address add", wanted.netns, wanted.name, address)
        for address in reversed(going):  # secondary ones first: they go with their primary one
            self._add(_ADDRESS, "address delete", wanted.netns, wanted.name, old=address)
        for address in late:
            self._add(_ADDRESS, "address add", wanted.netns, wanted.name, address)
        kept = [address for address in staying if not (address.dynamic and address.key in wished)]
        keys = {address.key for address in kept}
        return kept + [address for address in wished.values() if address.key not in keys]

    def _routes(self, netns: str, wished: List[Route], current: List[Route], purge: bool, of_link: bool) -> List[Route]:
        """Plans routes and returns those that will be there."""
        missing = [route for route in wished if not any(route.satisfied_by(other) for other in current)]
        keys = {route.key for route in wished}
        replaced = {route.key: route for route in current if route.key in {other.key for other in missing}}
        purged = [route for route in current if purge and route.key not in keys and (of_link or not route.dev)]
        # IPv6 has several routes of one key, and would replace any of them
        for route in purged + [route for route in replaced.values() if route.ipv6]:
            self._add(_UNROUTE, "route delete", netns, route.dev, old=route)
        for route in missing:
            old = None if route.ipv6 else replaced.get(route.key)
            self._add(_ROUTE, "route replace" if old else "route add", netns, route.dev, route, old)
        return [route for route in current if route not in purged and route.key not in replaced] + missing

    # Ports

    def ports(self) -> None:
        """Who is a port of which bridge, and how. Comes after the links, all of which are planned then."""
        for key, join in self._joins().items():
            self._port(key, join)
        for bridge in self._layout.links:
            if bridge.purge_ports and bridge.ports is not None and bridge.present:
                for found in self._host.ports(bridge.id):
                    if self.found.get(found.id, found).master == bridge.name and found.name not in bridge.ports:
                        self._leave(found)
        for bridge in self._layout.links:
            if bridge.kind == "bridge" and bridge.present:
                self._reassert(bridge)

    def _reassert(self, bridge: Link) -> None:
        """The MTU and an unset MAC of a bridge follow its ports, so what is wanted is set again after they joined or left."""
        moving = [step for step in self.steps.get(_JOIN, ()) if step.act == "link set" and "master" in step.new]
        if not any(bridge.name in (step.new["master"], step.old["master"]) and step.netns == bridge.netns for step in moving):
            return
        for name in ("mtu", "mac"):
            found = self._host.links.get(bridge.id)
            if name in bridge.values and found and found.values[name] == bridge.values[name]:
                value = {name: bridge.values[name]}
                self._add(_PORTS_ARE_IN, "link set", bridge.netns, bridge.name, value, value)

    def _joins(self) -> Dict[LinkId, _Join]:
        joins: Dict[LinkId, _Join] = {}
        for link in self._layout.links:
            if link.present and (link.master is not None or link.port is not None):
                joins[link.id] = _Join(link.where, link.master, link.port or Port({}))
        for bridge in self._layout.links:
            for name, port in (bridge.ports or {}).items() if bridge.present else ():
                key = (bridge.netns, name)
                join = _Join("%s: ports" % bridge.where, bridge.name, port)
                other = joins.get(key)
                if other and (other.master not in (None, bridge.name) or (other.port != Port({}) and other.port != port)):
                    raise VnetError("%s: %s is said to be another port by %s; say it once" % (join.where, name, other.where))
                joins[key] = join
        return joins

    def _port(self, key: LinkId, join: _Join) -> None:
        found = self.found.get(key)
        if not found:
            self._missing("%s: there is no link %s%s" % (join.where, key[1], _inside(key[0])))
            found = _blank("", key[0], key[1], {})
        if join.master == "":
            if found.master:
                self._leave(found)
            return
        name = found.master if join.master is None else join.master
        if not name:
            raise VnetError("%s: port: %s is no port of a bridge; give its master" % (join.where, key[1]))
        bridge = self._bridge((key[0], name), join)
        _check_port(join, found)
        if found.master and not found.port:
            raise VnetError("%s: %s belongs to %s, which is no bridge; take it out there first" % (join.where, key[1], found.master))
        backup = join.port.values.get("backup_port")
        if backup and (key[0], backup) not in self.found:
            self._missing("%s: backup_port: there is no link %s%s" % (join.where, backup, _inside(key[0])))
        joined = found.master == name
        if not joined:
            restore = _port_settings(found) + _bridge_mac(bridge)
            old = {"master": found.master}
            self._add(_JOIN, "link set", key[0], key[1], {"master": name}, old, restore)
        current = found.port.values if found.port and joined else {}
        self._port_values(key, join, bridge, current, fresh=not joined)
        vlans = found.port.vlans if found.port and joined else None
        if join.port.vlans is not None:
            vlans = self._port_vlans(key, join, bridge, found, joined)
        port = Port({**current, **join.port.values}, vlans)
        self.found[key] = found._replace(master=name, port=port)

    def _bridge(self, key: LinkId, join: _Join) -> Optional[FoundLink]:
        bridge = self.found.get(key)
        if not bridge:
            self._missing("%s: there is no bridge %s%s; make it with vnet_bridge" % (join.where, key[1], _inside(key[0])))
        elif bridge.kind != "bridge":
            raise VnetError("%s: %s is %s, not a bridge" % (join.where, key[1], bridge.title))
        return bridge

    def _port_values(self, key: LinkId, join: _Join, bridge: Optional[FoundLink], current: Values, fresh: bool) -> None:
        for row in table.PORT:
            if row.name not in join.port.values:
                continue
            value, now = join.port.values[row.name], current.get(row.name)
            if now is None and not fresh:
                raise VnetError("%s: this kernel has no %s%s" % (join.where, row.name, needs(row)))
            if now == value:
                continue
            if row.when == "up" and bridge and bridge.values.get("stp"):
                raise VnetError("%s: state: STP decides on %s, where it is on; leave state out or set stp: false" % (join.where, bridge.name))
            if row.when == "up" and value not in table.STATES_WITHOUT_STP:
                raise VnetError(
                    "%s: state: %s does not last while stp is off, the kernel makes the port forwarding at once; set disabled or forwarding"
                    % (join.where, value)
                )
            # a backup port must be in the bridge, too
            phase = _IS_UP if row.when == "up" else _PORTS_ARE_IN if row.name == "backup_port" else _JOIN
            self._add(phase, "port set", key[0], key[1], {row.name: value}, None if fresh else {row.name: now})

    def _leave(self, found: FoundLink) -> None:
        self._add(_JOIN, "link set", found.netns, found.name, {"master": ""}, {"master": found.master}, _port_settings(found))
        self.found[found.id] = found._replace(master="", port=None)

    # VLANs

    def _port_vlans(self, key: LinkId, join: _Join, bridge: Optional[FoundLink], found: FoundLink, joined: bool) -> Dict[int, Vlan]:
        if joined and bridge and bridge.id in self._host.links:
            before = self._host.links[bridge.id]
            current = _moved_default(before, bridge, found.port.vlans or {} if found.port else {})
        else:
            current = _default_vlans(bridge.values.get("vlan_default_pvid", 1) if bridge else 1)
        link = Link(found.kind, key[0], key[1], join.where)
        return self._vlans(link, current, join.port.vlans or {}, join.port.purge_vlans, of_bridge=False)

    def _after_default(self, wanted: Link, found: FoundLink, current: Dict[int, Vlan]) -> Dict[int, Vlan]:
        if not found.ifindex:
            return _default_vlans(wanted.values.get("vlan_default_pvid", 1))
        return _moved_default(found, found._replace(values={**found.values, **wanted.values}), current)

    def _vlans(self, link: Link, current: Dict[int, Vlan], wished: Dict[int, Vlan], purge: bool, of_bridge: bool) -> Dict[int, Vlan]:
        """Plans VLANs and returns those that will be there."""
        after = {} if purge else dict(current)
        adding: List[Tuple[Vlan, Optional[Vlan]]] = []
        for vid, wish in sorted(wished.items()):
            now = current.get(vid)
            pvid = wish.pvid if wish.pvid is not None else bool(now and now.pvid)
            untagged = wish.untagged if wish.untagged is not None else bool(now and now.untagged)
            after[vid] = Vlan(vid, vid, pvid, untagged)
            if after[vid] != now:
                adding.append((after[vid], now))
        going = [vlan for vid, vlan in sorted(current.items()) if vid not in after]
        for vlan, now in ranges(adding):
            before = tuple(other for other in current.values() if other.pvid and other.first != vlan.first) if vlan.pvid else ()
            restore = tuple(Step("vlan add", link.netns, link.name, (other, of_bridge)) for other in before)
            self._add(_JOIN, "vlan add", link.netns, link.name, (vlan, of_bridge), (now, of_bridge) if now else None, restore)
            for other in before:
                if other.first in after:
                    after[other.first] = after[other.first]._replace(pvid=False)
        for vlan, _now in ranges([(vlan, None) for vlan in going]):
            self._add(_JOIN, "vlan delete", link.netns, link.name, old=(vlan, of_bridge))
        return after


def needs(row: table.Attribute) -> str:
    """What a kernel that lacks the attribute would need, as the end of a sentence."""
    return "; it needs %s in the kernel" % row.needs if row.needs else ""


def _holders(found: FoundLink) -> str:
    return ", ".join(str(pid) for pid in found.status.get("pids", [])) or "unknown"


def _inside(netns: str) -> str:
    return " in namespace %s" % netns if netns else ""


def _blank(kind: str, netns: str, name: str, values: Values) -> FoundLink:
    """A link that will be made: its index is 0."""
    return FoundLink(netns, name, 0, kind, values, {}, "", None, [], [], None, None)


def _holds(row: table.Attribute, wanted: Link, found: FoundLink) -> bool:
    """Whether a value is the one that is there; a device without an owner does not mention one."""
    missing = "" if row.name in ("owner", "group") else None
    return row.same(wanted.values[row.name], found.values.get(row.name, missing))


def _same_kind(wanted: Link, found: FoundLink) -> None:
    if found.kind != wanted.kind:
        kind = _blank(wanted.kind, "", "", {}).title
        raise VnetError("%s: %s%s is %s, not %s; remove it first or take another name" % (wanted.where, found.name, _inside(found.netns), found.title, kind))


def _conflicts(wanted: Link, found: FoundLink) -> List[str]:
    """What of the link that is wanted only a new one can have."""
    conflicts = []
    for row in table.OF_KIND[wanted.kind].values():
        value, now = wanted.values.get(row.name), found.values.get(row.name)
        if value is None or row.when != "create":
            continue
        if now is None:
            raise VnetError("%s: this kernel has no %s%s" % (wanted.where, row.name, needs(row)))
        if value != now:
            conflicts.append("%s is %s, not %s" % (row.name, now, value))
    for name in ("owner", "group"):
        if wanted.kind == "tun" and wanted.values.get(name) == "" and found.values.get(name):
            conflicts.append("%s is %s and cannot be taken away" % (name, found.values[name]))
    return conflicts


def _check_delay(wanted: Link, found: FoundLink) -> None:
    after = {**found.values, **wanted.values}
    delay = after.get("forward_delay")
    low, high = _STP_DELAYS
    asked = "stp" in wanted.values or "forward_delay" in wanted.values
    if asked and after.get("stp") and delay is not None and not low <= delay <= high:
        raise VnetError("%s: forward_delay is %g s, and must be %d to %d s while stp is on" % (wanted.where, delay, low, high))


def _check_vlan_snooping(wanted: Link, found: FoundLink) -> None:
    filtering = wanted.values.get("vlan_filtering", found.values.get("vlan_filtering", False))
    if wanted.values.get("mcast_vlan_snooping") and not filtering:
        raise VnetError("%s: mcast_vlan_snooping needs vlan_filtering: true" % wanted.where)


def _mtu(wanted: Link, found: FoundLink) -> int:
    return int(wanted.values.get("mtu") or found.values.get("mtu") or _IPV6_MTU)


def _check_ipv6_mtu(wanted: Link, found: FoundLink) -> None:
    mtu = _mtu(wanted, found)
    if mtu >= _IPV6_MTU:
        return
    speaks = [name for name in ("ipv6_addrgenmode", "disable_ipv6") if wanted.values.get(name, True) is not True]
    speaks += ["addresses: %s" % str(address) for address in wanted.addresses or [] if address.ipv6]
    if speaks:
        raise VnetError("%s: %s: an MTU of %d is too small for IPv6; leave it out or set mtu to 1280 or more" % (wanted.where, speaks[0], mtu))


def _check_port(join: _Join, found: FoundLink) -> None:
    reasons = {"bridge": "a bridge cannot be the port of a bridge", "loopback": "lo cannot be the port of a bridge"}
    reason = reasons.get(found.kind)
    if found.values.get("mode") == "tun":
        reason = "a TUN device carries IP packets without an Ethernet header, so it cannot be the port of a bridge; a TAP can"
    if reason:
        raise VnetError("%s: %s: %s" % (join.where, found.name, reason))


def _port_settings(found: FoundLink) -> Tuple[Step, ...]:
    """What brings the settings of a port back, after it left its bridge and joined again."""
    if not found.port:
        return ()
    settable = {name: value for name, value in found.port.values.items() if name != "state" and not (name == "backup_port" and not value)}
    settings = tuple(Step("port set", found.netns, found.name, {name: value}) for name, value in settable.items())
    if found.port.vlans is None:
        return settings
    everything = Step("vlan delete", found.netns, found.name, old=(Vlan(1, 4094, False, False), False))
    vlans = tuple(Step("vlan add", found.netns, found.name, (vlan, False)) for vlan in found.port.vlans.values())
    return (*settings, everything, *vlans)


def _bridge_mac(bridge: Optional[FoundLink]) -> Tuple[Step, ...]:
    """The MAC that a bridge has before it takes its first port, and loses for good when that leaves."""
    if not bridge or not bridge.ifindex:
        return ()
    return (Step("link set", bridge.netns, bridge.name, {"mac": bridge.values["mac"]}),)


def _secondary(address: Address, primary: Address) -> bool:
    """Whether the kernel drops the first when the second goes: both IPv4, in one network (without promote_secondaries)."""
    if address.ipv6 or primary.ipv6 or address.prefix != primary.prefix:
        return False
    return _network(address) == _network(primary)


def _network(address: Address) -> int:
    number = 0
    for part in (address.peer or address.local).split("."):
        number = number << 8 | int(part)
    return number >> (32 - address.prefix)


def _default_vlans(pvid: int) -> Dict[int, Vlan]:
    return {pvid: Vlan(pvid, pvid, True, True)} if pvid else {}


def _moved_default(before: FoundLink, after: FoundLink, vlans: Dict[int, Vlan]) -> Dict[int, Vlan]:
    """What becomes of VLANs when the default of the bridge changes: the kernel takes the old one out and the new one in."""
    old, new = before.values.get("vlan_default_pvid"), after.values.get("vlan_default_pvid")
    if old == new or old is None:
        return vlans
    kept = {vid: vlan for vid, vlan in vlans.items() if vlan != Vlan(old, old, True, True)}
    if len(kept) == len(vlans) and old:
        return vlans
    return {**kept, **_default_vlans(int(new or 0))}
