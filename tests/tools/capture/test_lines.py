#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_lines.py SKEP CAPTURE [FLAG]: lines and files of skep capture are tcpdump's, byte for byte."""

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = ("-n", "-nv", "-nvv", "-ne", "-nq", "-nev", "-nx", "-nxx", "-nX", "-nA", "-nS", "-nt", "-ntt", "-nttt", "-ntttt",
         "-nttttt", "-n#", "-nK")
EXPRESSIONS = ("", "tcp port 80", "vlan", "ip6 and not tcp", "icmp or icmp6", "udp and greater 200")


def output(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def main():
    skep, capture = sys.argv[1:3]
    tcpdump = shutil.which("tcpdump") or shutil.which("tcpdump", path="/usr/sbin:/sbin")
    if not tcpdump:
        print("SKIP: tcpdump is not installed")
        return 77
    lines = failed = 0
    for flags in FLAGS:
        for expression in EXPRESSIONS:
            ours = output(skep, "capture", flags, "-r", capture, *expression.split())
            theirs = output(tcpdump, flags, "-r", capture, *expression.split())
            lines += theirs.count(b"\n")
            if ours != theirs:
                failed += 1
                pairs = zip(ours.split(b"\n"), theirs.split(b"\n"))
                first = next((f"\n  ours   {a!r}\n  theirs {b!r}" for a, b in pairs if a != b), " (one is shorter)")
                print(f"{flags} '{expression}':{first}")
    with tempfile.TemporaryDirectory() as folder:
        for expression in EXPRESSIONS:
            ours, theirs = Path(folder, "ours.pcap"), Path(folder, "theirs.pcap")
            output(skep, "capture", "-r", capture, "-w", str(ours), *expression.split())
            output(tcpdump, "-r", capture, "-w", str(theirs), *expression.split())
            if not filecmp.cmp(ours, theirs, shallow=False):
                failed += 1
                print(f"-w '{expression}': the files differ")
            both = Path(folder, "ours.pcapng")
            output(skep, "capture", "-r", capture, "-w", str(both), *expression.split())
            if output(tcpdump, "-nr", str(both)) != output(tcpdump, "-nr", str(theirs)):
                failed += 1
                print(f"-w '{expression}': tcpdump reads other packets from the pcapng file")
    print(f"{lines} lines, {failed} differences")
    return failed != 0 or not lines


if __name__ == "__main__":
    sys.exit(main())
