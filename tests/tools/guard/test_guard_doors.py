#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_guard_doors.py SKEP CASE: what comes by side doors is denied, or set back and logged with who did it.

Goal: no change of a guarded key is silent. Method: network, UTS and mount namespaces of the test's own, a
guard on a cgroup of its own, and attackers that use each door in it. How long setting back took is printed.
"""

import ctypes
import fcntl
import json
import os
import re
import socket
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tool_test import (  # noqa: E402
    Cgroup, Tool, case, check, equal, main, need, need_program, need_tracing, rows_of, run)

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x20000, 0x4000000, 0x40000000
RTM_NEWLINK, RTM_SETLINK, RTM_SETNEIGHTBL = 16, 19, 67
SIOCSIFMTU = 0x8922
WAIT_S = 10
PATIENCE_S = 0.4  # what is not set back within this is meant to stay

skep = ""
libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags):
        need(False, f"no namespaces of its own: {os.strerror(ctypes.get_errno())}")


def setup(skep_path):
    global skep
    skep = os.path.abspath(skep_path)
    need_tracing()
    unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET)
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "sysfs", "sysfs", "/sys/kernel/mm")  # that of this network namespace, where it is in nobody's way
    run("ip", "link", "set", "lo", "up")
    socket.sethostname("before")


def key_path(key):
    return "/proc/sys/" + key.replace(".", "/")


def read(key):
    with open(key_path(key), encoding="utf-8") as file:
        return file.read().strip()


def write(key, value):
    """The errno, 0 when it was written."""
    try:
        fd = os.open(key_path(key), os.O_WRONLY)
        try:
            os.write(fd, f"{value}\n".encode())
        finally:
            os.close(fd)
    except OSError as why:
        return why.errno
    return 0


# --- attackers --------------------------------------------------------------------------------------


def attr(kind, data):
    data = struct.pack("=HH", 4 + len(data), kind) + data
    return data + bytes(-len(data) % 4)


def message(kind, body):
    return struct.pack("=IHHII", 16 + len(body), kind, 5, 1, 0) + body


def talk(sock, text):
    sock.send(text)
    error = struct.unpack_from("=i", sock.recv(8192), 16)[0]
    check(error == 0, f"rtnetlink says {error}")


def link_message(kind, device, attrs):
    return message(kind, struct.pack("=BxHiII", 0, 0, socket.if_nametoindex(device), 0, 0) + attrs)


def addr_gen_mode(mode, device="lo", kind=RTM_SETLINK):
    return link_message(kind, device, attr(26, attr(socket.AF_INET6, attr(8, bytes([mode])))))


def inet_conf(index, value, device="lo", kind=RTM_NEWLINK):
    return link_message(kind, device, attr(26, attr(socket.AF_INET, attr(1, attr(index, struct.pack("=I", value))))))


def reachable_time(ms, device="lo"):
    parms = attr(1, struct.pack("=I", socket.if_nametoindex(device))) + attr(4, struct.pack("=Q", ms))
    return message(RTM_SETNEIGHTBL, struct.pack("=BxH", socket.AF_INET, 0) + attr(1, b"arp_cache\0") + attr(6, parms))


def netlink():
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


def send(text):
    with netlink() as sock:
        talk(sock, text)


def set_mtu(device, mtu):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSIFMTU, struct.pack("16si12x", device.encode(), mtu))


def set_mtu_file(device, mtu):
    with open(f"/sys/kernel/mm/class/net/{device}/mtu", "w", encoding="utf-8") as file:
        file.write(str(mtu))


def set_domainname(name):
    check(libc.setdomainname(name, len(name)) == 0, "setdomainname")


# --- the guard --------------------------------------------------------------------------------------


class Guard(Tool):
    def __init__(self, cgroup, *rules, options=()):
        path = os.path.join("/tmp", f"skep-doors-{os.getpid()}.log")
        written = open(path, "w", encoding="utf-8")
        self.log = open(path, encoding="utf-8")
        os.unlink(path)
        super().__init__(skep, "guard", "run", "-v", "-o", "json", "--cgroup", cgroup.below, "--no-lsm", *options, *rules,
                         stdout=written)
        written.close()

    def events(self):
        """Those logged so far, the whole lines."""
        self.log.seek(0)
        return [json.loads(line) for line in self.log.read().splitlines(True) if line.endswith("\n")]

    def matching(self, fields):
        return [event for event in self.events() if all(event.get(name) == value for name, value in fields.items())]

    def wait_event(self, what, more_than=0, **fields):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            found = self.matching(fields)
            if len(found) > more_than:
                return found[-1]
            time.sleep(0.02)
        check(False, f"{what}: no event with {fields} in {self.events()}")
        return None

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self.log.close()


def wait_value(key, value):
    start = time.monotonic()
    while time.monotonic() < start + WAIT_S:
        if read(key) == value:
            return
    check(False, f"{key} is {read(key)}, not {value} again")


def reverted(guard, key, door, attack, logged_as=None):
    """Attacks; the key has its value again, and the log says who did it by which door. Seconds it took."""
    before = read(key)
    fields = {"outcome": "reverted", "key": logged_as or key, "door": door, "pid": os.getpid()}
    seen = len(guard.matching(fields))
    start = time.monotonic()
    attack()
    wait_value(key, before)
    took = time.monotonic() - start
    event = guard.wait_event(key, more_than=seen, **fields)
    check(event["new"] != event["old"], event)
    if not logged_as:
        equal(event["old"], before, f"{key}: the old value")
    return took


DOORS = ("deny net.ipv4.ip_forward", "deny net.ipv6.conf.lo.addr_gen_mode", "deny net.ipv4.neigh.lo.*",
         "deny kernel.hostname", "deny kernel.domainname", "deny net.ipv4.conf.*.rp_filter", "deny net.ipv6.conf.lo.mtu")


@case
def doors_make_no_silent_change():
    with Cgroup("doors") as cgroup, Guard(cgroup, *DOORS) as guard:
        cgroup.add(os.getpid())
        equal(write("net.ipv4.ip_forward", 1), 1, "the key itself")
        equal(write("net.ipv4.conf.all.forwarding", 1), 1, "its alias")
        equal(write("net.ipv4.neigh.lo.retrans_time_ms", 5), 1, "a key of the pattern")
        reverted(guard, "net.ipv6.conf.lo.addr_gen_mode", "netlink", lambda: send(addr_gen_mode(1)))
        reverted(guard, "net.ipv4.neigh.lo.base_reachable_time_ms", "netlink", lambda: send(reachable_time(12348)),
                 logged_as="net.ipv4.neigh.lo.base_reachable_time")
        reverted(guard, "net.ipv4.conf.lo.rp_filter", "netlink", lambda: send(inet_conf(8, 1)))
        reverted(guard, "kernel.hostname", "syscall", lambda: socket.sethostname("evil"))
        reverted(guard, "kernel.domainname", "syscall", lambda: set_domainname(b"evil.example"))
        reverted(guard, "net.ipv6.conf.lo.mtu", "syscall", lambda: set_mtu("lo", 1400))
        equal(read("net.ipv4.ip_forward"), "0", "never changed")
        cgroup_of_parent(os.getpid())
        guard.stop()


def cgroup_of_parent(pid):
    """Out of the guarded cgroup."""
    with open(os.path.join(re.split(r"/[^/]*$", Cgroup("x").root)[0], "cgroup.procs"), "w", encoding="utf-8") as procs:
        procs.write(str(pid))


@case
def changed_and_changed_back_is_not_silent():
    """Faster than anybody looks: each time a row."""
    keys = {"kernel.hostname": lambda: (socket.sethostname("evil"), socket.sethostname("before")),
            "kernel.domainname": lambda: (set_domainname(b"evil"), set_domainname(b"old.example")),
            "net.ipv6.conf.lo.mtu": lambda: (set_mtu("lo", 1400), set_mtu("lo", 65536))}
    set_domainname(b"old.example")
    used = 0
    with Cgroup("doors") as cgroup, Guard(cgroup, *DOORS) as guard:
        for key, attack in keys.items():
            value = read(key)
            for _ in range(5):
                seen = len(guard.matching({"key": key}))
                attack()
                event = guard.wait_event(key, more_than=seen, key=key, door="syscall", pid=os.getpid())
                wait_value(key, value)
                used += event["outcome"] == "door-used"
        _, err = guard.stop()
    check(used, "the watcher was faster each time")
    check("may have been changed and changed back" in err, err)
    print(f"{used} of 15 were changed back before anybody looked")


def used(guard, key, attack):
    """Attacks: the row of a value changed back, where it was not seen and set back between, once in a long while."""
    for _ in range(5):
        seen = len(guard.matching({"key": key}))
        attack()
        event = guard.wait_event(key, more_than=seen, key=key)
        if event["outcome"] == "door-used":
            return event
    check(False, f"{key} was set back each time")
    return None


@case
def changed_and_changed_back_by_rtnetlink_is_not_silent():
    """Both in one message: nobody sees the value between. Who may, and what changes something else, is no row."""
    rp_filter = int(read("net.ipv4.conf.lo.rp_filter"))
    tag = int(read("net.ipv4.conf.lo.tag"))
    name = open("/proc/self/comm", encoding="utf-8").read().strip()
    with Cgroup("doors") as cgroup, Guard(cgroup, *DOORS, f"deny net.ipv4.conf.lo.tag except comm={name}") as guard:
        with netlink() as sock:
            sock.send(inet_conf(12, tag + 9) + inet_conf(12, tag))  # of tag: by who may
            event = used(guard, "net.ipv6.conf.lo.addr_gen_mode", lambda: sock.send(addr_gen_mode(1) + addr_gen_mode(0)))
            equal((event["door"], event["pid"], event["old"], event["new"]), ("netlink", os.getpid(), "0", "1"), "the row")
            event = used(guard, "net.ipv4.conf.lo.rp_filter",
                         lambda: sock.send(inet_conf(8, 1 - rp_filter % 2) + inet_conf(8, rp_filter)))
            equal((event["old"], event["new"]), (str(rp_filter), str(1 - rp_filter % 2)), "values")
        run("ip", "link", "set", "lo", "txqueuelen", "999")
        time.sleep(PATIENCE_S)
        equal({e["key"] for e in guard.events()}, {"net.ipv6.conf.lo.addr_gen_mode", "net.ipv4.conf.lo.rp_filter"}, "keys")
        _, err = guard.stop()
    check("was changed and changed back through rtnetlink" in err, err)


@case
def calls_that_fail_or_are_let_are_not_told():
    name = open("/proc/self/comm", encoding="utf-8").read().strip()
    with Cgroup("doors") as cgroup, Guard(cgroup, "deny kernel.domainname", f"deny kernel.hostname except comm={name}") as guard:
        check(libc.setdomainname(b"evil", 1 << 20) == -1, "a name too long for the kernel")
        socket.sethostname("other")
        socket.sethostname("before")
        set_domainname(b"evil")
        guard.wait_event("domainname", key="kernel.domainname", outcome="reverted")
        equal([e["key"] for e in guard.events()], ["kernel.domainname"], "keys logged")
        guard.stop()


@case
def setting_back_takes_little():
    rounds = 40
    took = {"addr_gen_mode": [], "hostname": []}
    with Cgroup("doors") as cgroup, Guard(cgroup, *DOORS) as guard:
        for i in range(rounds):
            took["addr_gen_mode"].append(reverted(guard, "net.ipv6.conf.lo.addr_gen_mode", "netlink",
                                                  lambda: send(addr_gen_mode(1))))
            took["hostname"].append(reverted(guard, "kernel.hostname", "syscall",
                                             lambda n=i: socket.sethostname(f"evil{n}")))
            time.sleep(0.01)
        guard.stop()
    for name, seconds in took.items():
        print(f"{name}: set back after {statistics.median(seconds) * 1000:.2f} ms (median), "
              f"{max(seconds) * 1000:.2f} ms (max of {rounds})")


@case
def another_cgroup_is_found_by_looking():
    with Cgroup("doors") as cgroup, Guard(cgroup, "deny net.ipv4.ip_forward") as guard:
        equal(write("net.ipv4.ip_forward", 1), 0, "this process is not in the guarded cgroup")
        wait_value("net.ipv4.ip_forward", "0")
        guard.wait_event("ip_forward", outcome="reverted", key="net.ipv4.ip_forward", door="unknown")
        guard.stop()


@case
def detached_programs_are_put_back():
    need_program("bpftool")
    with Cgroup("doors") as cgroup, Guard(cgroup, "deny net.ipv4.ip_forward") as guard:
        cgroup.add(os.getpid())
        links = json.loads(run("/usr/sbin/bpftool", "-j", "link", "show")[0])
        inode = os.stat(cgroup.path).st_ino
        own = [link["id"] for link in links if link.get("cgroup_id") == inode]
        equal(len(own), 1, "links of the cgroup")
        run("/usr/sbin/bpftool", "link", "detach", "id", str(own[0]))
        guard.wait_event("link", outcome="detached")
        equal(write("net.ipv4.ip_forward", 1), 1, "denied again")
        cgroup_of_parent(os.getpid())
        check("put back" in guard.stop()[1], "the alert")


@case
def storms_are_not_silent():
    """An attacker that loops: the value is back in the end, the log has him, and the watcher sleeps again."""
    with Cgroup("doors") as cgroup, Guard(cgroup, *DOORS) as guard:
        with netlink() as sock:
            end, n = time.monotonic() + 2, 0
            while time.monotonic() < end:
                talk(sock, addr_gen_mode(1 + 2 * (n & 1)))
                n += 1
        wait_value("net.ipv6.conf.lo.addr_gen_mode", "0")
        guard.wait_event("storm", outcome="reverted", key="net.ipv6.conf.lo.addr_gen_mode", pid=os.getpid())
        time.sleep(0.5)
        events = [e for e in guard.events() if e["outcome"] in ("reverted", "not-reverted")]
        before = cpu_ticks(guard.process.pid)
        time.sleep(2)
        ticks = cpu_ticks(guard.process.pid) - before
        check(ticks <= 60, f"{ticks} of 200 ticks with nothing to do")
        print(f"{n} messages in 2 s; {len(events)} changes set back and logged; {ticks} ticks of 200 afterwards")
        guard.stop()


NETLINK_STORM = "import socket\ns = socket.socket(16, 3, 0)\nwhile True: s.send(bytes([16, 0, 0, 0, 1]) + bytes(11))"
HOSTNAME_STORM = "import socket\nwhile True: socket.sethostname('storm')"
# Each time by another thread.
MANY_STORM = "import socket, threading\ns = socket.socket(16, 3, 0)\n" \
    "def go():\n    while True: s.send(bytes([16, 0, 0, 0, 1]) + bytes(11))\n" \
    "for i in range(100): threading.Thread(target=go).start()"


@case
def a_storm_elsewhere_holds_nothing_up():
    """Doors of other namespaces are used faster than one can look there, for as long as it takes."""
    for option, code in (("-n", NETLINK_STORM), ("-u", HOSTNAME_STORM), ("-n", MANY_STORM)):
        with Cgroup("doors") as cgroup, Guard(cgroup, *DOORS) as guard:
            storms = [subprocess.Popen(["unshare", option, sys.executable, "-c", code]) for _ in range(2)]
            try:
                for storm in storms:
                    cgroup.add(storm.pid)
                time.sleep(0.5)
                for i in range(3):
                    seen = len(guard.matching({"key": "kernel.hostname", "outcome": "reverted"}))
                    socket.sethostname(f"evil{i}")
                    wait_value("kernel.hostname", "before")
                    guard.wait_event("hostname", more_than=seen, key="kernel.hostname", outcome="reverted")
                equal([storm.poll() for storm in storms], [None, None], "storms still going on")
            finally:
                for storm in storms:
                    storm.kill()
                    storm.wait()
            guard.stop()


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


@case
def who_may_is_let():
    name = open("/proc/self/comm", encoding="utf-8").read().strip()
    with Cgroup("doors") as cgroup, Guard(cgroup, f"deny net.ipv6.conf.lo.addr_gen_mode except comm={name}",
                                          f"deny net.ipv4.ip_forward except comm={name}",
                                          f"deny kernel.hostname except comm={name}") as guard:
        cgroup.add(os.getpid())
        send(addr_gen_mode(1))
        equal(write("net.ipv4.conf.all.forwarding", 1), 0, "an alias, by who may")
        socket.sethostname("changed")
        time.sleep(PATIENCE_S)
        equal(read("net.ipv6.conf.lo.addr_gen_mode"), "1", "by rtnetlink")
        equal(read("net.ipv4.ip_forward"), "1", "by its alias")
        equal(read("kernel.hostname"), "changed", "by sethostname(2)")
        equal(write("net.ipv6.conf.lo.addr_gen_mode", 0), 0, "the key itself")
        time.sleep(PATIENCE_S)
        equal(read("net.ipv6.conf.lo.addr_gen_mode"), "0", "by the key itself")
        check(not [e for e in guard.events() if e["outcome"] == "reverted"], guard.events())
        cgroup_of_parent(os.getpid())
        guard.stop()
    run("ip", "link", "set", "lo", "addrgenmode", "eui64")


@case
def pins_hold():
    with Cgroup("doors") as cgroup, Guard(cgroup, "pin net.ipv4.conf.lo.rp_filter 2", "pin kernel.hostname fixed") as guard:
        wait_value("net.ipv4.conf.lo.rp_filter", "2")
        wait_value("kernel.hostname", "fixed")
        reverted(guard, "net.ipv4.conf.lo.rp_filter", "netlink", lambda: send(inet_conf(8, 1)))
        reverted(guard, "kernel.hostname", "syscall", lambda: socket.sethostname("evil"))
        guard.stop()


@case
def pins_hold_through_a_storm():
    """What an attacker writes between setting back and looking again is not taken for the pin's value."""
    with Cgroup("doors") as cgroup, Guard(cgroup, "pin kernel.hostname fixed") as guard:
        wait_value("kernel.hostname", "fixed")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            socket.sethostname("evil")
        wait_value("kernel.hostname", "fixed")
        reverted(guard, "kernel.hostname", "syscall", lambda: socket.sethostname("again"))
        guard.stop()


@case
def files_are_doors():
    with Cgroup("doors") as cgroup, Guard(cgroup, "deny net.ipv6.conf.lo.mtu") as guard:
        before = read("net.ipv6.conf.lo.mtu")
        set_mtu_file("lo", 1400)
        wait_value("net.ipv6.conf.lo.mtu", before)
        guard.wait_event("mtu", outcome="reverted", key="net.ipv6.conf.lo.mtu")
        guard.stop()


def in_namespace(*command):
    """A process in a network namespace of its own, and that namespace's id when it is ready."""
    holder = subprocess.Popen(["unshare", "-n", "sleep", "100"])
    end = time.monotonic() + WAIT_S
    while os.stat(f"/proc/{holder.pid}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino:
        check(time.monotonic() < end, "a namespace")
        time.sleep(0.01)
    return holder


@case
def a_second_watcher_leaves_the_first_alone():
    pins = f"/sys/fs/bpf/skep-doors-{os.getpid()}"
    key = "net.ipv6.conf.lo.addr_gen_mode"
    run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")  # in this mount namespace only
    with Cgroup("doors") as cgroup:
        run(skep, "guard", "install", "--pins", pins, "--cgroup", cgroup.below, f"deny {key}")
        try:
            with Tool(skep, "guard", "run", "--pins", pins) as first:
                _, err = run(skep, "guard", "run", "--pins", pins, "-d", "0.5")
                check("another `skep guard run` watches" in err, err)
                cgroup.add(os.getpid())  # and the watcher: what it sets back would be denied to others
                cgroup.add(first.process.pid)
                send(addr_gen_mode(1))
                wait_value(key, "0")
                equal(write(key, 2), 1, "the key itself")
                cgroup_of_parent(os.getpid())
                cgroup_of_parent(first.process.pid)
                first.stop()
        finally:
            run(skep, "guard", "remove", "--pins", pins)


@case
def other_network_namespaces_are_not_silent():
    rule = "deny net.ipv6.conf.lo.addr_gen_mode"
    inside = ["nsenter", "-t", "PID", "-n"]
    holders = [in_namespace()]
    try:
        with Cgroup("doors") as cgroup, Guard(cgroup, rule) as guard:
            holders.append(in_namespace())
            for holder, known in zip(holders, (True, False)):
                inside[2] = str(holder.pid)
                run(*inside, "sh", "-c", f"echo $$ >{cgroup.path}/cgroup.procs; ip link set lo addrgenmode none")
                value = run(*inside, "cat", key_path("net.ipv6.conf.lo.addr_gen_mode"))[0].strip()
                outcome = "reverted" if known and value == "0" else "door-used"
                guard.wait_event("another namespace", outcome=outcome, door="netlink", comm="ip")
            guard.stop()
    finally:
        for holder in holders:
            holder.kill()
            holder.wait()


@case
def other_namespaces_are_left_alone():
    """Neither pins nor what processes of other cgroups do there is the guard's business."""
    holder = in_namespace()
    inside = ["nsenter", "-t", str(holder.pid), "-n"]
    mode = key_path("net.ipv6.conf.lo.addr_gen_mode")
    rp_filter = key_path("net.ipv4.conf.lo.rp_filter")
    before = run(*inside, "cat", rp_filter)[0]
    try:
        with Cgroup("doors") as cgroup, Guard(cgroup, f"pin net.ipv4.conf.*.rp_filter {2 - int(before) % 2}",
                                              "deny net.ipv6.conf.lo.addr_gen_mode") as guard:
            wait_value("net.ipv4.conf.lo.rp_filter", str(2 - int(before) % 2))
            run(*inside, "ip", "link", "set", "lo", "addrgenmode", "none")
            time.sleep(PATIENCE_S)
            equal(run(*inside, "cat", rp_filter)[0], before, "a pin, elsewhere")
            equal(run(*inside, "cat", mode)[0].strip(), "1", "a door, elsewhere, by others")
            equal(guard.events(), [], "events")
            guard.stop()
    finally:
        holder.kill()
        holder.wait()


@case
def rules_that_need_no_door_cost_none():
    with Cgroup("doors") as cgroup, Guard(cgroup, "deny net.core.somaxconn") as guard:
        _, err = guard.stop()
    check("kind netlink: no rule needs it" in err and "kind syscall: no rule needs it" in err, err)


@case
def the_table_has_what_experiment_finds():
    out, _ = run(skep, "guard", "doors", "--try", "-o", "json")
    rows = rows_of(out)
    check(len(rows) > 100, f"{len(rows)} doors found")
    equal([row for row in rows if row["table"] != "known"], [], "doors the table lacks")


@case
def the_table_is_shown():
    out, _ = run(skep, "guard", "doors", "net.ipv4.ip_forward", "-o", "json")
    equal(rows_of(out), [{"key": "net.ipv4.ip_forward", "door": "alias", "way": "net.ipv4.conf.all.forwarding"}], "rows")
    out, err = run(skep, "guard", "doors", "no.such.key", "-o", "json")
    check(not out and "no door to such a key" in err, err)
    _, err = run(skep, "guard", "doors", "--whole-machine", code=2)
    check("--whole-machine is for --try" in err, err)


if __name__ == "__main__":
    sys.exit(main(setup))
