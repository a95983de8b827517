#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_guard_learn.py SKEP CASE: one case of skep guard learn; `test_guard_learn.py --list` names all.

Goal: the rules it writes have no mistake, let what happened happen again, and nobody else. Method: work in a
cgroup and network namespace of its own, on keys of that namespace; the rules are then put in force there and
the work is done again. Exit 77 after a line with the reason when the machine cannot run a case.
"""

import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tool_test import Cgroup, Tool, case, check, equal, main, need, need_program, run  # noqa: E402

skep = "skep"
FORWARD = "/proc/sys/net/ipv4/ip_forward"
ALIAS = "/proc/sys/net/ipv4/conf/all/forwarding"
# Three programs: the shell's own name, and two it takes.
WORK = f"""echo 1 > {FORWARD} &&
sh -c 'printf router > /proc/self/comm; echo 0 > {ALIAS}' &&
sh -c 'printf "odd \\"name\\"\\n" > /proc/self/comm; echo 128 > /proc/sys/net/core/somaxconn' &&
cat {FORWARD} > /dev/null"""
STRANGER = f"printf stranger > /proc/self/comm; echo 1 > {FORWARD}"


def need_guard():
    need(os.geteuid() == 0, "it needs root")
    need_program("unshare")


def in_own_world(cgroup, script, code=0):
    """In the cgroup, in a network namespace of its own."""
    enter = f"echo $$ > {cgroup.path}/cgroup.procs && exec unshare -n sh -c \"$0\""
    return run("sh", "-c", enter, script, code=code)


def learn(cgroup, *options):
    with Tool(skep, "guard", "learn", "--cgroup", cgroup.below, *options) as tool:
        in_own_world(cgroup, WORK)
        return tool.stop()


@case
def what_happened_may_happen_again_and_nothing_else():
    need_guard()
    with Cgroup("learn") as cgroup, tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        out, err = learn(cgroup)
        file.write(out)
        file.flush()
        check("deny net.core.somaxconn write except comm=\"odd \\\"name\\\"?\"\n" in out, out)
        check("read" not in out.split("accesses")[1], out)
        check("net.ipv4.ip_forward written by sh" in err, err)
        with tempfile.TemporaryDirectory() as nothing:
            out, _ = run(skep, "guard", "check", "-f", file.name, "--root", nothing)
        equal(out, "", "what check says of the rules")
        # In namespaces of its own: what a guard's watcher sets back, it sets back there.
        with Tool(skep, "guard", "run", "-f", file.name, "--cgroup", cgroup.below, "--no-doors",
                  prefix=("unshare", "--net", "--uts", "--ipc")) as guard:
            in_own_world(cgroup, WORK)
            in_own_world(cgroup, STRANGER, code=1)
            out, _ = guard.stop()
    denied = [line for line in out.splitlines() if "denied" in line]
    check(len(denied) == 1 and "stranger" in denied[0], out)


@case
def reads_are_learnt_when_asked_for():
    need_guard()
    with Cgroup("learn") as cgroup:
        out, _ = learn(cgroup, "--reads")
    check(re.search(r"^# 1 read by cat, uid 0\ndeny net\.ipv4\.ip_forward read except comm=cat$", out, re.M), out)
    keys = re.findall(r"^deny (\S+)", out, re.M)
    equal(keys, sorted(keys), "the order of keys")


@case
def only_who_is_asked_for_is_learnt():
    need_guard()
    with Cgroup("learn") as cgroup:
        out, _ = learn(cgroup, "-c", "router")
    equal(re.findall(r"^deny .*", out, re.M), ["deny net.ipv4.conf.all.forwarding write except comm=router"], "rules")


@case
def the_end_comes_by_itself():
    need_guard()
    with Cgroup("learn") as cgroup:
        out, _ = run(skep, "guard", "learn", "--cgroup", cgroup.below, "-d", "0.2")
    check(re.match(r"# Learnt by skep guard learn until \S+, in 0\.\d s: 0 accesses\.\n$", out), out)


@case
def a_full_disk_is_told():
    need_guard()
    with Cgroup("learn") as cgroup, open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([skep, "guard", "learn", "--cgroup", cgroup.below, "-d", "0.1"], stdout=full,
                              stderr=subprocess.PIPE, check=False, timeout=60)
    check(done.returncode == 2 and b"cannot write to standard output: No space left" in done.stderr, done)


@case
def bad_input_gets_one_sentence():
    need_guard()
    for args, part in ((["x"], "'x'"), (["-o", "json"], "--output"), (["-i", "1"], "--interval"),
                       (["--cgroup", "/no/such"], "/no/such"), (["--netns", "1"], "--netns")):
        _, err = run(skep, "guard", "learn", "-d", "0.1", *args, code=2)
        check(part in err.splitlines()[0], f"{args}: {err!r}")


def setup(skep_path):
    global skep
    skep = os.path.abspath(skep_path)


if __name__ == "__main__":
    sys.exit(main(setup))
