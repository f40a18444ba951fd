# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From steps to the kernel: run them, take them back where one fails, verify what the kernel holds."""

from __future__ import annotations

import errno
import signal
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import Saved, differs, restore, restore_routes, save_link, save_routes
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe, observe_again
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, FoundLink, Host, Layout, LinkId, Step, Values

_OPPOSITE = {
    "netns add": "netns delete",
    "link add": "link delete",
    "vlan add": "vlan delete",
    "vlan delete": "vlan add",
    "address add": "address delete",
    "route add": "route delete",
}
_SAVED = ("address delete", "route delete")
"""What these cost is saved beforehand and given back at the end."""
_FINAL = ("netns delete", "link delete", "link fade", "nsid set")
_FAR_REACHING = ("netns add", "netns delete", "link delete", "link move", "nsid set")
"""What these change is not only in the namespace of the step."""
_GONE = (("route delete", errno.ESRCH), ("address delete", errno.EADDRNOTAVAIL), ("link delete", errno.ENODEV))
"""An address takes others and routes with it, one end of a cable the other; what is gone need not be deleted."""
_PASSES = 2
"""The kernel may change more than it is told to. What is not as wanted then is mended once, without deletions."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Applied(NamedTuple):
    """What is there after the steps that were taken, and how iproute2 would take them."""

    host: Host
    steps: List[Step]
    commands: List[str]


def apply(reader: Reader, layout: Layout, before: Host, steps: List[Step]) -> Applied:
    """Runs the steps, and verifies what is there then.

    VnetError where that failed. The host is as it was before then, or the error says what is not.
    """
    transaction = Transaction(reader, layout, before)
    transaction.save(steps)
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        for _pass in range(_PASSES):
            after = _taken(transaction, reader, layout, steps)
            steps = [step for step in plan(layout, after).steps if step.act not in _FINAL]
            if not steps:
                return Applied(after, transaction.taken, transaction.commands)
        raise _not_held(layout, steps[0])
    except BaseException as error:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second signal must not leave the host half-way
        lost = transaction.undo()
        if not isinstance(error, VnetError):
            raise
        aftermath = _aftermath(lost, transaction.unrestored(), before, observe(reader, layout))
        raise VnetError(error.path, "%s. %s" % (error.text, aftermath), error.errno) from None


def _taken(transaction: Transaction, reader: Reader, layout: Layout, steps: List[Step]) -> Host:
    """Runs the steps and returns what is there then.

    The ports of a large bridge begin to talk to each other when it goes up, which keeps the kernel busy for seconds. So most is
    read before that, and then once more only what may have changed.
    """
    bridges = {link.id for link in layout.links if layout.name and link.kind == "bridge"}
    rising = (number for number, step in enumerate(steps) if step.act == "link set" and step.new.get("up") and (step.netns, step.name) in bridges)
    first = next(rising, len(steps))
    transaction.run(steps[:first])
    with _reading_ahead(reader, layout):
        transaction.commands += commands(steps[:first])  # while the other process reads
        earlier = observe(reader, layout)
    rest = steps[first:]
    if not rest:
        return earlier
    transaction.run(rest)
    transaction.commands += commands(rest)
    if any(step.act in _FAR_REACHING for step in rest):
        return observe(reader, layout)
    return observe_again(reader, layout, earlier, {step.netns for step in rest})


@contextmanager
def _reading_ahead(reader: Reader, layout: Layout) -> Iterator[None]:
    """Of a whole layout; a single resource is not worth it."""
    if not layout.name:
        yield
        return
    from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ahead import reading_ahead

    with reading_ahead(reader.namespaces, addresses=bool(layout.links)) as ahead:
        reader.look_ahead(ahead)
        yield


def _stop(number: int, _frame: Any) -> None:
    """Whoever ends the run by a signal gets the host back as it was."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


class Transaction:
    """Steps that were taken, to be taken back in reverse."""

    def __init__(self, reader: Reader, layout: Layout, before: Host) -> None:
        self._reader = reader
        self._writer = Writer(reader)
        self._layout = layout
        self._before = before
        self._saved: Dict[LinkId, Saved] = {}
        self.taken: List[Step] = []
        self.commands: List[str] = []
        """Those of iproute2 for what was taken."""

    def save(self, steps: List[Step]) -> None:
        """Remembers the addresses and routes that the steps may cost."""
        for link in {(step.netns, step.name) for step in steps if not _harmless(step)} & set(self._before.links):
            self._saved[link] = save_link(self._reader.socket(link[0]), self._before.links[link].ifindex)
        for namespace in self._layout.namespaces:
            if namespace.routes is not None and self._before.exists(namespace.name):
                tables = [MAIN_TABLE] + [route.table for route in namespace.routes]
                self._saved[namespace.name, ""] = save_routes(self._reader.socket(namespace.name), tables)

    def unrestored(self) -> List[LinkId]:
        """The links that lack an address or a route that they had."""
        return [link for link, saved in self._saved.items() if not self._exists(link[0]) or differs(self._reader.socket(link[0]), saved)]

    def run(self, steps: List[Step]) -> None:
        poorer: Dict[LinkId, Saved] = {}
        earlier = len(self.taken)
        for step, bundle in _bundled(steps, self._before):
            if not step.act.startswith("address"):
                self._restore_routes(poorer)
            link = (step.netns, step.name)
            if step.act == "address delete" and link not in poorer:
                found = self._reader.link(step.netns, step.name)
                if found:
                    poorer[link] = save_link(self._reader.socket(step.netns), found.ifindex)
            # a message that is refused may have been obeyed in part, so it is taken back too
            self.taken += bundle
            try:
                run(self._writer, step)
            except KernelError as error:
                if self._holds(step) or (step.act, error.errno) in _GONE:
                    continue
                if step.act in _FINAL or step.act in _OPPOSITE:
                    self.taken[-len(bundle) :] = [one for one in bundle if self._is_gone(one)]
                about = subject(self._layout, step)
                raise VnetError(about.path, "%s: %s%s" % (about.text, error.text, _hint(step, error)), error.errno) from None
        self._restore_routes(poorer)
        self.taken[earlier:] = steps  # in the order of the plan: as commands, a link that went with its namespace could not be deleted

    def _restore_routes(self, links: Dict[LinkId, Saved]) -> None:
        """The last address of a link takes all routes with it, also those that nobody spoke of."""
        while links:
            (netns, _name), saved = links.popitem()
            restore_routes(self._reader.socket(netns), saved)

    def _holds(self, step: Step) -> bool:
        """Whether a link has the value by itself: a kernel without a feature even refuses to turn it off."""
        rows = {"link set": table.OF_KIND["bridge"], "port set": table.OF_PORT}.get(step.act, {})
        if step.old is not None or not rows or "master" in step.new:
            return False
        link = self._reader.link(step.netns, step.name)
        if not link:
            return False
        values = (link.port or {}) if step.act == "port set" else link.values
        return all(rows[name].same(values.get(name), value) for name, value in step.new.items())

    def _is_gone(self, step: Step) -> bool:
        """Whether the step deleted what it is about, though those that it went together with failed."""
        try:
            if step.act == "netns delete":
                return self._before.exists(step.name) and not self._exists(step.name)
            return step.act == "link delete" and self._reader.link(step.netns, step.name) is None
        except KernelError:  # nobody can tell
            return False

    def _exists(self, netns: str) -> bool:
        return self._reader.namespaces.identity(netns) is not None

    def undo(self) -> List[str]:
        """Takes everything back as far as that can be; returns what is lost."""
        lost = self._lost()
        claims = next((number for number, step in enumerate(self.taken) if not step.only_marks), len(self.taken))
        for step in reversed(self.taken[claims:]):
            if step.act not in _FINAL:
                self._undo(step)
        for (netns, _name), saved in self._saved.items():
            if self._exists(netns):
                restore(self._reader.socket(netns), saved)
        for step in reversed(self.taken[:claims]):  # until then the marks remember what was there before
            self._undo(step)
        return lost

    def _lost(self) -> List[str]:
        """What was deleted, by the name that it had, and what goes by itself with that."""
        renamed = {(step.netns, step.new): step.name for step in self.taken if step.act == "link rename"}
        lost: List[str] = []
        told: Set[LinkId] = set()
        for step in reversed(self.taken):
            if step.act in _FINAL:
                name = renamed.get((step.netns, step.name), step.name)
                told.add((step.netns, name))
                lost.append("%s: %s" % (name, step.act))
        faded = sorted(_fading(self._before, self.taken).keys() - told)
        return lost + ["%s: link delete" % name for _netns, name in faded]

    def _undo(self, step: Step) -> None:
        opposite = undo(step)
        for action in ([opposite] if opposite else []) + list(step.restore):
            with suppress(KernelError):  # what is not as before is found by looking at the host afterwards
                if not self._holds(action):
                    run(self._writer, action)


def _harmless(step: Step) -> bool:
    """Whether neither the step nor its undoing costs addresses or routes that could be given back."""
    return step.act == "link delete" or step.only_marks or (step.act == "link set" and "master" in step.new)


def undo(step: Step) -> Optional[Step]:
    """The step that takes this one back, None where there is nothing to take back to."""
    if step.act in _SAVED:
        return None
    if step.act == "link rename":
        return step._replace(name=step.new, new=step.old, old=step.new)
    if step.act == "link move":
        return step._replace(netns=step.new, new=step.old, old=step.new)
    if step.act in ("vlan delete", "netns add") or (step.act in _OPPOSITE and not step.old):
        return step._replace(act=_OPPOSITE[step.act], new=step.old, old=step.new)
    return step._replace(new=step.old, old=step.new) if step.old is not None else None


def _link_add(writer: Writer, step: Step) -> None:
    new = step.new
    if new["kind"] == "tun":
        writer.tuntap_add(step.netns, step.name, new["values"], new.get("alias", ""))
    elif new["kind"] == "bridge":
        writer.bridge_add(step.netns, step.name, {**new["values"], **_group(new)})
    else:
        values, peer_values = ({**new[key], **_group(new)} for key in ("values", "peer_values"))
        writer.veth_add(step.netns, step.name, values, new.get("master", ""), new["peer"], peer_values)


def _group(new: Values) -> Values:
    return {"link_group": new["group"]} if "group" in new else {}


def _link_delete(writer: Writer, step: Step) -> None:
    if step.old == "bridge":
        writer.bridges_delete(step.netns, _names(step))
    else:
        writer.links_delete(step.netns, _names(step))


def _names(step: Step) -> List[str]:
    """What a step deletes: one, or what it stands for."""
    return step.new if isinstance(step.new, list) else [step.name]


def _fading(before: Host, steps: List[Step]) -> Dict[LinkId, int]:
    """The links that go by themselves, with their indexes: cables whose other ends are in namespaces that the steps delete."""
    going = {step.name for step in steps if step.act == "netns delete"}
    dying = {name for name in going if not before.namespaces[name].pids}
    return {key: found.ifindex for key, found in before.links.items() if found.netns not in going and found.peer and found.peer[0] in dying}


def _bundled(steps: List[Step], before: Host) -> Iterator[Tuple[Step, List[Step]]]:
    """Steps to run, each with those that it stands for: many deletions go together, as alone each takes as long as all of them.

    Namespaces go before links, of which the kernel then clears many away by itself.
    """
    fading = _fading(before, steps)
    others: List[Step] = []
    namespaces: List[Step] = []
    bridges: Dict[str, List[Step]] = {}
    links: Dict[str, List[Step]] = {}
    cables: List[Step] = []
    for step in steps:
        if step.act == "netns delete":
            namespaces.append(step)
        elif step.act != "link delete":
            others.append(step)
        elif (step.netns, step.name) in fading:
            cables.append(step)
        else:
            (bridges if step.old == "bridge" else links).setdefault(step.netns, []).append(step)
    yield from ((step, [step]) for step in others)
    for bundle in ([namespaces] if namespaces else []) + list(bridges.values()) + list(links.values()):
        first = bundle[0]
        yield first if len(bundle) == 1 else first._replace(new=[step.name for step in bundle]), bundle
    if cables:
        yield cables[0]._replace(act="link fade", new=[(step.netns, fading[step.netns, step.name]) for step in cables]), cables


_Action = Callable[[Writer, Step], None]

_ACTIONS: Dict[str, _Action] = {
    "netns add": lambda writer, step: writer.namespace_add(step.name, step.new or {}),
    "netns delete": lambda writer, step: writer.namespaces_delete(_names(step)),
    "nsid set": lambda writer, step: writer.nsid_set(step.netns, step.name, step.new),
    "sysctl set": lambda writer, step: writer.sysctl_set(step.netns, step.name, step.new),
    "link add": _link_add,
    "link set": lambda writer, step: writer.link_set(step.netns, step.name, step.new),
    "link rename": lambda writer, step: writer.link_rename(step.netns, step.name, step.new),
    "link move": lambda writer, step: writer.link_move(step.netns, step.name, step.new),
    "link delete": _link_delete,
    "link fade": lambda writer, step: writer.links_fade(step.new),
    "tuntap set": lambda writer, step: writer.tuntap_set(step.netns, step.name, step.new),
    "port set": lambda writer, step: writer.port_set(step.netns, step.name, *step.pair),
    "vlan add": lambda writer, step: writer.vlan_add(step.netns, step.name, *step.new),
    "vlan delete": lambda writer, step: writer.vlan_delete(step.netns, step.name, *step.old),
    "address add": lambda writer, step: writer.address_add(step.netns, step.name, step.new),
    "address delete": lambda writer, step: writer.address_delete(step.netns, step.name, step.old),
    "route add": lambda writer, step: writer.route_add(step.netns, step.new),
    "route replace": lambda writer, step: writer.route_replace(step.netns, step.new),
    "route delete": lambda writer, step: writer.route_delete(step.netns, step.old),
}


def run(writer: Writer, step: Step) -> None:
    """One step. KernelError where the kernel refuses it."""
    _ACTIONS[step.act](writer, step)


_KINDS = {"bridge": "CONFIG_BRIDGE", "veth": "CONFIG_VETH", "tun": "CONFIG_TUN"}
_NO_WAY = "no address here reaches the gateway; add one, or set onlink: true"
_SAME_ROUTE = "another route has this destination, table and metric; give another metric"
_HINTS = {
    ("route add", errno.ENETUNREACH): _NO_WAY,
    ("route add", errno.EHOSTUNREACH): _NO_WAY,
    ("route replace", errno.ENETUNREACH): _NO_WAY,
    ("route add", errno.EEXIST): _SAME_ROUTE,
    ("nsid set", errno.EEXIST): "another namespace has this id; choose another",
    ("tuntap set", errno.EBUSY): "a program holds the device; end it first",
    ("link set", errno.EINVAL): "out of the range that the kernel takes, or not to be had as things stand",
    ("port set", errno.EINVAL): "out of the range that the kernel takes, or not to be had as things stand",
}
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.EAFNOSUPPORT, errno.ENOENT)


def _hint(step: Step, error: KernelError) -> str:
    """What to do, as the end of a sentence."""
    if error.errno in _UNSUPPORTED and _needs(step):
        return "; it needs %s in the kernel" % _needs(step)
    hint = _HINTS.get((step.act, error.errno))
    return "; " + hint if hint else ""


def _needs(step: Step) -> str:
    """What the kernel would need for the step."""
    if step.act == "link set" and "master" not in step.new:
        return next((row.needs for row in map(table.OF_KIND["bridge"].__getitem__, step.new) if row.needs), "")
    if step.act == "port set":
        return table.OF_PORT[step.pair[0]].needs
    if step.act == "link add":
        return _KINDS[str(step.new["kind"])]
    if step.act.startswith(("address", "route")):
        return table.IPV6 if (step.new or step.old).ipv6 else ""
    return {"vlan add": table.VLANS, "vlan delete": table.VLANS, "netns add": "CONFIG_NET_NS"}.get(step.act, "")


def _not_held(layout: Layout, step: Step) -> VnetError:
    """What the kernel did not do, though it did not refuse it."""
    held = step.old
    if step.act in ("link set", "port set"):
        held = (step.old or {}).get(next(iter(step.new)))
    elif step.act != "sysctl set":
        held = None
    about = subject(layout, step)
    text = "%s: the kernel took it without an error but does not hold it" % about.text
    text += "" if held is None else " (it holds %s)" % (held if held != "" else "''")
    return VnetError(about.path, text + ("; a kernel without %s ignores it" % _needs(step) if _needs(step) else ""))


def _aftermath(lost: List[str], unrestored: List[LinkId], before: Host, after: Host) -> str:
    """What is not as it was before, as a sentence."""
    if lost:
        return "This cannot be taken back: %s" % "; ".join(lost)
    links = set(before.links) | set(after.links)
    changed = sorted({link for link in links if not _alike(before.links.get(link), after.links.get(link))} | set(unrestored))
    names = [(name or "routes") + (" in namespace %s" % netns if netns else "") for netns, name in changed]
    names += [
        "namespace %s" % name
        for name, found in sorted(before.namespaces.items())
        if (found.identity, found.sysctl) != (after.namespaces[name].identity, after.namespaces[name].sysctl)
    ]
    return "The host is not quite as it was before: look at %s" % ", ".join(names) if names else "The host is as it was before"


def _alike(before: Optional[FoundLink], after: Optional[FoundLink]) -> bool:
    """Whether a link is as it was, but for what changes by itself."""
    if not before or not after:
        return before is after
    rows = table.OF_KIND.get(before.kind, {}).values()
    shown = {row.name for row in rows if any(row.is_substituted(found.values, found.status) for found in (before, after))}
    one, other = (
        (
            found.ifindex,
            {name: value for name, value in found.values.items() if name not in shown},
            found.master,
            found.port and {name: value for name, value in found.port.values.items() if name != "state"},
            found.vlans,
        )
        for found in (before, after)
    )
    return one == other


def subject(layout: Layout, step: Step) -> Message:
    """What a step is about, for errors."""
    whose = [link.path for link in layout.links if link.id == (step.netns, step.name)]
    inside = step.act == "sysctl set" or not step.name
    whose += [namespace.path for namespace in layout.namespaces if namespace.name == (step.netns if inside else step.name) and (inside or not step.netns)]
    if whose:
        return Message(whose[0], _action(step))
    return Message((), "%s: %s" % (step.name, _action(step)) if step.name else _action(step))


def _action(step: Step) -> str:
    if step.act in ("link set", "port set"):
        return ", ".join("%s: %s" % pair for pair in step.new.items())
    if step.act == "sysctl set":
        return "sysctl %s" % step.new
    if step.act.startswith(("address", "route")):
        what = step.new or step.old
        return "%s %s" % (step.act, getattr(what, "to", what))
    if step.act.startswith("vlan"):
        vlan = (step.new or step.old)[0]
        return "%s %s" % (step.act, vlan.options()["vid"])
    if step.act == "link add" and step.new.get("master"):
        return "link add with master %s" % step.new["master"]
    if step.act == "link fade":
        return "link delete"
    if len(_names(step)) > 1:
        return "%s %s" % (step.act, ", ".join(_names(step)))
    return step.act
