# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vnet_ping: sends echo requests between namespaces and compares the answers with what is expected."""

from __future__ import annotations

import os
import re
import socket
import time
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._echo import LEAST_SIZE, Answer, Pair, Pinger
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._forwarding import Forwarding
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._neighbours import Neighbours
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import read_registry
from ansible_collections.nfv.vnet.plugins.module_utils._observe._layout import read_all
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option
from ansible_collections.nfv.vnet.plugins.module_utils._reasons import Reasons
from ansible_collections.nfv.vnet.plugins.module_utils._reasons._titles import namespace_title
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host

MODULE = "vnet_ping"
_SOURCES = Option(
    "sources", "list", "Names of the namespaces that send echo requests. V('') is the namespace that the module runs in.", elements="str", required=True
)
_DESTINATIONS = Option(
    "destinations",
    "list",
    "Addresses to send echo requests to; or names of namespaces, which stand for all their addresses of the families that the source has; or networks such as"
    " V(10.0.0.0/24), which stand for all addresses of namespaces in them. Namespaces that have the same address are told from each other by where the"
    " packets go.",
    elements="str",
    required=True,
)
_PAIRS = (_SOURCES, _DESTINATIONS)
PING_OPTIONS: Tuple[Option, ...] = (
    Option(
        "layout",
        "str",
        "Name of a layout that selects the namespaces. The task fails if one of them was deleted, even if another one has its name. If it is left out, all"
        " named namespaces are used.",
    ),
    _SOURCES._replace(
        text=_SOURCES.text + " If it is left out, the namespaces of O(layout) are used, and the host itself if the layout sets addresses on it.", required=False
    ),
    _DESTINATIONS._replace(
        text=_DESTINATIONS.text + " If it is left out, the namespaces of O(sources) are used, each as a destination of the others.", required=False
    ),
    Option("family", "str", "Address family of the destinations. If it is left out, both families are used.", choices=("ipv4", "ipv6")),
    Option(
        "reachable",
        "list",
        "Pairs whose source must reach the destination; the reverse direction is not tested. With this option only the pairs in it and in O(unreachable) are"
        " tested, and O(sources) and O(destinations) must be left out. Without it, every pair of these that is not in O(unreachable) must be reachable.",
        elements="dict",
        options=_PAIRS,
    ),
    Option("unreachable", "list", "Pairs that must not reach each other.", elements="dict", options=_PAIRS),
    Option(
        "fail_on_difference",
        "bool",
        "Whether the task should fail if a pair is not as expected. With V(false) the result says so, for tasks that only measure.",
        True,
    ),
    Option(
        "count",
        "int",
        "Number of echo requests to each destination, 1 to 10000. Requests that are sent before the destination answers for the first time are not counted.",
        1,
    ),
    Option("size", "int", "Number of data bytes in each echo request, 20 to 65507.", 56),
    Option("deadline", "float", "Time in seconds, 0 to 3600, within which each reachable pair must have answered once. Links may still be coming up.", 10.0),
    Option(
        "timeout",
        "float",
        "Time in seconds, 0 to 60, to wait for each reply. For pairs in O(unreachable) the module waits this long to make sure that no reply arrives.",
        1.0,
    ),
)
"""The options of M(nfv.vnet.vnet_ping)."""
_FAMILIES = {"ipv4": "IPv4", "ipv6": "IPv6"}
_MOST = 65507
_WAVE = 400
"""Number of pairs at a time: each needs two entries in the neighbour table."""
_TOLD = 5
"""Number of kinds of unexpected pairs that an error message names."""
_ADDRESS = re.compile(r"\b[0-9a-f]*[:.][0-9a-f:.]+\b")


class _Unasked(NamedTuple):
    """Two namespaces that would have to reach each other, and why nothing can be sent."""

    source: str
    namespace: str
    reason: str


class _Question(NamedTuple):
    """Whether a namespace reaches an address, and that in the namespace C(home), if it is known: several may have it."""

    source: str
    target: str
    home: Optional[str]

    @property
    def pair(self) -> Pair:
        return Pair(self.source, self.target)


class _Wanted(NamedTuple):
    """Who is expected to reach whom, and who not."""

    reachable: List[_Question]
    unreachable: List[_Question]
    duplicates: Set[Pair]
    """Those whose source has the address of the other one, too, so that it answers itself."""
    unasked: List[_Unasked]


def ping(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Returns the result; RV(differing) is empty if everything is as expected."""
    _check(params)
    namespaces = Namespaces()
    reader = Reader(namespaces)
    pinger = Pinger(namespaces, params["size"])
    try:
        host = read_all(reader, ["", *_namespaces.names()]).host
        names = list(host.namespaces)
        _check_whole(reader, host, params["layout"])
        wanted = _Selection(host, params).wanted()
        neighbours = Neighbours(reader, names)
        try:
            answers = _asked(pinger, neighbours, wanted, params)
            return _result(wanted, answers, Reasons(read_all(reader, names).host, Forwarding(reader), params["size"]))
        finally:
            neighbours.forget()
    finally:
        pinger.close()
        reader.close()
        namespaces.close()


def _check(params: Mapping[str, Any]) -> None:
    for name, least, most in (("count", 1, 10000), ("size", LEAST_SIZE, _MOST), ("deadline", 0, 3600), ("timeout", 0, 60)):
        if not least <= params[name] <= most:
            raise VnetError((name,), "%s is out of range (%d to %d)" % (params[name], least, most))


def _check_whole(reader: Reader, host: Host, layout: Optional[str]) -> None:
    """VnetError if a namespace of the layout is gone, or another one has its name: whoever is not there would not be asked."""
    home = reader.open_namespace("")
    recorded = read_registry(home.id if home else "").records(layout).namespaces if layout else {}
    for name in sorted({name for name in recorded.values() if name and "/" not in name}):
        found = host.namespaces.get(name)
        if not found or recorded.get(found.id) != name:
            words = "was deleted, and another one has its name" if found else "does not exist any more"
            raise VnetError(("layout",), "namespace %s of layout %s %s; run the task of the layout again" % (name, layout, words))


class _Selection:
    """The namespaces and addresses that the options select on this host."""

    def __init__(self, host: Host, params: Mapping[str, Any]) -> None:
        self._params = params
        self._addresses: Dict[str, List[str]] = {name: [] for name in host.namespaces}
        self._layout = params["layout"]
        self._members: List[str] = []
        for link in host.links.values():
            self._addresses[link.netns] += _usable(link)
            if self._is_member(link) and link.netns not in self._members:
                self._members.append(link.netns)
        if self._layout and not self._members:
            raise VnetError(("layout",), "there is no layout %s on this host" % shown(self._layout))
        self._duplicates: Set[Pair] = set()
        self._unasked: List[_Unasked] = []
        self._networks: Dict[str, List[Tuple[str, str]]] = {}
        self._own = [address for link in host.links.values() if not link.netns and self._belongs(link) for address in _usable(link)]

    def _belongs(self, link: FoundLink) -> bool:
        return bool(link.ownership and link.ownership.is_layout(self._layout))

    def _is_member(self, link: FoundLink) -> bool:
        """Whether the link makes its namespace one of the default sources."""
        if not self._layout:
            return bool(link.netns)
        return self._belongs(link) and bool((link.netns and link.name == "lo") or _usable(link))

    def wanted(self) -> _Wanted:
        sources = self._members if self._params["sources"] is None else self._params["sources"]
        destinations = sources if self._params["destinations"] is None else self._params["destinations"]
        unreachable = self._listed("unreachable")
        if self._params["reachable"] is None:
            reachable = self._pairs(sources, destinations, ())
        elif self._params["sources"] is not None or self._params["destinations"] is not None:
            raise VnetError(("reachable",), "it has sources and destinations of its own; leave out the options sources and destinations")
        else:
            reachable = self._listed("reachable")
            both = set(reachable) & set(unreachable)
            if both:
                raise VnetError(("reachable",), "%s is in unreachable, too" % _spoken(next(question for question in reachable if question in both)))
        without = set(unreachable)
        reachable = [question for question in reachable if question not in without]
        if not reachable and not unreachable and not self._unasked:
            raise VnetError((), "there is nothing to check: there is no pair of a source and another destination; set destinations")
        return _Wanted(reachable, unreachable, self._duplicates, self._unasked)

    def _listed(self, name: str) -> List[_Question]:
        found: List[_Question] = []
        for number, entry in enumerate(self._params[name] or ()):
            found += self._pairs(entry["sources"], entry["destinations"], (name, number))
        return list(dict.fromkeys(found))

    def _pairs(self, sources: Iterable[str], destinations: Iterable[str], path: Path) -> List[_Question]:
        """Each source with each address of each destination. VnetError if two have no address family in common."""
        pairs: List[_Question] = []
        for source in sources:
            if source not in self._addresses:
                raise VnetError((*path, "sources"), "there is no namespace %s" % shown(source))
            for destination in destinations:
                if destination != source:
                    pairs += self._between(source, destination, path)
        return list(dict.fromkeys(pairs))

    def _between(self, source: str, destination: str, path: Path) -> List[_Question]:
        if "/" in destination and destination not in self._addresses:
            return self._in_network(source, destination, path)
        if destination not in self._addresses:
            address = _address(destination, path)
            homes = [netns for netns, addresses in self._addresses.items() if address in addresses]
            return [_Question(source, address, homes[0] if len(homes) == 1 else None)] if self._is_asked_for(address) else []
        families = {":" in address for address in self._addresses[source]}
        if not families:
            return self._without_address(source, destination, (*path, "sources"), "%s has no address" % namespace_title(source))
        addresses = [address for address in self._of(destination) if (":" in address) in families and self._is_asked_for(address)]
        if not addresses:
            text = "%s has no address of a family that %s has" % (namespace_title(destination), namespace_title(source))
            if self._params["family"]:
                text = "%s and %s do not both have an %s address" % (namespace_title(source), namespace_title(destination), _FAMILIES[self._params["family"]])
            return self._without_address(source, destination, (*path, "destinations"), text)
        return self._asked_of(source, ((address, destination) for address in addresses))

    def _without_address(self, source: str, destination: str, path: Path, text: str) -> List[_Question]:
        """Whoever lost its addresses is not reached. VnetError if the task says who is to reach whom, as it can be a mistake there."""
        if self._params["reachable"] is not None or self._params["destinations"] is not None or len(path) > 1:
            raise VnetError(path, text)
        self._unasked.append(_Unasked(source, destination, text))
        return []

    def _asked_of(self, source: str, targets: Iterable[Tuple[str, str]]) -> List[_Question]:
        """C(targets): addresses with their namespaces."""
        asked = [_Question(source, address, home) for address, home in targets]
        self._duplicates.update(question.pair for question in asked if question.target in self._addresses[source])
        return asked

    def _of(self, netns: str) -> List[str]:
        """The addresses of a namespace; of the host those that the layout has set, if there is one."""
        return self._own if self._layout and not netns else self._addresses[netns]

    def _in_network(self, source: str, text: str, path: Path) -> List[_Question]:
        """A source with each address of other namespaces that is in a network."""
        if text not in self._networks:
            self._networks[text] = self._found_in(text, (*path, "destinations"))
        return self._asked_of(source, ((address, netns) for address, netns in self._networks[text] if netns != source and self._is_asked_for(address)))

    def _found_in(self, text: str, path: Path) -> List[Tuple[str, str]]:
        """The addresses in a network, each with its namespace. VnetError if there is none."""
        from ipaddress import ip_address, ip_network

        try:
            network = ip_network(text)
        except ValueError:
            raise VnetError(path, "%s is neither a network, such as 10.0.0.0/24, nor an existing namespace" % quoted(text)) from None
        names = self._members if self._layout else filter(None, self._addresses)
        found = [(address, netns) for netns in names for address in self._of(netns) if ip_address(address) in network]
        if not found:
            raise VnetError(path, "no namespace has an address in %s" % text)
        return found

    def _is_asked_for(self, address: str) -> bool:
        return not self._params["family"] or (":" in address) == (self._params["family"] == "ipv6")


def _usable(link: FoundLink) -> List[str]:
    """The addresses by which others may reach a link."""
    return [address.local for address in link.addresses if not address.link_local and not address.local.startswith("127.") and address.local != "::1"]


def _address(text: str, path: Path) -> str:
    if text.lower().startswith("fe80:"):
        raise VnetError((*path, "destinations"), "%s is link-local, so it is not known which link it is on" % shown(text))
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_ntop(family, socket.inet_pton(family, text))
        except (OSError, ValueError):
            continue
    raise VnetError((*path, "destinations"), "%s is neither an existing namespace nor an address" % shown(text))


def _asked(pinger: Pinger, neighbours: Neighbours, wanted: _Wanted, params: Mapping[str, Any]) -> Dict[Pair, Answer]:
    """Asks the pairs. Those that must not answer come last, as links that are still coming up do not answer either."""
    answers: Dict[Pair, Answer] = {}
    end = time.monotonic() + params["deadline"]
    for wave in _waves(dict.fromkeys(question.pair for question in wanted.reachable)):
        answers.update(pinger.reach(wave, max(params["timeout"], end - time.monotonic())))
        if params["count"] > 1:
            answers.update(pinger.repeat([pair for pair in wave if answers[pair].times], params["count"], params["timeout"]))
        neighbours.forget()
    for wave in _waves(dict.fromkeys(question.pair for question in wanted.unreachable if question.pair not in answers)):
        answers.update(pinger.reach(wave, params["timeout"]))
        neighbours.forget()
    return answers


def _waves(all_pairs: Iterable[Pair]) -> List[List[Pair]]:
    pairs = list(all_pairs)
    return [pairs[start : start + _WAVE] for start in range(0, len(pairs), _WAVE)]


def _result(wanted: _Wanted, answers: Dict[Pair, Answer], reasons: Reasons) -> Dict[str, Any]:
    pairs, differing = [], []
    times: List[float] = []
    for expected, group in ((True, wanted.reachable), (False, wanted.unreachable)):
        for question in group:
            pair, answer = question.pair, answers[question.pair]
            other = "%s has this address, too, and answers itself" % namespace_title(pair.source) if pair in wanted.duplicates else ""
            if answer.times:
                other = other or reasons.taken(*question)
            told = {"source": pair.source, "destination": pair.target, "namespace": question.home, **_measured(Answer(0, []) if other else answer)}
            if other:
                told["reason"] = other
            elif not told["reachable"]:
                told["reason"] = reasons.of(*question) or _words(answer)
            pairs.append(told)
            times += answer.times if told["reachable"] else []
            if told["reachable"] is not expected:
                differing.append(told)
    for unasked in wanted.unasked:
        told = {"source": unasked.source, "destination": "", "namespace": unasked.namespace, **_measured(Answer(0, [])), "reason": unasked.reason}
        pairs.append(told)
        differing.append(told)
    reached = sum(told["reachable"] for told in pairs)
    summary = {"pairs": len(pairs), "reachable": reached, "unreachable": len(pairs) - reached, "differing": len(differing), "rtt": _rtt(times)}
    return {"changed": False, "summary": summary, "pairs": pairs, "differing": differing}


def _measured(answer: Answer) -> Dict[str, Any]:
    received = len(answer.times)
    lost = 100 * (1 - received / answer.sent) if answer.sent else 100.0
    return {"reachable": received > 0, "sent": answer.sent, "received": received, "loss": round(lost, 1), "rtt": _rtt(answer.times)}


def _rtt(times: List[float]) -> Optional[Dict[str, float]]:
    """Round trip times in milliseconds."""
    if not times:
        return None
    return {"min": round(1000 * min(times), 3), "avg": round(1000 * sum(times) / len(times), 3), "max": round(1000 * max(times), 3)}


def _words(answer: Answer) -> str:
    return os.strerror(answer.error) if answer.error else "no answer"


def _spoken(question: _Question) -> str:
    return "%s to %s%s" % (question.source or "the host", question.target, " (%s)" % question.home if question.home else "")


def complaint(result: Mapping[str, Any]) -> str:
    """The most frequent kinds of unexpected pairs, each as a sentence about the first one."""
    kinds: Dict[str, List[Mapping[str, Any]]] = {}
    for told in result["differing"]:
        kinds.setdefault("" if told["reachable"] else _ADDRESS.sub("", told["reason"]), []).append(told)
    often = sorted(kinds.values(), key=len, reverse=True)
    sentences = [_sentence(alike[0]) + (" (and %d alike)" % (len(alike) - 1) if len(alike) > 1 else "") for alike in often[:_TOLD]]
    more = sum(map(len, often[_TOLD:]))
    words = "; ".join(sentences) + ("; and %d more" % more if more else "")
    return "%s: %d of %d pairs are not as expected: %s" % (MODULE, len(result["differing"]), result["summary"]["pairs"], words)


def _sentence(told: Mapping[str, Any]) -> str:
    source, target = told["source"] or "the host", told["destination"]
    if not target:
        target = told["namespace"] or "the host"
    elif told["namespace"]:
        target = "%s (%s)" % (told["namespace"], target)
    if told["reachable"]:
        return "%s reaches %s, but must not" % (source, target)
    return "%s does not reach %s: %s" % (source, target, told["reason"])
