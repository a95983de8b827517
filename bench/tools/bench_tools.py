#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench_tools.py SKEP LOOP FLOOD [ROUNDS]: what the tools cost beside those people use, one table.

Every row is a workload timed without a tool and beside each tool, in turn, round after round, so that what
else the machine does falls on all alike; the least of the rounds counts. "added" is what a tool adds to
one event, "x skep" that as a multiple of what skep adds. Peers that are not installed are named and left
out. Capture runs on a veth pair in a network namespace of its own. Needs root.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
SETTLE_S = 1.5  # a peer is given so long to attach
CALLS = 400_000
PINGPONGS = 30_000
PROBES = 40_000
PACKETS = 400_000


def which(name):
    return shutil.which(name, path=PATH)


class Beside:
    """A tool that runs while the workload does."""

    def __init__(self, command):
        self.process = command and subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                                    stderr=subprocess.DEVNULL, env={**os.environ, "PATH": PATH})
        if command:
            time.sleep(SETTLE_S)
            if self.process.poll() is not None:
                raise RuntimeError(f"ended at once with {self.process.returncode}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.process:
            return
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=20)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def measure(command, workload):
    """ns of one event beside the tool; None: the tool does not run here."""
    try:
        with Beside(command):
            done = subprocess.run(workload, capture_output=True, check=True, timeout=300)
    except (RuntimeError, OSError, subprocess.SubprocessError):
        return None
    return float(done.stdout.split()[-1])


def wrapped(command, workload):
    """The same for a tool that starts the workload itself."""
    try:
        done = subprocess.run([*command, *workload], capture_output=True, check=True, timeout=300)
    except (OSError, subprocess.SubprocessError):
        return None
    numbers = [w for w in done.stdout.decode().split() if w.replace(".", "", 1).isdigit()]
    return float(numbers[0]) if numbers else None


def table(title, tools, workload, rounds):
    """Rounds of all tools in turn; the first named is ours."""
    least = {}
    for _ in range(rounds):
        for name, command, how in [("none", None, measure), *tools]:
            got = how(command, workload)
            if got is not None:
                least[name] = min(least.get(name, got), got)
            elif name not in least:
                least[name] = None
    base, ours = least["none"], None
    print(f"\n{title}: {base:.1f} ns without a tool")
    for name, _, _ in tools:
        if least[name] is None:
            print(f"  {name:<44} does not run here")
            continue
        added = least[name] - base
        ours = added if ours is None else ours
        ratio = f"{added / ours:8.2f} x skep" if ours and ours > 0 else ""
        print(f"  {name:<44} {added:10.1f} ns added {ratio}")
    return least


def present(tools):
    kept = []
    for name, command, how in tools:
        if which(command[0]) or os.path.exists(command[0]):
            kept.append((name, [which(command[0]) or command[0], *command[1:]], how))
        else:
            print(f"  ({command[0]} is not installed: left out)")
    return kept


def syscalls(skep, loop, rounds):
    count = "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }"
    latency = "tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; } " \
              "tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @[args->id] = hist(nsecs - @s[tid]); delete(@s[tid]); }"
    work = [loop, "syscalls", str(CALLS)]
    table("count system calls, of one getppid", present([
        ("skep trace syscalls", [skep, "trace", "syscalls"], measure),
        ("bpftrace count by id", ["bpftrace", "-e", count], measure),
        ("libbpf-tools syscount", ["syscount"], measure),
        ("perf stat -a -e raw_syscalls:sys_enter", ["perf", "stat", "-a", "-e", "raw_syscalls:sys_enter"], measure)]),
        work, rounds)
    table("latency of system calls, of one getppid", present([
        ("skep trace syscalls -L", [skep, "trace", "syscalls", "-L"], measure),
        ("bpftrace histogram by id", ["bpftrace", "-e", latency], measure),
        ("libbpf-tools syscount -L", ["syscount", "-L"], measure)]), work, rounds)
    few = [loop, "syscalls", str(CALLS // 40)]
    table("the same by ptrace", present([
        ("skep trace syscalls", [skep, "trace", "syscalls"], measure),
        ("strace -c", ["strace", "-c", "-o", "/dev/null"], wrapped)]), few, rounds)


def pingpong(skep, loop, rounds):
    runq = "tracepoint:sched:sched_wakeup { @q[args->pid] = nsecs; } " \
           "tracepoint:sched:sched_switch { $t = @q[args->next_pid]; if ($t) { @ = hist(nsecs - $t); } " \
           "delete(@q[args->next_pid]); }"
    table("run-queue latency, of one ping-pong over TCP", present([
        ("skep trace runq", [skep, "trace", "runq"], measure),
        ("bpftrace run-queue histogram", ["bpftrace", "-e", runq], measure),
        ("libbpf-tools runqlat", ["runqlat"], measure)]), [loop, "pingpong", str(PINGPONGS)], rounds)
    table("bytes by flow, of one ping-pong over TCP", present([
        ("skep trace flows", [skep, "trace", "flows"], measure),
        ("tcpdump -i lo -w /dev/null", ["tcpdump", "-i", "lo", "-w", "/dev/null"], measure)]),
        [loop, "pingpong", str(PINGPONGS)], rounds)


def uprobes(skep, loop, rounds):
    table("calls of a user function, of one call", present([
        ("skep trace func", [skep, "trace", "func", f"{loop}:loop_probed"], measure),
        ("bpftrace uprobe count", ["bpftrace", "-e", f"uprobe:{loop}:loop_probed {{ @ = count(); }}"], measure)]),
        [loop, "uprobe", str(PROBES)], rounds)


@contextlib.contextmanager
def veth():
    name = f"skep-bench-{os.getpid()}"
    inside = ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "add", name], check=True, env={**os.environ, "PATH": PATH})
    try:
        subprocess.run([*inside, "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1"], check=True)
        for device in ("v0", "v1"):
            subprocess.run([*inside, "sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{device}/disable_ipv6"], check=True)
            subprocess.run([*inside, "ip", "link", "set", device, "up"], check=True)
        yield ["nsenter", f"--net=/run/netns/{name}"]
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False, env={**os.environ, "PATH": PATH})


def flood_ns(inside, flood):
    done = subprocess.run([*inside, flood, "v0", str(PACKETS)], capture_output=True, check=True, timeout=300)
    words = [w for w in done.stdout.decode().replace(",", " ").split() if w.isdigit()]
    return 1e9 / float(words[1])


def losses(text):
    """(captured, dropped) from the closing lines of skep capture and tcpdump."""
    captured = dropped = 0
    for line in text.splitlines():
        number = line.split()[0] if line.split() and line.split()[0].isdigit() else None
        if number and "captured" in line:
            captured = int(number)
        elif number and "dropped" in line and "interface" not in line:
            dropped = int(number)
    return captured, dropped


def capture_row(inside, flood, command):
    """(ns a packet costs the sender, captured, dropped)."""
    tool = subprocess.Popen([*inside, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            env={**os.environ, "PATH": PATH})
    time.sleep(SETTLE_S)
    ns = flood_ns(inside, flood)
    time.sleep(0.3)
    tool.send_signal(signal.SIGINT)
    _, err = tool.communicate(timeout=60)
    return (ns, *losses(err.decode()))


def captures(skep, flood, rounds):
    with tempfile.TemporaryDirectory() as folder, veth() as inside:
        ours, theirs = os.path.join(folder, "ours.pcapng"), os.path.join(folder, "theirs.pcap")
        nothing = ["udp", "port", "9"]
        rows = [
            ("skep capture, nothing matches", [skep, "capture", "-i", "v1", "-Q", "in", "-w", "/dev/null", *nothing]),
            ("tcpdump, nothing matches", ["tcpdump", "-i", "v1", "-Q", "in", "-w", "/dev/null", *nothing]),
            ("skep capture -w pcapng with owners", [skep, "capture", "-i", "v1", "-Q", "in", "-s", "96", "-w", ours]),
            ("tcpdump -w FILE", ["tcpdump", "-i", "v1", "-Q", "in", "-s", "96", "-w", theirs]),
        ]
        rows = [(n, c) for n, c in rows if which(c[0]) or os.path.exists(c[0])]
        base = min(flood_ns(inside, flood) for _ in range(rounds))
        print(f"\ncapture, of one of {PACKETS} packets of 76 bytes on veth: {base:.0f} ns without a tool "
              f"({1e6 / base:.0f} kpps)")
        best = {}
        for _ in range(rounds):
            for name, command in rows:
                got = capture_row(inside, flood, command)
                best[name] = min(best.get(name, got), got)
        for name, (ns, captured, dropped) in best.items():
            lost = 100 * dropped / (captured + dropped) if captured + dropped else 0
            print(f"  {name:<44} {ns - base:10.1f} ns added, {1e6 / ns:6.0f} kpps, {captured} captured, "
                  f"{dropped} dropped ({lost:.2f} %)")


def first_event(skep):
    """From the start to the first row of system calls counted over the least interval, and memory held."""
    times = []
    for _ in range(5):
        start = time.monotonic()
        process = subprocess.Popen([skep, "trace", "syscalls", "-o", "json", "0.001", "1"], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        process.stdout.readline()
        times.append(time.monotonic() - start)
        process.communicate()
    with Beside([skep, "trace", "syscalls"]) as beside, open(f"/proc/{beside.process.pid}/status",
                                                             encoding="utf-8") as status:
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    print(f"\nskep trace syscalls: first row {min(times) * 1000:.1f} ms after the start (interval 1 ms), "
          f"{rss / 1024:.1f} MB resident")


def main():
    skep, loop, flood = (os.path.abspath(p) for p in sys.argv[1:4])
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    if os.geteuid():
        print("SKIP: it needs root")
        return 0
    with open("/proc/loadavg", encoding="utf-8") as load:
        print(json.dumps({"kernel": os.uname().release, "load": load.read().split()[0], "rounds": rounds}))
    first_event(skep)
    syscalls(skep, loop, rounds)
    pingpong(skep, loop, rounds)
    uprobes(skep, loop, rounds)
    captures(skep, flood, rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
