#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_lines.py SKEP CAPTURE [FLAG]: lines and files of skep capture are tcpdump's, byte for byte."""

import filecmp
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import applications
import strange

FLAGS = ("-n", "-nv", "-nvv", "-ne", "-nq", "-nev", "-nx", "-nxx", "-nX", "-nA", "-nS", "-nt", "-ntt", "-nttt", "-ntttt",
         "-nttttt", "-n#", "-nK")
EXPRESSIONS = ("", "tcp port 80", "vlan", "ip6 and not tcp", "icmp or icmp6", "udp and greater 200")


def output(*command):
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def packets_of(capture):
    data, at = Path(capture).read_bytes(), 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def make_capture(path, link, packets):
    """Packets as (seconds, bytes)."""
    data = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link)
    path.write_bytes(data + b"".join(struct.pack("<IIII", s, 0, len(p), len(p)) + p for s, p in packets))


def same_lines(skep, tcpdump, flags, capture, *expression):
    """How many lines there were; None: they differ, which is said."""
    ours = output(skep, "capture", flags, "-r", str(capture), *expression)
    theirs = output(tcpdump, flags, "-r", str(capture), *expression)
    if ours == theirs:
        return theirs.count(b"\n")
    pairs = zip(ours.split(b"\n"), theirs.split(b"\n"))
    first = next((f"\n  ours   {a!r}\n  theirs {b!r}" for a, b in pairs if a != b), " (one is shorter)")
    print(f"{flags} '{' '.join(expression)}' of {Path(capture).name}:{first}")
    return None


def strange_lines(skep, tcpdump, folder):
    """The same for each of the frames in strange.py and applications.py."""
    whole, outlines, cuts = (Path(folder, name) for name in ("frames.pcap", "outlines.pcap", "cuts.pcap"))
    make_capture(whole, 1, [(1, f) for f in (*strange.frames(), *applications.frames())])
    make_capture(outlines, 1, [(1, f) for f in (*strange.outlines(), *applications.outlines())])
    head = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
    cuts.write_bytes(head + b"".join(struct.pack("<IIII", 1, 0, len(f), length) + f for f, length in (*strange.cuts(), *applications.cuts())))
    yield from (same_lines(skep, tcpdump, flags, whole) for flags in FLAGS)
    yield from (same_lines(skep, tcpdump, flags, outlines) for flags in FLAGS if "v" not in flags)
    yield from (same_lines(skep, tcpdump, flags, cuts) for flags in ("-n", "-nvv"))


def rotated(skep, folder):
    """-C counts files within -G's periods, which begin with a packet."""
    source, frame = Path(folder, "rotate.pcap"), b"\2" * 12 + b"\x88\xb5" + b"x" * 1400
    make_capture(source, 1, [(second, frame) for second in (0, 1, 2, 100, 101)])
    output(skep, "capture", "-r", str(source), "-G", "50", "-C", "1k", "-w", str(Path(folder, "p%s-.pcap")))
    names = sorted(path.name for path in Path(folder).glob("p*"))
    return names == ["p0-.pcap", "p0-.pcap1", "p0-.pcap2", "p100-.pcap", "p100-.pcap1"] or print("-G -C:", names)


def habits(skep, tcpdump, capture):
    """Flags that scripts of tcpdump's have are taken, and a sixth -t is not."""
    same = all(same_lines(skep, tcpdump, flags[0], capture, *flags[1:]) is not None for flags in
               (("-na",), ("-n", "--immediate-mode"), ("-n", "-c", "3", "-Z", "root"), ("-n", "--count")))
    done = subprocess.run([skep, "capture", "-tttttt", "-r", capture], capture_output=True, check=False)
    said = done.returncode == 2 and b"-ttttt" in done.stderr
    return same and said and output(skep, "capture", "--version").startswith(b"skep ") or print("habits", done)


def interrupted(skep, capture):
    """Ctrl-C while reading from a pipe that stays open: what was read is shown, exit code 0."""
    wanted = output(skep, "capture", "-n", "-r", capture)
    with tempfile.TemporaryFile() as lines, subprocess.Popen([skep, "capture", "-n", "-r", "-"], stdout=lines,
                                                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
        reader.stdin.write(Path(capture).read_bytes())
        reader.stdin.flush()
        end = time.monotonic() + 30  # until it waits in read(2) of descriptor 0
        while time.monotonic() < end and Path(f"/proc/{reader.pid}/syscall").read_text().split()[:2] != ["0", "0x0"]:
            time.sleep(0.01)
        reader.send_signal(signal.SIGINT)
        code = reader.wait(timeout=60)
        lines.seek(0)
        got = lines.read()
    if code or got != wanted:
        print(f"interrupted: exit code {code}, {len(got)} of {len(wanted)} bytes of lines")
    return code != 0 or got != wanted


def main():
    skep, capture = sys.argv[1:3]
    tcpdump = shutil.which("tcpdump") or shutil.which("tcpdump", path="/usr/sbin:/sbin")
    if not tcpdump:
        print("SKIP: tcpdump is not installed")
        return 77
    lines, failed = 0, int(interrupted(skep, capture))
    for flags in FLAGS:
        for expression in EXPRESSIONS:
            same = same_lines(skep, tcpdump, flags, capture, *expression.split())
            lines += same or 0
            failed += same is None
    with tempfile.TemporaryDirectory() as folder:
        failed += not rotated(skep, folder)
        failed += not habits(skep, tcpdump, capture)
        for same in strange_lines(skep, tcpdump, folder):
            lines += same or 0
            failed += same is None
        raw = Path(folder, "raw.pcap")
        make_capture(raw, 101, [(1, p[14:]) for p in packets_of(capture) if p[12:14] in (b"\x08\0", b"\x86\xdd")])
        output(skep, "capture", "-r", str(raw), "-w", str(Path(folder, "again.pcap")))
        if not filecmp.cmp(raw, Path(folder, "again.pcap"), shallow=False):
            failed += 1
            print("-w: a file of raw IP is not what was read")
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
