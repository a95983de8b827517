#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_faults.py SKEP SPAWN CASE: one kind of trouble for each tool there is.

Goal: whatever happens to what a tool looks at, to the tool, or to the machine it runs on, what it shows is
true, what it lost is counted, what is missing is named, and nothing stays behind. Method: one workload whose
events are known (a container's cgroup and a network namespace of its own), one table of tools, one case for
each fault.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tool_test import (  # noqa: E402
    NOBODY, Cgroup, Child, Failure, Skip, Tool, case, check, equal, main, need, need_program, need_tracing, own_programs,
    rows_of, run, still_loaded)

skep = spawn = ""
ROUNDS = 20
PORT = 7007

# A line with a number: so many rounds, then "done". Its sockets are made at the first line.
WORK = f"""
import ctypes, os, socket, sys, time
libc = ctypes.CDLL(None)
listener = None
print("ready", flush=True)
for line in sys.stdin:
    if not listener:
        sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sink.bind(("127.0.0.1", {PORT}))
        source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener = socket.create_server(("127.0.0.1", {PORT}))
    for _ in range(int(line)):
        libc.getpgid(0)
        try: os.open("/no/such/file", os.O_RDONLY)
        except OSError: pass
        child = os.posix_spawn("/bin/true", ["true"], {{}})
        os.waitpid(child, 0)
        client = socket.create_connection(("127.0.0.1", {PORT}))
        server, _ = listener.accept()
        client.close()
        server.close()
        source.sendto(b"x" * 100, ("127.0.0.1", {PORT}))
        sink.recv(100)
    file = os.open("skep-faults-" + str(os.getpid()), os.O_RDWR | os.O_CREAT, 0o600)
    os.unlink("skep-faults-" + str(os.getpid()))
    os.write(file, b"x" * 65536)
    os.fsync(file)
    os.close(file)
    end = time.process_time() + 0.1
    while time.process_time() < end: pass
    print("done", flush=True)
"""

COUNT_GETPGID = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
const volatile __u32 tgid = 0;
SEC("raw_tp/sys_enter") int count(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == tgid && ctx->args[1] == 121)
		bpf_printk("called %d", 121);
	return 0;
}
"""


class Work(Child):
    """The workload, in a container's cgroup below one of ours; @later: not before enter()."""

    def __init__(self, later=False):
        self.later = later
        unshare, ip = need_program("unshare"), need_program("ip")
        self.id = f"{os.getpid():064x}"[::-1]
        self.cgroup = Cgroup("pods", f"docker-{self.id}.scope")
        self.parent = os.path.dirname(self.cgroup.below)
        self.folder = tempfile.mkdtemp()
        self.args = [unshare, "-n", "sh", "-c", f'{ip} link set lo up || exit 9; exec "$0" -S -c "$1"', sys.executable,
                     WORK]

    def __enter__(self):
        if not self.later:
            self.cgroup.__enter__()
        with open(self.file("count.bpf.c"), "w", encoding="utf-8") as source:
            source.write(COUNT_GETPGID)
        self.process = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        need(self.process.stdout.readline() == b"ready\n", "no network namespace can be made here")
        self.pid = self.process.pid
        if not self.later:
            self.cgroup.add(self.pid)
        return self

    def enter(self):
        """The container starts: its cgroup is made, and the workload is in it."""
        self.cgroup.__enter__()
        self.cgroup.add(self.pid)

    def file(self, name):
        return os.path.join(self.folder, name)

    def go(self, rounds=ROUNDS):
        self.process.stdin.write(b"%d\n" % rounds)
        self.process.stdin.flush()
        equal(self.process.stdout.readline(), b"done\n", "the workload's answer")

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def __exit__(self, *_):
        super().__exit__()
        self.process.stdout.close()
        self.cgroup.__exit__()
        shutil.rmtree(self.folder)


def total(out, **wanted):
    return sum(row.get("count", 1) for row in rows_of(out) if all(row.get(k) == v for k, v in wanted.items()))


class Row:
    """One tool: how it is started, what of its output is known, and how often that comes in a round."""

    def __init__(self, name, args, known, each=1, *, ring=None, scope=("--cgroup",), inside=False, privilege="CAP_BPF",
                 btf=None, cgroup2="hook"):
        self.name, self.args, self.known, self.each, self.ring, self.scope = name, args, known, each, ring, scope
        self.inside = inside  # in the workload's network namespace
        self.privilege = privilege
        self.btf, self.cgroup2 = btf, cgroup2  # words with -v where that is missing: of one who works, or refuses

    def command(self, work, *more, scoped=True):
        """Looking at the workload's cgroup, or (not scoped) at all of the machine."""
        scope = [*self.scope, work.parent] if scoped and self.scope else []
        args = [a.replace("FOLDER", work.folder).replace("PID", str(work.pid)) for a in self.args]
        prefix = ["nsenter", f"--net=/proc/{work.pid}/ns/net"] if self.inside else []
        return [*prefix, skep, *args[:2], *scope, *more, *args[2:]]

    def check(self, out, rounds, what):
        """At least one, where each is None: it is a matter of time how many."""
        got = self.known(out)
        if self.each is None:
            check(got > 0, f"{self.name}: {what}: nothing was seen")
        else:
            equal(got, rounds * self.each, f"{self.name}: {what}")


# What a tool without the kernel's types says.
NEEDS_BTF = "/sys/kernel/btf/vmlinux"
WAY_OUT = "CONFIG_DEBUG_INFO_BTF"

TOOLS = [
    Row("syscalls", ["trace", "syscalls", "-o", "json", "-s", "getpgid"], lambda out: total(out, syscall="getpgid"),
        btf="raw_tp:sys_enter"),
    Row("func", ["trace", "func", "-o", "json", "libc.so.6:getpgid"], lambda out: total(out, function="getpgid"),
        btf="uprobe"),
    Row("func-calls", ["trace", "func", "-a", "-o", "json", "libc.so.6:getpgid"],
        lambda out: total(out, function="getpgid"), ring=("--ring", "4"), btf="uprobe"),
    Row("kernel", ["trace", "kernel", "-o", "json", "tp:sched_process_exit"],
        lambda out: total(out, function="sched_process_exit"), btf=NEEDS_BTF),
    Row("kernel-calls", ["trace", "kernel", "-a", "-o", "json", "tp:sched_process_exit"],
        lambda out: total(out, function="sched_process_exit", comm="true"), ring=("--ring", "4"), btf=NEEDS_BTF),
    Row("exec", ["trace", "exec", "-o", "json"], lambda out: total(out, event="exec"), ring=("--ring", "4"), btf=NEEDS_BTF),
    Row("open", ["trace", "open", "-o", "json"], lambda out: total(out, path="/no/such/file"), ring=("--ring", "4"),
        btf="tracepoint syscalls/sys_enter_open"),
    Row("tcp", ["trace", "tcp", "-o", "json"], lambda out: total(out, event="close"), 2, ring=("--ring", "4"),
        btf=NEEDS_BTF),
    Row("flows", ["trace", "flows", "-o", "json"], lambda out: sum(row["sent_bytes"] for row in rows_of(out)), 100,
        btf=NEEDS_BTF),
    Row("runq", ["trace", "runq", "-o", "json"], total, None, btf=NEEDS_BTF),
    Row("stacks", ["trace", "stacks", "-F", "499", "-o", "json"], lambda out: sum(r["samples"] for r in rows_of(out)), None,
        ring=("--ring", "4", "-F", "4999"), btf="perf_event"),
    Row("disk", ["trace", "disk", "-o", "json"], total, None, scope=(), btf=NEEDS_BTF),
    Row("attach", ["run", "--attach", "FOLDER/count.bpf.c", "--tgid", "PID"], lambda out: out.count("called 121"),
        ring=("--ring", "4096"), scope=(), btf="raw tracepoint sys_enter", cgroup2="raw tracepoint"),
    Row("capture", ["capture", "-n", "-i", "lo", "-o", "json", "udp"], lambda out: len(rows_of(out)), scope=(), inside=True,
        btf="packets have no owners", cgroup2="packets have no owners"),
]


def on_disk():
    """Whether what the workload writes goes to a disk."""
    device = os.stat(".").st_dev
    return os.path.exists(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}")


def for_each(tools, fault):
    """The fault for each of the tools: all that fail are named."""
    failed = []
    for tool in tools:
        if tool.name == "disk" and not on_disk():
            print("disk is left out: this folder is on none")
            continue
        try:
            fault(tool)
        except (Failure, subprocess.TimeoutExpired) as why:
            failed.append(f"{tool.name}: {why}")
    check(not failed, "\n".join(failed))


def accounted(err):
    """(occurred, shown, dropped) of what the tool says, or None."""
    match = re.search(r"(\d+) (?:events|calls|lines): (\d+) shown, (\d+) dropped", err) or \
        re.search(r": (\d+) lines, (\d+) shown, (\d+) dropped", err)
    return match and tuple(int(n) for n in match.groups())


def setup(skep_path, spawn_path):
    global skep, spawn
    skep, spawn = os.path.abspath(skep_path), os.path.abspath(spawn_path)
    need_tracing()


# --- what is looked at goes away ------------------------------------------------------------------------


@case
def container_is_deleted_while_shown():
    def fault(row):
        with Work() as work, Tool(*row.command(work)) as tool:
            work.go()
            work.end()
            work.cgroup.remove()
            out, _ = tool.stop()
            # The workload's own end is one more.
            row.check(out, ROUNDS if row.name != "kernel" else ROUNDS + 1, "of a container that is gone")
            rows = [r for r in rows_of(out) if "cgroup" in r] if "json" in row.args else []
            check({r.get("container") for r in rows} <= {work.id[:12]}, f"{row.name}: containers: {rows[:3]}")
    for_each(TOOLS, fault)


@case
def process_vanishes():
    def fault(row):
        with Work() as work:
            # What its children do is not the process's.
            exact = row.name not in ("kernel", "kernel-calls", "exec")
            one = ["-p", work.pid] if row.scope else []
            with Tool(*row.command(work, *one, scoped=False)) as tool:
                work.go()
                work.end()
                time.sleep(0.1)
                if tool.process.poll() is None:
                    tool.process.send_signal(signal.SIGINT)
                out, _ = tool.finish()
                if exact:
                    row.check(out, ROUNDS, "of a process that is gone")
    for_each(TOOLS, fault)


@case
def processes_by_the_ten_thousand_a_second():
    rates = []

    def fault(row):
        with Work() as work, Tool(*row.command(work)) as tool:
            crowd = subprocess.run(["sh", "-c", 'echo $$ > "$0"/cgroup.procs; exec "$@"', work.cgroup.path, spawn, "10000",
                                    "none"], capture_output=True, text=True, timeout=60, check=True)
            rates.append(crowd.stdout.strip())
            work.go()
            out, err = tool.stop()
        if row.name in ("kernel", "kernel-calls"):
            got = accounted(err)
            shown, lost = total(out, function="sched_process_exit"), got[2] if got else 0
            equal(shown + lost, 10000 + 1 + ROUNDS, f"{row.name}: ends")
        elif row.name == "exec":
            got = accounted(err) or (0, 0, 0)
            check(total(out, event="exec") + got[2] >= ROUNDS + 1, f"{row.name}: programs {got}")
        else:
            row.check(out, ROUNDS, "beside 10,000 short processes")
    for_each(TOOLS, fault)
    print("; ".join(rates))


@case
def container_starts_after_the_tool():
    """Even one that starts while the tool is stopped: the kernel knows it at once."""
    def fault(row):
        with Work(later=True) as work:
            command = row.command(work, *(["--container", work.id[:12]] if row.scope else []), scoped=False)
            if row.name == "capture":
                command[-1] = f"container {work.id[:12]} and udp"
            elif not row.scope:
                return # looks at no containers
            with Tool(*command) as tool:
                if row.name not in ("tcp", "flows", "capture"): # whose sockets would be known already
                    work.go()
                tool.process.send_signal(signal.SIGSTOP)
                work.enter()
                work.go()
                tool.process.send_signal(signal.SIGCONT)
                out, err = tool.stop()
            row.check(out, ROUNDS, "of a container that was not there")
            check(f"no container '{work.id[:12]}' yet: waiting for it" in err, err)
    for_each(TOOLS, fault)


@case
def cgroup_is_made_again_while_shown():
    """As a service's is that restarts, even while the tool is stopped."""
    def fault(row):
        if not row.scope or row.name == "capture":
            return
        with Work(later=True) as work:
            work.cgroup.__enter__()
            command = row.command(work, "--cgroup", work.cgroup.below, scoped=False)
            with Tool(*command) as tool:
                if row.name not in ("tcp", "flows"): # whose sockets would be known already
                    work.go()
                tool.process.send_signal(signal.SIGSTOP)
                work.cgroup.remove()
                work.enter()
                work.go()
                tool.process.send_signal(signal.SIGCONT)
                out, _ = tool.stop()
            row.check(out, ROUNDS, "of a cgroup made again")
    for_each(TOOLS, fault)


@case
def pod_has_many_short_containers():
    """By the pod's uid, which systemd writes with underscores; each lives for one process."""
    uid = f"2f8e5d2a-1c3b-4d5e-8f90-{os.getpid():012x}"
    slice_name = f"kubepods-burstable-pod{uid.replace('-', '_')}.slice"
    n = 40
    with Cgroup("kubepods.slice") as parent:
        with Tool(skep, "trace", "syscalls", "-o", "json", "-s", "kill", "--by", "container", "--container", uid) as tool:
            os.mkdir(os.path.join(parent.path, slice_name))
            for i in range(2 * n):
                # Every other one is of another pod.
                folder = os.path.join(parent.path, slice_name if i % 2 else slice_name.replace("2f8e", "3f8e"))
                os.makedirs(folder, exist_ok=True)
                cgroup = os.path.join(folder, f"cri-containerd-{i:04x}{os.getpid():060x}.scope")
                os.mkdir(cgroup)
                subprocess.run(["sh", "-c", f"echo $$ > {cgroup}/cgroup.procs; kill -0 $$"], check=True)
                while os.path.exists(cgroup):
                    try:
                        os.rmdir(cgroup)
                    except OSError:
                        time.sleep(0.002)
            out, _ = tool.stop()
    equal(sorted((r["container"], r["pod"], r["count"]) for r in rows_of(out)),
          [(f"{i:04x}{os.getpid():060x}"[:12], uid, 1) for i in range(1, 2 * n, 2)], "calls of kill")


# --- the tool is kept waiting, or killed ------------------------------------------------------------------


@case
def reader_is_stopped():
    def fault(row):
        with Work() as work, Tool(*row.command(work)) as tool:
            tool.process.send_signal(signal.SIGSTOP)
            work.go()
            tool.process.send_signal(signal.SIGCONT)
            out, _ = tool.stop()
        row.check(out, ROUNDS, "while it was stopped")
    for_each(TOOLS, fault)


@case
def ring_is_full():
    """4 KiB hold less than 200 rounds' events: what is lost is counted."""
    rounds = 200

    def fault(row):
        with Work() as work, Tool(*row.command(work, *row.ring, "-v")) as tool:
            tool.process.send_signal(signal.SIGSTOP)
            work.go(rounds)
            tool.process.send_signal(signal.SIGCONT)
            out, err = tool.stop()
        got = accounted(err)
        check(got, f"no account: {err}")
        occurred, shown, dropped = got
        equal(shown + dropped, occurred, "shown + dropped")
        check(dropped > 0, f"nothing was lost, so nothing was tested: {got}")
        if row.each:
            check(occurred >= rounds * row.each, f"{occurred} events of {rounds} rounds")
            check(row.known(out) <= shown, f"{row.known(out)} rows, {shown} shown")
    for_each([row for row in TOOLS if row.ring], fault)


@case
def two_at_once():
    def fault(row):
        with Work() as work, Tool(*row.command(work)) as one, Tool(*row.command(work)) as two:
            work.go()
            for tool in (one, two):
                row.check(tool.stop()[0], ROUNDS, "beside another instance")
    for_each(TOOLS, fault)


@case
def kill_9_leaves_nothing():
    def fault(row):
        with Work() as work, Tool(*row.command(work)) as tool:
            work.go(1)
            own = own_programs(tool.process.pid)
            check(own, "it holds no program")
            tool.process.kill()
            tool.process.wait()
            equal(still_loaded(own), set(), "programs left")
    for_each(TOOLS, fault)


# --- what it needs is not there ---------------------------------------------------------------------------


@case
def without_privilege():
    setpriv = need_program("setpriv")
    prefix = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    readable = subprocess.run([*prefix, skep, "--version"], capture_output=True, check=False)
    need(readable.returncode == 0, "another user may not run this build of skep")

    def fault(row):
        with Work() as work:
            os.chmod(work.folder, 0o755)
            row.inside = False
            command = row.command(work, "-d" if row.name != "capture" else "--duration", "1", scoped=False)
            _, err = run(*prefix, *command, code=2)
        check(row.privilege in err and len(err.splitlines()) == 1, err)
    for_each(TOOLS, fault)


def missing(hide, words, way_out):
    """Each tool where @hide was run in a mount namespace of its own: it works and says how, or one sentence."""
    unshare = need_program("unshare")
    prefix = [unshare, "-m", "sh", "-c", hide + '; exec "$@"', "sh"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    need(tried.returncode == 0, f"no mount namespace can be made: {tried.stderr.decode().strip()}")

    def fault(row):
        with Work() as work:
            want = words(row)
            verbose = ["-w", work.file("x.pcapng")] if row.name == "capture" else ["-v"]
            one = ["-p", work.pid] if row.scope else []
            command = [*prefix, *row.command(work, *verbose, *one, scoped=False)]
            if want == NEEDS_BTF:
                out, err = run(*command, code=2)
                said = [line for line in err.splitlines() if not line.startswith("libbpf: ")]
                check(len(said) == 1 and want in said[0] and way_out in said[0] and not out, err)
                return
            with Tool(*command) as tool:
                work.go()
                own = own_programs(tool.process.pid)
                out, err = tool.stop()
            check(want in err, f"it does not say '{want}': {err}")
            if row.name == "capture":
                out = run(skep, "capture", "-n", "-o", "json", "-r", work.file("x.pcapng"))[0]
            # What its children do is not the process's.
            if row.name not in ("kernel", "kernel-calls", "exec"):
                row.check(out, ROUNDS, f"without what '{want}' stands for")
            equal(still_loaded(own), set(), "programs left")
    for_each(TOOLS, fault)


HIDE_BTF = ("mount -t tmpfs none /sys/kernel/btf && r=$(uname -r) && for f in /boot/vmlinux-$r "
            "/lib/modules/$r/vmlinux-$r /lib/modules/$r/build/vmlinux /usr/lib/modules/$r/kernel/vmlinux "
            "/usr/lib/debug/boot/vmlinux-$r /usr/lib/debug/boot/vmlinux-$r.debug /usr/lib/debug/lib/modules/$r/vmlinux; "
            "do ! [ -e $f ] || mount --bind /dev/null $f || exit 1; done")
HIDE_CGROUP2 = "for m in $(findmnt -n -l -t cgroup2 -o TARGET); do umount -l $m || exit 1; done"


@case
def kernel_without_btf():
    missing(HIDE_BTF, lambda row: row.btf, WAY_OUT)


@case
def kernel_without_cgroup2():
    missing(HIDE_CGROUP2, lambda row: row.cgroup2, "mount -t cgroup2")


@case
def what_is_asked_for_needs_btf():
    """Options and programs of tools that do without otherwise."""
    source = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar L[] SEC("license") = "GPL";\n' \
             'SEC("%s") int f(void *c) { return 0; }\n'
    with Work() as work:
        commands = [["trace", "open", "--netns", f"/proc/{work.pid}/ns/net"], ["capture", "-i", "lo", "pid 1"],
                    ["trace", "syscalls", "-L", "--netns", f"/proc/{work.pid}/ns/net"]]
        for section in ("tp_btf/sched_switch", "iter/task", "fentry/vfs_read"):
            path = work.file(f"{section.replace('/', '_')}.bpf.c")
            with open(path, "w", encoding="utf-8") as file:
                file.write(source % section)
            commands.append(["run", "--attach", path])
        for command in commands:
            _, err = run("unshare", "-m", "sh", "-c", HIDE_BTF + '; exec "$@"', "sh", skep, *command, code=2)
            check(NEEDS_BTF in err and WAY_OUT in err and len(err.splitlines()) == 1, f"{command}: {err}")


@case
def what_is_asked_for_needs_cgroup2():
    source = '#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar L[] SEC("license") = "GPL";\n' \
             'SEC("cgroup_skb/egress") int f(void *c) { return 1; }\n'
    with Work() as work:
        path = work.file("egress.bpf.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(source)
        for command in (["trace", "open", "--cgroup", "/x"], ["trace", "exec", "--container", "abc"],
                        ["capture", "-i", "lo", "container abc"], ["capture", "-i", "lo", "cgroup /x"],
                        ["capture", "-i", "lo", "pid 1"], ["run", "--attach", path, "--cgroup", work.cgroup.path]):
            _, err = run("unshare", "-m", "sh", "-c", HIDE_CGROUP2 + '; exec "$@"', "sh", skep, *command, code=2)
            check("mount -t cgroup2" in err and len(err.splitlines()) == 1, f"{command}: {err}")


@case
def doctor_says_what_is_missing():
    for hide, key, remedy in ((HIDE_BTF, "btf", WAY_OUT), (HIDE_CGROUP2, "cgroup2", "mount -t cgroup2")):
        done = subprocess.run(["unshare", "-m", "sh", "-c", hide + '; exec "$@"', "sh", skep, "doctor", "--quick"],
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode in (0, 1), f"exit {done.returncode}: {done.stderr}")
        check(re.search(rf"^ +no +{key} ", done.stdout, re.M) and remedy in done.stdout, done.stdout)
        need(not done.stderr, done.stderr)


if __name__ == "__main__":
    sys.exit(main(setup))
