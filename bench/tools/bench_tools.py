#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""bench_tools.py SKEP BENCH FLOOD [ROUNDS]: what the tools cost beside those people use, one table. BENCH is
the folder of tools-loop and tools-empty.

Every row is a workload timed without a tool and beside each tool, in turn, round after round, so that what
else the machine does falls on all alike, and with real-time priority; the least of the rounds counts. "added"
is what a tool adds to one event, "x skep" that as a multiple of what skep adds; an empty program at the same
tracepoints shows the kernel's own part of that. A goal is judged by the numbers of this run. Peers that are not
installed are named and left out. Capture runs on a veth pair in a network namespace of its own. Needs root.
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

from bench_guard import guard

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
SETTLE_S = 1.5  # a peer is given so long to attach
CALLS = 400_000
PINGPONGS = 30_000
PROBES = 40_000
PACKETS = 100_000
BURSTS = 5
STARTS = 9
# A tracepoint that was let go is attached again only when every CPU has forgotten it: the next start would wait
# 10 ms for that in the kernel, whatever the tool.
PAUSE_S = 0.1
POLL_S = 0.0002
EPOLL_PWAIT2 = "441"

GOAL_COUNT_NS, GOAL_COUNT_RATIO = 70, 2.5
GOAL_LATENCY_NS = 240
GOAL_FLOWS_PERCENT = 6
GOAL_START_MS, GOAL_RESIDENT_MB = 10, 6


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


def urgent(workload):
    """The workload, before all else that wants its CPU."""
    return [which("chrt"), "-f", "50", *workload] if which("chrt") else workload


def measure(command, workload):
    """ns of one event beside the tool; None: the tool does not run here."""
    try:
        with Beside(command):
            done = subprocess.run(urgent(workload), capture_output=True, check=True, timeout=300)
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


def goal(text, met):
    print(f"  goal: {text}: {'met' if met else 'MISSED'}")


def table(title, tools, workload, rounds):
    """Rounds of all tools in turn; the first named is ours."""
    least = {}
    for _ in range(rounds):
        for name, command, how in [("none", None, measure), *tools]:
            got = how(command, workload)
            if got is not None:
                least[name] = got if least.get(name) is None else min(least[name], got)
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
    return {name: ns - base for name, ns in least.items() if ns is not None}, base


def present(tools):
    kept = []
    for name, command, how in tools:
        if which(command[0]) or os.path.exists(command[0]):
            kept.append((name, [which(command[0]) or command[0], *command[1:]], how))
        else:
            print(f"  ({command[0]} is not installed: left out)")
    return kept


def syscalls(skep, bench, rounds):
    count = "tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }"
    latency = "tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; } " \
              "tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @[args->id] = hist(nsecs - @s[tid]); delete(@s[tid]); }"
    loop, empty = f"{bench}/tools-loop", f"{bench}/tools-empty"
    work = [loop, "syscalls", str(CALLS)]
    added, _ = table("count system calls, of one getppid", present([
        ("skep trace syscalls", [skep, "trace", "syscalls"], measure),
        ("an empty program", [empty, "sys_enter"], measure),
        ("bpftrace count by id", ["bpftrace", "-e", count], measure),
        ("libbpf-tools syscount", ["syscount"], measure),
        ("perf stat -a -e raw_syscalls:sys_enter", ["perf", "stat", "-a", "-e", "raw_syscalls:sys_enter"], measure)]),
        work, rounds)
    ours, floor = added["skep trace syscalls"], added["an empty program"]
    goal(f"at most {GOAL_COUNT_NS} ns: {ours:.1f}, of which an empty program is {floor:.1f} and counting {ours - floor:.1f}",
         ours <= GOAL_COUNT_NS)
    if "bpftrace count by id" in added:
        ratio = added["bpftrace count by id"] / ours
        goal(f"bpftrace adds at least {GOAL_COUNT_RATIO} times as much: {ratio:.2f}", ratio >= GOAL_COUNT_RATIO)
    added, _ = table("latency of system calls, of one getppid", present([
        ("skep trace syscalls -L", [skep, "trace", "syscalls", "-L"], measure),
        ("empty programs", [empty, "sys_enter", "sys_exit"], measure),
        ("bpftrace histogram by id", ["bpftrace", "-e", latency], measure),
        ("libbpf-tools syscount -L", ["syscount", "-L"], measure)]), work, rounds)
    ours = added["skep trace syscalls -L"]
    goal(f"under {GOAL_LATENCY_NS} ns: {ours:.1f}", ours < GOAL_LATENCY_NS)
    few = [loop, "syscalls", str(CALLS // 40)]
    table("the same by ptrace", present([
        ("skep trace syscalls", [skep, "trace", "syscalls"], measure),
        ("strace -c", ["strace", "-c", "-o", "/dev/null"], wrapped)]), few, rounds)


def pingpong(skep, bench, rounds):
    runq = "tracepoint:sched:sched_wakeup { @q[args->pid] = nsecs; } " \
           "tracepoint:sched:sched_switch { $t = @q[args->next_pid]; if ($t) { @ = hist(nsecs - $t); } " \
           "delete(@q[args->next_pid]); }"
    loop, empty = f"{bench}/tools-loop", f"{bench}/tools-empty"
    work = [loop, "pingpong", str(PINGPONGS)]
    table("run-queue latency, of one ping-pong over TCP", present([
        ("skep trace runq", [skep, "trace", "runq"], measure),
        ("empty programs", [empty, "sched_wakeup", "sched_wakeup_new", "sched_switch"], measure),
        ("bpftrace run-queue histogram", ["bpftrace", "-e", runq], measure),
        ("libbpf-tools runqlat", ["runqlat"], measure)]), work, rounds)
    added, base = table("bytes by flow, of one ping-pong over TCP", present([
        ("skep trace flows", [skep, "trace", "flows"], measure),
        ("empty programs", [empty, "sock_send_length", "sock_recv_length"], measure),
        ("tcpdump -i lo -w /dev/null", ["tcpdump", "-i", "lo", "-w", "/dev/null"], measure)]), work, rounds)
    ours, floor = (100 * added[name] / base for name in ("skep trace flows", "empty programs"))
    goal(f"at most {GOAL_FLOWS_PERCENT} %: {ours:.1f} %, of which empty programs are {floor:.1f} %",
         ours <= GOAL_FLOWS_PERCENT)


def uprobes(skep, bench, rounds):
    loop = f"{bench}/tools-loop"
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


def undisturbed(cpu, priority):
    """What a command begins with to have a CPU to itself: else what else runs there is measured too."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2 or not which("chrt") or not which("taskset"):
        return []
    return ["chrt", "-f", str(priority), "taskset", "-c", str(cpus[cpu])]


def flood_ns(inside, flood):
    """The least of some bursts: ns a packet."""
    times = []
    for _ in range(BURSTS):
        done = subprocess.run([*undisturbed(0, 50), *inside, flood, "v0", str(PACKETS)], capture_output=True, check=True,
                              timeout=300, env={**os.environ, "PATH": PATH})
        times.append(1e9 / float(done.stdout.split()[1]))
        time.sleep(0.1)
    return min(times)


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
    tool = subprocess.Popen([*undisturbed(-1, 40), *inside, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
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
            ("skep capture --format pcap, nothing matches", [skep, "capture", "-i", "v1", "-Q", "in", "--format", "pcap",
                                                            "-w", "/dev/null", *nothing]),
            ("tcpdump, nothing matches", ["tcpdump", "-i", "v1", "-Q", "in", "-w", "/dev/null", *nothing]),
            ("skep capture -w pcapng: owners, verdicts", [skep, "capture", "-i", "v1", "-Q", "in", "-s", "96", "-w", ours]),
            ("skep capture -w pcapng: owners", [skep, "capture", "-i", "v1", "-Q", "in", "-s", "96", "--no-verdict", "-w",
                                                ours]),
            ("skep capture -w pcap", [skep, "capture", "-i", "v1", "-Q", "in", "-s", "96", "--format", "pcap", "-w", ours]),
            ("tcpdump -w FILE", ["tcpdump", "-i", "v1", "-Q", "in", "-s", "96", "-w", theirs]),
        ]
        rows = [(n, c) for n, c in rows if which(c[0]) or os.path.exists(c[0])]
        base = min(flood_ns(inside, flood) for _ in range(rounds))
        print(f"\ncapture, of one of {BURSTS} x {PACKETS} packets of 76 bytes on veth: {base:.0f} ns without a tool "
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


@contextlib.contextmanager
def first_in_line():
    """What is started within runs before all else."""
    before = os.sched_getscheduler(0)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))


def first_row(skep):
    """Seconds from the start to the first row of system calls counted over the least interval, 1 ms."""
    time.sleep(PAUSE_S)
    start = time.monotonic()
    process = subprocess.Popen([skep, "trace", "syscalls", "-o", "json", "0.001", "1"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)
    process.stdout.readline()
    took = time.monotonic() - start
    process.communicate()
    return took


def attached(command):
    """Seconds from the start until its hooks are in place and it waits; None: it ends before that."""
    time.sleep(PAUSE_S)
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    took = None
    while process.poll() is None and not took:
        with contextlib.suppress(OSError), open(f"/proc/{process.pid}/syscall", encoding="utf-8") as call:
            if call.read().split()[0] == EPOLL_PWAIT2:
                took = time.monotonic() - start
        time.sleep(POLL_S)
    process.send_signal(signal.SIGINT)
    process.wait()
    return took


def resident_mb(command):
    with Beside(command) as beside, open(f"/proc/{beside.process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def starts(skep):
    times = sorted(first_row(skep) * 1000 for _ in range(STARTS))
    print(f"\nstart of a tool, the least and the median of {STARTS}, and the memory it holds then")
    print(f"  {'skep trace syscalls, first row after 1 ms':<44} {times[0]:6.1f} {times[STARTS // 2]:6.1f} ms")
    goal(f"within {GOAL_START_MS} ms: {times[0]:.1f}", times[0] <= GOAL_START_MS)
    for tool in ("syscalls", "open", "stacks", "exec", "tcp", "runq", "disk", "flows"):
        command = [skep, "trace", tool]
        times = [attached(command) for _ in range(STARTS)]
        if None in times:
            print(f"  skep trace {tool:<33} does not run here")
            continue
        times = sorted(t * 1000 for t in times)
        held = resident_mb(command)
        print(f"  skep trace {tool + ', hooks in place':<33} {times[0]:6.1f} {times[STARTS // 2]:6.1f} ms {held:6.1f} MB")
        goal(f"within {GOAL_START_MS} ms, under {GOAL_RESIDENT_MB} MB: {times[0]:.1f}, {held:.1f}",
             times[0] <= GOAL_START_MS and held < GOAL_RESIDENT_MB)


def main():
    skep, bench, flood = (os.path.abspath(p) for p in sys.argv[1:4])
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    if os.geteuid():
        print("SKIP: it needs root")
        return 0
    with open("/proc/loadavg", encoding="utf-8") as load:
        print(json.dumps({"kernel": os.uname().release, "load": load.read().split()[0], "rounds": rounds}))
    with first_in_line():
        starts(skep)
    syscalls(skep, bench, rounds)
    pingpong(skep, bench, rounds)
    uprobes(skep, bench, rounds)
    captures(skep, flood, rounds)
    guard(skep, bench, rounds, table, goal)
    return 0


if __name__ == "__main__":
    sys.exit(main())
