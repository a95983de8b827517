# SPDX-License-Identifier: BSD-2-Clause
"""What skep guard costs an access to a sysctl. Peer: a program at the same hook that does nothing. The keys are
those of a network namespace of its own, the guard is attached to a cgroup of its own, and no watcher runs."""

import contextlib
import os
import subprocess
import time

KEY, NAME = "net/core/somaxconn", "net.core.somaxconn"
ACCESSES = 200_000
GOAL_NS = 500


@contextlib.contextmanager
def cgroup():
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        mount = next(line.split()[4] for line in mounts if " - cgroup2 " in line)
    path = os.path.join(mount, f"skep-bench-{os.getpid()}")
    os.mkdir(path)
    try:
        yield path
    finally:
        for _ in range(100):
            with contextlib.suppress(OSError):
                os.rmdir(path)
                break
            time.sleep(0.05)


def attached(pid):
    """It sleeps in epoll_pwait2(2): its program is in place."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/syscall", encoding="utf-8") as file:
        return file.read().split()[0] == "441"
    return False


def beside(command, workload):
    """ns of one access while the tool is attached; None: it does not run here."""
    with subprocess.Popen(command or ["sleep", "600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tool:
        try:
            end = time.monotonic() + 30
            while command and not attached(tool.pid):
                if tool.poll() is not None or time.monotonic() > end:
                    return None
                time.sleep(0.05)
            return float(subprocess.run(workload, capture_output=True, check=True, timeout=60).stdout.split()[-1])
        finally:
            tool.terminate()


def judge(added, goal, ours, nothing):
    if ours[0] in added and nothing[0] in added:
        least, floor = added[ours[0]], added[nothing[0]]
        goal(f"under {GOAL_NS} ns where no rule is about the key: {least:.1f}, of which an empty program is {floor:.1f}",
             least < GOAL_NS)


def guard(skep, folder, rounds, table, goal):
    """@folder: where access and empty_sysctl.bpf.o are; @table, @goal: of bench_tools.py."""
    access, empty = os.path.join(folder, "access"), os.path.join(folder, "empty_sysctl.bpf.o")
    many = [f"deny kernel.none{i}" for i in range(1000)]
    with cgroup() as path:
        below = path[path.index("/skep-bench-"):]

        def run(*rules):
            return [skep, "guard", "run", "--no-doors", "--cgroup", below, *rules]

        def row(name, command):
            return (name, command, beside)

        nothing = row("a program that does nothing", [skep, "run", "--attach", empty, "--cgroup", path])
        unmatched = row("skep guard, no rule is about the key", run("deny net.ipv4.ip_forward", "pin vm.swappiness 10"))
        # The whole name has to be put together: a last part that is a pattern may be any.
        patterns = row("skep guard, no pattern matches the key", run("deny kernel.*"))
        thousand = row("skep guard, none of 1,000 rules is", run(*many))
        added, _ = table("read of a sysctl", [unmatched, patterns, nothing, thousand, row("skep guard, audited", run(f"audit {NAME} read"))],
                      [access, path, KEY, "read", str(ACCESSES)], rounds)
        judge(added, goal, unmatched, nothing)
        added, _ = table("write of a sysctl", [
            unmatched, patterns, nothing, thousand, row("skep guard, denied", run(f"deny {NAME}")),
            row("skep guard, pinned", run(f"pin {NAME} 4094")), row("skep guard, audited", run(f"audit {NAME}")),
            row("skep guard, allowed to one name", run(f"deny {NAME} except comm=acc*"))],
            [access, path, KEY, "write", str(ACCESSES)], rounds)
        judge(added, goal, unmatched, nothing)
