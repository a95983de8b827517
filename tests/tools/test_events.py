#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_events.py SKEP SPAWN OPENS CASE: skep trace exec, open and tcp on workloads that are known exactly.

Goal: every event is a row or is counted as lost, whatever happens to reader, process or cgroup; what a
row says is true. Method: workloads in a cgroup or network namespace of their own.
"""

import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tool_test import (  # noqa: E402
    NOBODY, Cgroup, Child, Tool, case, check, equal, main, need, need_program, need_tracing, own_programs, still_loaded,
    prometheus_page, rows_of, run)

skep = spawn = opens = ""


def setup(skep_path, spawn_path, opens_path):
    global skep, spawn, opens
    skep, spawn, opens = skep_path, os.path.abspath(spawn_path), os.path.abspath(opens_path)
    need_tracing()


def inside(cgroup, *args, **kw):
    """Runs a command in the cgroup: (standard output, pid)."""
    done = subprocess.Popen(["sh", "-c", 'echo $$ > "$0"/cgroup.procs; exec "$@"', cgroup.path, *args],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
    out, _ = done.communicate(timeout=60)
    return out.decode(), done.pid


def accounted(err):
    """(occurred, shown, dropped) from what the tool says with -v or when it lost something."""
    match = re.search(r"(\d+) events: (\d+) shown, (\d+) dropped", err)
    check(match, f"no account of events: {err!r}")
    return tuple(int(n) for n in match.groups())


# --- exec ---------------------------------------------------------------------------------------


@case
def exec_shows_arguments_and_exit_codes():
    script = "/bin/true 'a b' '' c\\\"d; /bin/false; sh -c 'kill -9 $$'; exit 7"
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "-o", "json", "-v", "--cgroup", cgroup.below) as tool:
            _, pid = inside(cgroup, "bash", "-c", script, "name")
            out, err = tool.stop()
    rows = rows_of(out)
    started = [row["args"] for row in rows if row["event"] == "exec"]
    equal(started, [f'bash -c "{script}" name'.replace('c\\"d', 'c\\\\\\"d'), '/bin/true "a b" "" "c\\"d"',
                    "/bin/false", 'sh -c "kill -9 $$"'], "programs")
    ended = [(row["comm"], row.get("ret"), row.get("signal")) for row in rows if row["event"] == "exit"]
    equal(ended, [("true", 0, None), ("false", 1, None), ("sh", None, 9), ("bash", 7, None)], "ends")
    own = [row for row in rows if row["pid"] == pid]
    equal([row["ppid"] for row in own], [os.getpid()] * 2, "parents")
    check(all(row["cgroup"] == cgroup.below and row["uid"] == os.getuid() for row in rows), rows)
    check(own[-1]["age_ns"] > sum(row["age_ns"] for row in rows if row["event"] == "exit" and row not in own), rows)
    equal(accounted(err), (len(rows), len(rows), 0), "account")


@case
def exec_shows_failures_when_asked():
    code = "import os\nfor p in ('/no/such', '/etc/passwd', '/'):\n try: os.execv(p, ['x'])\n except OSError: pass"
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "-x", "-o", "json", "--cgroup", cgroup.below) as tool:
            inside(cgroup, sys.executable, "-c", code)
            rows = rows_of(tool.stop()[0])
    failed = [(row["args"], row["ret"]) for row in rows if row["event"] == "fail"]
    equal(failed, [("/no/such", -errno.ENOENT), ("/etc/passwd", -errno.EACCES), ("/", -errno.EACCES)], "failures")


@case
def exec_cuts_long_arguments_and_says_so():
    long = "x" * 6000
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "--no-exits", "-o", "json", "--cgroup", cgroup.below) as tool:
            inside(cgroup, "/bin/true", long)
            rows = rows_of(tool.stop()[0])
    row = rows[-1]
    equal(row["args_left_bytes"], len("/bin/true") + 1 + 6000 + 1 - 4096, "bytes cut")
    equal(row["args"], "/bin/true " + "x" * (4096 - len("/bin/true") - 1), "arguments")


@case
def exec_ten_thousand_processes_are_shown_or_counted():
    n = 10000
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "-o", "json", "-v", "--cgroup", cgroup.below,
                  stdout=open("/dev/null", "w", encoding="utf-8")) as tool:
            said, _ = inside(cgroup, spawn, str(n))
            _, err = tool.stop()
    occurred, shown, dropped = accounted(err)
    # Each starts and ends; so does spawn itself.
    equal(occurred, 2 * n + 2, f"events ({said.strip()})")
    equal(shown + dropped, occurred, "shown + dropped")
    print(said.strip() + f", {dropped} dropped")


@case
def exec_processes_by_the_ten_thousand_a_second():
    """Lives of some 30 us, as fast as this machine makes them: none is missed by the count."""
    n = 50000
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "-o", "json", "-v", "--cgroup", cgroup.below,
                  stdout=open("/dev/null", "w", encoding="utf-8")) as tool:
            said, _ = inside(cgroup, spawn, str(n), "none")
            _, err = tool.stop()
    occurred, shown, dropped = accounted(err)
    equal(occurred, n + 2, f"events ({said.strip()})")
    equal(shown + dropped, occurred, "shown + dropped")
    print(said.strip() + f", {dropped} dropped")


@case
def exec_full_ring_loses_and_counts():
    n = 2000
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "-o", "json", "--ring", "4", "--cgroup", cgroup.below) as tool:
            tool.process.send_signal(signal.SIGSTOP)
            inside(cgroup, spawn, str(n))
            tool.process.send_signal(signal.SIGCONT)
            out, err = tool.stop()
    occurred, shown, dropped = accounted(err)
    equal(occurred, 2 * n + 2, "events")
    equal(shown + dropped, occurred, "shown + dropped")
    equal(len(rows_of(out)), shown, "rows")
    check(0 < shown < 100 and dropped > 0, f"{shown} shown")


@case
def exec_reader_that_does_not_read_loses_and_counts():
    """The pipe of its output is full: the tool waits in write."""
    n = 3000
    with Cgroup("exec") as cgroup:
        reader, writer = os.pipe()
        with Tool(skep, "trace", "exec", "-o", "json", "--ring", "16", "--cgroup", cgroup.below,
                  stdout=writer) as tool:
            os.close(writer)
            inside(cgroup, spawn, str(n))
            tool.process.send_signal(signal.SIGINT)
            with open(reader, encoding="utf-8") as file:
                rows = rows_of(file.read())
            _, err = tool.finish()
    occurred, shown, dropped = accounted(err)
    equal(occurred, 2 * n + 2, "events")
    equal(shown + dropped, occurred, "shown + dropped")
    equal(len(rows), shown, "rows")
    check(dropped > 0, "nothing was lost, so nothing was tested")


@case
def exec_names_containers_that_are_gone():
    ids = [f"{i:04x}{os.getpid():060x}" for i in range(30)]
    with Cgroup("pods") as parent:
        with Tool(skep, "trace", "exec", "-o", "json", "--no-exits", "--cgroup", parent.below) as tool:
            tool.process.send_signal(signal.SIGSTOP)
            for name in ids:
                cgroup = Cgroup("pods", f"docker-{name}.scope")
                os.mkdir(cgroup.path)
                inside(cgroup, "/bin/true")
                cgroup.remove()
            tool.process.send_signal(signal.SIGCONT)
            rows = rows_of(tool.stop()[0])
    equal([row.get("container") for row in rows], [name[:12] for name in ids], "containers")


@case
def exec_ends_after_the_rows_asked_for():
    with Cgroup("exec") as cgroup:
        with Tool(skep, "trace", "exec", "-n", "3", "-o", "csv", "--cgroup", cgroup.below) as tool:
            inside(cgroup, spawn, "20")
            out, _ = tool.finish()
    equal(len(out.splitlines()), 4, "lines")


# --- open ---------------------------------------------------------------------------------------

OPENS = """
import os
for i in range(%d): os.close(os.open("/dev/null", os.O_RDONLY))
for i in range(%d):
    try: os.open("/no/such/" + str(i), os.O_WRONLY)
    except OSError: pass
"""


@case
def open_shows_every_open():
    with Cgroup("open") as cgroup:
        with Tool(skep, "trace", "open", "-o", "json", "-v", "--cgroup", cgroup.below) as tool:
            inside(cgroup, sys.executable, "-S", "-c", OPENS % (500, 300))
            out, err = tool.stop()
    rows = rows_of(out)
    null = [row for row in rows if row["path"] == "/dev/null"]
    equal(len(null), 500, "opens of /dev/null")
    check(all(row["fd"] >= 0 and row["err"] == 0 for row in null), null[:3])
    failed = [row["path"] for row in rows if row["path"].startswith("/no/such/")]
    equal(failed, [f"/no/such/{i}" for i in range(300)], "failed opens")
    wrong = [row for row in rows if row["path"].startswith("/no/such/") and
             (row["fd"], row["err"], int(row["flags"], 8) & 3) != (-1, errno.ENOENT, os.O_WRONLY)]
    equal(wrong, [], "fd, err and flags of failed opens")
    equal(accounted(err), (len(rows), len(rows), 0), "account")


@case
def open_shows_failures_alone():
    with Cgroup("open") as cgroup:
        with Tool(skep, "trace", "open", "-x", "-o", "json", "--cgroup", cgroup.below) as tool:
            inside(cgroup, sys.executable, "-S", "-c", OPENS % (50, 30))
            rows = rows_of(tool.stop()[0])
    check(all(row["err"] for row in rows), "only failures are shown")
    equal(sum(row["path"].startswith("/no/such/") for row in rows), 30, "failed opens")


@case
def open_agrees_with_strace():
    strace = need_program("strace")
    with Cgroup("open") as cgroup:
        with Tool(skep, "trace", "open", "-o", "json", "-c", "cat", "--cgroup", cgroup.below) as tool:
            done = subprocess.Popen(["sh", "-c", 'echo $$ > "$0"/cgroup.procs; exec "$@"', cgroup.path, strace,
                                     "-o", "/dev/stdout", "-e", "trace=open,openat,openat2,creat", "cat",
                                     "/no/such", "/dev/null"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            theirs = done.communicate()[0].decode()
            rows = rows_of(tool.stop()[0])
    pattern = re.compile(r'^open\w*\((?:AT_FDCWD, )?"([^"]*)".* = (-?\d+)', re.M)
    equal([(row["path"], str(row["fd"])) for row in rows], pattern.findall(theirs), "opens: ours against strace's")


@case
def open_shows_32_bit_calls_and_counts_those_of_io_uring():
    with Cgroup("open") as cgroup:
        with Tool(skep, "trace", "open", "--compat", "-x", "-o", "json", "--cgroup", cgroup.below) as tool:
            done = subprocess.run(["sh", "-c", 'echo $$ > "$0"/cgroup.procs; exec "$@"', cgroup.path, opens, "7"],
                                  check=False, timeout=60)
            out, err = tool.stop()
    need(done.returncode not in (77, -signal.SIGSEGV), "this kernel has no 32-bit calls")
    flags = [int(row["flags"], 8) for row in rows_of(out) if row["path"] == "/no/such/32"]
    creat = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    equal(flags, [os.O_WRONLY, creat, os.O_RDONLY, os.O_RDWR | os.O_CLOEXEC] * 7, "flags of 32-bit opens")
    need(done.returncode != 78, "this kernel has no io_uring")
    equal(done.returncode, 0, "the workload's exit code")
    check("7 more were opened through io_uring" in err, err)
    check("/no/such/uring" not in out, out)


@case
def open_full_ring_loses_and_counts():
    with Cgroup("open") as cgroup:
        with Tool(skep, "trace", "open", "-o", "json", "--ring", "4", "--cgroup", cgroup.below) as tool:
            tool.process.send_signal(signal.SIGSTOP)
            inside(cgroup, sys.executable, "-S", "-c", OPENS % (3000, 0))
            tool.process.send_signal(signal.SIGCONT)
            out, err = tool.stop()
    occurred, shown, dropped = accounted(err)
    equal(shown + dropped, occurred, "shown + dropped")
    equal(len(rows_of(out)), shown, "rows")
    check(occurred >= 3000 and dropped > 2800, (occurred, shown, dropped))


@case
def open_ends_amid_calls_and_adds_up():
    """It ends at some moment of a busy program, its programs still attached: all that was counted is shown."""
    code = f"import os\nwhile True: os.close(os.open({sys.executable!r}, os.O_RDONLY))"
    with tempfile.TemporaryFile("w+") as rows, subprocess.Popen([sys.executable, "-S", "-c", code]) as busy:
        try:
            with Tool(skep, "trace", "open", "-o", "json", "-v", "-p", busy.pid, stdout=rows) as tool:
                while not os.fstat(rows.fileno()).st_size:
                    time.sleep(0.01)
                own = own_programs(tool.process.pid)
                _, err = tool.stop()
        finally:
            busy.kill()
        rows.seek(0)
        n_rows = len(rows.readlines())
    occurred, shown, dropped = accounted(err)
    equal(shown + dropped, occurred, "shown + dropped")
    equal(n_rows, shown, "rows")
    equal(still_loaded(own), set(), "programs left")


@case
def open_keeps_terminals_safe():
    """A name is other people's text: no control character of it reaches the terminal."""
    code = 'import os\ntry: os.open("/no/such/\\x1b[31mred\\n", os.O_RDONLY)\nexcept OSError: pass'
    with Cgroup("open") as cgroup:
        with Tool(skep, "trace", "open", "-x", "--cgroup", cgroup.below) as tool:
            inside(cgroup, sys.executable, "-S", "-c", code)
            out, _ = tool.stop()
    check("\\x1b[31mred\\x0a" in out and "\x1b" not in out, out)


# --- tcp ----------------------------------------------------------------------------------------

TCP = """
import socket, sys
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    listener = socket.socket(family)
    listener.bind((address, 7000))
    listener.listen()
    client = socket.create_connection((address, 7000))
    server, _ = listener.accept()
    print(client.getsockname()[1], flush=True)
    client.sendall(b"x" * 123456)
    got = 0
    while got < 123456:
        got += len(server.recv(65536))
    server.sendall(b"y" * 789)
    got = 0
    while got < 789:
        got += len(client.recv(65536))
    client.close()
    server.recv(1)
    server.close()
    listener.close()
    try:
        socket.create_connection((address, 7001))
    except OSError:
        pass
sys.stdin.readline()
"""


class Netns(Child):
    """A workload in a network namespace of its own, which waits for a line before it begins."""

    def __init__(self, code):
        unshare, ip = need_program("unshare"), need_program("ip")
        script = f'{ip} link set lo up || exit 9; echo ready; read line; exec "$0" -c "$1"'
        self.process = subprocess.Popen([unshare, "-n", "sh", "-c", script, sys.executable, code],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        need(self.process.stdout.readline() == b"ready\n", "no network namespace can be made here")
        self.pid = self.process.pid

    def go(self, lines):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return [self.process.stdout.readline().decode().strip() for _ in range(lines)]

    def end(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        self.process.wait(timeout=60)


def tcp_rows(*more):
    with Netns(TCP) as work:
        with Tool(skep, "trace", "tcp", "-o", "json", "--netns", work.pid, *more) as tool:
            ports = [int(port) for port in work.go(2)]
            work.end()
            out, err = tool.stop()
        return rows_of(out), ports, work.pid, err


@case
def tcp_counts_every_byte_of_both_sides():
    rows, ports, pid, _ = tcp_rows()
    closed = [row for row in rows if row["event"] == "close"]
    seen = {(row["laddr"], row["lport"], row["rport"]): (row["sent_bytes"], row["received_bytes"], row["direction"])
            for row in closed}
    wanted = {}
    for address, port in zip(("127.0.0.1", "::1"), ports):
        wanted[address, port, 7000] = (123456, 789, "out")
        wanted[address, 7000, port] = (789, 123456, "in")
    equal(seen, wanted, "connections")
    for row in closed:
        equal((row["pid"], row["comm"]), (pid, os.path.basename(sys.executable)[:15]), "owner")
        check(0 < row["duration_ns"] < 60e9 and 0 < row["rtt_ns"] < 1e9, row)


@case
def tcp_shows_failures():
    rows, _, pid, _ = tcp_rows()
    failed = [(row["raddr"], row["rport"], row["pid"]) for row in rows if row["event"] == "fail"]
    equal(failed, [("127.0.0.1", 7001, pid), ("::1", 7001, pid)], "failures")


@case
def tcp_shows_beginnings_when_asked():
    rows, ports, pid, err = tcp_rows("-a", "-v")
    begun = [(row["event"], row["lport"], row["rport"], row["pid"]) for row in rows
             if row["event"] in ("connect", "accept")]
    equal(sorted(begun), sorted([("connect", ports[0], 7000, pid), ("accept", 7000, ports[0], pid),
                                 ("connect", ports[1], 7000, pid), ("accept", 7000, ports[1], pid)]), "beginnings")
    equal(accounted(err), (len(rows), len(rows), 0), "account")
    equal(len(rows), 10, "rows")


LISTEN_FIRST = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 7000))
print("listens", flush=True)
sys.stdin.readline()
client = socket.create_connection(("127.0.0.1", 7000))
server, _ = listener.accept()
client.sendall(b"1234")
server.recv(4)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
client.close()
print("reset", flush=True)
sys.stdin.readline()
"""


@case
def tcp_knows_who_listened_before():
    """Both ends of a connection that is reset: its server never closes it in its own name."""
    with Netns(LISTEN_FIRST) as work:
        equal(work.go(1), ["listens"], "what the workload says")
        with Tool(skep, "trace", "tcp", "-a", "-o", "json", "-p", work.pid) as tool:
            equal(work.go(1), ["reset"], "what the workload says")
            work.end()
            rows = rows_of(tool.stop()[0])
    equal(sorted((row["event"], row["direction"], row["pid"]) for row in rows),
          [("accept", "in", work.pid), ("close", "in", work.pid), ("close", "out", work.pid),
           ("connect", "out", work.pid)], "rows")
    check(all(row["comm"].startswith("python3") for row in rows), rows)


@case
def tcp_metrics_add_up():
    with Netns(TCP) as work:
        with Tool(skep, "trace", "tcp", "-o", "prom", "--netns", work.pid) as tool:
            work.go(2)
            work.end()
            values = prometheus_page(tool.stop()[0])
    equal(values["skep_events_total"], 6, "events")
    equal(values["skep_events_dropped_total"], 0, "dropped")
    sent = sum(value for name, value in values.items() if name.startswith("skep_tcp_sent_bytes_total"))
    equal(sent, 2 * (123456 + 789), "bytes")


# --- all ----------------------------------------------------------------------------------------


@case
def killed_tools_leave_nothing():
    for what in ("exec", "open", "tcp"):
        # Its own process alone: of a busy machine nobody would read what it writes.
        with Tool(skep, "trace", what, "-C", "-p", os.getpid()) as tool:
            own = own_programs(tool.process.pid)
            check(own, f"{what}: its programs are loaded")
            tool.process.kill()
            tool.process.wait()
        equal(still_loaded(own), set(), f"{what}: programs left")


@case
def without_privilege_they_say_which():
    setpriv = need_program("setpriv")
    prefix = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    readable = subprocess.run([*prefix, skep, "--version"], capture_output=True, check=False)
    need(readable.returncode == 0, "another user may not run this build of skep")
    for what in ("exec", "open", "tcp"):
        _, err = run(*prefix, skep, "trace", what, "-d", "1", code=2)
        check("CAP_BPF" in err and len(err.splitlines()) == 1, err)


@case
def two_at_once_show_the_same():
    with Cgroup("two") as cgroup:
        args = (skep, "trace", "exec", "-o", "json", "--cgroup", cgroup.below)
        with Tool(*args) as one, Tool(*args) as two:
            inside(cgroup, spawn, "200")
            first, second = (rows_of(tool.stop()[0]) for tool in (one, two))
    name = [[(row["pid"], row["event"]) for row in rows] for rows in (first, second)]
    equal(len(first), 402, "rows")
    equal(name[0], name[1], "rows of both")


if __name__ == "__main__":
    sys.exit(main(setup))
