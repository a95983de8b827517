#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_syscalls.py SKEP CALLS CASE: skep trace syscalls on a workload that is known exactly.

Goal: every count is the number of calls made, whoever else counts them (strace, perf), whatever the
filter, the format or the interval; nothing stays behind. Method: calls.c between two lines of input.
"""

import contextlib
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tool_test import (  # noqa: E402
    NOBODY, Cgroup, Child, Skip, Tool, case, check, equal, main, need, need_http, need_program,
    need_tracing, own_programs, still_loaded, prometheus_page, rows_of, run)

N = 1000
KNOWN = {"getppid": N, "dup": 2 * N, "openat": 2 * N // 10, "close": N // 10, "nanosleep": 1,
         "getpid/32": N // 10}

skep = calls = ""


def setup(skep_path, calls_path):
    global skep, calls
    skep, calls = skep_path, os.path.abspath(calls_path)
    need_tracing()


class Calls(Child):
    """The workload, waiting for its first line."""

    def __init__(self, *more, prefix=(), **kw):
        self.process = subprocess.Popen([*prefix, calls, str(N), *more], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, **kw)
        self.pid = self.process.pid
        self.has_32 = True
        self.names = {"calls", *(name[:15] for name in more)}
        self.wait_reading()

    def wait_reading(self):
        """Until it is loaded, whatever it was started by, and waits for its line."""
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                with open(f"/proc/{self.pid}/comm", encoding="utf-8") as comm, \
                        open(f"/proc/{self.pid}/syscall", encoding="utf-8") as call:
                    if comm.read().strip() in self.names and call.read().split()[:2] == ["0", "0x0"]:
                        return
            time.sleep(0.002)

    def make(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        said = self.process.stdout.readline()
        if said == b"no 32-bit calls\n":
            raise Skip("this kernel has no 32-bit calls")
        equal(said, b"done\n", "what the workload says")

    def end(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        self.process.wait()


def counts_of(text, **wanted):
    """{call: count} of JSON rows, those with these values."""
    counts = {}
    for row in rows_of(text):
        if all(row.get(key) == value for key, value in wanted.items()):
            counts[row["syscall"]] = counts.get(row["syscall"], 0) + row["count"]
    return counts


def check_known(counts):
    equal({name: counts.get(name, 0) for name in KNOWN}, KNOWN, "counts")


def counted(*args, workload=(), prefix=()):
    """Counts while the workload makes its calls."""
    with Calls(*workload, prefix=prefix) as work:
        args = [str(work.pid) if a == "PID" else a for a in args]
        with Tool(skep, "trace", "syscalls", "-o", "json", *args) as tool:
            work.make()
            out, _ = tool.stop()
            work.end()
    return out


@case
def counts_are_exact_by_process():
    check_known(counts_of(counted("-p", "PID")))


@case
def counts_are_exact_by_thread():
    check_known(counts_of(counted("-t", "PID")))


@case
def counts_are_exact_by_name():
    name = f"skep-{os.getpid()}"
    check_known(counts_of(counted("-c", name, workload=(name,))))


@case
def counts_are_exact_by_user():
    uid = 54321 + os.getpid() % 1000
    setpriv = need_program("setpriv")
    prefix = (setpriv, f"--reuid={uid}", "--clear-groups")
    readable = subprocess.run([*prefix, calls, "1"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    need(readable.returncode in (0, 2), "another user may not run the test's program")
    check_known(counts_of(counted("-u", str(uid), prefix=prefix)))


@case
def another_process_is_not_counted():
    with Calls() as other:
        with Calls() as work:
            with Tool(skep, "trace", "syscalls", "-o", "json", "-p", work.pid) as tool:
                other.make()
                out, _ = tool.stop()
                work.end()
        other.end()
    equal(counts_of(out), {}, "counts")


@case
def counts_are_exact_by_cgroup():
    with Cgroup("docker-" + "5a" * 32 + ".scope", "below") as cgroup, Calls() as work:
        cgroup.add(work.pid)
        with Tool(skep, "trace", "syscalls", "-o", "json", "--cgroup", os.path.dirname(cgroup.below)) as tool, \
                Tool(skep, "trace", "syscalls", "-o", "json", "--container", "5a5a5a5a") as other:
            work.make()
            out, _ = tool.stop()
            by_container, _ = other.stop()
            work.end()
    check_known(counts_of(out))
    check_known(counts_of(by_container))


@case
def counts_are_exact_by_netns():
    unshare = need_program("unshare")
    with Calls(prefix=(unshare, "-n")) as work, Calls() as other:
        for _ in range(500):
            if os.readlink(f"/proc/{work.pid}/exe") == calls:
                break
            time.sleep(0.01)
        need(os.readlink(f"/proc/{work.pid}/exe") == calls, "no network namespace can be made here")
        with Tool(skep, "trace", "syscalls", "-o", "json", "--netns", work.pid) as tool:
            other.make()
            work.make()
            out, _ = tool.stop()
            work.end()
            other.end()
    check_known(counts_of(out))


@case
def counts_equal_those_of_strace():
    """strace counts the very calls: those of its process that end while it looks."""
    strace = need_program("strace")
    name = f"skep-{os.getpid()}"
    with Calls(name) as work:
        with Tool(skep, "trace", "syscalls", "-o", "json", "-p", work.pid) as tool:
            work.make()
            ours = counts_of(tool.stop()[0])
            work.end()
    with Calls(name) as work:
        tracer = subprocess.Popen([strace, "-c", "-U", "name,calls,errors", "-p", str(work.pid)],
                                  stderr=subprocess.PIPE)
        while b"attached" not in tracer.stderr.readline():
            check(tracer.poll() is None, "strace cannot attach")
        work.make()
        time.sleep(0.2)
        tracer.send_signal(signal.SIGINT)
        table = tracer.communicate()[1].decode()
        work.end()
    theirs = {}
    for line in table.splitlines():
        match = re.match(r"^\s*(\w+)\s+(\d+)(\s+\d+)?\s*$", line)
        if match and match[1] != "total":
            theirs[match[1]] = int(match[2])
    # strace gives 32-bit calls no name of their own, and counts the read it found begun.
    ours_named = {}
    for call, count in ours.items():
        plain = call.replace("/32", "")
        ours_named[plain] = ours_named.get(plain, 0) + count
    for call in ("getppid", "dup", "openat", "close", "nanosleep", "rt_sigaction", "write"):
        equal(ours_named.get(call, 0), theirs.get(call, 0), f"{call}: ours against strace")


@case
def counts_equal_those_of_perf():
    """perf counts the same calls of the same process at the same time."""
    perf, unshare = need_program("perf"), need_program("unshare")
    name = f"calls-{os.getpid()}"  # its own: other tests run the same program
    script = ("mount -t tracefs none /sys/kernel/tracing 2>/dev/null; exec \"$0\" stat -x, "
              "-e raw_syscalls:sys_enter,raw_syscalls:sys_exit \"$@\"")
    with tempfile.TemporaryDirectory() as folder, \
            Tool(skep, "trace", "syscalls", "-o", "json", "--by", "process,syscall", "-c", name) as tool:
        named = os.path.join(folder, name)
        os.symlink(calls, named)
        work = subprocess.Popen([unshare, "-m", "sh", "-c", script, perf, named, str(N)],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said, table = work.communicate(b"\n\n")
        out, _ = tool.stop()
    need(work.returncode == 0, f"perf cannot count here: {table.decode()[:200]}")
    entered = re.search(r"^(\d+),[^\n]*sys_enter", table.decode(), re.M)
    need(entered, f"perf does not count here: {table.decode()[:200]}")
    equal(sum(counts_of(out).values()), int(entered[1]), "all calls: ours against perf's")


@case
def latency_is_that_of_the_calls():
    out = counted("-L", "-p", "PID")
    check_known(counts_of(out))
    rows = {row["syscall"]: row for row in rows_of(out)}
    equal(rows["dup"]["errors"], 2 * N, "errors of dup")
    equal(rows["getppid"]["errors"], 0, "errors of getppid")
    equal(rows["openat"]["errors"], N // 10, "errors of openat")
    slept = rows["nanosleep"]
    check(slept["total_ns"] >= 20_000_000, "20 ms of sleep took", slept["total_ns"])
    check(slept["max_ns"] == slept["total_ns"], "one call's longest is its time")
    hist = slept["latency_ns"]
    equal(hist["count"], 1, "values of the histogram")
    check(hist["buckets"][0]["min"] <= slept["total_ns"] <= hist["buckets"][0]["max"], "its slot:", hist)
    equal(rows["getppid"]["latency_ns"]["count"], N, "values of getppid's histogram")


@case
def failed_calls_alone():
    out = counted("-x", "-p", "PID")
    counts = counts_of(out)
    equal({k: counts.get(k, 0) for k in KNOWN}, {**dict.fromkeys(KNOWN, 0), "dup": 2 * N, "openat": N // 10},
          "failed calls")


@case
def one_call_alone():
    equal(counts_of(counted("-p", "PID", "-s", "dup")), {"dup": 2 * N}, "counts")
    equal(counts_of(counted("-p", "PID", "-s", "getpid/32")), {"getpid/32": N // 10}, "counts")


@case
def intervals_add_up():
    out = counted("-p", "PID", "0.01")
    check_known(counts_of(out))
    out = counted("-p", "PID", "--by", "process,syscall", "0.01")
    check_known(counts_of(out))


@case
def two_at_once_count_the_same():
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-o", "json", "-p", work.pid) as one, \
                Tool(skep, "trace", "syscalls", "-o", "json", "-L", "-p", work.pid) as two:
            work.make()
            first, second = one.stop()[0], two.stop()[0]
            work.end()
    check_known(counts_of(first))
    check_known(counts_of(second))


@case
def short_lived_containers_have_their_names():
    """Made, entered by one process, and gone: while the tool looks elsewhere."""
    ids = [f"{i:04x}{os.getpid():060x}" for i in range(40)]
    with Cgroup("pods") as parent:
        with Tool(skep, "trace", "syscalls", "-o", "json", "--by", "container,syscall",
                  "--cgroup", parent.below) as tool:
            for name in ids:
                with_name = os.path.join(parent.path, f"cri-containerd-{name}.scope")
                os.mkdir(with_name)
                # The child enters by itself: its first call inside is close.
                subprocess.run(["sh", "-c", f"echo $$ > {with_name}/cgroup.procs; kill -0 $$"], check=True)
                for _ in range(200):
                    try:
                        os.rmdir(with_name)
                        break
                    except OSError:
                        time.sleep(0.002)
            out, _ = tool.stop()
    killed = {}
    for row in rows_of(out):
        if row["syscall"] == "kill":
            killed[row.get("container")] = row["count"]
    equal(killed, {name[:12]: 1 for name in ids}, "calls of kill by container")


@case
def many_short_processes_are_all_counted():
    """More processes than the kernel's table of one second holds at once is not reached; all are shown."""
    with Cgroup("many") as cgroup:
        with Tool(skep, "trace", "syscalls", "-o", "json", "--by", "process,syscall", "-s", "getppid",
                  "--cgroup", cgroup.below) as tool:
            script = ("import os,sys\nopen(sys.argv[1]+'/cgroup.procs','w').write('0')\n"
                      "for i in range(2000):\n p=os.fork()\n if not p:\n  os.getppid();os._exit(0)\n"
                      " os.waitpid(p,0)\n print(p)\n")
            pids = subprocess.run([sys.executable, "-c", script, cgroup.path], check=True, capture_output=True,
                                  text=True).stdout.split()
            out, err = tool.stop()
    rows = [row for row in rows_of(out) if row["syscall"] == "getppid"]
    equal(sum(row["count"] for row in rows), 2000, "calls")
    # A machine that starts many others gives numbers out again.
    equal({row["pid"] for row in rows}, {int(pid) for pid in pids}, "processes")
    check("not counted" not in err, err)


@case
def interrupt_prints_once_and_ends_well():
    with Tool(skep, "trace", "syscalls", "--by", "syscall") as tool:
        out, err = tool.stop()
    equal(out.count("SYSCALL "), 1, "lines of titles")
    check("cost: " in err, err)
    with Tool(skep, "trace", "syscalls", "--no-header") as tool:
        out, err = tool.stop(signal.SIGTERM)
    check("SYSCALL" not in out, out)


@case
def kill_leaves_nothing_behind():
    with Tool(skep, "trace", "syscalls", "--by", "cgroup", "-C") as tool:
        own = own_programs(tool.process.pid)
        check(own, "its programs are loaded while it runs")
        tool.process.kill()
        tool.process.wait()
    equal(still_loaded(own), set(), "programs left by a killed tool")


@case
def formats_are_well_formed():
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-L", "-o", "prom", "-p", work.pid) as prom, \
                Tool(skep, "trace", "syscalls", "-o", "csv", "-p", work.pid) as csv, \
                Tool(skep, "trace", "syscalls", "-T", "-p", work.pid) as columns:
            work.make()
            page, table, text = prom.stop()[0], csv.stop()[0], columns.stop()[0]
            work.end()
    values = prometheus_page(page)
    equal(values['skep_syscalls_total{syscall="getppid"}'], N, "the counter")
    equal(values['skep_syscall_seconds_count{syscall="dup"}'], 2 * N, "the histogram's count")
    equal(values['skep_syscall_seconds_bucket{syscall="dup",le="+Inf"}'], 2 * N, "its last bucket")
    lines = table.splitlines()
    equal(lines[0], "ts,syscall,count", "the head")
    check(any(line.endswith(f",getppid,{N}") for line in lines), table)
    check(re.search(rf"^\d\d:\d\d:\d\d getppid +{N}$", text, re.M), text)


@case
def metrics_have_no_errors_or_times_that_were_not_looked_for():
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-o", "prom", "-p", work.pid) as tool:
            work.make()
            page = tool.stop()[0]
        work.end()
    names = {name.split("{")[0] for name in prometheus_page(page)}
    equal(names, {"skep_syscalls_total", "skep_series_dropped_total"}, "metrics")


@case
def prometheus_is_answered():
    need_http()
    port = 20000 + os.getpid() % 20000
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-p", work.pid, "--listen", f"127.0.0.1:{port}", "0.05") as tool:
            work.make()
            time.sleep(0.2)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
                check("version=0.0.4" in answer.headers["Content-Type"], answer.headers)
                values = prometheus_page(answer.read().decode())
            tool.stop()
            work.end()
    equal(values['skep_syscalls_total{syscall="getppid"}'], N, "the counter")


@case
def prometheus_is_answered_without_an_interval():
    need_http()
    port = 20000 + os.getpid() % 20000
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-p", work.pid, "--listen", f"127.0.0.1:{port}", "-o", "prom") as tool:
            work.make()
            for _ in range(100):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                    values = prometheus_page(answer.read().decode())
                if values.get('skep_syscalls_total{syscall="getppid"}'):
                    break
                time.sleep(0.1)
            page, _ = tool.stop()
            work.end()
    equal(values['skep_syscalls_total{syscall="getppid"}'], N, "the counter")
    equal(prometheus_page(page)['skep_syscalls_total{syscall="getppid"}'], N, "the counter at the end")


@case
def stopped_reader_loses_no_counts():
    """Nobody reads the tool's output: it waits in write, and goes on counting in the kernel."""
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-o", "json", "-p", work.pid, "0.01") as tool:
            tool.process.send_signal(signal.SIGSTOP)
            work.make()
            time.sleep(0.1)
            tool.process.send_signal(signal.SIGCONT)
            time.sleep(0.1)
            out, _ = tool.stop()
            work.end()
    check_known(counts_of(out))


@case
def the_process_may_vanish():
    with Calls() as work:
        with Tool(skep, "trace", "syscalls", "-o", "json", "-P", "-p", work.pid) as tool:
            work.make()
            work.end()
            out, _ = tool.stop()
    rows = rows_of(out)
    equal([row["pid"] for row in rows], [work.pid], "rows")
    equal(rows[0]["comm"], os.path.basename(calls)[:15], "the name of a process that is gone")


@case
def the_cgroup_may_vanish():
    with Cgroup("libpod-" + "c3" * 32 + ".scope") as cgroup, Calls() as work:
        with Tool(skep, "trace", "syscalls", "-o", "json", "--by", "container,syscall", "-p", work.pid) as tool:
            cgroup.add(work.pid)
            work.make()
            work.end()
            cgroup.remove()
            out, _ = tool.stop()
    check_known(counts_of(out, container="c3c3c3c3c3c3"))


@case
def without_privilege_it_says_which():
    setpriv = need_program("setpriv")
    prefix = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    readable = subprocess.run([*prefix, skep, "--version"], capture_output=True, check=False)
    need(readable.returncode == 0, "another user may not run this build of skep")
    _, err = run(*prefix, skep, "trace", "syscalls", "-d", "1", code=2)
    check("CAP_BPF" in err and "CAP_PERFMON" in err, err)
    equal(len(err.splitlines()), 1, f"lines of {err!r}")


@case
def two_capabilities_are_enough():
    """CAP_BPF and CAP_PERFMON, as another user."""
    setpriv = need_program("setpriv")
    prefix = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=+bpf,+perfmon",
              "--ambient-caps=+bpf,+perfmon", "--"]
    readable = subprocess.run([*prefix, skep, "--version"], capture_output=True, check=False)
    need(readable.returncode == 0, f"setpriv cannot give these capabilities here: {readable.stderr.decode()[:100]}")
    for more in ((), ("-L",), ("--by", "process,syscall")):
        with Calls() as work:
            with Tool(skep, "trace", "syscalls", "-o", "json", "-p", work.pid, *more, prefix=prefix) as tool:
                work.make()
                out, _ = tool.stop()
                work.end()
        check_known(counts_of(out))


@case
def completion_knows_what_there_is():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    script = ('. "$0"/completions/skep.bash; shift 0; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _skep; '
              'echo "${COMPREPLY[@]}"')
    tool = os.path.abspath(skep)
    for words, wanted in ((["trace", ""], "syscalls"), (["trace", "syscalls", "--lat"], "--latency"),
                          (["trace", "tcp", "-o", "p"], "prom"), (["trace", "stacks", "-o", "s"], "svg"),
                          (["help", "trace", "sys"], "syscalls"), (["tr"], "trace"),
                          (["trace", "kernel", "begin_new_ex"], "begin_new_exec")):
        line = " ".join(["skep", *words])
        out, _ = run("env", f"COMP_LINE={line}", f"COMP_POINT={len(line)}", "bash", "-c", script, root, tool, *words)
        check(wanted in out.split(), f"{words}: {out!r}")


def zsh_says(terminal, words):
    """What it wrote up to what the pattern finds, which is returned."""
    said = b""
    while not re.search(words, said):
        check(select.select([terminal], [], [], 30)[0], f"zsh says no more: {said!r}")
        said += os.read(terminal, 4096)
    return re.search(words, said)


def zsh_completes(zsh, folder, path, lines):
    """What each line has become when TAB was typed behind it, at a terminal."""
    terminal, other = pty.openpty()
    shell = subprocess.Popen([zsh, "-f", "-i"], stdin=other, stdout=other, stderr=other, start_new_session=True,
                             env={**os.environ, "PATH": path, "TERM": "dumb", "HOME": folder, "COLUMNS": "1000"})
    os.close(other)
    try:
        # Control-T shows the line, which is not run.
        os.write(terminal, f"PS1=; fpath=({folder} $fpath); autoload -U compinit; compinit -u -D; show() {{ "
                 "print -r -- \"<$BUFFER>\"; BUFFER=; }; zle -N show; bindkey '^T' show; print rea''dy\n".encode())
        zsh_says(terminal, rb"ready")
        for line in lines:
            os.write(terminal, line.encode() + b"\t\x14")
            yield zsh_says(terminal, rb"<([^>\n]*)>")[1].decode()
    finally:
        shell.kill()
        shell.wait()
        os.close(terminal)


@case
def zsh_completes_names_of_functions():
    zsh = need_program("zsh")
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.path.dirname(os.path.abspath(skep)) + ":" + os.environ["PATH"]
    target = os.path.abspath(calls)
    wanted = {"skep trace kernel begin_new_ex": "skep trace kernel begin_new_exec ",
              "skep trace kernel -a tp:sched_process_exe": "skep trace kernel -a tp:sched_process_exec ",
              f"skep trace func {target}:mai": f"skep trace func {target}:main ",
              "skep trace sysc": "skep trace syscalls "}
    with tempfile.TemporaryDirectory(prefix="skep-test-") as folder:
        shutil.copy(os.path.join(root, "completions/_skep"), folder)
        equal(dict(zip(wanted, zsh_completes(zsh, folder, path, wanted))), wanted, "lines, and what TAB makes of them")


@case
def help_is_found_either_way():
    one, _ = run(skep, "help", "trace", "syscalls")
    other, _ = run(skep, "trace", "syscalls", "--help")
    equal(one, other, "the help")
    check("--latency" in one and "--container NAME" in one, one)
    listed, _ = run(skep, "help", "trace")
    check("skep trace syscalls" in listed, listed)


@case
def bad_input_gets_one_sentence():
    for args, word in ((["-p", "x"], "'x'"), (["-p", "0"], "'0'"), (["--by", "color"], "'color'"),
                       (["-s", "no_such"], "'no_such'"), (["-p", "4194305"], "no process 4194305"),
                       (["-t", "4194305"], "no thread 4194305"), (["-o", "xml"], "'xml'"), (["1", "0"], "'0'"),
                       (["-d", "-1"], "'-1'"), (["--cgroup", "/no/such"], "/no/such"),
                       (["--netns", "/proc/self/ns/pid"], "network"),
                       (["-c", "x" * 16], "longer"), (["1", "2", "3"], "'3'"), (["--count", "3"], "interval"),
                       (["--engine", "user"], "kernel"), (["-u", "nobody-here"], "nobody-here"),
                       (["--listen", "x", "1"], "ADDRESS:PORT"), (["--listen", ":0"], "interval"), (["-H", "-P"], "-H"), (["--bogus"], "--bogus")):
        _, err = run(skep, "trace", "syscalls", *args, code=2)
        first = err.splitlines()[0]
        check(first.startswith("skep trace syscalls: ") and word in first, f"{args}: {err!r}")
        check(len(err.splitlines()) <= 2, f"{args}: {err!r}")


if __name__ == "__main__":
    sys.exit(main(setup))
