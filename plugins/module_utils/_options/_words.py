# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that may be given by their names on the target host, as in C(/etc/iproute2)."""

from __future__ import annotations

import re
from typing import Dict

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _values
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._options._numbers import NUMBER, number_or_word

_HIGHEST_ID = 2**32 - 2


def account_id(row: table.Attribute, text: str, path: Path, check_mode: bool) -> str:
    """The id of a user or group. In check mode one that is missing may be created by an earlier task."""
    if re.fullmatch("-?[0-9]+", text):
        if len(text) > 10 or not 0 <= int(text) <= _HIGHEST_ID:
            raise VnetError(path, "%s is out of range (0 to %d)" % (shown(text), _HIGHEST_ID))
        return str(int(text))
    if not text.isprintable():
        raise VnetError(path, "%s is not the name of a user or group" % shown(text))
    import grp
    import pwd

    try:
        return str(pwd.getpwnam(text).pw_uid if row.type is _values.USER else grp.getgrnam(text).gr_gid)
    except KeyError:
        if check_mode:
            return text
        raise VnetError(path, "there is no %s %s on this host" % ("user" if row.type is _values.USER else "group", shown(text))) from None


def scope_of(text: str, path: Path) -> str:
    """A scope by its usual name, or as a number. It may be given by a name of the target, too."""
    numbers = dict(table.SCOPES)
    if text not in numbers and not NUMBER.fullmatch(text):
        from ansible_collections.nfv.vnet.plugins.module_utils._iproute2 import scopes

        numbers.update(scopes())
    if text not in numbers and not (NUMBER.fullmatch(text) and len(text) < 4 and int(text) < 256):
        raise VnetError(path, "%s is neither a number nor the name of a scope in /etc/iproute2/rt_scopes" % quoted(text))
    number = numbers[text] if text in numbers else int(text)
    return next((word for word, one in table.SCOPES.items() if one == number), str(number))


def protocol_of(text: str, path: Path) -> str:
    """A protocol by its usual name, or as a number. It may be given by a name of the target, too."""
    numbers: Dict[str, int] = {}
    if text not in _values.PROTOCOL.words and not NUMBER.fullmatch(text):
        from ansible_collections.nfv.vnet.plugins.module_utils._iproute2 import protocols

        numbers = protocols()
    if text in numbers:
        text = str(numbers[text])
    row = table.Attribute("protocol", 0, _values.PROTOCOL, "", 0, 255)
    protocol = number_or_word(row, text, path)
    if protocol in _values.AUTOMATIC:
        raise VnetError(path, "%s is for what others manage; leave protocol out" % protocol)
    return protocol


def table_of(text: str, path: Path) -> int:
    """The number of a routing table."""
    if re.fullmatch("-?[0-9]+", text):
        if len(text) > 10 or not 1 <= int(text) < 2**32:
            raise VnetError(path, "%s is out of range (1 to 4294967295)" % shown(text))
        return int(text)
    from ansible_collections.nfv.vnet.plugins.module_utils._iproute2 import routing_tables

    tables = routing_tables()
    if text not in tables:
        raise VnetError(path, "%s is neither a number nor the name of a routing table in /etc/iproute2/rt_tables" % quoted(text))
    return table_of(str(tables[text]), path)
