#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_guard_kernel.py SKEP CASE: one case of what skep guard check foretells against what the kernel then does;
`test_guard_kernel.py --list` names all.

Goal: check's verdicts come true. Method: random rules are put in force in a cgroup of its own; a worker there, in
a network namespace of its own, makes accesses to keys of that namespace under several names; what it gets, and
what the guard logs, is what check said. And systemd-sysctl, which knows nothing of us, applies settings there.
Exit 77 after a line with the reason when the machine cannot run a case.
"""

import ctypes
import json
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tool_test import Cgroup, Tool, case, check, equal, main, need, need_program, rows_of, run  # noqa: E402

skep = "skep"
SETS = 4
ACCESSES = 60
NAMES = ("tuned", "sysctl", "a b")
KEYS = ("net.ipv4.ip_forward", "net.ipv4.conf.lo.forwarding", "net.ipv4.conf.all.forwarding", "net.core.somaxconn",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.conf.lo.rp_filter")
VECTORS = ("net.ipv4.tcp_rmem",)
PATTERNS = KEYS + VECTORS + ("*", "net.*", "net.ipv4.*", "net.ipv4.conf.*.forwarding", "net.ipv4.conf.l?.*", "net.*.s*")
CONDITIONS = ("comm=tuned", "comm=t*", 'comm="a b"', "uid=0", "uid=1", "pid=1", "cgroup=/", "cgroup={cgroup}",
              "cgroup={cgroup} and comm=s*", "container=learn*", "container=nowhere and uid=0")
PR_SET_NAME = 15
APART_S = 0.003  # the same write again at once may be an attempt of the kernel's, and is one event


def random_rules(dice, cgroup):
    rules = []
    for _ in range(dice.randint(2, 12)):
        action = dice.choice(("allow", "deny", "pin", "audit"))
        key = dice.choice([p for p in PATTERNS if action != "pin" or p in KEYS])
        words = [action, key, dice.choice(("0", "1", "100")) if action == "pin" else
                 dice.choice(("", "read", "write", "read,write"))]
        for _ in range(dice.choice((0, 0, 1, 1, 2))):
            words += [dice.choice(("if", "except")), dice.choice(CONDITIONS).format(cgroup=cgroup)]
        rules.append(" ".join(w for w in words if w))
    return rules


def random_accesses(dice):
    accesses = []
    for _ in range(ACCESSES):
        key = dice.choice(KEYS + VECTORS)
        value = None if dice.random() < 0.3 else "4096 8192 16384" if key in VECTORS else dice.choice(("0", "1", "2"))
        accesses.append((dice.choice(NAMES), key, value))
    return accesses


def worker():
    """Accesses on standard input, one a line; what came of each on standard output."""
    libc = ctypes.CDLL(None)
    for name, key, value in json.load(sys.stdin):
        time.sleep(APART_S)
        libc.prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
        try:
            fd = os.open("/proc/sys/" + key.replace(".", "/"), os.O_RDONLY if value is None else os.O_WRONLY)
            try:
                done = len(os.read(fd, 4096)) if value is None else os.write(fd, f"{value}\n".encode())
            finally:
                os.close(fd)
            print(json.dumps(done), flush=True)
        except PermissionError:
            print(json.dumps("denied"), flush=True)


# What a guard's watcher sets, it sets in its own namespaces: not in those of this machine.
ELSEWHERE = ("unshare", "--net", "--uts", "--ipc")


def need_guard():
    need(os.geteuid() == 0, "it needs root")
    need_program("unshare")


def guarding(rules, cgroup, *options):
    tool = Tool(skep, "guard", "run", "-f", rules, "--cgroup", cgroup.below, "--no-doors", *options, prefix=ELSEWHERE)
    check(os.readlink(f"/proc/{tool.process.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "it is in our namespace")
    return tool


def in_own_world(cgroup, *command, feed=None):
    enter = f"echo $$ > {cgroup.path}/cgroup.procs && exec unshare -n \"$@\""
    with tempfile.TemporaryFile() as stdin:
        stdin.write((feed or "").encode())
        stdin.seek(0)
        return run("sh", "-c", enter, "sh", *command, stdin=stdin)[0]


def foretell(rules, cgroup, accesses):
    """The verdict on each access, and the place of its rule."""
    told = [None] * len(accesses)
    for name in NAMES:
        mine = [i for i, access in enumerate(accesses) if access[0] == name]
        words = [key if value is None else f"{key}={value}" for _, key, value in (accesses[i] for i in mine)]
        # As its own words are: a name with a blank stands in quotes.
        done = [skep, "guard", "check", "-f", rules, "--as", f'comm="{name}",uid=0,cgroup={cgroup.below}', "-o", "json",
                "--", *words]
        out = run_either(done)
        for i, row in zip(mine, rows_of(out)):
            told[i] = (row["verdict"], row.get("rule"))
    return told


def run_either(command):
    """Exit code 0 or 1."""
    out, _ = run("sh", "-c", '"$@"; [ $? -le 1 ]', "sh", *command)
    return out


def compare(accesses, told, got, log):
    wanted = []
    for (name, key, value), (verdict, rule), result in zip(accesses, told, got):
        what = f"{name} {'reads' if value is None else 'writes ' + value + ' to'} {key}: {verdict} by {rule}"
        equal(result == "denied", verdict in ("denied", "pin-refused"), what)
        if value is not None and result != "denied":
            equal(result, len(value) + 1, f"{what}: length")
        if verdict != "allowed":
            wanted.append((name, key, "read" if value is None else "write", verdict, rule))
    for logged, foretold in zip(log, wanted):
        equal(logged, foretold, "the log")
    equal(len(log), len(wanted), "events in the log")


@case
def random_accesses_get_what_check_foretold():
    need_guard()
    dice = random.Random(5)
    outcomes = set()
    for _ in range(SETS):
        with Cgroup("learn-1") as cgroup, tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("\n".join(random_rules(dice, cgroup.below)) + "\n")
            file.flush()
            accesses = random_accesses(dice)
            told = foretell(file.name, cgroup, accesses)
            with guarding(file.name, cgroup, "-o", "json") as guard:
                out = in_own_world(cgroup, sys.executable, os.path.abspath(__file__), "--worker", feed=json.dumps(accesses))
                log, _ = guard.stop()
            got = [json.loads(line) for line in out.splitlines()]
            mine = [(r["comm"], r["key"], r["access"], r["outcome"], r.get("where")) for r in rows_of(log)
                    if r["comm"] in NAMES]
            try:
                compare(accesses, told, got, mine)
            except Exception:
                with open(file.name, encoding="utf-8") as rules:
                    print(rules.read())
                raise
            outcomes |= {verdict for verdict, _ in told}
    equal(outcomes, {"allowed", "audited", "denied", "pinned"} | (outcomes & {"pin-refused"}), "verdicts that were met")


SETTINGS = """# What a distribution might ship.
net.ipv4.ip_forward = 1
-net.ipv4.conf.*.rp_filter = 2
net.ipv4.conf.lo.rp_filter=1
net.core.somaxconn=300
net.ipv4.tcp_keepalive_time=100
net/ipv4/tcp_rmem = 4096	8192 16384
"""
RULES = """deny net.ipv4.ip_forward except comm=NetworkManager
pin net.core.somaxconn 128
deny net.ipv4.conf.default.rp_filter
audit net.ipv4.tcp_rmem
deny net.ipv4.tcp_keepalive_time if uid=1
"""


@case
def systemd_applies_what_check_says():
    need_guard()
    systemd = "/lib/systemd/systemd-sysctl"
    need(os.path.exists(systemd), "systemd-sysctl is not installed")
    with Cgroup("learn") as cgroup, tempfile.TemporaryDirectory() as root:
        os.makedirs(f"{root}/etc/sysctl.d")
        path = f"{root}/etc/sysctl.d/50-x.conf"
        for name, text in ((path, SETTINGS), (f"{root}/rules", RULES)):
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
        told = rows_of(run_either([skep, "guard", "check", "-f", f"{root}/rules", "--root", root, "-o", "json"]))
        told = {r["key"]: r for r in told if r["subject"] == "setting"}
        # A namespace of its own has fewer devices: what check says of the others is of no one here.
        script = ("for key; do printf '%s\\t' \"$key\"; cat /proc/sys/$(echo $key | tr ./ /.); done >&3; "
                  f"{systemd} {path}; true; for key; do printf '%s\\t' \"$key\"; cat /proc/sys/$(echo $key | tr ./ /.); done")
        keys = [k for k in told if not k.startswith("net.ipv4.conf.") or k.split(".")[3] in ("all", "default", "lo")]
        with guarding(f"{root}/rules", cgroup):
            out = in_own_world(cgroup, "sh", "-c", f"exec 3>{root}/before; {script}", "sh", *keys)
        with open(f"{root}/before", encoding="utf-8") as file:
            before = values_of(file.read())
    for key, value in values_of(out).items():
        wanted = {"denied": before[key], "pinned": "128"}.get(told[key]["verdict"], told[key]["value"])
        equal(value, wanted, f"{key}, {told[key]['verdict']}")
    check({"denied", "pinned", "audited", "allowed"} == {told[k]["verdict"] for k in keys}, told)


def values_of(text):
    pairs = (line.split("\t", 1) for line in text.splitlines())
    return {key: " ".join(value.split()) for key, value in pairs}


def setup(skep_path):
    global skep
    skep = os.path.abspath(skep_path)


if __name__ == "__main__":
    if sys.argv[1:] == ["--worker"]:
        worker()
    else:
        sys.exit(main(setup))
