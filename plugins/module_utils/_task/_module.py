# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""AnsibleModule with the options of a module of this collection, which refuses every wrong value in one sentence."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import check_type_dict
from ansible_collections.nfv.vnet.plugins.module_utils._dependency import complaint
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, failure, quoted
from ansible_collections.nfv.vnet.plugins.module_utils._names import CONFIRM_TIMEOUT, CONFIRM_TOKEN
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option, argument_spec, expanded, expanded_all

_BEYOND = 2**64
"""No option has a number as large as that."""


class VnetModule(AnsibleModule):  # type: ignore[misc]
    """C(name): how error messages begin until the options are known. C(without): parameters that are kept from the checks of Ansible."""

    params: Dict[str, Any]

    def __init__(self, name: str, options: Tuple[Option, ...], without: Iterable[str] = ()) -> None:
        self._title = name
        self._options = options
        self._without = tuple(without)
        self.others: Dict[str, Any] = {}
        """The parameters that were kept from the checks."""
        self.confirm_token: object = None
        """What the action plugin of the collection hands over if it will confirm the change."""
        super().__init__(argument_spec=argument_spec(options), supports_check_mode=True)

    def _load_params(self) -> None:
        super()._load_params()
        self.others = {option.name: expanded(option, self.params.pop(option.name, None)) for option in self._options if option.name in self._without}
        if self.params.get(CONFIRM_TIMEOUT) is not None:
            self.confirm_token = self.params.pop(CONFIRM_TOKEN, None)
        self.params = expanded_all(self._options, self.params)

    def _set_internal_properties(self, *arguments: Any) -> None:
        super()._set_internal_properties(*arguments)
        try:
            check_given(self._options, self.params, ())
        except VnetError as error:
            self.fail_json(**failure(self._title, error, self.params))

    @property
    def given(self) -> Dict[str, Any]:
        """All parameters, checked or not."""
        return {**self.params, **self.others}

    def require_pyroute2(self) -> None:
        """Fails the task if pyroute2 is missing, or does not fit."""
        words = complaint()
        if words:
            self.fail_json(msg=words)


def check_given(options: Iterable[Option], params: Mapping[str, Any], path: Path) -> None:
    """Refuses values with which the checks of Ansible end in a traceback."""
    for option in options:
        value = params.get(option.name)
        here = (*path, option.name)
        if value is None:
            continue
        if option.type == "str":
            check_text_type(value, here)
        elif option.type in ("int", "float"):
            check_number(value, here)
        elif option.options and option.type == "dict":
            check_given(option.options, _dictionary(value, here), here)
        elif option.options:
            for number, entry in enumerate(value if isinstance(value, list) else [value]):
                check_given(option.options, _dictionary(entry, (*here, number)), (*here, number))


def _dictionary(value: object, path: Path) -> Mapping[str, Any]:
    try:
        found = check_type_dict(value)
    except (TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
        raise VnetError(path, "%s is not a dictionary of options" % quoted(value)) from None
    wrong = [key for key in found if not isinstance(key, str)]
    if wrong:
        raise VnetError(path, "%s is not the name of an option" % quoted(wrong[0]))
    return dict(found)


def check_text_type(value: object, path: Path) -> None:
    """Refuses true and false where a text belongs: YAML reads on, off, yes and no as these. And 1.10, which it reads as 1.1."""
    if isinstance(value, bool):
        raise VnetError(path, "%s is not a text; put it in quotes, as YAML reads on, off, yes and no as true and false" % str(value).lower())
    if isinstance(value, float):
        raise VnetError(path, "%s is not a text; put it in quotes, as YAML reads it as a number" % value)


def check_number(value: object, path: Path) -> None:
    """Refuses what is no number that any option can have. Other types are left to the checks that follow."""
    if isinstance(value, str):
        if len(value) > 40:
            raise VnetError(path, "%s is not a number" % quoted(value))
        try:
            value = float(value)
        except ValueError:
            return
    if isinstance(value, (int, float)) and not -_BEYOND < value < _BEYOND:
        raise VnetError(path, "%s is out of every range" % quoted(value))
