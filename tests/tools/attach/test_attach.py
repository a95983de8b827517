#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_attach.py SKEP FLOOD PROGRAMS EXAMPLES CASE: one case of skep run --attach; --list names all.

Goal: a program is called at the hook its section names and shows what it says; nothing is lost without
being counted; nothing stays behind, however the tool ends. Method: own network namespaces and cgroups,
removed whatever happens; the events are caused here and counted. Exit 77 with the reason where the
machine cannot run a case.
"""

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tool_test import CASES, NOBODY, Child, Skip, case, need_http, prometheus_page  # noqa: E402

TIMEOUT_S = 30
CGROUP_ROOTS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")
GETPGID = 121
skep = flood = programs = examples = ""
libc = ctypes.CDLL(None, use_errno=True)


def expect(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def expect_in(words, text):
    if words not in text:
        raise AssertionError(f"'{words}' is not in: {text}")


def program(name):
    return os.path.join(programs, f"attach-{name}.bpf.o")


def example(name):
    return os.path.join(examples, f"{name}.bpf.c")


def wait_for(condition, what):
    end = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {TIMEOUT_S} s in vain: {what}")
        time.sleep(0.02)


# --- the world ------------------------------------------------------------------------------------------


def ip(*args, check=True):
    return subprocess.run(["ip", *args], check=check, capture_output=True, text=True,
                          timeout=TIMEOUT_S).stdout


def pair(name, one, other):
    """A veth pair that sends nothing on its own."""
    ip("-n", name, "link", "add", one, "type", "veth", "peer", "name", other)
    for device in one, other:
        ip("-n", name, "link", "set", device, "addrgenmode", "none")
        ip("-n", name, "link", "set", device, "up")


@contextlib.contextmanager
def netns():
    """A network namespace with the two ends of a veth pair, a0 and a1."""
    name = f"skep-attach-{os.getpid()}"
    try:
        ip("netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as err:
        raise Skip(f"no network namespace can be made: {err}") from err
    try:
        pair(name, "a0", "a1")
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        ip("netns", "del", name, check=False)


def inside(name, *args):
    return ["nsenter", f"--net=/run/netns/{name}", *args]


@contextlib.contextmanager
def cgroup():
    root = next((r for r in CGROUP_ROOTS if os.path.exists(os.path.join(r, "cgroup.procs")) and
                 os.path.exists(os.path.join(r, "cgroup.controllers"))), None)
    if not root:
        raise Skip("no cgroup v2 file system")
    path = os.path.join(root, f"skep-attach-{os.getpid()}")
    os.mkdir(path)
    try:
        yield path
    finally:
        if os.path.isdir(path):
            os.rmdir(path)


def send(name, count, rate=None):
    """Sends packets on a0, to be seen leaving a0 and coming in at a1: how many were sent."""
    args = [flood, "a0", str(count)] + ([str(rate)] if rate else [])
    done = subprocess.run(inside(name, *args), check=True, capture_output=True, text=True,
                          timeout=120)
    sent, per_second = done.stdout.split()
    return int(sent), float(per_second)


def call_getpgid(times):
    for _ in range(times):
        libc.getpgid(0)


# --- the tool ---------------------------------------------------------------------------------------------


class Tool(Child):
    """skep run --attach while it runs: ready when it says that all is attached."""

    def __init__(self, *args, namespace=None, attached=1, prefix=(), stdout=subprocess.PIPE):
        line = [*prefix, skep, "run", "--attach", *args, "-v"]
        if namespace:
            line = inside(namespace, *line)
        self.said = []
        self.out = ""
        self.process = subprocess.Popen(line, stdout=stdout, stderr=subprocess.PIPE, text=True)
        self.threads = [threading.Thread(target=self.read_notes, daemon=True)]
        if stdout == subprocess.PIPE:
            self.threads.append(threading.Thread(target=self.read_data, daemon=True))
        for thread in self.threads:
            thread.start()
        wait_for(lambda: len(self.attached()) >= attached or self.process.poll() is not None,
                 "attached")
        if len(self.attached()) < attached:
            for thread in self.threads:
                thread.join()
            raise AssertionError(f"not attached: {''.join(self.said)}")

    def read_notes(self):
        for line in self.process.stderr:
            self.said.append(line)

    def read_data(self):
        for line in self.process.stdout:
            self.out += line

    def attached(self):
        return [s for s in self.said if re.match(r"skep run --attach: \w+: (?!what)", s) and
                "bpf_printk" not in s and "cost" not in s]

    def notes(self):
        return "".join(self.said)

    def kill(self, number):
        self.process.send_signal(number)

    def finish(self, code=0, interrupt=True):
        """Ctrl-C, and what it wrote: (stdout, stderr)."""
        if interrupt:
            self.kill(signal.SIGINT)
        got = self.process.wait(timeout=TIMEOUT_S)
        for thread in self.threads:
            thread.join()
        expect(got, code, f"exit code after {self.notes()}")
        return self.out, self.notes()


def variables(out):
    """The global variables of the last line of maps."""
    maps = [json.loads(line)["maps"] for line in out.splitlines() if '"maps"' in line][-1]
    return {k: v for m in maps for k, v in m.get("variables", {}).items()}


def printk_counts(notes):
    found = re.search(r"bpf_printk: (\d+) lines, (\d+) shown, (\d+) dropped", notes)
    if not found:
        raise AssertionError(f"no count of lines in: {notes}")
    return tuple(int(n) for n in found.groups())


def hits(name, cause, *args, namespace=None):
    """How often a program of hooks.bpf.c ran while @cause did what it is called for."""
    with Tool(program("hooks"), name, "-o", "json", *args, namespace=namespace) as tool:
        cause()
        out, notes = tool.finish()
    return variables(out)["hits"], notes


def complains(words, *args, code=2, prefix=(), namespace=None):
    line = [*prefix, skep, "run", "--attach", *args]
    if namespace:
        line = inside(namespace, *line)
    done = subprocess.run(line, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    expect(done.returncode, code, f"exit code of {line}: {done.stderr}")
    expect(done.stdout, "", "standard output")
    for word in [words] if isinstance(words, str) else words:
        expect_in(word, done.stderr)
    return done.stderr


# --- hooks ------------------------------------------------------------------------------------------------


def packets(name):
    return lambda: send(name, 1000, 100000)


@case
def xdp_native_and_generic():
    with netns() as name:
        got, notes = hits("on_xdp", packets(name), "--dev", "a1", namespace=name)
        expect(got, 1000, "native")
        expect_in("XDP, native mode of a1", notes)
        got, notes = hits("on_xdp", packets(name), "--dev", "a1", "--xdp", "generic", namespace=name)
        expect(got, 1000, "generic")
        expect_in("XDP, generic mode of a1", notes)


@case
def xdp_falls_back_to_generic_mode_and_says_so():
    with netns() as name:
        with Tool(program("hooks"), "on_xdp", "--dev", "lo", namespace=name) as tool:
            expect_in("XDP, generic mode of lo", tool.notes())
            tool.finish()
        complains(["native mode", "a driver that has XDP"], program("hooks"), "on_xdp", "--dev", "lo",
                  "--xdp", "native", namespace=name)


@case
def tc_both_ways():
    with netns() as name:
        for program_name, device, options in (
                ("on_tc", "a0", ["--egress"]), ("on_tc", "a1", ["--ingress"]),
                ("on_tcx_egress", "a0", []), ("on_tcx_ingress", "a1", []),
                ("on_tc", "a0", ["--egress", "--tc"]), ("on_tc", "a1", ["--ingress", "--tc"])):
            got, notes = hits(program_name, packets(name), "--dev", device, *options, namespace=name)
            expect(got, 1000, f"{program_name} {device} {options}")
            expect_in("tc filter" if "--tc" in options else "tcx", notes)


@case
def socket_filter():
    with netns() as name:
        got, _ = hits("on_socket", packets(name), "--dev", "a1", namespace=name)
        expect(got, 1000)


@case
def netns_by_option():
    with netns() as name:
        got, _ = hits("on_tc", packets(name), "--dev", "a0", "--egress", "--netns",
                      f"/run/netns/{name}")
        expect(got, 1000)


@case
def namespace_hooks():
    talk = ("import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
            "socket.create_connection(s.getsockname()).close()\n")
    with netns() as name:
        def cause():
            subprocess.run(inside(name, sys.executable, "-c", talk), check=True, timeout=TIMEOUT_S)
        for program_name, options in (("on_lookup", []), ("on_netfilter", ["--ingress"])):
            got, _ = hits(program_name, cause, *options, namespace=name)
            if got < 1:
                raise AssertionError(f"{program_name} did not run")
        with Tool(program("hooks"), "on_flow", namespace=name) as tool:
            tool.finish()


@case
def tracing_hooks():
    own = ["--only_tgid", str(os.getpid())]
    for name, where in (("on_tracepoint", "tracepoint syscalls:sys_enter_getpgid"),
                        ("on_raw_tp", "raw tracepoint sys_enter"), ("on_tp_btf", "tp_btf/sys_enter"),
                        ("on_uprobe", ":getpgid"), ("on_uretprobe", "uretprobe"),
                        ("on_uprobes", "1 place")):
        got, notes = hits(name, lambda: call_getpgid(100), *own)
        expect(got, 100, name)
        expect_in(where, notes)


@case
def another_target_than_the_section_names():
    own = ["--only_tgid", str(os.getpid())]
    for name, at in (("on_tracepoint", "syscalls/sys_exit_getpgid"), ("on_raw_tp", "sys_enter"),
                     ("on_no_tp_btf", "sys_exit"), ("on_no_tracepoint", "syscalls:sys_enter_getpgid")):
        got, notes = hits(name, lambda: call_getpgid(10), "--at", at, *own)
        expect(got >= 10, True, name)
        expect_in(re.split("[/:]", at)[-1], notes)


@case
def uprobe_of_one_process_at_a_place_given():
    _, notes = hits("on_raw_tp", lambda: None, "--pid", str(os.getpid()))
    expect_in("--pid does not concern program 'on_raw_tp'", notes)
    got, _ = hits("on_any_uprobe", lambda: call_getpgid(50), "--at", "libc.so.6:getpgid", "--pid",
                  str(os.getpid()))
    expect(got, 50)


@case
def timer():
    got, notes = hits("on_timer", lambda: time.sleep(1), "--hz", "100")
    if not 20 <= got <= 4000:
        raise AssertionError(f"{got} ticks in a second")
    expect_in("timer, 100 a second", notes)


@case
def kprobe_or_a_reason():
    if os.path.exists("/sys/bus/event_source/devices/kprobe"):
        with Tool(program("hooks"), "on_kprobe") as tool:
            tool.finish()
    else:
        complains("this kernel has no kprobes", program("hooks"), "on_kprobe")


@case
def fentry_or_a_reason():
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "entry.bpf.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write('#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nchar LICENSE[] SEC("license") = "GPL";\n'
                       'SEC("fentry/vfs_read") int on_entry(void *ctx) { return 0; }\n')
        done = subprocess.run([skep, "run", "--attach", source, "-d", "0.1"], capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)
    if done.returncode:
        expect_in("program 'on_entry': run --attach fentry cannot work here", done.stderr)
        expect(len(done.stderr.splitlines()), 1, "lines")


@case
def iterators_print():
    done = subprocess.run([skep, "run", "--attach", program("tasks")], capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=True)
    expect_in(f"task {os.getpid()} of {os.getpid()}\n", done.stdout)
    done = subprocess.run([skep, "run", "--attach", program("tasks"), "--pid", str(os.getpid())],
                          capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    lines = done.stdout.splitlines()
    if not lines or any(f"of {os.getpid()}" not in line for line in lines):
        raise AssertionError(f"lines of one process: {lines}")


BUSY = r"""
import os, socket, sys
with open(os.path.join(sys.argv[1], "cgroup.procs"), "w") as procs:
    procs.write("0")
for family, address in (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"):
    server = socket.socket(family)
    server.bind((address, 0))
    server.listen()
    client = socket.socket(family)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    client.connect(server.getsockname()[:2])
    client.getpeername()
    client.close()
    a, b = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
    a.bind((address, 0))
    b.sendto(b"x", a.getsockname()[:2])
    a.recvfrom(16)
    server.close()
open("/proc/sys/kernel/ostype").read()
open("/dev/null").close()
"""


@case
def every_hook_of_a_cgroup():
    with netns() as name, cgroup() as group:
        with Tool(program("cgroup"), "--cgroup", group, "-o", "json", namespace=name, attached=23) as tool:
            subprocess.run(inside(name, sys.executable, "-c", BUSY, group), check=True,
                           timeout=TIMEOUT_S)
            out, _ = tool.finish()
        counts = variables(out)
        expect(len(counts), 23, "programs")
        never = [hook for hook, n in counts.items() if n == 0]
        expect(never, [], "hooks that never ran")


@case
def unix_sockets_of_a_cgroup():
    talk = ("import os, socket, sys\n"
            "open(os.path.join(sys.argv[1], 'cgroup.procs'), 'w').write('0')\n"
            "s = socket.socket(socket.AF_UNIX)\ns.bind('\\0skep-attach')\ns.listen()\n"
            "c = socket.socket(socket.AF_UNIX)\nc.connect(s.getsockname())\n")
    with cgroup() as group:
        try:
            tool = Tool(program("cgroup_unix"), "--cgroup", group, "-o", "json", attached=2)
        except AssertionError as err:
            if [int(n) for n in os.uname().release.split(".")[:2]] < [6, 7]:
                raise Skip("no hooks of Unix sockets before Linux 6.7") from err
            raise
        with tool:
            subprocess.run([sys.executable, "-c", talk, group], check=True, timeout=TIMEOUT_S)
            out, _ = tool.finish()
        expect([n > 0 for n in variables(out).values()], [True, True], "hooks that ran")


# --- what it shows --------------------------------------------------------------------------------------------


@case
def globals_are_options():
    out = subprocess.run([skep, "run", "--attach", program("hooks"), "--help"], check=True,
                         capture_output=True, text=True, timeout=TIMEOUT_S).stdout
    for line in ("--only_tgid unsigned int", "(default 0)", "only runs for this process", "--syscall_number", "(default 121)",
                 "--quiet _Bool", "(default true)", '(default "hello")', "on_xdp", 'SEC("xdp")'):
        expect_in(line, out)
    with netns() as name:
        with Tool(program("hooks"), "on_tc", "--dev", "a0", "--egress", "--quiet", "false",
                  "--greeting", "good day", "--no-maps", namespace=name) as tool:
            send(name, 3)
            out, notes = tool.finish()
        expect(out, "good day\n" * 3)
        expect(printk_counts(notes), (3, 3, 0))
        complains(["there is no option --greting", "did you mean --greeting?"], program("hooks"),
                  "on_tc", "--greting", "x")
        complains(["only_tgid", "out of range"], program("hooks"), "on_raw_tp", "--only_tgid", "-1")


@case
def records_are_typed():
    with netns() as name:
        rows = {}
        for form in "columns", "json", "csv":
            with Tool(example("iplen"), "--dev", "a0", "--egress", "-o", form, "--no-maps",
                      namespace=name) as tool:
                send(name, 2)
                rows[form], _ = tool.finish()
        expect([json.loads(line)["value"]["ttl"] for line in rows["json"].splitlines()], [1, 2])
        expect(json.loads(rows["json"].splitlines()[0])["map"], "lengths")
        expect(rows["csv"].splitlines()[:2], ["total_length,ttl,ip_protocol,vlan_id,frame_bytes",
                                               "46,1,17,0,60"])
        expect(rows["columns"].split()[:8],
               ["total_length", "ttl", "ip_protocol", "vlan_id", "frame_bytes", "46", "1", "17"])


@case
def maps_are_metrics():
    asks = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"
    udp = 'skep_map_value{map="protocols",key="{ ethertype: 2048, ip_protocol: 17, zero: 0 }",field="%s"}'
    need_http()
    with netns() as name:
        with Tool(example("protocols"), "--dev", "a1", "-o", "prom", "--listen", "127.0.0.1:9437",
                  namespace=name) as tool:
            send(name, 3)
            done = subprocess.run(inside(name, sys.executable, "-c", asks, "http://127.0.0.1:9437/metrics"),
                                  capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
            expect(prometheus_page(done.stdout)[udp % "packets"], 3, "packets while it runs")
            send(name, 2)
            out, _ = tool.finish()
        expect(prometheus_page(out)[udp % "packets"], 5, "packets at the end")
        expect(prometheus_page(out)["skep_records_total"], 0, "records")
        with Tool(example("iplen"), "--dev", "a0", "--egress", "-o", "prom", namespace=name) as tool:
            send(name, 4)
            out, _ = tool.finish()
        expect(prometheus_page(out)["skep_records_total"], 4, "records")
        complains(["--listen '1.2.3.4:nothing'", "ADDRESS:PORT"], example("iplen"), "--dev", "a0", "--egress",
                  "--listen", "1.2.3.4:nothing", namespace=name)


@case
def lines_as_csv():
    own = ["--only_tgid", str(os.getpid()), "-o", "csv"]
    with netns() as name:
        with Tool(example("ttl"), "--dev", "a0", "--egress", "-o", "csv", namespace=name) as tool:
            send(name, 2)
            out, notes = tool.finish()
    lines = out.splitlines()
    expect(lines[0], "ts,cpu,printk")
    expect([line.split(",")[2] for line in lines[1:]], ["length 46 ttl 1", "length 47 ttl 2"])
    expect(printk_counts(notes), (2, 2, 0))
    with Tool(program("formats"), *own) as tool:
        call_getpgid(1)
        out, notes = tool.finish()
    expect(out.splitlines()[0], "text")
    expect(printk_counts(notes), (18, 0, 0))
    expect_in("18 lines are not shown: -o csv has the records only", notes)


@case
def maps_are_shown_live():
    with netns() as name:
        with Tool(program("hooks"), "on_tc", "--dev", "a0", "--egress", "-o", "json", "-i", "0.2",
                  namespace=name) as tool:
            send(name, 10)
            wait_for(lambda: '"hits": 10' in tool.out, "the maps of an interval")
            tool.finish()


@case
def all_lines_at_500_kpps_or_the_exact_loss():
    with netns() as name, tempfile.TemporaryFile("w+") as out:
        with Tool(example("ttl"), "--dev", "a0", "--egress", namespace=name, stdout=out) as tool:
            sent, rate = send(name, 1000000, 500000)
            _, notes = tool.finish()
        lines, shown, dropped = printk_counts(notes)
        expect(shown + dropped, sent, "shown + dropped")
        expect(lines, sent)
        out.seek(0)
        n = 0
        for n, line in enumerate(out, 1):
            if not dropped:
                expect(line, f"length {46 + (n - 1) % 16} ttl {1 + (n - 1) % 255}\n", f"line {n}")
        expect(n, shown, "lines")
        print(f"{sent} packets at {rate / 1000:.0f} kpps: {shown} shown, {dropped} dropped")


@case
def a_small_ring_drops_and_counts():
    with netns() as name:
        with Tool(example("ttl"), "--dev", "a0", "--egress", "--ring", "4096", namespace=name) as tool:
            tool.kill(signal.SIGSTOP)
            sent, _ = send(name, 20000)
            tool.kill(signal.SIGCONT)
            out, notes = tool.finish()
        lines, shown, dropped = printk_counts(notes)
        expect(shown + dropped, sent, "shown + dropped")
        expect(len(out.splitlines()), shown)
        expect(lines, sent)
        if dropped < 19000:
            raise AssertionError(f"only {dropped} dropped by 4096 bytes")
        expect_in("--ring makes it larger", notes)


@case
def a_stopped_reader_loses_nothing_uncounted():
    with netns() as name:
        with Tool(example("ttl"), "--dev", "a0", "--egress", "--ring", "65536", namespace=name) as tool:
            first, _ = send(name, 100)
            tool.kill(signal.SIGSTOP)
            then, _ = send(name, 5000)
            tool.kill(signal.SIGCONT)
            last, _ = send(name, 100)
            out, notes = tool.finish()
        _, shown, dropped = printk_counts(notes)
        expect(shown + dropped, first + then + last, "shown + dropped")
        expect(len(out.splitlines()), shown)


@case
def the_trace_pipe_when_asked_for():
    try:
        with netns() as name:
            with Tool(example("ttl"), "--dev", "a0", "--egress", "--trace-pipe", namespace=name) as tool:
                send(name, 3)
                # Other readers of the machine's one pipe may take lines away.
                time.sleep(0.3)
                _, notes = tool.finish()
            expect_in("as far as the trace pipe says", notes)
    except AssertionError as err:
        if "tracefs" in str(err):
            raise Skip("tracefs cannot be read") from err
        raise


@case
def lines_read_as_the_kernel_formats_them():
    with Tool(program("formats"), "--only_tgid", str(os.getpid()), "-o", "json", "--no-maps") as tool:
        call_getpgid(1)
        out, notes = tool.finish()
    rows = [json.loads(line) for line in out.splitlines()]
    printed = [row["printk"] for row in rows if "printk" in row]
    formatted = [row["value"]["text"] for row in rows if "value" in row]
    expect(printed, formatted, "lines")
    expect(printk_counts(notes), (18, 18, 0))


@case
def records_of_perf_buffers_are_typed():
    with Tool(program("said"), "by_perf_buffer", "--only_tgid", str(os.getpid()), "-o", "json",
              "--no-maps") as tool:
        call_getpgid(5)
        out, _ = tool.finish()
    expect([json.loads(line) for line in out.splitlines()],
           [{"map": "events", "value": {"number": 7, "minus": -7, "word": "seven"}}] * 5)
    with Tool(program("said"), "by_perf_buffer", "--only_tgid", str(os.getpid()), "-o", "csv") as tool:
        call_getpgid(1)
        out, _ = tool.finish()
    expect(out.splitlines(), ["number,minus,word", "7,-7,seven"])


SIXTY = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 60); __type(key, __u32); __type(value, __u32); }
	sixty SEC(".maps");
SEC("raw_tp/sys_enter") int fill(void *ctx)
{
	for (__u32 i = 0; i < 60; i++) {
		__u32 key = i, value = 1000 + i;

		bpf_map_update_elem(&sixty, &key, &value, BPF_ANY);
	}
	return 0;
}
"""


@case
def maps_are_shown_to_the_row_asked_for():
    def rows_of(*args):
        with Tool(source, *args) as tool:
            call_getpgid(1)
            out, _ = tool.finish()
        return len(re.findall(r"^ *\d+ +10\d\d$", out, re.M)), re.findall("and (\\d+) more", out)

    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "sixty.bpf.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write(SIXTY)
        expect(rows_of(), (40, ["20"]), "rows when nothing is asked for")
        expect(rows_of("--rows", "7"), (7, ["53"]), "rows of 7")
        expect(rows_of("--rows", "0"), (60, []), "rows of all")


@case
def usdt_probes():
    ticks = os.path.join(programs, "ticks")
    with subprocess.Popen([ticks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as target:
        with Tool(program("said"), "on_usdt", "--at", f"{ticks}:skep:tick", "--pid", str(target.pid),
                  "--no-maps") as tool:
            for _ in range(3):
                target.stdin.write("\n")
                target.stdin.flush()
                target.stdout.readline()
            out, _ = tool.finish()
        target.stdin.close()
    expect(out, "tick 1\ntick 2\ntick 3\n")


@case
def programs_of_socket_maps():
    with Tool(program("said"), "on_message", "--map", "sockets") as tool:
        expect_in("sk_msg on map sockets", tool.notes())
        tool.finish()
    complains("name it with --map", program("said"), "on_message")
    complains("no map of this name", program("said"), "on_message", "--map", "socks")


@case
def what_cannot_go_through_the_ring_is_said():
    with Tool(program("said"), "of_any_size", "--only_tgid", str(os.getpid())) as tool:
        call_getpgid(1)
        _, notes = tool.finish()
    expect_in("bpf_printk goes through the kernel's trace pipe", notes)


@case
def a_rejected_program_is_explained():
    said = complains(["the verifier rejects program 'careless'", "invalid mem access"], program("said"),
                     "careless", code=1)
    expect_in("return *(int *)ctx[0]", said)


@case
def a_damaged_object_is_refused():
    with tempfile.TemporaryDirectory() as folder, open(program("hooks"), "rb") as source:
        data = source.read()
        path = os.path.join(folder, "damaged.bpf.o")
        for part, words in ((0, "is empty"), (40, "cut off"), (len(data) // 2, "cut off")):
            with open(path, "wb") as file:
                file.write(data[:part])
            complains(words, path)


# --- faults ------------------------------------------------------------------------------------------------------


@case
def the_interface_vanishes():
    with netns() as name:
        for options in [], ["--tc"]:
            pair(name, "b0", "b1")
            with Tool(program("hooks"), "on_tc", "--dev", "b0", "--egress", *options,
                      namespace=name) as tool:
                ip("-n", name, "link", "del", "b0")
                _, notes = tool.finish(code=1, interrupt=False)
            expect_in("has vanished", notes)


@case
def the_process_of_a_probe_ends():
    with subprocess.Popen(["sleep", "60"]) as target:
        with Tool(program("hooks"), "on_any_uprobe", "--at", "libc.so.6:getpgid", "--pid",
                  str(target.pid)) as tool:
            target.kill()
            target.wait()
            _, notes = tool.finish(interrupt=False)
        expect_in(f"process {target.pid} has ended", notes)


@case
def the_cgroup_is_deleted():
    with cgroup() as group:
        with Tool(program("cgroup"), "sock_create", "--cgroup", group) as tool:
            os.rmdir(group)
            _, notes = tool.finish(code=1, interrupt=False)
        expect_in("has vanished", notes)


def links_of(process):
    """Ids of the BPF links a process holds."""
    found = set()
    folder = f"/proc/{process.pid}/fdinfo"
    for name in os.listdir(folder):
        with contextlib.suppress(OSError), open(os.path.join(folder, name), encoding="ascii") as file:
            found |= {int(i) for i in re.findall(r"^link_id:\s*(\d+)", file.read(), re.M)}
    return found


def links():
    done = subprocess.run(["bpftool", "-j", "link", "show"], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S)
    if done.returncode:
        raise Skip(f"bpftool cannot list links: {done.stderr.strip()}")
    return {link["id"] for link in json.loads(done.stdout)}


@case
def nothing_stays_after_kill_9():
    with netns() as name, cgroup() as group:
        for args in (["on_tc", "--dev", "a0", "--egress"], ["on_xdp", "--dev", "a1"], ["on_raw_tp"],
                     ["on_uprobes"], ["on_tp_btf"]):
            with Tool(program("hooks"), *args, namespace=name) as tool:
                held = links_of(tool.process)
                expect(held <= links() and len(held) == 1, True, f"{args} attached by a link")
                tool.kill(signal.SIGKILL)
                tool.process.wait()
            wait_for(lambda ids=held: not ids & links(), f"{args} detached")
        with Tool(program("cgroup"), "--cgroup", group, attached=23) as tool:
            tool.kill(signal.SIGKILL)
            tool.process.wait()
        wait_for(lambda: cgroup_is_bare(group), "the cgroup has no programs")


def cgroup_is_bare(group):
    done = subprocess.run(["bpftool", "-j", "cgroup", "show", group], capture_output=True, text=True,
                          check=False, timeout=TIMEOUT_S)
    return done.stdout.strip() in ("", "[]")


def tc(name, *args):
    return subprocess.run(["tc", "-n", name, *args], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S).stdout


@case
def the_watcher_removes_a_tc_filter_after_kill_9():
    with netns() as name:
        with Tool(program("hooks"), "on_tc", "--dev", "a0", "--egress", "--tc", namespace=name) as tool:
            expect_in("skep", tc(name, "filter", "show", "dev", "a0", "egress"))
            expect_in("clsact", tc(name, "qdisc", "show", "dev", "a0"))
            tool.kill(signal.SIGKILL)
            tool.process.wait()
            wait_for(lambda: "clsact" not in tc(name, "qdisc", "show", "dev", "a0"), "qdisc removed")


@case
def a_tc_filter_of_another_is_left_alone():
    with netns() as name:
        with Tool(program("hooks"), "on_tc", "--dev", "a0", "--egress", "--tc", namespace=name) as first:
            with Tool(program("hooks"), "on_tc", "--dev", "a0", "--egress", "--tc", "-o", "json",
                      namespace=name) as second:
                first.kill(signal.SIGKILL)
                first.process.wait()
                wait_for(lambda: tc(name, "filter", "show", "dev", "a0", "egress").count("direct-action")
                         == 1, "the first one's filter removed")
                send(name, 100)
                out, _ = second.finish()
            expect(variables(out)["hits"] >= 100, True, "the second one counts on")
        # The qdisc was made by the first, which found it in use when it left.
        expect(tc(name, "filter", "show", "dev", "a0", "egress"), "")


@case
def two_instances_at_once():
    with netns() as name:
        with Tool(example("ttl"), "--dev", "a0", "--egress", namespace=name) as one, \
                Tool(example("ttl"), "--dev", "a0", "--egress", namespace=name) as two:
            send(name, 500)
            for tool in one, two:
                out, notes = tool.finish()
                expect(printk_counts(notes), (500, 500, 0))
                expect(len(out.splitlines()), 500)
        with Tool(program("hooks"), "on_xdp", "--dev", "a1", namespace=name) as one:
            complains("another program is attached there", program("hooks"), "on_xdp", "--dev", "a1",
                      namespace=name)
            one.finish()


@case
def no_privilege():
    if os.geteuid() != 0:
        raise Skip("not run as root, so not able to become another user")
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    try:
        subprocess.run([*prefix, skep, "--version"], check=True, capture_output=True, timeout=TIMEOUT_S)
    except (OSError, subprocess.CalledProcessError) as err:
        raise Skip(f"another user cannot run the tool: {err}") from err
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        copy = os.path.join(folder, "hooks.bpf.o")
        with open(program("hooks"), "rb") as source, open(copy, "wb") as target:
            target.write(source.read())
        os.chmod(copy, 0o644)
        complains("CAP_BPF", copy, "on_raw_tp", prefix=prefix)


@case
def missing_targets():
    hooks = program("hooks")
    with netns() as name:
        complains(["no such device", "did you mean a"], hooks, "on_tc", "--dev", "ax", "--egress",
                  namespace=name)
        complains("--ingress or --egress", hooks, "on_tc", "--dev", "a0", namespace=name)
    complains("name it with --dev", hooks, "on_xdp")
    complains("did you mean sched:sched_switch?", hooks, "on_no_tracepoint")
    complains("did you mean sys_enter?", hooks, "on_no_raw_tp")
    complains("did you mean malloc?", hooks, "on_no_function")
    complains(["no sys_entre", "did you mean sys_enter?"], hooks, "on_no_tp_btf")
    complains("did you mean sys_exit?", hooks, "on_tp_btf", "--at", "sys_exti")
    complains("there is no such process", hooks, "on_uprobe", "--pid", "4194304")
    complains("No such file", hooks, "on_any_uprobe", "--at", "/nowhere/at/all:main")
    complains("give --at", hooks, "on_any_uprobe")
    complains("no program 'on_nothing'", hooks, "on_nothing")
    complains("name its folder with --cgroup", program("cgroup"))
    complains("it is no folder of cgroup v2", program("cgroup"), "--cgroup", "/tmp")
    complains("No such file", program("cgroup"), "--cgroup", "/nowhere")
    complains("which program?")


def main():
    global skep, flood, programs, examples
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CASES))
        return 0
    skep, flood, programs, examples, name = sys.argv[1:]
    if os.geteuid() != 0:
        print("SKIP: not run as root")
        return 77
    try:
        CASES[name]()
    except Skip as why:
        print(f"SKIP: {why}")
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
