# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print the way of a packet, one address a line, as traceroute does: hops.py NAMESPACE ADDRESS"""

import ctypes
import os
import select
import socket
import sys
import time

DEADLINE = 10
PAUSE = 0.3
LONGEST = 32
CLONE_NEWNET = 0x40000000
IP_RECVERR, IPV6_RECVERR = 11, 25
PORT_UNREACHABLE = {(3, 3), (1, 4)}


def main(netns, address):
    enter(netns)
    for ttl in range(1, LONGEST):
        hop, kind = asked(address, ttl)
        print(hop)
        if kind in PORT_UNREACHABLE:
            return
    sys.exit("%s is too far away" % address)


def enter(netns):
    with open(os.path.join("/run/netns", netns), "rb") as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            sys.exit("cannot enter %s: %s" % (netns, os.strerror(ctypes.get_errno())))


def asked(address, ttl):
    """Who answers a packet that may take so many steps, and the type and code of the ICMP message."""
    ipv6 = ":" in address
    level = socket.IPPROTO_IPV6 if ipv6 else socket.IPPROTO_IP
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.setsockopt(level, IPV6_RECVERR if ipv6 else IP_RECVERR, 1)
            door.setsockopt(level, socket.IPV6_UNICAST_HOPS if ipv6 else socket.IP_TTL, ttl)
            try:
                door.sendto(b"nfv.vnet", (address, 33434))
            except OSError:  # not reachable yet
                time.sleep(PAUSE)
                continue
            waiting = select.poll()
            waiting.register(door, 0)  # errors only
            if waiting.poll(PAUSE * 1000):
                for _level, _type, data in door.recvmsg(64, 512, socket.MSG_ERRQUEUE)[1]:
                    # struct sock_extended_err, and the address of who sent the error
                    kind, code = data[5], data[6]
                    offender = data[24:40] if ipv6 else data[20:24]
                    return socket.inet_ntop(door.family, offender), (kind, code)
    sys.exit("no answer from step %d on the way to %s" % (ttl, address))


if __name__ == "__main__":
    main(*sys.argv[1:])
