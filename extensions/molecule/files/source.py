# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print as whom a server sees a client, over TCP: source.py SERVER_NAMESPACE ADDRESS CLIENT_NAMESPACE"""

import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
DEADLINE = 5


def main(server, address, client):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    enter(server)
    with socket.create_server((address, 0), family=family) as door:
        door.settimeout(DEADLINE)
        enter(client)  # a socket stays where it was made
        with socket.create_connection(door.getsockname()[:2], DEADLINE) as near, door.accept()[0] as far:
            near.sendall(b"nfv.vnet")
            if far.recv(64) != b"nfv.vnet":
                sys.exit("something else arrived")
            print(far.getpeername()[0])


def enter(netns):
    with open(os.path.join("/run/netns", netns), "rb") as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            sys.exit("cannot enter %s: %s" % (netns, os.strerror(ctypes.get_errno())))


if __name__ == "__main__":
    main(*sys.argv[1:])
