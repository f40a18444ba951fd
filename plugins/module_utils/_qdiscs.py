# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queueing disciplines: one kind, one record. tc(8), tc-netem(8), tc-tbf(8); C(include/uapi/linux/pkt_sched.h), C(net/sched/sch_*.c).

A value is a dictionary: C(kind), '' for the one that the kernel chooses, and fields in the units of the options: seconds, per cent, bits a second,
bytes, packets.
"""

from __future__ import annotations

import struct
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._values import ValueType

Values = Mapping[str, Any]
_NANO, _MICRO = 10**9, 10**6
_WHOLE = 0xFFFFFFFF
"""100 per cent, and no limit of a rate."""
_TICK = 64
"""Nanoseconds of PSCHED_TICKS2NS."""
_NETEM, _PAIR, _RATE = struct.Struct("=6I"), struct.Struct("=II"), struct.Struct("=IiIi")
_RATESPEC, _TBF = struct.Struct("=BBHhHI"), struct.Struct("=12s12sIII")
_LINKLAYER_ETHERNET = 1
_DELAY_CORRELATION, _REORDER, _CORRUPT, _NETEM_RATE, _NETEM_RATE64, _LATENCY64, _JITTER64, _SEED = 1, 3, 4, 6, 8, 10, 11, 14
_TBF_PARMS, _TBF_RATE64 = 1, 4


class Qdisc(NamedTuple):
    """A kind of queueing discipline."""

    kind: str
    defaults: Dict[str, Any]
    """The fields that it has, with their values if they are not given; None if the kernel chooses."""
    encode: Callable[[Values], bytes]
    """The options of its message (TCA_OPTIONS)."""
    decode: Callable[[bytes], Dict[str, Any]]
    words: Callable[[Values], List[str]]
    """Its options as words of tc(8)."""
    required: Tuple[str, ...] = ()
    shown: Mapping[str, Callable[[Any], Any]] = {}
    """What the kernel shows of a field that was set, if it rounds."""
    config: str = ""
    fixed: Tuple[str, ...] = ()
    """Fields that only a new one takes."""
    complaint: Callable[[Values], Optional[Tuple[str, str]]] = lambda _values: None
    """Returns a field of one that is wanted and what is wrong with it, or None."""
    more: Callable[[bytes], str] = lambda _payload: ""
    """What one that was found has that no field can say; '' for nothing."""


def _u32(code: int, value: int) -> bytes:
    return attribute(code, struct.pack("=I", value))


def _share(per_cent: float) -> int:
    return round(per_cent / 100 * _WHOLE)


def _per_cent(share: int) -> float:
    return round(share / _WHOLE * 100, 6)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * _NANO)


def _number(payload: bytes) -> int:
    return int.from_bytes(payload, "little" if struct.pack("=H", 1) == b"\1\0" else "big")


def _text(number: float) -> str:
    return ("%.9f" % number).rstrip("0").rstrip(".")


def _encode_netem(values: Values) -> bytes:
    delay, jitter = _nanoseconds(values["delay"]), _nanoseconds(values["jitter"])
    gap = 1 if values["reorder"] else 0
    body = _NETEM.pack(0, values["limit"], _share(values["loss"]), gap, _share(values["duplicate"]), 0)
    body += attribute(_LATENCY64, struct.pack("=q", delay)) + attribute(_JITTER64, struct.pack("=q", jitter))
    body += attribute(_DELAY_CORRELATION, struct.pack("=III", _share(values["delay_correlation"]), 0, 0))
    body += attribute(_REORDER, _PAIR.pack(_share(values["reorder"]), 0)) + attribute(_CORRUPT, _PAIR.pack(_share(values["corrupt"]), 0))
    rate = values["rate"] // 8
    body += attribute(_NETEM_RATE, _RATE.pack(min(rate, _WHOLE), 0, 0, 0))
    body += attribute(_NETEM_RATE64, struct.pack("=Q", rate)) if rate >= _WHOLE else b""
    return body + (attribute(_SEED, struct.pack("=Q", values["seed"])) if values.get("seed") is not None else b"")


def _decode_netem(payload: bytes) -> Dict[str, Any]:
    latency, limit, loss, _gap, duplicate, jitter = _NETEM.unpack_from(payload)
    found = {code: payload[first:last] for code, first, last in split(payload, _NETEM.size)}
    delay = struct.unpack("=q", found[_LATENCY64])[0] if _LATENCY64 in found else latency * _TICK
    spread = struct.unpack("=q", found[_JITTER64])[0] if _JITTER64 in found else jitter * _TICK
    rate = _RATE.unpack_from(found[_NETEM_RATE])[0] if _NETEM_RATE in found else 0
    rate = struct.unpack("=Q", found[_NETEM_RATE64])[0] if _NETEM_RATE64 in found else rate
    values: Dict[str, Any] = {"delay": delay / _NANO, "jitter": spread / _NANO, "limit": limit, "loss": _per_cent(loss), "duplicate": _per_cent(duplicate)}
    values["delay_correlation"] = _per_cent(_number(found[_DELAY_CORRELATION][:4])) if _DELAY_CORRELATION in found else 0.0
    for name, code in (("reorder", _REORDER), ("corrupt", _CORRUPT)):
        values[name] = _per_cent(_number(found[code][:4])) if code in found else 0.0
    return {**values, "rate": rate * 8, "seed": _number(found[_SEED]) if _SEED in found else None}


def _more_of_netem(payload: bytes) -> str:
    gap = _NETEM.unpack_from(payload)[3]
    found = {code: payload[first:last] for code, first, last in split(payload, _NETEM.size)}
    strange = [word for code, word in {5: "loss with a model", 7: "ecn", 12: "slot"}.items() if any(found.get(code, b""))]
    if any(found.get(_DELAY_CORRELATION, b"")[4:]) or any(found.get(_REORDER, b"")[4:]) or any(found.get(_CORRUPT, b"")[4:]):
        strange.append("a correlation of loss, duplicate, reorder or corrupt")
    strange += ["gap"] if gap > 1 else []
    strange += ["rate with an overhead"] if any(found.get(_NETEM_RATE, b"")[4:]) else []
    return ", ".join(strange)


def _words_of_netem(values: Values) -> List[str]:
    words = ["limit", str(values["limit"])]
    if values["delay"] or values["jitter"]:
        words += ["delay", _text(values["delay"]) + "s", _text(values["jitter"]) + "s"]
        words += [_text(values["delay_correlation"]) + "%"] if values["delay_correlation"] else []
    for name in ("loss", "duplicate", "corrupt", "reorder"):
        words += [name, _text(values[name]) + "%"] if values[name] else []
    words += ["rate", "%dbit" % values["rate"]] if values["rate"] else []
    return words + (["seed", str(values["seed"])] if values.get("seed") is not None else [])


def _encode_tbf(values: Values) -> bytes:
    rate, burst = values["rate"] // 8, values["burst"]
    ticks = burst * _NANO // (_TICK * rate)
    limit = int(round(rate * values["latency"], 3)) + burst
    spec = _RATESPEC.pack(0, _LINKLAYER_ETHERNET, 0, 0, 0, min(rate, _WHOLE))
    body = attribute(_TBF_PARMS, _TBF.pack(spec, bytes(_RATESPEC.size), limit, ticks, 0))
    return body + (attribute(_TBF_RATE64, struct.pack("=Q", rate)) if rate >= _WHOLE else b"")


def _complaint_about_tbf(values: Values) -> Optional[Tuple[str, str]]:
    """What the kernel keeps in 32 bits: the burst as a time, and the bytes that may wait."""
    rate = values["rate"] // 8
    if values["burst"] * _NANO // (_TICK * rate) > _WHOLE:
        return "burst", "%d bytes take longer than %d seconds at that rate" % (values["burst"], _WHOLE * _TICK // _NANO)
    if rate * values["latency"] + values["burst"] > _WHOLE:
        return "latency", "more than %d bytes would wait at that rate" % _WHOLE
    return None


def _decode_tbf(payload: bytes) -> Dict[str, Any]:
    found = {code: payload[first:last] for code, first, last in split(payload)}
    spec, _peak, limit, ticks, _mtu = _TBF.unpack_from(found[_TBF_PARMS])
    rate = struct.unpack("=Q", found[_TBF_RATE64])[0] if _TBF_RATE64 in found else _RATESPEC.unpack(spec)[5]
    burst = -(-ticks * _TICK * rate // _NANO)
    return {"rate": rate * 8, "burst": burst, "latency": round((limit - burst) / rate, 12) if rate else 0.0}


def _more_of_tbf(payload: bytes) -> str:
    found = {code: payload[first:last] for code, first, last in split(payload)}
    spec, peak, _limit, _ticks, mtu = _TBF.unpack_from(found[_TBF_PARMS])
    _cell, linklayer, overhead, _align, mpu, _rate = _RATESPEC.unpack(spec)
    strange = {"peakrate": any(peak) or mtu, "overhead": overhead, "mpu": mpu, "linklayer": linklayer > _LINKLAYER_ETHERNET}
    return ", ".join(word for word, has in strange.items() if has)


def _words_of_tbf(values: Values) -> List[str]:
    return ["rate", "%dbit" % values["rate"], "burst", "%db" % values["burst"], "latency", _text(values["latency"]) + "s"]


def _limited(kind: str, unit: int) -> Qdisc:
    """A queue with a limit, and nothing else."""
    return Qdisc(
        kind,
        {"limit": unit},
        lambda values: struct.pack("=I", values["limit"]),
        lambda payload: {"limit": _number(payload[:4])},
        lambda values: ["limit", str(values["limit"])],
        required=("limit",),
    )


class _Field(NamedTuple):
    """A field that is an attribute of its own, a 32-bit number."""

    code: int
    word: str
    scale: float = 1
    """What one of the option is for the kernel."""
    suffix: str = ""
    without_limit: bool = False
    """Whether 0 is no limit, for which the kernel has its highest number."""

    def number(self, value: float) -> int:
        return _WHOLE if self.without_limit and not value else min(_WHOLE, round(value * self.scale))

    def value(self, number: int) -> Any:
        if self.without_limit and number == _WHOLE:
            return 0
        return number if self.scale == 1 else round(number / self.scale, 9) if self.suffix == "s" else round(number / self.scale)

    def words(self, value: float) -> List[str]:
        value = _WHOLE / self.scale if self.without_limit and not value else value
        return [self.word, _text(value) + self.suffix]


class _Undeclared(NamedTuple):
    """An attribute that no field sets."""

    word: str
    """Its word of tc(8)."""
    usual: bytes
    """Its value if it was not set."""


def _of_fields(kind: str, fields: Dict[str, _Field], config: str, others: Dict[int, _Undeclared]) -> Qdisc:
    """A kind whose fields are attributes, C(others) by their number. The kernel keeps those that are not given."""

    def encode(values: Values) -> bytes:
        given = ((field, values[name]) for name, field in fields.items() if values.get(name) is not None)
        return b"".join(_u32(field.code, field.number(value)) for field, value in given)

    def decode(payload: bytes) -> Dict[str, Any]:
        found = {code: _number(payload[first:last]) for code, first, last in split(payload)}
        return {name: field.value(found[field.code]) for name, field in fields.items() if field.code in found}

    def words(values: Values) -> List[str]:
        return [word for name, field in fields.items() if values.get(name) is not None for word in field.words(values[name])]

    def more(payload: bytes) -> str:
        found = {code: payload[first:last] for code, first, last in split(payload)}
        return ", ".join(other.word for code, other in others.items() if found.get(code, other.usual) != other.usual)

    return Qdisc(kind, dict.fromkeys(fields), encode, decode, words, config=config, more=more)


def _usual(word: str, *numbers: int) -> _Undeclared:
    return _Undeclared(word, struct.pack("=%dI" % len(numbers), *numbers))


def _codel_time(seconds: float) -> float:
    """A time as the kernel keeps it, in units of 1024 nanoseconds, and shows it in microseconds (C(include/net/codel.h))."""
    return (round(seconds * _MICRO) * 1000 >> 10 << 10) // 1000 / _MICRO


_LEAST_QUANTUM = 256
_OF_CODEL: Dict[str, Callable[[Any], Any]] = {"target": _codel_time, "interval": _codel_time, "quantum": lambda quantum: max(_LEAST_QUANTUM, quantum)}
NETEM = Qdisc(
    "netem",
    {
        "delay": 0.0,
        "jitter": 0.0,
        "delay_correlation": 0.0,
        "loss": 0.0,
        "duplicate": 0.0,
        "corrupt": 0.0,
        "reorder": 0.0,
        "rate": 0,
        "limit": 1000,
        "seed": None,
    },
    _encode_netem,
    _decode_netem,
    _words_of_netem,
    config="CONFIG_NET_SCH_NETEM",
    more=_more_of_netem,
)
TBF = Qdisc(
    "tbf",
    {"rate": None, "burst": None, "latency": None},
    _encode_tbf,
    _decode_tbf,
    _words_of_tbf,
    required=("rate", "burst", "latency"),
    config="CONFIG_NET_SCH_TBF",
    complaint=_complaint_about_tbf,
    more=_more_of_tbf,
)
FQ_CODEL = _of_fields(
    "fq_codel",
    {
        "limit": _Field(2, "limit"),
        "flows": _Field(5, "flows"),
        "target": _Field(1, "target", _MICRO, "s"),
        "interval": _Field(3, "interval", _MICRO, "s"),
        "quantum": _Field(6, "quantum"),
        "memory_limit": _Field(9, "memory_limit"),
    },
    "CONFIG_NET_SCH_FQ_CODEL",
    {
        4: _usual("noecn", 1),
        7: _Undeclared("ce_threshold", b""),
        8: _usual("drop_batch", 64),
        10: _Undeclared("ce_threshold_selector", b"\0"),
        11: _Undeclared("ce_threshold_selector", b"\0"),
    },
)._replace(shown=_OF_CODEL, fixed=("flows",))
FQ = _of_fields(
    "fq",
    {
        "limit": _Field(1, "limit"),
        "flow_limit": _Field(2, "flow_limit"),
        "quantum": _Field(3, "quantum"),
        "initial_quantum": _Field(4, "initial_quantum"),
        "maxrate": _Field(7, "maxrate", 1 / 8, "bit", without_limit=True),
    },
    "CONFIG_NET_SCH_FQ",
    {
        5: _usual("nopacing", 1),
        8: _usual("buckets", 10),
        9: _usual("refill_delay", 40_000),
        10: _usual("orphan_mask", 1023),
        11: _usual("low_rate_threshold", 68_750),
        12: _usual("ce_threshold", _WHOLE),
        13: _usual("timer_slack", 10_000),
        14: _usual("horizon", 10_000_000),
        15: _Undeclared("horizon_cap", b"\1"),
        16: _Undeclared("bands", struct.pack("=I16B", 3, 1, 2, 2, 2, 1, 2, 0, 0, *[1] * 8)),
        17: _usual("weights", 9 << 16, 3 << 16, 1 << 16),
        18: _usual("offload_horizon", 0),
    },
)
QDISCS: Dict[str, Qdisc] = {one.kind: one for one in (NETEM, TBF, FQ_CODEL, FQ, _limited("pfifo", 1000), _limited("bfifo", 100000))}
"""The kinds that an option can set."""
_DEFAULT = {"kind": ""}
"""The one that the kernel chooses."""


def decoded(kind: str, payload: bytes, has_classes: bool) -> Dict[str, Any]:
    """A queueing discipline that was found. One that no option can say has only its kind, with what is special in C(undeclarable)."""
    qdisc = QDISCS.get(kind)
    more = "" if qdisc is None else "others inside it" if has_classes else qdisc.more(payload)
    return {"kind": kind, "undeclarable": more} if qdisc is None or more else {"kind": kind, **qdisc.decode(payload)}


def encoded(values: Values) -> bytes:
    """The options of one that is wanted, with what is not given."""
    qdisc = QDISCS[values["kind"]]
    return qdisc.encode({**qdisc.defaults, **{name: value for name, value in values.items() if value is not None}})


def without_fixed(values: Values) -> Dict[str, Any]:
    """One that is wanted without what only a new one takes."""
    return {name: value for name, value in values.items() if name not in QDISCS[values["kind"]].fixed}


def needs_new(wanted: Values, found: Values) -> bool:
    """Whether only a new one can have what is wanted."""
    fixed = QDISCS[wanted["kind"]].fixed
    return any(wanted.get(name) not in (None, found.get(name)) for name in fixed)


def words(values: Values) -> List[str]:
    """One that is wanted as words of tc(8)."""
    qdisc = QDISCS[values["kind"]]
    return [qdisc.kind, *qdisc.words({**qdisc.defaults, **{name: value for name, value in values.items() if value is not None}})]


def _changed(now: Any, wanted: Any) -> Any:
    """What is set to get from one to the other: fields that are not given are kept."""
    return {**now, **wanted} if now and now["kind"] == wanted["kind"] else wanted


def _same(wanted: Any, found: Any) -> bool:
    """Whether what was found has all that is wanted, as far as the kernel can tell values apart."""
    if not found or not wanted or wanted["kind"] != found["kind"]:
        return bool(wanted == found)
    qdisc = QDISCS.get(wanted["kind"])
    if not qdisc or "undeclarable" in found:
        return not qdisc
    set_before = {name: qdisc.shown[name](value) if name in qdisc.shown and value != found.get(name) else value for name, value in wanted.items()}
    return encoded({**found, **set_before}) == encoded(found)


def _complaint(found: Any, wanted: Any) -> str:
    if _undeclarable(found):
        return "it has %s, which could not be restored; remove it first" % _undeclarable(found)
    will_be = _changed(found, wanted)
    return "reorder needs a delay" if will_be.get("reorder") and not will_be.get("delay") else ""


def _undeclarable(value: Any) -> str:
    """What a value is, if no option can say it."""
    if not value or "undeclarable" not in value:
        return ""
    return "qdisc %s%s" % (value["kind"], " with " + value["undeclarable"] if value["undeclarable"] else "")


QDISC = ValueType(
    "dict",
    "cdata",
    lambda payload: payload,
    lambda value: value,
    lambda value: " ".join(words(value)),
    change=_changed,
    merge=_changed,
    equal=_same,
    complaint=_complaint,
    needs=lambda value: QDISCS[value["kind"]].config if value["kind"] in QDISCS else "",
    undeclarable=_undeclarable,
    absent=_DEFAULT,
    several=True,
    syntax="qdisc",
)
