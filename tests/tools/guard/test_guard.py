#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_guard.py SKEP URING TWIN CASE: what skep guard decides, by every way of accessing a key.

Goal: a rule holds whoever writes and however; a write keeps its length and its file position; each access is
logged once. Method: a worker in a cgroup and namespaces of its own makes the accesses (world.py)."""

import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import (  # noqa: E402
    EPERM, FORWARD, TTL, World, brief, check, equal, need, rows_of, run, until)
from tool_test import NOBODY, SKIPPED, case, main, need_program, need_tracing, prometheus_page  # noqa: E402

skep = uring = twin = ""


def setup(skep_path, uring_path, twin_path):
    global skep, uring, twin
    skep, uring, twin = (os.path.abspath(p) for p in (skep_path, uring_path, twin_path))
    need_tracing()


def rows(tool):
    out, err = tool.stop()
    return rows_of(out), err


# --- actions --------------------------------------------------------------------------------------


@case
def deny_keeps_the_value():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward") as tool:
        w.denied(FORWARD, "1\n", "a denied write")
        w.value(FORWARD, "0", "the value")
        w.written(TTL, "70\n", "a write of another key")
        got, _ = rows(tool)
    equal(brief(got), [("denied", "write", "net.ipv4.ip_forward")], "the log")
    equal((got[0]["old"], got[0]["new"], got[0]["where"], got[0]["comm"]), ("0", "1", "rule 1", "python3"), "its row")


@case
def deny_of_reads():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward read") as tool:
        equal(w.worker.read(FORWARD), EPERM, "a read")
        w.written(FORWARD, "0\n", "a write")
        got, _ = rows(tool)
    equal(brief(got), [("denied", "read", "net.ipv4.ip_forward")], "the log")


@case
def first_rule_that_applies_decides():
    with World(skep) as w, w.guard("allow net.ipv4.ip_default_ttl", "deny net.ipv4.*", "pin net.ipv4.ip_forward 0"):
        w.written(TTL, "71\n", "allowed before it is denied")
        w.denied(FORWARD, "1\n", "denied before it is pinned")


@case
def pin_writes_its_value_and_keeps_the_length():
    with World(skep) as w, w.guard("pin net.ipv4.ip_default_ttl 65", "pin kernel.hostname guarded", "pin net.core.somaxconn 77") as tool:
        for text in ("33", "33\n", "200\n\n", "33" + " " * 100, "1" * 256):
            w.written(TTL, text, f"a write of {len(text)} bytes")
            w.value(TTL, "65", "the value")
        w.moved("kernel/hostname", "somebodyelse\n", "a string")
        w.moved("net/core/somaxconn", "128 \n", "a number")
        w.value("net/core/somaxconn", "77", "the number")
        w.value("kernel/hostname", "guarded", "the string")
        got, _ = rows(tool)
    equal([r["outcome"] for r in got], ["pinned"] * 7, "the log")
    equal(got[1]["new"], "33", "what the caller wrote, in the log")


@case
def pin_refuses_what_it_cannot_replace():
    with World(skep) as w, w.guard("pin net.ipv4.ip_default_ttl 65") as tool:
        w.denied(TTL, "7", "a write shorter than the value")
        w.denied(TTL, "1" * 257, "a write longer than can be pinned")
        w.denied(TTL, "1" * 5000, "a write longer than a page")
        equal(w.worker.write(TTL, "66\n", at=1), [[EPERM], 0], "a write that is not at the start")
        w.value(TTL, "65", "the value, which the watcher has set")
        got, _ = rows(tool)
    equal([r["outcome"] for r in got], ["pin-refused"] * 4, "the log")


@case
def audit_logs_and_lets_through():
    with World(skep) as w, w.guard("audit net.ipv4.ip_default_ttl read,write", "audit net.ipv4.tcp_rmem read") as tool:
        w.written(TTL, "72\n", "a write")
        w.value(TTL, "72", "the value")
        equal(len(w.worker.read("net/ipv4/tcp_rmem").split()), 3, "numbers of a vector")
        got, _ = rows(tool)
    equal(brief(got), [("audited", "write", "net.ipv4.ip_default_ttl"), ("audited", "read", "net.ipv4.ip_default_ttl"),
                       ("audited", "read", "net.ipv4.tcp_rmem")], "the log")
    equal((got[0]["old"], got[0]["new"], got[1]["old"]), ("64", "72", "72"), "values")


@case
def a_read_is_one_event_wherever_it_begins():
    """What goes on behind what the thread has read is the same read; what goes back, or begins anew, is not."""
    with World(skep) as w, w.guard("audit kernel.hostname read", "audit net.core.somaxconn read") as tool:
        w.worker.run("hostname", "a-name-of-some-length")
        equal(w.worker.ask("pread", "kernel/hostname", at=[7]), [4], "from its middle")
        equal(w.worker.ask("pread", "kernel/hostname", at=[0, 4, 8, 30, 30, 22]), [4, 4, 4, 0, 0, 0], "piece by piece")
        equal(w.worker.ask("pread", "kernel/hostname", at=[3, 3, 2]), [4, 4, 4], "again and again")
        w.worker.ask("pread", "net/core/somaxconn", at=[1])
        w.worker.run("dd", "if=/proc/sys/kernel/hostname", "of=/dev/null", "bs=2", "skip=3", "iflag=fullblock")
        got, _ = rows(tool)
    equal([r["key"] for r in got if r["comm"] != "dd"], ["kernel.hostname"] * 5 + ["net.core.somaxconn"], "the log")
    check(len([r for r in got if r["comm"] == "dd"]) == 1, f"dd's read: {got}")


@case
def audit_and_deny_are_one_event():
    with World(skep) as w, w.guard("audit net.ipv4.*", "audit net.*", "deny net.ipv4.ip_forward") as tool:
        w.denied(FORWARD, "1\n", "a write")
        w.written(TTL, "70\n", "another")
        got, _ = rows(tool)
    equal([(r["outcome"], r["where"]) for r in got], [("denied", "rule 3"), ("audited", "rule 1")], "the log")


@case
def an_alias_is_denied_too():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward"):
        w.denied("net/ipv4/conf/all/forwarding", "1\n", "a write of the key's other name")
        w.value(FORWARD, "0", "the value")


# --- conditions -----------------------------------------------------------------------------------


def condition(clause, holds, other):
    """@holds and @other write while the rule says if, then except @clause."""
    for word, first, second in (("if", EPERM, 2), ("except", 2, EPERM)):
        with World(skep, ("docker-0123456789abcdef.scope", "inner")) as w:
            with w.guard(f"deny net.ipv4.ip_forward {word} {clause(w)}"):
                equal(holds(w), first, f"{word} {clause(w)}: who it is about")
                equal(other(w), second, f"{word} {clause(w)}: another")


def direct(w):
    return w.worker.write(FORWARD, "0\n")[0][0]


def by_shell(w, *prefix):
    """By a process of the worker's: bytes, or EPERM."""
    code, _, _ = w.worker.run(*prefix, "sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")
    return EPERM if code else 2  # dash says "I/O error" of any


def outside(w):
    """From a sibling of the cgroup that the rule names, below the one that is guarded."""
    path = w.cgroup.root
    return by_shell(w, "sh", "-c", f'echo $$ > {path}/cgroup.procs; exec "$@"', "sh")


@case
def condition_comm():
    condition(lambda w: "comm=sh", by_shell, direct)


@case
def condition_comm_pattern():
    condition(lambda w: "comm=pyth?n*", direct, by_shell)


@case
def condition_uid():
    condition(lambda w: f"uid={NOBODY}", as_nobody, direct)


def as_nobody(w):
    """The real user is nobody; what may be written is decided by the effective one."""
    script = ("import os\nfd = os.open('/proc/sys/net/ipv4/ip_forward', os.O_WRONLY)\n"
              f"os.setresuid({NOBODY}, 0, 0)\n"
              "try: print(os.write(fd, b'0\\n'))\nexcept OSError as why: print(why.errno)")
    _, out, err = w.worker.run(sys.executable, "-c", script)
    check(out.strip() in ("1", "2"), f"the workload: {out} {err}")
    return EPERM if out.strip() == "1" else 2


@case
def condition_pid():
    condition(lambda w: f"pid={w.worker.process.pid}", direct, by_shell)


@case
def condition_pid_holds_for_its_threads():
    condition(lambda w: f"pid={w.worker.process.pid}", lambda w: w.worker.ask("thread", FORWARD, text="0\n")[0][0], by_shell)


def guarded_above(w, *rules):
    return w.guard(*rules, cgroup=os.path.dirname(os.path.dirname(w.cgroup.below)))


@case
def condition_cgroup():
    for word, first, second in (("if", EPERM, 2), ("except", 2, EPERM)):
        with World(skep, ("a", "b")) as w:
            above = os.path.dirname(w.cgroup.below)
            with w.guard(f"deny net.ipv4.ip_forward {word} cgroup={above}", cgroup=os.path.dirname(above)):
                equal(direct(w), first, f"{word}: below the cgroup")
                equal(outside(w), second, f"{word}: beside it")


@case
def condition_container():
    need(os.path.exists("/sys/kernel/btf/vmlinux"), "this kernel has no BTF")
    for word, first, second in (("if", EPERM, 2), ("except", 2, EPERM)):
        with World(skep, ("docker-0123456789abcdef" + "0" * 48 + ".scope", "inner")) as w:
            above = os.path.dirname(os.path.dirname(w.cgroup.below))
            with w.guard(f"deny net.ipv4.ip_forward {word} container=0123456789ab", cgroup=above):
                equal(direct(w), first, f"{word}: in the container")
                equal(outside(w), second, f"{word}: out of it")


@case
def condition_container_that_starts_later():
    need(os.path.exists("/sys/kernel/btf/vmlinux"), "this kernel has no BTF")
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward if container=feedfacefeed"):
        equal(direct(w), 2, "before there is one")
        later = os.path.join(w.cgroup.path, "cri-containerd-feedfacefeed" + "1" * 52 + ".scope")
        os.mkdir(later)
        try:
            got = by_shell(w, "sh", "-c", f'echo $$ > {later}/cgroup.procs; exec "$@"', "sh")
        finally:
            time.sleep(0.1)
            os.rmdir(later)
        equal(got, EPERM, "in one that was made since")


@case
def conditions_together():
    with World(skep) as w:
        pid = w.worker.process.pid
        with w.guard(f"deny net.ipv4.ip_forward if comm=python3 and pid={pid} if comm=sh and uid=12345 except comm=dash and uid=0"):
            equal(direct(w), EPERM, "both of the first clause hold")
            equal(by_shell(w), 2, "one of the second does not")


@case
def a_task_moved_out_of_the_cgroup_is_free():
    with World(skep, ("in",)) as w, w.guard("deny net.ipv4.ip_forward"):
        equal(direct(w), EPERM, "inside")
        equal(outside(w), 2, "moved out of the guarded cgroup")


# --- ways of writing ------------------------------------------------------------------------------


@case
def one_echo_is_one_event():
    with World(skep) as w, w.guard("pin net.ipv4.ip_default_ttl 65", "audit net.core.somaxconn") as tool:
        code, _, err = w.worker.run("sh", "-c", "echo 200 > /proc/sys/net/ipv4/ip_default_ttl")
        equal((code, err), (0, ""), "echo of a pinned key")
        code, _, _ = w.worker.run("bash", "-c", "echo 100 > /proc/sys/net/core/somaxconn")
        equal(code, 0, "echo of an audited key")
        w.value(TTL, "65", "the value")
        got, _ = rows(tool)
    equal([r["outcome"] for r in got], ["pinned", "audited"], "one event each")


@case
def sysctl_program():
    sysctl = need_program("sysctl")
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward", "pin net.ipv4.ip_default_ttl 65") as tool:
        w.worker.run(sysctl, "-w", "net.ipv4.ip_forward=1")
        w.value(FORWARD, "0", "a denied key")
        code, _, _ = w.worker.run(sysctl, "-w", "net.ipv4.ip_default_ttl=99")
        equal(code, 0, "sysctl -w of a pinned key")
        w.value(TTL, "65", "a pinned key")
        settings = w.file("x.conf", "net.ipv4.ip_forward = 1\nnet.ipv4.ip_default_ttl = 3\n")
        w.worker.run(sysctl, "-p", settings)
        w.value(FORWARD, "0", "sysctl -p of a denied key")
        got, _ = rows(tool)
    outcomes = [r["outcome"] for r in got if r["access"] == "write"]
    equal(outcomes, ["denied", "pinned", "denied", "pinned"], "the log")


def by_uring(async_words):
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward", "pin net.ipv4.ip_default_ttl 65") as tool:
        for key, text, wanted in ((FORWARD, "1\n", -1), (TTL, "33\n", 3)):
            code, out, _ = w.worker.run(uring, f"/proc/sys/{key}", text, *async_words)
            need(code != SKIPPED, f"no io_uring here: {out}")
            equal(int(out), wanted, f"what the request for {key} came to")
        w.value(FORWARD, "0", "a denied key")
        w.value(TTL, "65", "a pinned key")
        got, _ = rows(tool)
    equal([r["outcome"] for r in got], ["denied", "pinned"], "the log")


@case
def io_uring():
    by_uring(())


@case
def io_uring_by_a_kernel_worker():
    by_uring(("async",))


@case
def splice_and_sendfile():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward", "pin net.ipv4.ip_default_ttl 65") as tool:
        for how in ("splice", "sendfile"):
            equal(w.worker.ask(how, FORWARD, text="1\n"), EPERM, f"{how} to a denied key")
            text = f"{len(how)}\n\n"  # not twice the same at once: that would be one event
            equal(w.worker.ask(how, TTL, text=text), len(text), f"{how} to a pinned key")
        w.value(FORWARD, "0", "a denied key")
        w.value(TTL, "65", "a pinned key")
        got, _ = rows(tool)
    equal([r["outcome"] for r in got], ["denied", "pinned"] * 2, "the log")


@case
def byte_at_a_time():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward", "pin net.ipv4.ip_default_ttl 65"):
        equal(w.worker.write(FORWARD, "1\n", chunk=1), [[EPERM, EPERM], 0], "bytes of a denied key")
        equal(w.worker.write(TTL, "33\n", chunk=1), [[EPERM] * 3, 0], "bytes of a pinned key")
        w.value(FORWARD, "0", "a denied key")
        w.value(TTL, "65", "a pinned key")


@case
def a_string_written_behind_its_start():
    with World(skep) as w, w.guard("pin kernel.hostname guarded", "deny kernel.domainname"):
        w.written("kernel/hostname", "guarded", "the pinned name itself")
        equal(w.worker.write("kernel/hostname", "XYZ", at=2), [[EPERM], 0], "pwrite behind a pinned string's start")
        equal(w.worker.write("kernel/domainname", "XYZ", at=2), [[EPERM], 0], "and of a denied one")
        w.value("kernel/hostname", "guarded", "the name")


@case
def nothing_written():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward", "pin net.ipv4.ip_default_ttl 65"):
        equal(w.worker.write(FORWARD, ""), [[EPERM], 0], "no byte to a denied key")
        equal(w.worker.write(TTL, ""), [[EPERM], 0], "no byte to a pinned key")


@case
def another_procfs():
    with World(skep) as w, w.guard("deny net.ipv4.ip_forward"):
        where = os.path.join(w.folder, "proc")
        os.mkdir(where)
        script = f"mount --make-rprivate / && mount -t proc proc {where} && echo 1 > {where}/sys/net/ipv4/ip_forward"
        code, _, err = w.worker.run("unshare", "-m", "sh", "-c", script)
        check(code and "mount" not in err, f"a write through another procfs: {code} {err}")
        w.value(FORWARD, "0", "the value")


@case
def a_write_that_the_kernel_makes_again():
    """Keys that need RTNL are written again and again while others hold it: one write is one event."""
    with World(skep) as w, w.guard("audit net.ipv4.ip_forward") as tool:
        keepers = [subprocess.Popen(["sh", "-c", "while true; do unshare -n true; done"], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL, start_new_session=True) for _ in range(4)]
        try:
            for i in range(300):
                w.written(FORWARD, f"{i % 2}\n", "a write")
                time.sleep(0.003)
        finally:
            for keeper in keepers:
                os.killpg(keeper.pid, signal.SIGKILL)
                keeper.wait()
        got, err = rows(tool)
    # Tens of thousands, were each attempt one; now and then the writer is kept from trying for long.
    check("lost" not in err and 300 <= len(got) <= 600, f"{len(got)} events of 300 writes: {err}")


# --- rules ----------------------------------------------------------------------------------------


@case
def all_mistakes_are_told():
    with World(skep) as w:
        bad = w.file("bad.conf", "deny\npin net.ipv4.ip_default_ttl\n# fine\ndeny net.ipv4.ip_forward wrote\n")
        tool = subprocess.run([skep, "guard", "run", "--cgroup", w.cgroup.below, "-f", bad, "frob x"], capture_output=True,
                              check=False, timeout=60)
        err = tool.stderr.decode()
        equal(tool.returncode, 2, f"exit code ({err})")
        for place in (f"{bad}:1:", f"{bad}:2:", f"{bad}:4:", "rule 1"):
            check(place in err, f"no mistake at {place}: {err}")
        check("4 mistakes" in err, err)
        equal(direct(w), 2, "a write when nothing guards")


@case
def rule_files_are_read_again():
    with World(skep) as w:
        os.mkdir(os.path.join(w.folder, "rules"))
        file = w.file("rules/1.conf", "deny net.ipv4.ip_forward\n")
        with w.guard("-f", os.path.dirname(file)):
            equal(direct(w), EPERM, "the first rules")
            w.file("rules/1.conf", "deny net.ipv4.ip_default_ttl\n")
            until(lambda: direct(w) == 2, "the second rules")
            w.denied(TTL, "70\n", "a key of the second rules")
            w.file("rules/1.conf", "allow net.ipv4.ip_default_ttl\nden net.ipv4.*\n")
            time.sleep(0.5)
            w.denied(TTL, "70\n", "a bad file changes nothing")
            w.file("rules/2.conf", "deny net.ipv4.ip_forward\n")
            time.sleep(0.3)
            equal(direct(w), 2, "while one is bad, no other is taken")
            w.file("rules/1.conf", "# nothing\n")
            until(lambda: direct(w) == EPERM, "all that is good now")
            w.written(TTL, "70\n", "what the first no longer denies")
            os.unlink(os.path.join(w.folder, "rules/2.conf"))
            until(lambda: direct(w) == 2, "a file that was taken away")


@case
def a_bad_file_is_told_while_it_runs():
    with World(skep) as w:
        file = w.file("rules.conf", "deny net.ipv4.ip_forward\n")
        with w.guard("-f", file) as tool:
            w.file("rules.conf", "deny net.ipv4.ip_forward\nfrob 1\nfrob 2\n")
            time.sleep(0.5)
            equal(direct(w), EPERM, "the old rules stay")
            _, err = tool.stop()
        check(f"{file}:2:1:" in err and f"{file}:3:1:" in err and "old rules stay" in err, err)


@case
def replacing_leaves_no_access_unjudged():
    """Two sets that both deny it take turns while a writer does nothing else."""
    with World(skep) as w:
        sets = ["deny net.ipv4.ip_forward\n", "audit net.ipv6.*\ndeny net.ipv4.*\n" * 20]
        file = w.file("rules.conf", sets[0])
        with w.guard("-f", file, "--no-doors", stdout=subprocess.DEVNULL) as tool:
            w.worker.begin("hammer", FORWARD, text="1\n", seconds=4)
            end, turns = time.monotonic() + 3.5, 0
            while time.monotonic() < end:
                turns += 1
                w.file("rules.conf", sets[turns % 2])
                time.sleep(0.01)
            counts = w.worker.end()
            _, err = tool.stop()
        check(err.count("in force") > 6, f"the sets took turns {err.count('in force')} times only")
        equal(set(counts), {EPERM}, f"outcomes of {sum(counts.values())} writes")
        w.value(FORWARD, "0", "the value")


def sysctl_paths():
    paths = []
    for folder, _, names in os.walk("/proc/sys"):
        paths += [os.path.join(folder, name) for name in names]
    return paths


@case
def a_thousand_patterns_against_the_slow_twin():
    """Which rule is the first about each key: by the program, and by rule_pattern_matches()."""
    paths = sysctl_paths()
    names = sorted({p[len("/proc/sys/"):] for p in paths})
    patterns = []
    for i, name in enumerate(names):
        parts = name.split("/")
        part = parts[i % len(parts)]
        parts[i % len(parts)] = (f"{part[:i % 5]}*", f"*{part[i % 4:]}", "?" * len(part), part[:1] + "*" + part[-1:],
                                 "*" + part[1:2] + "*" + part[-2:])[i % 5]
        patterns.append("/".join(parts))
    patterns = [p for p in patterns if "[" not in p and "=" not in p][:1000 - 20]
    check(len(patterns) >= 500, f"only {len(patterns)} keys here")
    patterns += ["*", "net/*", "kernel/*", "*/*", "net/ipv4/*"] * 4  # many rules about one key: none are kept
    with World(skep) as w:
        file = w.file("rules.conf", "".join(f"audit /proc/sys/{p} read\n" for p in patterns))
        listed = w.file("patterns", "".join(p + "\n" for p in patterns))
        keys = w.file("names", "".join(n + "\n" for n in names))
        wanted = dict(line.rsplit(" ", 1) for line in run(twin, listed, keys)[0].splitlines())
        with w.guard("-f", file) as tool:
            done = w.worker.ask("all", paths=paths)
            again = w.worker.ask("all", paths=paths)  # from what was kept
            equal(len(again), len(done), "keys read twice")
            got, err = rows(tool)
    check(len(done) > 300, f"only {len(done)} keys can be read")
    seen = {}
    for row in got:
        key = row["key"].translate(str.maketrans("./", "/."))
        seen.setdefault(key, set()).add(row["where"].rsplit(":", 1)[1])
    for path in done:
        name = path[len("/proc/sys/"):]
        equal(seen.get(name), {wanted[name]}, f"the first rule about {name}")
    check(" 0 lost" in err or "lost" not in err, err)


# --- output ---------------------------------------------------------------------------------------


@case
def prometheus_counts_by_rule_and_outcome():
    with World(skep) as w:
        with w.guard("deny net.ipv4.ip_forward", output="prom") as tool:
            for _ in range(7):
                w.denied(FORWARD, "1\n", "a write")
            out, _ = tool.stop()
    page = prometheus_page(out)
    found = [v for k, v in page.items() if k.startswith("skep_guard_events_total{") and 'outcome="denied"' in k
             and 'where="rule 1"' in k]
    equal(found, [7.0], f"the counter in {page}")


@case
def status_counts_hits():
    with World(skep) as w:
        w.bpffs()
        w.install("deny net.ipv4.ip_forward", "audit net.ipv4.ip_default_ttl")
        for _ in range(3):
            w.denied(FORWARD, "1\n", "a write")
        out, err = w.tool("status", "-o", "json")
        hits = {r["where"]: r["hits"] for r in rows_of(out) if "alias" not in r}
        equal(hits, {"rule 1": 3, "rule 2": 0}, f"hits ({err})")
        check("3 events" in err and w.cgroup.below in err, err)
        w.tool("remove")


@case
def rows_are_filtered():
    with World(skep) as w, w.guard("audit net.core.somaxconn", "-c", "sh") as tool:
        w.written("net/core/somaxconn", "100\n", "a write")
        equal(w.worker.run("sh", "-c", "echo 101 > /proc/sys/net/core/somaxconn")[0], 0, "another")
        got, _ = rows(tool)
    equal([r["comm"] for r in got], ["sh"], "rows")


if __name__ == "__main__":
    sys.exit(main(setup))
