# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reaches the hosts of tests/bench/hosts over a socket, without a process of its own."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: bench_socket
short_description: Run commands on hosts of a benchmark
description: Sends a command and its input to a socket, and reads its status and output.
options:
  socket:
    description: Path of the socket.
    vars: [{name: bench_socket}]
"""


class Connection(ConnectionBase):  # type: ignore[misc]
    transport = "bench_socket"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        data = in_data or b""
        with socket.socket(socket.AF_UNIX) as door:
            door.connect(self.get_option("socket"))
            with door.makefile("rwb") as stream:
                stream.write(json.dumps({"command": cmd, "size": len(data)}).encode() + b"\n" + data)
                stream.flush()
                head: dict[str, Any] = json.loads(stream.readline())
                return head["status"], stream.read(head["out"]), stream.read(head["err"])

    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        status, _, error = self.exec_command(f"dd of={out_path} bs=65536 status=none", Path(in_path).read_bytes())
        if status:
            raise OSError(error.decode())

    def fetch_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._connected = False
