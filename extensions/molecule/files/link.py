# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what becomes of packets to an address, as JSON: link.py NAMESPACE NAMESPACE_OF_THE_ADDRESS ADDRESS

round_trip is the shortest of several, in seconds; lost are packets that did not arrive, in per cent; rate is how fast the others did, in bits a second.
"""

import ctypes
import json
import os
import select
import socket
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
ROOM = 1 << 20
"""Bytes that may wait for this program, so that none are lost here."""
DEADLINE = 20
PATIENCE = 1
TRIPS = 10
PACKETS, SIZE = 700, 500
PAUSE = 0.05
END = b"end"


def main(source, target, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    enter(target)
    with socket.socket(family, socket.SOCK_DGRAM) as far:
        far.bind((address, 0))
        far.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        far.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        enter(source)  # a socket stays where it was made
        with socket.socket(family, socket.SOCK_DGRAM) as near:
            near.connect(far.getsockname()[:2])
            end = time.monotonic() + DEADLINE
            trips = round_trips(near, far, end)
            arrivals = burst(near, far, end)
    rate = (len(arrivals) - 1) * SIZE * 8 / (arrivals[-1] - arrivals[0])
    print(json.dumps({"round_trip": round(min(trips), 4), "lost": round(100 - 100 * len(arrivals) / PACKETS, 2), "rate": round(rate)}))


def enter(netns):
    with open(os.path.join("/run/netns", netns), "rb") as file:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            sys.exit("cannot enter %s: %s" % (netns, os.strerror(ctypes.get_errno())))


def round_trips(near, far, end):
    """How long packets took that came back, one at a time."""
    times = []
    number = 0
    while len(times) < TRIPS:
        if time.monotonic() > end:
            sys.exit("only %d packets came back" % len(times))
        number += 1
        data = b"%d" % number
        start = time.monotonic()
        near.send(data)
        there = received(far, data, start + PATIENCE)
        if there:
            far.sendto(data, there)
            if received(near, data, start + PATIENCE):
                times.append(time.monotonic() - start)
    return times


def received(door, data, end):
    """Who sent this data, which has to arrive until then."""
    while readable(door, end - time.monotonic()):
        found, sender = door.recvfrom(SIZE)
        if found == data:
            return sender
    return None


def burst(near, far, end):
    """When packets arrived that were sent at once. Others follow until one of them has arrived, too: what is missing then is lost."""
    for _number in range(PACKETS):
        near.send(bytes(SIZE))
    arrivals = []
    while time.monotonic() < end:
        near.send(END)
        while readable(far, PAUSE):
            data, extra, _flags, _sender = far.recvmsg(SIZE, 64)
            if data == END:
                return arrivals
            if len(data) == SIZE:
                arrivals += [seconds(stamp) for _level, kind, stamp in extra if kind == SO_TIMESTAMPNS]
    sys.exit("only %d packets arrived" % len(arrivals))


def seconds(stamp):
    """When the kernel got a packet, which may be long before this program does."""
    whole, nano = struct.unpack("ll", stamp)
    return whole + nano / 1e9


def readable(door, patience):
    return select.select([door], [], [], max(patience, 0))[0]


if __name__ == "__main__":
    main(*sys.argv[1:])
