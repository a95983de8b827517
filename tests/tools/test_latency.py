#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_latency.py SKEP CASE: skep trace flows, runq and disk on workloads that are known exactly."""

import ctypes
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tool_test import (  # noqa: E402
    NOBODY, Cgroup, Tool, case, check, equal, main, need, need_http, need_program, need_tracing,
    own_programs, prometheus_page, rows_of, run, still_loaded)

skep = ""
MESSAGES = 500
BYTES = 100


def setup(skep_path):
    global skep
    skep = skep_path
    need_tracing()


def exchange(family, kind, address):
    """MESSAGES there and back by this process, one at a time: the two local ports."""
    server, client = socket.socket(family, kind), socket.socket(family, kind)
    server.bind((address, 0))
    if kind == socket.SOCK_STREAM:
        server.listen()
        client.connect(server.getsockname())
        peer, _ = server.accept()
    else:
        client.bind((address, 0))
        server.connect(client.getsockname())
        client.connect(server.getsockname())
        peer = server
    ports = client.getsockname()[1], peer.getsockname()[1]
    for _ in range(MESSAGES):
        client.send(b"x" * BYTES)
        peer.recv(BYTES, socket.MSG_PEEK)
        peer.recv(BYTES)
        peer.send(b"y")
        client.recv(BYTES)
    for s in {server, client, peer}:
        s.close()
    return ports


def check_flow(rows, local, remote, sent, received):
    found = [r for r in rows if r["lport"] == local and r.get("rport") == remote and r["pid"] == os.getpid()]
    equal(len(found), 1, f"rows of {local}-{remote}")
    row = found[0]
    equal((row["sent_bytes"], row["received_bytes"], row["sends"], row["receives"]), (sent, received, MESSAGES, MESSAGES),
          f"flow {local}-{remote}")


def flows_of(family, kind, address, protocol):
    with Tool(skep, "trace", "flows", "-o", "json", "-p", os.getpid()) as tool:
        client, server = exchange(family, kind, address)
        out, _ = tool.stop()
    rows = rows_of(out)
    check_flow(rows, client, server, MESSAGES * BYTES, MESSAGES)
    check_flow(rows, server, client, MESSAGES, MESSAGES * BYTES)
    equal({r["protocol"] for r in rows}, {protocol}, "protocols")
    equal({r["laddr"] for r in rows}, {address}, "addresses")
    return rows


@case
def flows_tcp():
    flows_of(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", "tcp")


@case
def flows_udp():
    flows_of(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1", "udp")


@case
def flows_tcp6():
    need(os.path.exists("/proc/net/if_inet6"), "no IPv6 here")
    flows_of(socket.AF_INET6, socket.SOCK_STREAM, "::1", "tcp")


@case
def flows_of_an_ended_connection_keep_their_port():
    """What is read when the other end has closed too: the kernel took the port back by then."""
    with Tool(skep, "trace", "flows", "-o", "json", "-p", os.getpid()) as tool:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        local, remote = client.getsockname()[1], client.getpeername()[1]
        client.shutdown(socket.SHUT_WR)
        equal(server.recv(1), b"", "the end")
        server.sendall(b"x" * BYTES)
        server.close()
        time.sleep(0.1)
        equal(len(client.recv(2 * BYTES, socket.MSG_WAITALL)), BYTES, "bytes")
        client.close()
        out, _ = tool.stop()
    received = [(r["lport"], r["rport"], r["received_bytes"]) for r in rows_of(out) if r["received_bytes"]]
    equal(received, [(local, remote, BYTES)], "flows that received")


@case
def flows_intervals_add_up():
    with Tool(skep, "trace", "flows", "-o", "json", "-p", os.getpid(), "0.2") as tool:
        for _ in range(3):
            exchange(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1")
            time.sleep(0.25)
        out, _ = tool.stop()
    rows = rows_of(out)
    equal(sum(r["sends"] for r in rows), 6 * MESSAGES, "messages sent in all intervals")
    equal(sum(r["received_bytes"] for r in rows), 3 * MESSAGES * (BYTES + 1), "bytes received in all intervals")


@case
def flows_by_the_hundred_are_exact():
    """More of them than a CPU has slots for, looked at all the time: what moves from slots to the hash is
    neither missed nor counted twice."""
    pairs, rounds = 300, 40
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2 * pairs)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    for one, other in zip(sockets[::2], sockets[1::2]):
        one.connect(other.getsockname())
        other.connect(one.getsockname())
    with Tool(skep, "trace", "flows", "-o", "json", "-p", os.getpid(), "0.001") as tool:
        for _ in range(rounds):
            for one, other in zip(sockets[::2], sockets[1::2]):
                one.send(b"x" * BYTES)
                equal(len(other.recv(BYTES)), BYTES, "bytes received")
        out, err = tool.stop()
    flows = {}
    for row in rows_of(out):
        flow = flows.setdefault((row["lport"], row["rport"]), [0, 0])
        flow[0] += row["sends"]
        flow[1] += row["received_bytes"]
    wanted = {}
    for one, other in zip(sockets[::2], sockets[1::2]):
        ports = one.getsockname()[1], other.getsockname()[1]
        wanted[ports], wanted[ports[::-1]] = [rounds, 0], [0, rounds * BYTES]
    equal(flows, wanted, f"sends and bytes received of each flow ({err})")
    for s in sockets:
        s.close()


@case
def flows_of_a_process_without_a_name():
    set_name = 15  # PR_SET_NAME
    with open("/proc/self/comm", "rb") as comm:
        before = comm.read().strip()
    libc = ctypes.CDLL(None)
    libc.prctl(set_name, b"", 0, 0, 0)
    try:
        rows = flows_of(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", "tcp")
        check(all(row.get("cgroup") for row in rows), f"cgroups: {rows}")
    finally:
        libc.prctl(set_name, before, 0, 0, 0)


@case
def flows_starts_without_reading_all_of_btf():
    """What was held for the start is not much more than what is held after: libbpf's search takes 11 MB more."""
    with Tool(skep, "trace", "flows") as tool:
        with open(f"/proc/{tool.process.pid}/status", encoding="utf-8") as status:
            held = {line.split(":")[0]: int(line.split()[1]) for line in status if line.startswith(("VmHWM", "VmRSS"))}
        tool.stop()
    check(held["VmHWM"] - held["VmRSS"] < 8000, f"{held}: as much as all of the kernel's types")


@case
def flows_metrics():
    with Tool(skep, "trace", "flows", "-o", "prom", "-p", os.getpid()) as tool:
        exchange(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1")
        out, _ = tool.stop()
    page = prometheus_page(out)
    equal(sum(v for k, v in page.items() if k.startswith("skep_flow_sends_total")), 2 * MESSAGES, "sends")


@case
def flows_of_a_cgroup():
    with Cgroup("a") as cgroup, Tool(skep, "trace", "flows", "-o", "json", "--cgroup", cgroup.below) as tool:
        exchange(socket.AF_INET, socket.SOCK_DGRAM, "127.0.0.1")
        script = "import socket; s = socket.socket(2, 2); s.bind(('127.0.0.1', 0)); " \
                 "[s.sendto(b'z' * 7, s.getsockname()) for _ in range(9)]"
        done = subprocess.run(["sh", "-c", f'echo $$ > {cgroup.path}/cgroup.procs; exec "$@"', "sh", sys.executable,
                               "-c", script], check=False, timeout=60)
        equal(done.returncode, 0, "the workload")
        out, _ = tool.stop()
    rows = rows_of(out)
    equal([(r["sends"], r["sent_bytes"], r["cgroup"]) for r in rows], [(9, 63, cgroup.below)], "rows of the cgroup")


@case
def runq_waits_of_two_on_one_cpu():
    """Two that never sleep share a CPU: each waits for the other's time slices."""
    with Cgroup("a") as cgroup, Tool(skep, "trace", "runq", "-P", "-o", "json", "--cgroup", cgroup.below) as tool:
        cpu = min(os.sched_getaffinity(0))
        burn = f"import os, time; os.sched_setaffinity(0, {{{cpu}}})\n" \
               f"while len(open('{cgroup.path}/cgroup.procs').readlines()) < 2: time.sleep(0.001)\n" \
               "while time.process_time() < 0.6: pass"
        both = [subprocess.Popen(["sh", "-c", f'echo $$ > {cgroup.path}/cgroup.procs; exec "$@"', "sh", sys.executable,
                                  "-c", burn]) for _ in range(2)]
        for one in both:
            equal(one.wait(timeout=60), 0, "the workload")
        out, _ = tool.stop()
    # A process is shown by each name it had: by the shell's as well.
    rows = {r["pid"]: r for r in rows_of(out) if r["comm"] != "sh"}
    for one in both:
        check(one.pid in rows, f"{one.pid} waited and is not shown: {list(rows)}")
        row = rows[one.pid]
        equal(row["count"], row["latency_ns"]["count"], "values of the histogram")
        check(row["latency_ns"]["sum"] > 50_000_000, f"a CPU shared by two means waits: {row}")
        equal(sum(b["count"] for b in row["latency_ns"]["buckets"]), row["count"], "sum of the slots")


@case
def runq_refuses_what_it_cannot_filter():
    _, err = run(skep, "trace", "runq", "-u", "0", "-d", "0.1", code=2)
    check("not for runq" in err, err)


@case
def disk_counts_direct_writes():
    folder = os.path.dirname(os.path.abspath(skep))
    need_program("dd")
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        device = os.stat(folder).st_dev
        need(os.path.exists(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"), "the build folder is on no disk")
        with Tool(skep, "trace", "disk", "-D", "-F", "-o", "json") as tool:
            done = subprocess.run(["dd", "if=/dev/zero", f"of={file.name}", "bs=4096", "count=200", "oflag=direct"],
                                  capture_output=True, check=False)
            out, _ = tool.stop()
        need(done.returncode == 0, f"no direct writes here: {done.stderr.decode()}")
    rows = rows_of(out)
    writes = sum(r["count"] for r in rows if r["operation"] == "write")
    check(writes >= 200, f"{writes} writes of at least 200: {rows}")
    for row in rows:
        equal(sum(b["count"] for b in row["latency_ns"]["buckets"]), row["count"], "sum of the slots")


@case
def disk_refuses_processes():
    _, err = run(skep, "trace", "disk", "-p", "1", "-d", "0.1", code=2)
    check("belong to no process" in err, err)


@case
def metrics_are_answered_while_it_runs():
    need_http()
    where = f"127.0.0.1:{20000 + os.getpid() % 20000}"
    for tool_args, metric in ((["runq"], "skep_runq_waits_total"), (["stacks"], "skep_stack_samples_total"),
                              (["func", "libc:malloc"], "skep_function_calls_total"),
                              (["kernel", "tp:sched_switch"], "skep_kernel_calls_total")):
        _, err = run(skep, "trace", *tool_args, "--listen", where, code=2)
        check("--listen needs an interval" in err, f"{tool_args}: {err}")
        with Tool(skep, "trace", *tool_args, "--listen", where, "-o", "prom") as tool:
            for _ in range(100):
                with urllib.request.urlopen(f"http://{where}/metrics", timeout=10) as answer:
                    if any(name.startswith(metric) for name in prometheus_page(answer.read().decode())):
                        break
                time.sleep(0.1)
            else:
                check(False, f"{tool_args}: no {metric} while it runs")
            tool.stop()


@case
def latency_no_privilege():
    for name in ("flows", "runq", "disk"):
        _, err = run(skep, "trace", name, "-d", "0.1", code=2, user=NOBODY, group=NOBODY, extra_groups=[])
        check("CAP_" in err, f"{name}: {err}")


@case
def latency_kill_leaves_nothing():
    own = set()
    for name in ("flows", "runq", "disk"):
        with Tool(skep, "trace", name) as tool:
            held = own_programs(tool.process.pid)
            check(held, f"{name}: its programs are loaded while it runs")
            own |= held
            tool.process.kill()
            tool.process.wait()
    equal(still_loaded(own), set(), "programs left")


if __name__ == "__main__":
    sys.exit(main(setup))
