# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From steps to the kernel: run them, take them back where one fails, verify what the kernel holds."""

from __future__ import annotations

import errno
import signal
from contextlib import suppress
from typing import Any, Callable, Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import MAIN_TABLE, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import Saved, differs, restore, save_link, save_routes
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe
from ansible_collections.nfv.vnet.plugins.module_utils._plan import needs, plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout, LinkId, Step, VnetError

_OPPOSITE = {
    "netns add": "netns delete",
    "link add": "link delete",
    "vlan add": "vlan delete",
    "vlan delete": "vlan add",
    "address add": "address delete",
    "address delete": "address add",
    "route add": "route delete",
    "route delete": "route add",
}
_GONE = (("route delete", errno.ESRCH), ("address delete", errno.EADDRNOTAVAIL))
"""An address takes others and routes with it; what is gone need not be deleted."""
_FINAL = ("netns delete", "link delete", "nsid set")
_PASSES = 2
"""A change may have effects that cannot be foreseen (the last address takes routes with it): they are mended once."""


def apply(reader: Reader, layout: Layout, before: Host, steps: List[Step]) -> Tuple[Host, List[Step]]:
    """Runs the steps; returns what is there then and the steps that were taken.

    VnetError where that failed. The host is as it was before then, or the error says what is not.
    """
    transaction = Transaction(reader)
    transaction.save(layout, before, steps)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        for _pass in range(_PASSES):
            transaction.run(steps)
            after = observe(reader, layout)
            steps = plan(layout, after).steps
            if not steps:
                return after, transaction.taken
        raise VnetError("%s: the kernel took it without an error but does not hold it%s" % (describe(steps[0]), _needs(steps[0])))
    except BaseException as error:
        lost = transaction.undo()
        if not isinstance(error, VnetError):
            raise
        raise VnetError("%s. %s" % (error, _aftermath(lost, transaction.unrestored(), before, observe(reader, layout)))) from None


def _stop(number: int, _frame: Any) -> None:
    """Whoever ends the run by a signal gets the host back as it was."""
    raise SystemExit(128 + number)


class Transaction:
    """Steps that were taken, to be taken back in reverse."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._writer = Writer(reader)
        self._saved: Dict[LinkId, Saved] = {}
        self.taken: List[Step] = []

    def save(self, layout: Layout, before: Host, steps: List[Step]) -> None:
        """Remembers the addresses and routes that the steps may cost."""
        for link in {(step.netns, step.name) for step in steps} & set(before.links):
            self._saved[link] = save_link(self._reader.socket(link[0]), before.links[link].ifindex)
        for namespace in layout.namespaces:
            if namespace.routes is not None and before.exists(namespace.name):
                tables = [MAIN_TABLE] + [route.table for route in namespace.routes]
                self._saved[namespace.name, ""] = save_routes(self._reader.socket(namespace.name), tables)

    def unrestored(self) -> List[LinkId]:
        """The links that lack an address or a route that they had."""
        return [link for link, saved in self._saved.items() if differs(self._reader.socket(link[0]), saved)]

    def run(self, steps: List[Step]) -> None:
        for step in steps:
            # a message that is refused may have been obeyed in part, so it is taken back too
            self.taken.append(step)
            try:
                run(self._writer, step)
            except KernelError as error:
                if self._holds(step) or (step.act, error.code) in _GONE:
                    continue
                if step.act in _FINAL or step.act in _OPPOSITE:
                    self.taken.pop()
                raise VnetError("%s: %s%s" % (describe(step), error, _hint(step, error))) from None

    def _holds(self, step: Step) -> bool:
        """Whether a link has the value by itself: a kernel without a feature even refuses to turn it off."""
        rows = {"link set": table.OF_KIND["bridge"], "port set": table.OF_PORT}.get(step.act, {})
        name, value = _pair(step) if rows and step.old is None else ("", None)
        link = self._reader.link(step.netns, step.name) if name in rows else None
        if not link:
            return False
        values = (link.port or {}) if step.act == "port set" else link.values
        return rows[name].same(values.get(name), value)

    def undo(self) -> List[str]:
        """Takes everything back as far as that can be; returns what is lost."""
        lost = []
        for step in reversed(self.taken):
            if step.act in _FINAL:
                lost.append(describe(step))
                continue
            opposite = undo(step)
            for action in ([opposite] if opposite else []) + list(step.restore):
                with suppress(KernelError):  # what is not as before is found by looking at the host afterwards
                    if not self._holds(action):
                        run(self._writer, action)
        for (netns, _name), saved in self._saved.items():
            restore(self._reader.socket(netns), saved)
        return lost


def undo(step: Step) -> Optional[Step]:
    """The step that takes this one back, None where there is nothing to take back to."""
    if step.act == "link rename":
        return step._replace(name=step.new, new=step.old, old=step.new)
    if step.act == "link move":
        return step._replace(netns=step.new, new=step.old, old=step.new)
    if step.act == "vlan add" and step.old:
        return step._replace(new=step.old, old=step.new)
    if step.act in _OPPOSITE:
        return step._replace(act=_OPPOSITE[step.act], new=step.old, old=step.new)
    return step._replace(new=step.old, old=step.new) if step.old is not None else None


def _pair(step: Step) -> Tuple[str, Any]:
    ((name, value),) = step.new.items()
    return name, value


def _link_add(writer: Writer, step: Step) -> None:
    new = step.new
    if new["kind"] == "tun":
        writer.tuntap_set(step.netns, step.name, new["values"])
    elif new["kind"] == "bridge":
        writer.bridge_add(step.netns, step.name, new["values"])
    else:
        writer.veth_add(step.netns, step.name, new["values"], new["peer"], new["peer_values"])


_Action = Callable[[Writer, Step], None]

_ACTIONS: Dict[str, _Action] = {
    "netns add": lambda writer, step: writer.namespace_add(step.name),
    "netns delete": lambda writer, step: writer.namespace_delete(step.name),
    "nsid set": lambda writer, step: writer.nsid_set(step.netns, step.name, step.new),
    "sysctl set": lambda writer, step: writer.sysctl_set(step.netns, step.name, step.new),
    "link add": _link_add,
    "link set": lambda writer, step: writer.link_set(step.netns, step.name, *_pair(step)),
    "link rename": lambda writer, step: writer.link_rename(step.netns, step.name, step.new),
    "link move": lambda writer, step: writer.link_move(step.netns, step.name, step.new),
    "link delete": lambda writer, step: writer.link_delete(step.netns, step.name),
    "tuntap set": lambda writer, step: writer.tuntap_set(step.netns, step.name, step.new),
    "port set": lambda writer, step: writer.port_set(step.netns, step.name, *_pair(step)),
    "vlan add": lambda writer, step: writer.vlan_add(step.netns, step.name, *step.new),
    "vlan delete": lambda writer, step: writer.vlan_delete(step.netns, step.name, *step.old),
    "address add": lambda writer, step: writer.address_add(step.netns, step.name, step.new),
    "address delete": lambda writer, step: writer.address_delete(step.netns, step.name, step.old),
    "route add": lambda writer, step: writer.route_add(step.netns, step.new),
    "route delete": lambda writer, step: writer.route_delete(step.netns, step.old),
}


def run(writer: Writer, step: Step) -> None:
    """One step. KernelError where the kernel refuses it."""
    _ACTIONS[step.act](writer, step)


_KINDS = {"bridge": "CONFIG_BRIDGE", "veth": "CONFIG_VETH", "tun": "CONFIG_TUN"}
_HINTS = {
    ("route add", errno.ENETUNREACH): "no address here reaches the gateway; add one, or set onlink: true",
    ("route add", errno.EHOSTUNREACH): "no address here reaches the gateway; add one, or set onlink: true",
    ("route add", errno.EEXIST): "another route has this destination, table and metric; give another metric",
    ("nsid set", errno.EEXIST): "another namespace has this id",
    ("tuntap set", errno.EBUSY): "a program holds the device; end it first",
    ("link set", errno.EINVAL): "out of the range that the kernel takes, or not to be had as things stand",
    ("port set", errno.EINVAL): "out of the range that the kernel takes, or not to be had as things stand",
}


def _hint(step: Step, error: KernelError) -> str:
    hint = _HINTS.get((step.act, error.code))
    if hint:
        return "; " + hint
    return _needs(step) if error.code == errno.EOPNOTSUPP else ""


def _needs(step: Step) -> str:
    """What the kernel would need for the step."""
    if step.act == "link set" and "master" not in step.new:
        return needs(table.OF_KIND["bridge"][_pair(step)[0]])
    if step.act == "port set":
        return needs(table.OF_PORT[_pair(step)[0]])
    missing = {"vlan add": table.VLANS, "vlan delete": table.VLANS, "netns add": "CONFIG_NET_NS"}.get(step.act)
    if step.act == "link add":
        missing = _KINDS[step.new["kind"]]
    return "; it needs %s" % missing if missing else ""


def _aftermath(lost: List[str], unrestored: List[LinkId], before: Host, after: Host) -> str:
    """What is not as it was before, as a sentence."""
    if lost:
        return "This cannot be taken back: %s" % "; ".join(lost)
    links = set(before.links) | set(after.links)
    changed = sorted({link for link in links if _essence(before, link) != _essence(after, link)} | set(unrestored))
    names = [(name or "routes") + (" in namespace %s" % netns if netns else "") for netns, name in changed]
    names += [
        "namespace %s" % name
        for name, found in sorted(before.namespaces.items())
        if (found.identity, found.sysctl) != (after.namespaces[name].identity, after.namespaces[name].sysctl)
    ]
    return "The host is not quite as it was before: look at %s" % ", ".join(names) if names else "The host is as it was before"


def _essence(host: Host, link: LinkId) -> Any:
    """What of a link does not change by itself."""
    found = host.links.get(link)
    if not found:
        return None
    port = found.port and {name: value for name, value in found.port.values.items() if name != "state"}
    return found.ifindex, found.values, found.master, port, found.vlans


def describe(step: Step) -> str:
    """What the step is about, for errors."""
    where = "%s%s" % (step.name, " in namespace %s" % step.netns if step.netns else "")
    if step.act in ("link set", "port set"):
        return "%s: %s: %s" % (where, *_pair(step))
    if step.act == "sysctl set":
        return "namespace %s: %s = %s" % (step.netns, step.name, step.new)
    if step.act.startswith(("address", "route")):
        subject = step.new or step.old
        return "%s: %s: %s" % (where, step.act, getattr(subject, "to", subject))
    return "%s: %s" % (where, step.act)
