# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of ssh(1) that Ansible needs, without encryption, for the hosts of hosts.py: ssh [OPTION...] HOST COMMAND."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading

LOST = 255
"""The status of ssh(1) if the connection cannot be opened, or is lost."""
options = dict(word.split("=", 1) for before, word in zip(sys.argv, sys.argv[1:]) if before == "-o" and "=" in word)
if "-O" in sys.argv:
    sys.exit(LOST)  # there is no shared connection
if options.get("ControlPath") == "none":
    assert sys.argv.index("ControlPath=none") < sys.argv.index("ControlMaster=auto"), "the first value counts"
if "ControlPersist" in sys.argv:
    sys.exit("Usage: what Ansible asks to find out whether this knows ControlPersist")
host, command = sys.argv[-2:]
limit = int(options["ServerAliveInterval"]) * int(options["ServerAliveCountMax"]) if "ServerAliveInterval" in options else 100
try:
    connection = socket.create_connection((host, 22), timeout=float(options["ConnectTimeout"]))
except OSError as error:
    print(f"ssh: connect to host {host} port 22: {error}", file=sys.stderr)
    sys.exit(LOST)
connection.settimeout(None)
for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, limit), (socket.TCP_USER_TIMEOUT, limit * 1000)):
    connection.setsockopt(socket.IPPROTO_TCP, option, value)
connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def send() -> None:
    try:
        while data := os.read(0, 65536):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other direction reports it


try:
    connection.sendall(json.dumps(command).encode() + b"\n")
    threading.Thread(target=send, daemon=True).start()
    received = connection.makefile("rb")
    while True:
        channel, length = struct.unpack("!BI", received.read(5))
        data = received.read(length)
        if not channel:
            os._exit(data[0])
        while data:
            data = data[os.write(channel, data) :]
except (OSError, struct.error) as error:
    print(f"ssh: connection to {host} lost: {error}", file=sys.stderr)
    os._exit(LOST)
