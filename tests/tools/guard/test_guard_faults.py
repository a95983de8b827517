#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_guard_faults.py SKEP URING TWIN CASE: skep guard when things go wrong around it.

Goal: a guard that was installed holds whatever becomes of processes; one that was run goes with its process;
what cannot be done is said in one sentence and leaves nothing behind; every event is shown or counted as lost."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import (  # noqa: E402
    EPERM, FORWARD, SOMAXCONN, TTL, Tool, World, check, equal, libc, mount, rows_of, run, until)
from tool_test import NOBODY, case, main, need, need_program, need_tracing, own_programs, still_loaded  # noqa: E402

skep = ""
DENY = "deny net.ipv4.ip_forward"
KEPT = 4096


def setup(skep_path, _uring, _twin):
    global skep
    skep = os.path.abspath(skep_path)
    need_tracing()


def direct(w):
    return w.worker.write(FORWARD, "0\n")[0][0]


def fails(words, *args, **more):
    """The command ends with 2, one sentence and these words."""
    done = subprocess.run([str(a) for a in args], capture_output=True, check=False, timeout=60, **more)
    err = done.stderr.decode()
    equal(done.returncode, 2, f"exit code of {args} ({err})")
    check(words in err, f"no '{words}' in: {err}")
    equal(len(err.strip().splitlines()), 1, f"sentences in {err!r}")


# --- processes that die ---------------------------------------------------------------------------


@case
def killed_in_the_foreground_it_is_gone():
    with World(skep) as w, w.guard(DENY) as tool:
        equal(direct(w), EPERM, "while it runs")
        ids = own_programs(tool.process.pid)
        check(ids, "it holds no program")
        tool.process.kill()
        tool.process.wait()
        until(lambda: direct(w) == 2, "the guard goes")
        equal(still_loaded(ids), set(), "programs that stay")


@case
def killed_while_it_looks_after_an_installed_guard():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        with w.look_after() as tool:
            equal(direct(w), EPERM, "while it runs")
            tool.process.kill()
            tool.process.wait()
        time.sleep(0.3)
        equal(direct(w), EPERM, "the installed guard stays")
        w.tool("remove")
        until(lambda: direct(w) == 2, "it goes when it is removed")


@case
def whoever_has_a_killed_watchers_number_is_not_taken_for_it():
    """The attack: kill the watcher, be given its number, write. And the next watcher takes over at once."""
    with World(skep) as w:
        w.bpffs()
        w.install(DENY, "deny kernel.hostname")
        w.worker.run("hostname", "before")
        tried = 0
        for _ in range(10):
            with w.look_after() as tool:
                number = tool.process.pid
                tool.process.kill()
                tool.process.wait()
                got = w.worker.ask("as", FORWARD, text="1\n", number=number)
                if got != "taken":  # by another process since
                    equal(got, [number, EPERM], "a write by who has the watcher's number")
                    tried += 1
            if tried == 3:
                break
        need(tried, "no process can be given a number here")
        with w.look_after() as tool:
            w.worker.run("hostname", "evil")
            until(lambda: w.worker.read("kernel/hostname") == "before\n", "the next watcher sets back")
            _, err = tool.stop()
        check("only shows" not in err, err)
        _, err = w.tool("status")
        check("2 of them are about keys with side doors" in err and "nobody watches them" in err, err)
        w.tool("remove")


@case
def installed_it_needs_no_process():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        equal([direct(w) for _ in range(3)], [EPERM] * 3, "writes")
        rows, _ = w.log()
        equal([r["outcome"] for r in rows], ["denied"] * 3, "the log")
        w.tool("remove")
        until(lambda: direct(w) == 2, "it goes when it is removed")
        check(not os.path.exists(w.pins), "its folder stays")


@case
def killed_at_any_moment_of_install():
    """Whole, or not there: and the next install makes it whole."""
    with World(skep) as w:
        w.bpffs()
        for i in range(12):
            process = subprocess.Popen([skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below, DENY],
                                       stderr=subprocess.DEVNULL)
            time.sleep(0.02 * i)
            process.kill()
            process.wait()
            w.install(DENY)
            equal(direct(w), EPERM, "installed after one that was killed")
            w.tool("status")
            w.tool("remove")
            until(lambda: direct(w) == 2, "removed")


# --- several --------------------------------------------------------------------------------------


@case
def two_guards_at_once():
    with World(skep) as w, w.guard(DENY) as first, w.guard("deny net.ipv4.ip_default_ttl", "allow net.ipv4.ip_forward") as second:
        equal(direct(w), EPERM, "what only the first denies")
        w.denied(TTL, "70\n", "what only the second denies")
        first.stop()
        equal(direct(w), 2, "when the first has ended")
        w.denied(TTL, "70\n", "the second's, still")
        second.stop()
        w.written(TTL, "70\n", "when both have ended")


@case
def a_second_install_replaces_the_rules():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        w.install("deny net.ipv4.ip_default_ttl")
        equal(direct(w), 2, "what the first denied")
        w.denied(TTL, "70\n", "what the second denies")
        out, err = w.tool("status", "-o", "json")
        equal({r["rule"] for r in rows_of(out)}, {"deny net.ipv4.ip_default_ttl"}, f"rules in force ({err})")
        with w.look_after() as tool:
            w.install(DENY)
            time.sleep(0.6)
            equal(direct(w), EPERM, "while it is looked after")
            _, err = tool.stop()
        equal(err.count("in force"), 2, f"sets that were told of: {err}")
        w.tool("remove")


@case
def installs_at_once_make_one_guard():
    with World(skep) as w:
        w.bpffs()
        command = [skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below, DENY]
        many = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(4)]
        for process in many:
            _, err = process.communicate(timeout=60)
            equal(process.returncode, 0, f"exit code ({err.decode()})")
        equal(direct(w), EPERM, "a write")
        w.tool("remove")
        until(lambda: direct(w) == 2, "one removal is enough")


@case
def an_install_elsewhere_is_refused():
    with World(skep, ("a", "b")) as w:
        w.bpffs()
        w.install(DENY)
        fails("remove it first", skep, "guard", "install", "--pins", w.pins, "--cgroup", os.path.dirname(w.cgroup.below), DENY)
        w.tool("remove")


@case
def a_bad_install_changes_nothing():
    with World(skep) as w:
        w.bpffs()
        w.install("frob", code=2)
        check(not os.path.exists(w.pins), "something was pinned")
        w.install(DENY)
        w.install("allow net.ipv4.ip_forward", "frob", code=2)
        equal(direct(w), EPERM, "the rules that were there")
        w.tool("remove")


@case
def remove_and_status_and_log_of_none():
    with World(skep) as w:
        w.bpffs()
        for what in ("remove", "status", "log"):
            fails("no guard is installed", skep, "guard", what, "--pins", w.pins)


# --- the pins -------------------------------------------------------------------------------------


@case
def no_bpf_file_system():
    with World(skep) as w:
        where = os.path.join(w.folder, "guard")
        fails("bpf file system", skep, "guard", "install", "--pins", where, "--cgroup", w.cgroup.below, DENY)
        equal(direct(w), 2, "a write when nothing guards")
        os.mkdir(where)
        fails("bpf file system", skep, "guard", "status", "--pins", where)


@case
def unmounted_under_an_installed_guard():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        with w.look_after() as tool:
            equal(libc.umount2(w.bpf.encode(), 2), 0, "umount")
            # The tool came to life in this mount namespace: it is gone for it, too.
            time.sleep(1)
            equal(direct(w), EPERM, "while the tool holds it")
            fails("no guard is installed", skep, "guard", "status", "--pins", w.pins)
            _, err = tool.stop()
        check("ALERT" in err and "unmounted" in err, err)
        until(lambda: direct(w) == 2, "with its pins and the tool gone, the guard goes")


@case
def unmounted_and_mounted_again():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        with w.look_after() as tool:
            equal(libc.umount2(w.bpf.encode(), 2), 0, "umount")
            time.sleep(0.5)  # with the alert or, where the tool is slow, without
            mount("bpf", w.bpf, "bpf")
            until(lambda: os.path.exists(os.path.join(w.pins, "link")), "its pins are put back")
            equal(direct(w), EPERM, "meanwhile")
            _, err = tool.stop()
        check("they are back" in err, err)
        w.tool("status")
        equal(direct(w), EPERM, "when the tool has ended")
        equal([r["outcome"] for r in w.log()[0]].count("unpinned"), 1, "the log")
        w.tool("remove")
        until(lambda: direct(w) == 2, "removed")


@case
def pins_that_are_taken_away_are_put_back():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        names = sorted(os.listdir(w.pins))
        with w.look_after() as tool:
            for gone in (["link"], ["events", "state"], names):
                tool.process.send_signal(signal.SIGSTOP)  # they go at once
                for name in gone:
                    os.unlink(os.path.join(w.pins, name))
                if gone is names:
                    os.rmdir(w.pins)
                tool.process.send_signal(signal.SIGCONT)
                until(lambda: os.path.isdir(w.pins) and sorted(os.listdir(w.pins)) == names, f"{gone} is put back")
                equal(direct(w), EPERM, "a write")
            _, err = tool.stop()
        check("ALERT: pins of the guard were taken away" in err, err)
        equal(direct(w), EPERM, "when the tool has ended")
        w.tool("status")
        rows, _ = w.log()
        taken = [r for r in rows if r["outcome"] == "unpinned"]
        equal([(r["comm"], r.keys() & {"key", "old", "new"}) for r in taken], [("skep", set())] * 3, "the log")
        w.tool("remove")
        until(lambda: direct(w) == 2, "removed")


@case
def a_second_watcher_only_shows_and_the_first_still_sets_back():
    """Also where the guard is about the watcher itself, whose writes it lets through."""
    with World(skep) as w:
        w.bpffs()
        w.worker.run("hostname", "before")
        w.install("deny kernel.hostname")
        with w.look_after() as tool:
            w.cgroup.add(tool.process.pid)
            _, err = w.tool("status")
            check(f"side doors are watched by process {tool.process.pid}\n" in err, err)
            with w.look_after() as second:
                _, err = second.stop()
            check("only shows what happens" in err, err)
            w.worker.run("hostname", "evil")
            until(lambda: w.worker.read("kernel/hostname") == "before\n", "the value is set back")
            tool.stop()
        w.tool("remove")


@case
def in_a_pid_namespace_of_its_own_it_says_what_it_does_not_watch():
    """Its number there is another process's here, which must not be let through in its place."""
    with World(skep) as w, Tool(skep, "guard", "run", "-d", "3", "--cgroup", w.cgroup.below, DENY, wait=False,
                                prefix=[*w.inside(), "unshare", "--pid", "--fork"]) as tool:
        until(lambda: direct(w) == EPERM, "the key is guarded")
        _, err = tool.finish()
        check("side doors are not watched" in err and "the keys themselves are guarded" in err, err)


@case
def removed_while_it_is_looked_after():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        with w.look_after() as tool:
            w.tool("remove")
            _, err = tool.finish()
        check("was removed" in err, err)
        until(lambda: direct(w) == 2, "the guard goes")


@case
def a_folder_of_somebody_elses():
    with World(skep) as w:
        w.bpffs()
        os.makedirs(w.pins)
        os.chown(w.pins, NOBODY, NOBODY)
        fails("belongs to", skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below, DENY)
        fails("belongs to", skep, "guard", "status", "--pins", w.pins)
        os.chown(w.pins, 0, 0)
        os.chmod(w.pins, 0o777)
        fails("may be changed by others", skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below, DENY)
        equal(direct(w), 2, "a write when nothing guards")


@case
def a_folder_with_other_things():
    with World(skep) as w:
        w.bpffs()
        os.makedirs(os.path.join(w.pins, "theirs"))
        fails("other things", skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below, DENY)
        fails("no guard is installed", skep, "guard", "remove", "--pins", w.pins)
        os.rmdir(os.path.join(w.pins, "theirs"))
        w.install(DENY)
        os.mkdir(os.path.join(w.pins, "theirs"))
        fails("the guard is removed", skep, "guard", "remove", "--pins", w.pins)
        until(lambda: direct(w) == 2, "the guard goes")
        check(os.path.isdir(os.path.join(w.pins, "theirs")), "what was others' is gone")


@case
def a_pin_is_missing():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        os.unlink(os.path.join(w.pins, "events"))
        fails("not whole", skep, "guard", "log", "--pins", w.pins)
        equal(direct(w), EPERM, "what is left of it still guards")
        w.tool("remove")
        w.install(DENY)
        os.unlink(os.path.join(w.pins, "link"))
        until(lambda: direct(w) == 2, "without its link it is not in force")
        w.tool("status", code=1)
        w.install(DENY)
        equal(direct(w), EPERM, "installed again")
        w.tool("status")
        w.tool("remove")


# --- the link and the cgroup ----------------------------------------------------------------------


def links_of(program_ids):
    listed = json.loads(run("/usr/sbin/bpftool", "-j", "link", "show")[0])
    return [link["id"] for link in listed if link.get("prog_id") in program_ids]


@case
def detached_it_is_put_back():
    need_program("bpftool")
    with World(skep) as w, w.guard(DENY) as tool:
        ids = own_programs(tool.process.pid)
        for link in links_of(ids):
            run("/usr/sbin/bpftool", "link", "detach", "id", link)
        until(lambda: direct(w) == EPERM, "it is put back")
        time.sleep(0.3)
        out, err = tool.stop()
    check("taken off" in err, err)
    check("detached" in [r["outcome"] for r in rows_of(out)], f"no such event: {out}")


@case
def installed_and_detached():
    need_program("bpftool")
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        run("/usr/sbin/bpftool", "link", "detach", "pinned", os.path.join(w.pins, "link"))
        equal(direct(w), 2, "while nobody looks after it")
        _, err = w.tool("status", code=1)
        check("NOT in force" in err, err)
        with w.look_after() as tool:
            until(lambda: direct(w) == EPERM, "it is put back")
            tool.stop()
        w.tool("status")
        equal(direct(w), EPERM, "and stays when the tool ends")
        run("/usr/sbin/bpftool", "link", "detach", "pinned", os.path.join(w.pins, "link"))
        w.install(DENY)
        equal(direct(w), EPERM, "a second install puts it back, too")
        rows, _ = w.log()
        check("detached" in [r["outcome"] for r in rows], f"no such event: {rows}")
        w.tool("remove")
        until(lambda: direct(w) == 2, "removed")


@case
def the_cgroup_is_removed():
    with World(skep, ("in",)) as w:
        w.bpffs()
        w.install(DENY)
        with w.guard(DENY) as tool:
            with open(os.path.join(w.cgroup.root, "cgroup.procs"), "w", encoding="utf-8") as procs:
                procs.write(str(w.worker.process.pid))
            w.cgroup.remove()
            _, err = tool.finish(2)
        check("gone" in err, err)
        _, err = w.tool("status", code=1)
        check("gone" in err, err)
        w.tool("remove")


@case
def there_is_no_such_cgroup():
    with World(skep):
        fails("no cgroup", skep, "guard", "run", "--cgroup", "/skep-no-such", DENY)


# --- privilege, memory ----------------------------------------------------------------------------


@case
def without_privilege():
    setpriv = need_program("setpriv")
    with World(skep) as w:
        def lowered(what, caps):
            return [setpriv, f"--bounding-set={caps}", f"--inh-caps={caps}", skep, "guard", what]

        for what in ("run", "install"):
            fails("CAP_BPF", *lowered(what, "-bpf,-sys_admin,-perfmon"), "--cgroup", w.cgroup.below, DENY)
            fails("cap-net-admin", *lowered(what, "-net_admin,-sys_admin"), "--cgroup", w.cgroup.below, DENY)
        fails("CAP_BPF", setpriv, f"--reuid={NOBODY}", "--clear-groups", skep, "guard", "run", "--cgroup", w.cgroup.below, DENY)
        equal(direct(w), 2, "a write when nothing guards")


@case
def memory_is_short():
    """Whatever is refused, it is said in a sentence, and nothing stays; in the end there is enough."""
    with World(skep) as w:
        w.bpffs()
        refused = 0
        for mib in list(range(6, 40)) + [400]:
            done = subprocess.run([skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below, DENY],
                                  capture_output=True, check=False, timeout=60,
                                  preexec_fn=lambda m=mib: resource.setrlimit(resource.RLIMIT_AS, (m << 20, m << 20)))
            if done.returncode == 0:
                break
            if b"error while loading shared libraries" in done.stderr:
                continue
            refused += 1
            check(done.returncode in (1, 2), f"{mib} MiB: ended with {done.returncode}: {done.stderr}")
            check(done.stderr.strip(), f"{mib} MiB: nothing was said")
            check(not os.path.exists(w.pins), f"{mib} MiB: something was pinned")
            equal(direct(w), 2, f"{mib} MiB: a write when nothing guards")
        check(refused, "it was never short")
        equal(direct(w), EPERM, "with enough")
        w.tool("remove")


@case
def without_the_kernels_types():
    """No BTF: rules hold all the same, but those about containers, which are refused."""
    with World(skep) as w:
        w.bpffs()
        mount("none", "/sys/kernel/btf", "tmpfs")
        try:
            fails("container= needs the types", skep, "guard", "install", "--pins", w.pins, "--cgroup", w.cgroup.below,
                  f"{DENY} if container=0123456789ab")
            equal(direct(w), 2, "a write when nothing guards")
            w.install(DENY, "pin net.ipv4.ip_default_ttl 65")
            equal(direct(w), EPERM, "a denied write")
            w.written(TTL, "70\n", "a pinned one")
            w.value(TTL, "65", "the pinned value")
            w.tool("remove")
        finally:
            libc.umount2(b"/sys/kernel/btf", 2)


@case
def the_watcher_is_stopped_while_others_may_write():
    """More writes that are allowed than it can be told of: what they wrote is not taken for a side door's."""
    with World(skep) as w, w.guard(DENY + " except comm=python3", "deny net.core.somaxconn except comm=python3") as tool:
        w.written(SOMAXCONN, "1000\n", "an allowed write")
        tool.process.send_signal(signal.SIGSTOP)
        for i in range(4000):
            w.written(SOMAXCONN, f"{2000 + i}\n", "an allowed write")
        time.sleep(0.5)
        tool.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        w.value(SOMAXCONN, "5999", "the last value written")
        tool.stop()
        w.value(SOMAXCONN, "5999", "the last value written, when the tool has ended")


# --- the log --------------------------------------------------------------------------------------


def denials(w, n):
    equal(w.worker.ask("times", FORWARD, text="0\n", n=n), [EPERM], f"{n} writes")


@case
def readers_at_once_see_the_same():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        denials(w, 5)
        readers = [Tool(skep, "guard", "log", "-f", "-o", "json", "--pins", w.pins) for _ in range(5)]
        with contextlib.ExitStack() as stack:
            for reader in readers:
                stack.enter_context(reader)
            denials(w, 700)
            time.sleep(0.5)
            outs = [reader.stop()[0] for reader in readers]
        first = None
        for out in outs:
            rows = [(r["outcome"], r["pid"], r["key"], r["old"], r["new"]) for r in rows_of(out)]
            first = first or rows
            equal(len(rows), 705, "events of a reader")
            check(rows == first, "two readers differ")
        w.tool("remove")


@case
def losses_are_counted_exactly():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        denials(w, KEPT + 904)
        rows, err = w.log()
        equal(len(rows), KEPT, "events kept")
        check("5000 events: 4096 read, 904 lost" in err, err)
        rows, _ = w.log("-n", "10")
        equal(len(rows), 10, "the last ones")
        w.tool("remove")


@case
def a_reader_that_is_stopped():
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        with Tool(skep, "guard", "log", "-f", "-o", "json", "--pins", w.pins, stdout=open(os.path.join(w.folder, "out"), "wb")) as tool:
            denials(w, 50)
            time.sleep(0.4)
            tool.process.send_signal(signal.SIGSTOP)
            denials(w, KEPT + 1000)
            equal(direct(w), EPERM, "while a reader is stopped")
            tool.process.send_signal(signal.SIGCONT)
            time.sleep(1)
            _, err = tool.stop()
        with open(os.path.join(w.folder, "out"), encoding="utf-8") as out:
            shown = len(out.readlines())
        lost = int(err.split(" lost")[0].split()[-1]) if " lost" in err else 0
        equal(shown + lost, 50 + KEPT + 1000 + 1, f"shown {shown} + lost {lost}")
        equal(lost, 1001, "lost")
        w.tool("remove")


@case
def the_guard_is_stopped_in_the_foreground():
    with World(skep) as w, w.guard(DENY, stdout=open(os.path.join(w.folder, "out"), "wb")) as tool:
        tool.process.send_signal(signal.SIGSTOP)
        denials(w, KEPT + 100)
        tool.process.send_signal(signal.SIGCONT)
        _, err = tool.stop()
        with open(os.path.join(w.folder, "out"), encoding="utf-8") as out:
            shown = len(out.readlines())
        check(f"{KEPT + 100} events: {KEPT} read, 100 lost" in err, err)
        equal(shown, KEPT, "rows")


@case
def nobody_answers_the_bell():
    """Followers that are killed leave the bell rung; 3,000 of them would fill its ring if nobody emptied it."""
    with World(skep) as w:
        w.bpffs()
        w.install(DENY)
        with Tool(skep, "guard", "log", "-f", "-n", "0", "-o", "json", "--pins", w.pins) as tool:
            for _ in range(12):
                denials(w, 60)
                time.sleep(0.02)
            time.sleep(0.3)
            out, _ = tool.stop()
        equal(len(rows_of(out)), 720, "events after so many rings")
        w.tool("remove")


@case
def a_full_disk():
    with World(skep) as w, open("/dev/full", "wb") as full, w.guard(DENY, stdout=full) as tool:
        w.worker.ask("times", FORWARD, text="0\n", n=200)
        _, err = tool.finish(2)
        check("cannot write to standard output" in err, err)
        until(lambda: direct(w) == 2, "the guard ends with the tool")


if __name__ == "__main__":
    sys.exit(main(setup))
