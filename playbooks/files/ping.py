# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ping from inside a network namespace, without the program ping: ping.py NAMESPACE ADDRESS..."""

import ctypes
import os
import select
import socket
import struct
import sys
import time

DEADLINE = float(os.environ.get("PING_DEADLINE", "5"))
PAUSE = 0.2
CLONE_NEWNET = 0x40000000


def main(netns, *addresses):
    enter(netns)
    silent = [address for address in addresses if not reached(netns, address)]
    sys.exit("no answer within %g s from %s" % (DEADLINE, ", ".join(silent)) if silent else 0)


def enter(netns):
    with open(os.path.join("/run/netns", netns), "rb") as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            sys.exit("cannot enter %s: %s" % (netns, os.strerror(ctypes.get_errno())))


def reached(netns, address):
    """Whether the address answers an echo request in time."""
    ipv6 = ":" in address
    family = socket.AF_INET6 if ipv6 else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if ipv6 else socket.IPPROTO_ICMP
    request, reply = (128, 129) if ipv6 else (8, 0)
    identity = os.getpid() & 0xFFFF
    end = time.monotonic() + DEADLINE
    number = 0
    with socket.socket(family, socket.SOCK_RAW, protocol) as door:
        while time.monotonic() < end:
            number += 1
            sent = time.monotonic()
            try:
                door.sendto(echo(request, identity, number), (address, 0))
            except OSError:  # not reachable yet
                time.sleep(PAUSE)
                continue
            while select.select([door], [], [], max(0.0, sent + PAUSE - time.monotonic()))[0]:
                packet, source = door.recvfrom(2048)
                message = packet if ipv6 else packet[(packet[0] & 15) * 4 :]
                if message[0] == reply and message[4:6] == struct.pack("!H", identity) and source[0] == address:
                    print("%s reaches %s in %.2f ms" % (netns, address, (time.monotonic() - sent) * 1000))
                    return True
    return False


def echo(kind, identity, number):
    """An echo request; the kernel fills in the checksum of ICMPv6 only."""
    message = struct.pack("!BBHHH", kind, 0, 0, identity, number) + b"nfv.vnet"
    total = sum(struct.unpack("!%dH" % (len(message) // 2), message))
    total = (total >> 16) + (total & 0xFFFF)
    return message[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + message[4:]


if __name__ == "__main__":
    main(*sys.argv[1:])
