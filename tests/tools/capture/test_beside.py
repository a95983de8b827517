#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_beside.py SKEP TAG-OBJECT CASE: skep capture beside tcpdump on the same device at the same time.

Goal: of tagged frames and of packets larger than frames, lines, lengths and what passes are tcpdump's.
"""

import difflib
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from net import PORT, RECEIVE_TCP, RECEIVE_UDP, Listener, Net  # noqa: E402
from tool_test import case, check, equal, main, need_program, need_tracing  # noqa: E402

tag_object = ""
SETTLE_S = 1.5  # longer than the second tcpdump lets packets gather

# Sends frames on va of each kind of tag: none, one, two, a priority only; UDP, TCP, ARP, IPv6, and what is neither.
SEND_TAGGED = """
import socket, struct
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("va", 0))
def ip(protocol, body):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, protocol, 0, bytes((10, 77, 0, 1)),
                       bytes((10, 77, 0, 2))) + body
udp = ip(17, struct.pack(">HHHH", 1000, %d, 12, 0) + b"abcd")
tcp = ip(6, struct.pack(">HHIIBBHHH", 1000, 80, 5, 0, 0x50, 2, 512, 0, 0))
ip6 = struct.pack(">IHBB16s16s", 6 << 28, 12, 17, 64, b"\\xfd" + bytes(14) + b"\\1", b"\\xfd" + bytes(14) + b"\\2") + \\
      struct.pack(">HHHH", 1000, %d, 12, 0) + b"abcd"
arp = struct.pack(">HHBBH6s4s6s4s", 1, 0x800, 6, 4, 1, b"\\2" * 6, bytes((10, 77, 0, 1)), bytes(6), bytes((10, 77, 0, 2)))
tags = ([], [(0x8100, 5)], [(0x8100, 6 | 3 << 13)], [(0x8100, 0x1000 | 7)], [(0x8100, 5), (0x8100, 6)],
        [(0x88a8, 100), (0x8100, 5)], [(0x88a8, 9)], [(0x8100, 5), (0x8100, 6), (0x8100, 7)])
for each in tags:
    for kind, body in ((0x800, udp), (0x800, tcp), (0x86dd, ip6), (0x806, arp), (0x88b5, b"unknown to anyone")):
        frame = b"\\2\\0\\0\\0\\0\\2\\2\\0\\0\\0\\0\\1"
        for number, tci in each:
            frame += struct.pack(">HH", number, tci)
        s.send((frame + struct.pack(">H", kind) + body).ljust(60, b"\\0"))
""" % (PORT, PORT)


def setup(skep_path, tag_path):
    global tag_object
    Net.skep = os.path.abspath(skep_path)
    tag_object = os.path.abspath(tag_path)
    need_tracing()


class Tcpdump:
    """tcpdump, once it listens."""

    def __init__(self, net, name, *args):
        self.lines = tempfile.TemporaryFile()
        line = [*net.inside(name), need_program("tcpdump"), "-n", "-t", "-l", *args]
        self.process = subprocess.Popen(line, stdout=self.lines, stderr=subprocess.PIPE)
        said = self.process.stderr.readline()
        while said and b"listening on" not in said:
            said = self.process.stderr.readline()

    def stop(self):
        """What it printed, once nothing is added any more; at its end it may print an empty line."""
        size = -1
        while size != os.fstat(self.lines.fileno()).st_size:
            size = os.fstat(self.lines.fileno()).st_size
            time.sleep(SETTLE_S)
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=30)
        self.lines.seek(0)
        return "".join(line + "\n" for line in self.lines.read().decode().splitlines() if line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.lines.close()


def beside(net, name, args, act):
    """Standard output of both, while @act runs."""
    with Tcpdump(net, name, *args) as theirs, net.capture("-t", *args, name=name) as ours:
        act()
        return ours.stop()[0], theirs.stop()


def same(ours, theirs, what):
    """The same lines; says where they part."""
    differences = [line for line in difflib.unified_diff(theirs.splitlines(), ours.splitlines(), "tcpdump", "skep", n=0)]
    check(not differences, f"{what}: " + "\n".join(differences[:12]))


@case
def tagged_frames_have_tcpdumps_lines():
    for flags in ("-e",), ("-ev",), ("-eXX",), ():
        with Net() as net:
            ours, theirs = beside(net, net.b, ("-i", "vb", "-Q", "in", *flags),
                                  lambda: net.python(net.a, SEND_TAGGED))
        ours = "".join(line + "\n" for line in ours.splitlines() if not line.startswith("\tverdict="))
        check(theirs.count("\n") >= 40, f"lines of tcpdump: {theirs}")
        same(ours, theirs, f"lines with {flags}")


@case
def vlan_expressions_pass_what_tcpdump_passes():
    """Expressions that begin with `vlan` see the tag wherever it is, with either."""
    for expression in ("vlan", "vlan 5", "vlan 6", "vlan 5 and vlan 6", "vlan and vlan", "vlan 5 and udp",
                       f"vlan and udp port {PORT}", "vlan and tcp", "vlan and ip6", "vlan and arp", "vlan 100 and vlan 5"):
        with Net() as net:
            ours, theirs = beside(net, net.b, ("-i", "vb", "-Q", "in", "-e", expression),
                                  lambda: net.python(net.a, SEND_TAGGED))
        same(ours, theirs, f"lines of '{expression}'")


@case
def a_tag_beside_a_packet_on_its_way_out():
    """A program before ours pushes the tag: owner, line and `vlan` are right there, and where it arrives."""
    with Net() as net, Listener(net, RECEIVE_UDP % PORT):
        tagger = subprocess.Popen([*net.inside(net.a), net.skep, "run", "--attach", tag_object, "--dev", "va", "-v"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            said = tagger.stderr.readline()
            while said and b"egress of va" not in said:
                said = tagger.stderr.readline()
            for name, device in (net.a, "va"), (net.b, "vb"):
                ours, theirs = beside(net, name, ("-i", device, "-e", "vlan 42 and udp"), lambda: net.send(5))
                same(ours, theirs, f"lines on {device}")
                check(ours.count("vlan 42, p 3") == 5, f"lines on {device}: {ours}")
            with net.capture("-i", "va", "--owner", "comm python3 and vlan 42") as tool:
                net.send(5)
                out, _ = tool.stop()
            equal(out.count(" comm=python3 "), 5, f"owners in {out}")
        finally:
            tagger.kill()
            tagger.communicate()


@case
def packets_larger_than_frames_have_tcpdumps_lengths():
    """What segmentation offload leaves whole: each line with its length and sequence numbers, and each byte."""
    client = f"import socket; s = socket.create_connection(('10.77.0.2', {PORT})); s.sendall(b'z' * 700000)"
    for args in ("-S", "tcp"), ("-S", "-xx", "-Q", "out", "tcp and greater 5000"):
        with Net() as net, Listener(net, RECEIVE_TCP % PORT):
            ours, theirs = beside(net, net.a, ("-i", "va", "-B", "65536", *args), lambda: net.python(net.a, client))
        lengths = [int(line.rpartition("length ")[2]) for line in theirs.splitlines() if "length " in line]
        check(lengths and max(lengths) > 20000, f"no large packet: {lengths}")
        same(ours, theirs, f"lines with {args}")


if __name__ == "__main__":
    sys.exit(main(setup))
