#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_trace_kernel.py SKEP CASE: one case of skep trace kernel on the running kernel; `--list` names all.

Goal: counts and arguments are those of what happened, and a kernel that lets programs attach to no function is
named as such. Method: processes started here, whose events are known. What needs fentry or kprobes is tested on
other kernels (tests/vm/guest.d/30-trace-kernel.sh). Exit 77 after a line with the reason when the machine
cannot run a case.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tool_test import Skip, case, main  # noqa: E402

TIMEOUT_S = 60
skep = "skep"


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def abilities():
    text = subprocess.run([skep, "doctor", "--quick", "-o", "json"], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S).stdout
    return {a["key"]: a["has"] for a in json.loads(text)["abilities"]}


def need(*keys):
    have = abilities()
    for key in keys:
        if os.geteuid() != 0 or not have[key]:
            raise Skip(f"{key} is not to be had here (skep doctor says why)")
    return have


class Trace:
    """skep trace kernel, attached while the block runs; `out` and `err` after it."""

    def __init__(self, *args):
        self.args = [skep, "trace", "kernel", "-v", *args]

    def __enter__(self):
        self.process = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.err = ""
        while "hook:" not in self.err:
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError(f"{self.args}: {self.err}")
            self.err += line
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        self.out, self.err = out, self.err + err
        expect(self.process.returncode, 0, f"exit code ({self.err})")


def spawn(name, times):
    """Processes that are called so."""
    for _ in range(times):
        subprocess.run(["bash", "-c", f"printf %s {name} >/proc/self/comm"], check=True)


def refused(*args):
    done = subprocess.run([skep, "trace", "kernel", *args], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S)
    expect((done.returncode, done.stdout), (2, ""), f"{args} ({done.stderr})")
    return done.stderr


@case
def tracepoint_is_counted_exactly():
    need("raw-tp", "btf")
    name = f"skepk{os.getpid() % 10000}"
    with Trace("-c", name, "tp:sched_process_exit", "tp:sched_process_fork", "-o", "json") as t:
        spawn(name, 25)
        time.sleep(0.2)
    rows = {r["function"]: r["count"] for r in map(json.loads, t.out.splitlines())}
    expect(rows, {"sched_process_exit": 25, "sched_process_fork": 0}, "counts")


@case
def arguments_are_shown_by_their_types():
    need("raw-tp", "btf")
    name = f"skepa{os.getpid() % 10000}"
    with Trace("-a", "-o", "json", "tp:task_rename") as t:
        spawn(name, 3)
        time.sleep(0.2)
    calls = [r for r in map(json.loads, t.out.splitlines()) if f'comm="{name}"' in r["call"]]
    expect(len(calls), 3, "calls")
    for row in calls:
        if not re.fullmatch(rf'task_rename\(task=0x[0-9a-f]+, comm="{name}"\)', row["call"]):
            raise AssertionError(row)
        expect((row["function"], row["comm"]), ("task_rename", "bash"), "function and comm")
    counts = re.search(r"(\d+) events: (\d+) shown, (\d+) dropped", t.err)
    expect(int(counts[1]), int(counts[2]) + int(counts[3]), "shown and dropped")
    expect(int(counts[2]), len(t.out.splitlines()), "shown")


@case
def tracepoint_in_the_function_takes_its_place():
    need("raw-tp", "btf")
    name = f"skepx{os.getpid() % 10000}"
    with Trace("--hook", "tracepoint", "-a", "-c", name, "do_exit") as t:
        spawn(name, 2)
        time.sleep(0.2)
    expect(t.out.count(f"{name}"), 2, "rows")
    for words in ("sched_process_exit(p=0x", "group_dead=true"):
        expect(t.out.count(words), 2, words)
    if "do_exit: shown by the tracepoint sched_process_exit" not in t.err:
        raise AssertionError(t.err)


@case
def function_is_refused_where_the_kernel_refuses():
    """This one has fentry or kprobes and shows the call, or says for each way why not, and what has none."""
    have = need("raw-tp", "btf")
    if have["fentry"] or have["kprobe"] or have["kprobe-multi"]:
        with Trace("-a", "-c", "cat", "do_sys_openat2+ret") as t:
            subprocess.run(["cat", "/no/such/file"], check=False, stderr=subprocess.DEVNULL)
            time.sleep(0.2)
        if 'filename="/no/such/file"' not in t.out or " = -2" not in t.out:
            raise AssertionError(t.out)
        return
    err = refused("vfs_read")
    for words in ("vfs_read cannot be traced here", "fentry is not to be had: ", "kprobe is not to be had: ",
                  "kprobe.multi is not to be had: "):
        if words not in err:
            raise AssertionError(err)
    if "+ret cannot be traced here" not in refused("do_exit+ret"):
        raise AssertionError("do_exit+ret")
    if "cannot be traced here" not in refused("-L", "do_exit"):
        raise AssertionError("-L do_exit")


@case
def bad_input_gets_one_sentence():
    need("btf", "bpf-syscall")
    for args, words in (([], "no function is given"), (["vfs_raed"], "did you mean 'vfs_read'?"),
                        (["tp:nosuchtp_"], "tracepoint 'nosuchtp_' is not among"),
                        (["nosuch:vfs_read"], "it is not loaded"),
                        (["*"], "choose fewer"), (["tp:sched_switch+ret"], "a tracepoint returns nothing"),
                        (["-L", "tp:sched_switch"], "-L is for functions"), (["-a", "-L", "vfs_read"], "choose one"),
                        (["--hook", "magic", "vfs_read"], "it is fentry, kprobe.multi"),
                        *([(["--hook", "kprobe", "vfs_read"], "--hook kprobe is not to be had: ")]
                          if not abilities()["kprobe"] else [])):
        err = [line for line in refused(*args).splitlines() if "cost:" not in line and not line.startswith("Try ")]
        if len(err) != 1 or words not in err[0]:
            raise AssertionError(f"{args}: {err}")


def setup(skep_path):
    global skep
    skep = os.path.abspath(skep_path)


if __name__ == "__main__":
    sys.exit(main(setup))
