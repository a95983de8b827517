#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_live.py SKEP CASE: skep capture on devices of its own: two network namespaces joined by a veth pair.

Goal: every packet is shown, filed or counted as lost; whose a packet is is true; nothing stays behind.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from net import PORT, RECEIVE_TCP, RECEIVE_UDP, Listener, Net  # noqa: E402
from tool_test import (  # noqa: E402
    NOBODY, Cgroup, Tool, case, check, equal, main, need, need_program, need_tracing, own_programs,
    rows_of, run, still_loaded)

skep = ""


def setup(skep_path):
    global skep
    skep = Net.skep = os.path.abspath(skep_path)
    need_tracing()


def counts(err):
    """(captured, passed, dropped) of the closing lines."""
    numbers = [int(line.split()[0]) for line in err.splitlines()
               if line.split() and line.split()[0].isdigit() and "verdicts" not in line]
    equal(len(numbers), 3, f"closing lines in {err!r}")
    return tuple(numbers)


@case
def every_packet_is_a_line():
    with Net() as net, net.capture("-i", "va", "udp", "port", PORT) as tool:
        net.send(200)
        out, err = tool.stop()
    equal(len(out.splitlines()), 200, "lines")
    check(all(f"10.77.0.2.{PORT}: UDP, length 20" in line for line in out.splitlines()), out[:200])
    equal(counts(err), (200, 200, 0), "closing lines")


@case
def count_ends_it():
    with Net() as net, net.capture("-i", "va", "-c", "5", "udp") as tool:
        net.send(20)
        out, _ = tool.finish()
    equal(len(out.splitlines()), 5, "lines")


@case
def directions():
    for way, wanted in (("in", 0), ("out", 30)):
        with Net() as net, net.capture("-i", "va", "-Q", way, "udp", "port", PORT) as tool:
            net.send(30)
            out, _ = tool.stop()
        equal(len(out.splitlines()), wanted, f"lines with -Q {way}")


@case
def a_loopback_shows_each_packet_once():
    with Net() as net, net.capture("-i", "lo", "udp", "port", PORT) as tool:
        net.python(net.a, f"import socket; s = socket.socket(2, 2); s.bind(('127.0.0.1', {PORT}))\n"
                   f"for i in range(9): s.sendto(b'x', ('127.0.0.1', {PORT}))")
        out, _ = tool.stop()
    equal(len(out.splitlines()), 9, "lines")


@case
def whose_packets_are():
    with Net() as net, Cgroup("a") as cgroup, \
            net.capture("-i", "va", "-o", "json", f"cgroup {cgroup.below} and udp") as tool:
        net.send(10)
        net.send(25, cgroup=cgroup)
        out, _ = tool.stop()
    rows = rows_of(out)
    equal(len([r for r in rows if r["direction"] == "out"]), 25, "packets of the cgroup")
    equal({(r["comm"], r["cgroup"]) for r in rows}, {("python3", cgroup.below)}, "owners")


@case
def a_connection_has_its_owner_both_ways():
    server = "import socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('10.77.0.2', %d)); s.listen()\n" \
             "print('ready', flush=True); c, _ = s.accept(); c.sendall(c.recv(100)); c.recv(1)" % PORT
    client = f"import socket; s = socket.create_connection(('10.77.0.2', {PORT})); s.sendall(b'hello'); s.recv(100)"
    with Net() as net, Cgroup("a") as cgroup:
        listening = subprocess.Popen([*net.inside(net.b), sys.executable, "-c", server], stdout=subprocess.PIPE)
        try:
            listening.stdout.readline()
            with net.capture("-i", "va", "-o", "json", f"cgroup {cgroup.below} and tcp") as tool:
                net.python(net.a, client, cgroup)
                out, _ = tool.stop()
        finally:
            listening.kill()
            listening.wait()
    rows = rows_of(out)
    ways = [r["direction"] for r in rows]
    check(ways.count("out") >= 4 and ways.count("in") >= 3, f"packets both ways: {ways}")
    equal({r["cgroup"] for r in rows}, {cgroup.below}, "owners")


@case
def lines_name_owners_when_asked():
    with Net() as net, net.capture("-i", "va", "-Q", "out", "--owner", "udp") as tool:
        net.send(3)
        out, _ = tool.stop()
    lines = out.splitlines()
    equal(len(lines), 6, f"lines of 3 packets: {out!r}")
    check(all(line.startswith("\tpid=") and "comm=python3" in line for line in lines[1::2]), out)


@case
def another_user_writes_the_files():
    for by in "tc", "socket":
        with Net() as net, tempfile.TemporaryDirectory() as folder:
            os.chown(folder, NOBODY, NOBODY)
            path = os.path.join(folder, "x.pcap")
            with net.capture("-i", "va", "--by", by, "-Z", "nobody", "-C", "2k", "-W", "2", "-w", path, "udp") as tool:
                net.send(20, size=1000)
                time.sleep(0.3)
                tool.stop()
            equal({name: os.stat(os.path.join(folder, name)).st_uid for name in os.listdir(folder)},
                  {"x.pcap0": NOBODY, "x.pcap1": NOBODY}, f"owners of the files of --by {by}")


@case
def negated_terms_leave_out():
    with Net() as net, Cgroup("a") as cgroup, \
            net.capture("-i", "va", "-Q", "out", "--count", f"udp and cgroup {cgroup.below} and not comm python3") as tool:
        net.send(10, cgroup=cgroup)
        out, _ = tool.stop()
    equal(out.strip(), "0 packets", "packets of others")


@case
def pcapng_has_owner_and_losses():
    tshark = need_program("tshark")
    with Net() as net, Cgroup("a") as cgroup, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.pcapng")
        with net.capture("-i", "va", "-w", path, f"cgroup {cgroup.below} and udp dst port {PORT}") as tool:
            net.send(40, cgroup=cgroup)
            _, err = tool.stop()
        equal(counts(err), (40, 40, 0), "closing lines")
        out, _ = run(tshark, "-r", path, "-T", "fields", "-e", "frame.comment", "-e", "frame.interface_name",
                     "-e", "frame.packet_flags_direction")
    lines = out.splitlines()
    equal(len(lines), 40, "packets tshark reads")
    check(all("comm=python3" in line and f"cgroup={cgroup.below}" in line and "\tva\t" in line for line in lines),
          lines[0])


@case
def an_owner_that_changes_is_told_at_once():
    """A socket is handed on to a child, and its port goes to a new socket of another: what is remembered ends there."""
    script = "import os, socket\n" \
             "def bound():\n    s = socket.socket(2, 2)\n    s.setsockopt(1, 2, 1)\n" \
             f"    s.bind(('127.0.0.1', {PORT}))\n    return s\n" \
             f"out = socket.socket(2, 2)\ndef send(): out.sendto(b'x', ('127.0.0.1', {PORT}))\n" \
             "def child(act):\n    pid = os.fork()\n    if not pid:\n        act()\n        os._exit(0)\n" \
             "    os.waitpid(pid, 0)\n    return pid\n" \
             "s = bound()\n" \
             "send(); send(); first = child(lambda: s.recv(10)); send(); send()\n" \
             "s.close()\n" \
             "def again():\n    t = bound()\n    send(); send()\n" \
             "second = child(again)\nprint(os.getpid(), first, second)"
    with Net() as net, net.capture("-i", "lo", "-o", "json", "udp") as tool:
        done = net.python(net.a, script)
        out, _ = tool.stop()
    parent, first, second = (int(word) for word in done.stdout.split())
    equal([row["pid"] for row in rows_of(out)], [parent, parent, first, first, second, second], "owners in turn")


def verdicts(out):
    """How many packets had which verdict."""
    found = {}
    for row in rows_of(out):
        which = f"{row['verdict']} {row.get('reason', '')}".strip()
        found[which] = found.get(which, 0) + 1
    return found


@case
def verdicts_say_what_became_of_packets():
    """Nobody listens, somebody listens, a filter behind ours drops: each packet has its own."""
    with Net() as net, Listener(net, RECEIVE_UDP % (PORT + 1)):
        with net.capture("-i", "va", "-Q", "out", "-o", "json", "udp") as tool:
            net.send(30)
            net.python(net.a, "import socket; s = socket.socket(2, 2)\n"
                       f"for i in range(40): s.sendto(b'x', ('10.77.0.2', {PORT + 1}))")
            out, err = tool.stop()
        equal(verdicts(out), {"dropped NO_SOCKET": 30, "passed": 40}, f"verdicts ({err})")
        run("tc", "-n", net.b, "qdisc", "add", "dev", "vb", "clsact")
        need(subprocess.run(["tc", "-n", net.b, "filter", "add", "dev", "vb", "ingress", "bpf", "bytecode",
                             "1,6 0 0 2", "direct-action"], capture_output=True, check=False).returncode == 0,
             "no tc filter can be made")
        with net.capture("-i", "vb", "-o", "json", "udp", name=net.b) as tool:
            net.send(20)
            out, err = tool.stop()
        equal(verdicts(out), {"dropped TC_INGRESS": 20}, f"verdicts before a tc filter ({err})")


@case
def a_verdict_is_not_another_packets():
    """While a connection is captured, other packets are dropped in the same memory: none of that is its verdict."""
    client = "import socket, threading, time\nend = time.time() + 1\n" \
             "def drop():\n    s = socket.socket(2, 2)\n    while time.time() < end:\n" \
             f"        try: s.sendto(b'x', ('10.77.0.2', {PORT}))\n        except OSError: pass\n" \
             "t = threading.Thread(target=drop)\nt.start()\n" \
             f"s = socket.create_connection(('10.77.0.2', {PORT + 1}))\n" \
             "while time.time() < end: s.sendall(b'z' * 3000)\nt.join()"
    with Net() as net, Listener(net, RECEIVE_TCP % (PORT + 1)), \
            net.capture("-i", "vb", "-s", "96", "-o", "json", f"tcp port {PORT + 1}", name=net.b) as tool:
        net.python(net.a, client)
        out, err = tool.stop()
    found = verdicts(out)
    # On a busy machine some packets find no time to wait in the ring for their verdict.
    check(found.get("passed", 0) > 100, f"verdicts: {found} ({err})")
    check(not any("NO_SOCKET" in which for which in found), f"verdicts of other packets: {found}")


@case
def verdicts_are_in_lines_and_files():
    tshark = need_program("tshark")
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.pcapng")
        with net.capture("-i", "va", "-Q", "out", "-v", "--print", "-w", path, "udp") as tool:
            net.send(12)
            out, _ = tool.stop()
        equal(out.count("\tverdict=dropped (NO_SOCKET)\n"), 12, f"verdicts in {out}")
        comments, _ = run(tshark, "-r", path, "-T", "fields", "-e", "frame.comment")
        check(all("comm=python3" in c and c.endswith(" verdict=dropped (NO_SOCKET)") for c in comments.splitlines()),
              comments)
        lines, _ = run(skep, "capture", "-n", "-r", path, "--owner", "udp")
        equal([line.lstrip("\t") for line in lines.splitlines()[1::2]], comments.splitlines(), "comments -r shows")
        with net.capture("-i", "va", "-Q", "out", "--no-verdict", "-w", path, "udp") as tool:
            net.send(12)
            tool.stop()
        comments, _ = run(tshark, "-r", path, "-T", "fields", "-e", "frame.comment")
        check("comm=python3" in comments and "verdict" not in comments, comments)


@case
def verdicts_that_cannot_be_told_are_counted():
    """The reader stands still, and the ring has no time to wait: unknown ones are as many as the closing line says."""
    with Net() as net, net.capture("-i", "va", "-Q", "out", "-B", "4", "-o", "json", "udp") as tool:
        os.kill(tool.process.pid, signal.SIGSTOP)
        net.send(4000, size=1400)
        os.kill(tool.process.pid, signal.SIGCONT)
        net.send(4000, size=1400)
        time.sleep(0.2)
        out, err = tool.stop()
    found = verdicts(out)
    said = sum(int(line.split()[0]) for line in err.splitlines() if "verdicts not known" in line)
    equal(found.get("unknown", 0), said, f"verdicts not known: {found} ({err})")
    equal(sum(found.values()), counts(err)[0], "verdicts of all")
    equal(found.get("passed", 0), 0, f"packets nobody listens to: {found}")


@case
def snapshot_length_cuts():
    with Net() as net, net.capture("-i", "va", "-s", "60", "-o", "json", "udp port %d" % PORT) as tool:
        net.send(3, size=500)
        out, _ = tool.stop()
    equal([(r["length"], r["captured"]) for r in rows_of(out)], [(542, 60)] * 3, "lengths")


@case
def large_packets_are_whole():
    """Beyond a frame: what segmentation offload makes of one write."""
    server = "import socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('10.77.0.2', %d)); s.listen()\n" \
             "print('ready', flush=True); c, _ = s.accept()\nwhile c.recv(1 << 20): pass" % PORT
    client = f"import socket; s = socket.create_connection(('10.77.0.2', {PORT})); s.sendall(b'z' * 4000000)"
    with Net() as net:
        listening = subprocess.Popen([*net.inside(net.b), sys.executable, "-c", server], stdout=subprocess.PIPE)
        try:
            listening.stdout.readline()
            with net.capture("-i", "va", "-Q", "out", "-o", "json", "greater 5000") as tool:
                net.python(net.a, client)
                out, err = tool.stop()
        finally:
            listening.kill()
            listening.wait()
    rows = rows_of(out)
    check(rows and max(r["length"] for r in rows) > 20000, f"no large packet: {err}")
    check(all(r["length"] == r["captured"] for r in rows), "a large packet was cut")


@case
def a_ring_that_is_full_is_counted():
    """The reader stands still: what the ring has no room for is dropped and counted."""
    with Net() as net, net.capture("-i", "va", "-Q", "out", "-B", "4", "udp port %d" % PORT) as tool:
        os.kill(tool.process.pid, signal.SIGSTOP)
        net.send(4000, size=1400)
        os.kill(tool.process.pid, signal.SIGCONT)
        time.sleep(0.2)
        out, err = tool.stop()
    captured, passed, dropped = counts(err)
    equal((passed, captured + dropped, len(out.splitlines())), (4000, 4000, captured), "shown + dropped = sent")
    check(dropped > 0, "nothing was dropped: the ring was never full")


@case
def a_full_disk_ends_it_and_the_file_is_valid():
    tcpdump = need_program("tcpdump")
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        need(subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], capture_output=True,
                            check=False).returncode == 0, "no tmpfs can be mounted")
        try:
            path = os.path.join(folder, "x.pcapng")
            with net.capture("-i", "va", "-U", "-Q", "out", "-w", path, "udp") as tool:
                net.send(300, size=1000)
                _, err = tool.finish(code=2)
            check("No space left" in err and "last whole packet" in err, err)
            out, warnings = run(tcpdump, "-nr", path)
            check(len(out.splitlines()) > 30, f"packets in the file: {out}")
            check("truncated" not in warnings, warnings)
        finally:
            run("umount", folder)


@case
def files_follow_one_another():
    tcpdump = need_program("tcpdump")
    with Net() as net, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.pcap")
        with net.capture("-i", "va", "-Q", "out", "-C", "10k", "-w", path, "udp") as tool:
            net.send(50, size=1000)
            tool.stop()
        names = sorted(os.listdir(folder))
        total = sum(len(run(tcpdump, "-nr", os.path.join(folder, n))[0].splitlines()) for n in names)
    check(len(names) >= 4 and "x.pcap" in names and "x.pcap1" in names, f"files: {names}")
    equal(total, 50, "packets in all files")


@case
def a_device_that_goes_ends_it():
    with Net() as net, net.capture("-i", "va", "udp") as tool:
        net.send(5)
        run("ip", "-n", net.a, "link", "del", "va")
        out, err = tool.finish()
    check("is gone" in err, err)
    equal(len(out.splitlines()), 5, "lines before")


@case
def a_renamed_device_is_captured_on():
    with Net() as net, net.capture("-i", "va", "udp port %d" % PORT) as tool:
        run("ip", "-n", net.a, "link", "set", "va", "down")
        run("ip", "-n", net.a, "link", "set", "va", "name", "other")
        run("ip", "-n", net.a, "link", "set", "other", "up")
        net.send(7)
        out, _ = tool.stop()
    equal(len(out.splitlines()), 7, "lines")


@case
def two_at_once():
    with Net() as net, net.capture("-i", "va", "udp port %d" % PORT) as one, \
            net.capture("-i", "va", "-c", "3", "udp port %d" % PORT) as two:
        net.send(10)
        two.finish()
        net.send(10)
        out, _ = one.stop()
    equal(len(out.splitlines()), 20, "lines of the one that stays")


@case
def kill_leaves_nothing():
    with Net() as net, net.capture("-i", "va", "udp") as tool:
        own = own_programs(tool.process.pid)
        check(own, "its programs are loaded while it runs")
        tool.process.send_signal(signal.SIGKILL)
        tool.process.wait()
        equal(still_loaded(own), set(), "programs left")
        out, _ = run("ip", "netns", "exec", net.a, "tc", "filter", "show", "dev", "va", "ingress")
        equal(out, "", "filters left")


def wait_for(what, holds):
    end = time.monotonic() + 30
    while not holds():
        check(time.monotonic() < end, f"never seen: {what}")
        time.sleep(0.01)


@case
def signals_ask_and_end():
    """SIGUSR1 says how far it is, SIGUSR2 has the file written out, SIGHUP ends it as Ctrl-C does: nothing is lost."""
    tcpdump = need_program("tcpdump")
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would stay ignored
    for by in "tc", "socket":
        with Net() as net, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.pcap")
            with net.capture("-i", "va", "--by", by, "-Q", "out", "--immediate-mode", "-c", "40", "-w", path, "udp") as tool:
                net.send(10)

                def written():
                    tool.process.send_signal(signal.SIGUSR2)
                    done = subprocess.run([tcpdump, "-nr", path], capture_output=True, check=False)
                    return done.stdout.count(b"\n") == 10  # nothing at all is written until then
                wait_for("10 packets in the file", written)
                tool.process.send_signal(signal.SIGUSR1)
                tool.process.send_signal(signal.SIGHUP)
                _, err = tool.finish()
            check("skep capture: 10 packets captured, 10 packets passed the filter, 0 packets dropped" in err, err)
            equal(len(run(tcpdump, "-nr", path)[0].splitlines()), 10, "packets at the end")


@case
def a_device_has_a_number():
    """Those of tcpdump -D, and -i takes them."""
    tcpdump = need_program("tcpdump")
    with Net() as net:
        listed = ""

        def same():  # a device that has just been set up is not Running at once
            nonlocal listed
            listed, _ = run(*net.inside(net.a), skep, "capture", "-D")
            theirs, _ = run(*net.inside(net.a), tcpdump, "-D")
            return set(listed.splitlines()) <= set(theirs.splitlines()) and "va [" in listed
        wait_for("the devices of tcpdump -D", same)
        number = next(line.split(".")[0] for line in listed.splitlines() if ".va [" in line)
        with net.capture("-i", number, "udp port %d" % PORT) as tool:
            net.send(3)
            out, err = tool.stop()
    check("listening on va," in err, err)
    equal(len(out.splitlines()), 3, "lines")


@case
def no_privilege():
    _, err = run(skep, "capture", "-i", "lo", code=2, user=NOBODY, group=NOBODY, extra_groups=[])
    check("CAP_" in err, err)


@case
def socket_sees_the_same():
    with Net() as net, net.capture("-i", "va", "--by", "socket", "udp port %d" % PORT) as tool:
        net.send(50)
        time.sleep(0.3)
        out, err = tool.stop()
    equal(len(out.splitlines()), 50, f"lines ({err})")


@case
def bad_words_are_said():
    for args, part in ((["-i", "nosuchdevice"], "no device nosuchdevice"), (["tcp prt 5"], "syntax error"),
                       (["-i", "lo", "pid 0"], "names no process"), (["-C", "5"], "-w"),
                       (["-i", "lo", "cgroup /no/such/cgroup"], "no/such/cgroup")):
        _, err = run(skep, "capture", *args, code=2)
        check(part in err and len(err.strip().splitlines()) == 1, f"{args}: {err!r}")


if __name__ == "__main__":
    sys.exit(main(setup))
