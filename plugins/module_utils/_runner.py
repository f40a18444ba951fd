# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to a result: what every module does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.vnet.plugins.module_utils._dependency import require_pyroute2
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe
from ansible_collections.nfv.vnet.plugins.module_utils._options import OPTIONS, argument_spec, layout, title
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    Step,
)

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._apply import Applied

KEYS = {"vnet_netns": "namespace", **{"vnet_" + kind.type: kind.type for kind in KINDS}}
"""Under which key each module returns its resource."""


class Outcome(NamedTuple):
    """What was done, or would be."""

    before: Host
    after: Host
    """What was planned."""
    host: Host
    """What there is; in check mode what was planned."""
    steps: List[Step]
    commands: List[str]
    """Those of iproute2 for the steps."""
    warnings: List[Message]


def run(name: str) -> None:
    """The whole of a module for one resource."""
    module = AnsibleModule(argument_spec=argument_spec(OPTIONS[name]), supports_check_mode=True)
    require_pyroute2(module)
    try:
        wanted = layout(name, module.params, checking=module.check_mode)
        result = carry_out(wanted, KEYS[name], module.check_mode)
    except VnetError as error:
        module.fail_json(**failure(title(name, module.params), error))
    for warning in result.pop("warnings"):
        module.warn("%s: %s" % (title(name, module.params), warning))
    module.exit_json(**result)


def carry_out(wanted: Layout, key: str, checking: bool) -> Dict[str, Any]:
    """Brings the host to the layout of one resource, or says what that would do; C(key) is that of the resource in the result."""
    from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe, status

    outcome = bring_about(wanted, checking)
    difference = {"before": outcome.before, "after": outcome.after} if outcome.steps else {}
    return {
        "changed": bool(outcome.steps),
        key: describe(wanted, outcome.host),
        "status": status(wanted, outcome.before, outcome.before if checking else outcome.host),
        "commands": outcome.commands,
        "diff": {"before": {}, "after": {}, **{name: describe(wanted, host) for name, host in difference.items()}},
        "warnings": outcome.warnings,
    }


def bring_about(wanted: Layout, checking: bool) -> Outcome:
    """Brings the host to the layout of one resource, or says what that would do.

    What changes the host holds the lock. As most runs change nothing, they look first.
    """
    namespaces = Namespaces()
    reader = Reader(namespaces)
    try:
        if checking:
            return foreseen(reader, wanted)
        outcome = nothing_to_do(reader, wanted)
        if outcome:
            return outcome
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock  # what changes nothing need not know it

        reader.close()  # whoever has the lock may replace a namespace
        with lock():
            return changed(reader, wanted)
    finally:
        reader.close()
        namespaces.close()


def foreseen(reader: Reader, wanted: Layout) -> Outcome:
    """What would be done."""
    before = observe(reader, wanted)
    planned = plan(wanted, before, checking=True)
    if not planned.steps:
        return Outcome(before, planned.after, planned.after, [], [], planned.warnings)
    from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands

    return Outcome(before, planned.after, planned.after, planned.steps, commands(planned.steps), planned.warnings)


def nothing_to_do(reader: Reader, wanted: Layout) -> Optional[Outcome]:
    """The outcome where all is as wanted. What is in the way may be another run's half-made work: only who holds the lock complains."""
    try:
        before = observe(reader, wanted)
        planned = plan(wanted, before)
    except VnetError:
        return None
    return None if planned.steps else Outcome(before, planned.after, before, [], [], planned.warnings)


def changed(reader: Reader, wanted: Layout) -> Outcome:
    """Brings the host to the layout. Whoever calls this holds the lock."""
    before = observe(reader, wanted)
    planned = plan(wanted, before)
    if not planned.steps:
        return Outcome(before, planned.after, before, [], [], planned.warnings)
    done = changer()(reader, wanted, before, planned.steps)
    return Outcome(before, planned.after, done.host, done.steps, done.commands, planned.warnings)


def changer() -> Callable[[Reader, Layout, Host, List[Step]], Applied]:
    """What changes the host; most runs need not compile it."""
    from ansible_collections.nfv.vnet.plugins.module_utils._apply import apply

    return apply
