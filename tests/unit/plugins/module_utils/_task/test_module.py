# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before the checks of Ansible, and short forms."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import expanded_all
from ansible_collections.nfv.vnet.plugins.module_utils._task._module import check_given

BRIDGE = OPTIONS["vnet_bridge"]


@pytest.mark.parametrize(
    ("module", "params", "sentence"),
    [
        ("vnet_tuntap", {"port": True}, "port: True is not a dictionary of options"),
        ("vnet_veth", {"peer": 1.5}, "peer: 1.5 is not a dictionary of options"),
        ("vnet_netns", {"routes": "{1:2}"}, "routes[0]: 1 is not the name of an option"),
        ("vnet_netns", {"routes": [{"to": "default", "metric": float("inf")}]}, "routes[0].metric: inf is out of every range"),
        ("vnet_bridge", {"mtu": float("nan")}, "mtu: nan is out of every range"),
        ("vnet_bridge", {"hello_time": 10**400}, "hello_time: 1000000000"),
        ("vnet_bridge", {"mtu": "9" * 5000}, "mtu: '999"),
        ("vnet_bridge", {"mtu": "1e400"}, "mtu: inf is out of every range"),
        ("vnet_bridge", {"name": True}, "name: true is not a text; put it in quotes, as YAML reads on, off, yes and no as true and false"),
        ("vnet_bridge", {"ports": [{"name": False}]}, "ports[0].name: false is not a text"),
        ("vnet_netns", {"name": 1.1}, "name: 1.1 is not a text; put it in quotes, as YAML reads it as a number"),
    ],
)
def test_what_the_checks_of_ansible_do_not_survive(module: str, params: Any, sentence: str) -> None:
    with pytest.raises(VnetError) as caught:
        check_given(OPTIONS[module], params, ())
    assert str(caught.value).startswith(sentence)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("params", [{}, {"name": "br0", "mtu": "1500"}, {"ports": None}, {"vlans": []}, {"mtu": "words"}, {"mtu": 1.5}, {"ports": ["a"]}])
def test_what_is_left_to_them(params: Any) -> None:
    check_given(BRIDGE, expanded_all(BRIDGE, params), ())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ports": ["a", {"name": "b"}]}, {"ports": [{"name": "a"}, {"name": "b"}]}),
        ({"ports": "a, b"}, {"ports": [{"name": "a"}, {"name": "b"}]}),
        ({"ports": '[{"name": "a"}, "b"]'}, {"ports": [{"name": "a"}, {"name": "b"}]}),
        ({"ports": "[a"}, {"ports": "[a"}),
        ({"ports": "[" * 99999}, {"ports": "[" * 99999}),
        ({"routes": '[{"to": "default"}]'}, {"routes": [{"to": "default"}]}),
        ({"routes": "default"}, {"routes": "default"}),
        ({"addresses": ""}, {"addresses": []}),
        ({"ports": ""}, {"ports": []}),
        ({"vlans": [10, "20-29"]}, {"vlans": [{"vid": "10"}, {"vid": "20-29"}]}),
        ({"ports": [{"name": "a", "vlans": [7]}]}, {"ports": [{"name": "a", "vlans": [{"vid": "7"}]}]}),
        ({"vlans": [True, 1.5]}, {"vlans": [True, 1.5]}),
        ({"addresses": ["192.0.2.1/24"]}, {"addresses": ["192.0.2.1/24"]}),
    ],
)
def test_short_forms(given: Any, expected: Any) -> None:
    assert expanded_all(BRIDGE, given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [("eth0", {"name": "eth0"}), ('{"name": "eth0", "addresses": "192.0.2.1/24"}', {"name": "eth0", "addresses": ["192.0.2.1/24"]}), ("name=eth0 mtu=9", None)],
)
def test_short_forms_of_a_dictionary(given: str, expected: Any) -> None:
    assert expanded_all(OPTIONS["vnet_veth"], {"peer": given}) == {"peer": given if expected is None else expected}
