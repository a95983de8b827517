#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_cli.py SKEP CASE: one case of using skep as a stranger would; `test_cli.py --list` names all.

Goal: every promise of the manual pages about output, files and exit codes, on the example capture and
on bad input. Method: run the binary, compare with what Python finds in the capture by itself. Exit 77
after a line with the reason when the machine cannot run a case.
"""

import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import capture  # noqa: E402

EXAMPLES = os.path.join(ROOT, "examples")
TRAFFIC = os.path.join(EXAMPLES, "traffic.pcap")
TYPES = os.path.join(HERE, "programs", "types.bpf.c")
OUTSIDE = os.path.join(HERE, "programs", "outside.bpf.c")
SYSCTL = os.path.join(HERE, "programs", "sysctl.bpf.c")
TIMERS = os.path.join(HERE, "programs", "timers.bpf.c")
TIMEOUT_S = 60
NOBODY = 65534

CASES = {}
skep = "skep"
folder = "/tmp"


class Skip(Exception):
    pass


def case(function):
    CASES[function.__name__] = function
    return function


def example(name):
    return os.path.join(EXAMPLES, name + ".bpf.c")


def path_of(name, data=None):
    path = os.path.join(folder, name)
    if data is not None:
        with open(path, "wb") as file:
            file.write(data)
    return path


def run(*args, code=0, env=None, prefix=(), stdin=None, cwd=None):
    """Runs skep; (stdout, stderr) when it ends with the code expected."""
    full = {**os.environ, "XDG_CACHE_HOME": os.path.join(folder, "cache"), **(env or {})}
    done = subprocess.run([*prefix, skep, *args], capture_output=True, text=True, env=full,
                          timeout=TIMEOUT_S, check=False, stdin=stdin, cwd=cwd)
    if done.returncode != code:
        raise AssertionError(f"skep {' '.join(args)}: exit {done.returncode}, expected {code}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def run_json(*args, **kwargs):
    return json.loads(run(*args, "--json", **kwargs)[0])


def complains(words, *args, code=2, lines=1, **kwargs):
    """Expects one sentence on standard error that has the words, nothing on standard output."""
    out, err = run(*args, code=code, **kwargs)
    expect(out, "")
    for word in [words] if isinstance(words, str) else words:
        if word not in err:
            raise AssertionError(f"'{word}' is not in: {err}")
    if lines and len(err.strip().splitlines()) != lines:
        raise AssertionError(f"expected {lines} lines: {err}")


def expect(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def the_map(document, name):
    return next(m for m in document["maps"] if m["name"] == name)


def variables(document):
    return {k: v for m in document["maps"] for k, v in m.get("variables", {}).items()}


def need_kernel():
    done = subprocess.run([skep, "check", example("protocols"), "--engine", "kernel"], check=False,
                          capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode == 2:
        raise Skip(done.stderr.strip())


def need_root():
    if os.geteuid() != 0:
        raise Skip("not run as root, so not able to become another user")


def traffic():
    return capture.read(TRAFFIC)[1]


# --- the main job -----------------------------------------------------------------------------------


def check_protocols(engine):
    document = run_json("run", example("protocols"), "--pcap", TRAFFIC, "--engine", engine)
    packets = traffic()
    got = {(e["key"]["ethertype"], e["key"]["ip_protocol"]): [e["value"]["packets"], e["value"]["bytes"]]
           for e in the_map(document, "protocols")["entries"]}
    expect(got, capture.protocols(packets), "counters")
    expect([(v["verdict"], v["packets"], v["share"]) for v in document["verdicts"]],
           [("XDP_PASS", len(packets), 1)], "verdicts")
    expect(document["packets"], len(packets))
    expect(document["bytes"], sum(len(p.data) for p in packets))
    expect(document["complete"], True)
    if not 0 < document["ns_per_run"] < 1e6:
        raise AssertionError(f"ns per run: {document['ns_per_run']}")


@case
def protocols_are_counted_as_python_counts_them():
    check_protocols("user")


@case
def protocols_are_counted_by_the_kernel_too():
    need_kernel()
    check_protocols("kernel")


@case
def interpreter_counts_the_same():
    documents = [run_json("run", example("protocols"), "-r", TRAFFIC, *more)
                 for more in ([], ["--no-jit"])]
    expect(documents[0]["maps"], documents[1]["maps"])


@case
def port_filter_drops_and_blocks():
    packets = traffic()
    for port, bits in ((23, 24), (8080, 24), (53, 32), (7, 8)):
        verdicts, drops, blocked = capture.port_filter(packets, port, bits)
        document = run_json("run", example("portfilter"), "-r", TRAFFIC, "--set", f"blocked_port={port}",
                            "--set", f"blocked_prefix_bits={bits}")
        got = {v["verdict"]: v["packets"] for v in document["verdicts"]}
        expect(got, {v: verdicts.count(v) for v in set(verdicts)}, f"verdicts for port {port}")
        values = the_map(document, "drops")["entries"]
        total = {k: sum(v[k] for e in values for v in e["values"]) for k in
                 ("to_port", "from_blocked", "cut_short")}
        expect(total, {k: drops[k] for k in total}, f"drops for port {port}")
        listed = {struct.pack("<I", e["key"]["address"]): e["value"]
                  for e in the_map(document, "blocklist")["entries"]}
        expect(listed, {address: hits for address, hits in blocked.values()}, f"blocklist for {port}")


@case
def passed_packets_are_written_with_their_times():
    packets = traffic()
    verdicts = capture.port_filter(packets, 23)[0]
    out = path_of("passed.pcap")
    document = run_json("run", example("portfilter"), "-r", TRAFFIC, "-w", out)
    link, written = capture.read(out)
    kept = [p for p, v in zip(packets, verdicts) if v == "XDP_PASS"]
    expect(link, 1)
    expect([(p.time_ns, p.data, p.wire_bytes) for p in written],
           [(p.time_ns, p.data, p.wire_bytes) for p in kept], "packets")
    expect(document["written"], {"file": out, "packets": len(kept)})


@case
def rewritten_packets_are_written_as_rewritten():
    out = path_of("shrunk.pcap")
    run("run", TYPES, "shrink", "-r", TRAFFIC, "-w", out)
    expect([p.data for p in capture.read(out)[1]], [p.data[14:] for p in traffic()])


@case
def socket_filter_cuts_what_it_writes():
    out = path_of("kept.pcap")
    document = run_json("run", example("udplen"), "-r", TRAFFIC, "-w", out)
    kept = capture.read(out)[1]
    passed = [v for v in document["verdicts"] if v["verdict"] == "keep 64 bytes"][0]["packets"]
    expect(len(kept), passed)
    originals = {(p.time_ns, p.data[:64]): p.wire_bytes for p in traffic()}
    for p in kept:
        expect(originals[(p.time_ns, p.data)], p.wire_bytes)
    expect(sum(variables(document)["udp_lengths"]), passed, "histogram")


def record_rows(document):
    return [(r["packet"], v["total_length"], v["ttl"], v["ip_protocol"], v["vlan_id"], v["frame_bytes"])
            for r in document["records"] for v in [r["value"]]]


@case
def ring_buffer_records_have_their_type():
    document = run_json("run", example("iplen"), "-r", TRAFFIC)
    rows = record_rows(document)
    expect([r[:5] for r in rows], [r[:5] for r in capture.ip_lengths(traffic(), hook=True)])
    expect(variables(document)["lost"], 0)


@case
def kernel_records_are_those_of_its_framing():
    need_kernel()
    rows = record_rows(run_json("run", example("iplen"), "-r", TRAFFIC, "--engine", "kernel"))
    expect(rows, capture.ip_lengths(traffic(), hook=False))


@case
def text_shows_what_json_has():
    out = run("run", example("protocols"), "-r", TRAFFIC)[0]
    lines = out.splitlines()
    expect(re.sub(r"^.*/examples/", "", lines[0]),
           "protocols.bpf.c: count_protocols (xdp, 50 instructions), engine user")
    rows = [tuple(int(c) for c in line.split()) for line in lines if re.fullmatch(r" +\d+(  +\d+){4}", line)]
    expect({(r[0], r[1]): [r[3], r[4]] for r in rows}, capture.protocols(traffic()))
    if not any(re.fullmatch(r"XDP_PASS +713 +\d+\.\d KiB +100\.0 %", line) for line in lines):
        raise AssertionError(out)
    if "\x1b" in out or "█" in out:
        raise AssertionError("bars and colours are for terminals")


@case
def rows_limit_lists():
    out = run("run", example("iplen"), "-r", TRAFFIC, "--rows", "3")[0]
    if "ring buffer lengths: 422 records" not in out or "... and 419 more records" not in out:
        raise AssertionError(out)
    out = run("run", example("iplen"), "-r", TRAFFIC, "--rows", "0")[0]
    if "more records" in out or out.count("\n") < 422:
        raise AssertionError("not all rows")


@case
def repeat_counts_every_run():
    document = run_json("run", example("protocols"), "-r", TRAFFIC, "--repeat", "5")
    expect(document["runs"], 5 * 713)
    expect(sum(e["value"]["packets"] for e in the_map(document, "protocols")["entries"]), 5 * 713)


@case
def objects_of_both_compilers_run():
    found = False
    for compiler in ("clang-14", "clang-19"):
        source, target = example("protocols"), path_of(compiler + ".o")
        multiarch = subprocess.run(["cc", "-print-multiarch"], capture_output=True, text=True, check=False)
        try:
            subprocess.run([compiler, "-target", "bpf", "-mcpu=v3", "-g", "-O2", "-idirafter",
                            "/usr/include/" + multiarch.stdout.strip(), "-c", source, "-o", target], check=True)
        except FileNotFoundError:
            continue
        found = True
        document = run_json("run", target, "-r", TRAFFIC)
        expect(len(the_map(document, "protocols")["entries"]), len(capture.protocols(traffic())))
    if not found:
        raise Skip("neither clang-14 nor clang-19 is installed")


# --- settings, clock, seed, single runs ----------------------------------------------------------------


def state_with(*settings):
    options = [o for s in settings for o in ("--set", s)]
    return variables(run_json("run", TYPES, "settings", "-r", TRAFFIC, *options))["state"]


@case
def settings_reach_the_program():
    state = state_with()
    expect([state["color"], state["text"], state["small"], state["on"], state["wide"], state["port"]],
           ["GREEN", "xno", -3, False, 0, 80], "defaults")
    expect([state["a"], state["b"]], [-2, 7], "bit fields")
    state = state_with("color=BLUE", "name=hello", "small=-128", "on=true", "port=0xffff",
                       "wide=18446744073709551615", "letter='='")
    expect([state["color"], state["text"], state["small"], state["on"], state["wide"], state["port"]],
           ["BLUE", "=he", -128, True, 2**64 - 1, 65535])
    expect(state_with("letter=65", "color=5", "on=1", "small=127")["text"], "Ano")


@case
def settings_out_of_range_are_refused():
    for setting, words in (("small=128", "-128 to 127"), ("small=-129", "-128 to 127"),
                           ("port=65536", "0 to 65535"), ("port=-1", "0 to 65535"),
                           ("port=", "not a value"), ("port=12x", "not a value"),
                           ("wide=18446744073709551616", "out of range"), ("on=2", "true or false"),
                           ("color=PINK", "RED, GREEN, BLUE"), ("name=12345678", "8 bytes"),
                           ("nosuch=1", "it has color, name, small, port, letter, wide, on"),
                           ("port", "NAME=VALUE"), ("=1", "NAME=VALUE"), ("state=1", "no `const volatile`")):
        complains(words, "run", TYPES, "settings", "-r", TRAFFIC, "--set", setting)


@case
def runs_repeat_exactly_and_the_seed_changes_them():
    def outside(*more):
        return variables(run_json("run", OUTSIDE, "clock", "-r", TRAFFIC, *more))

    first = outside()
    expect(outside(), first)
    times = [p.time_ns for p in traffic()]
    expect([first["first_ns"], first["last_ns"]], [times[0], times[-1]], "capture time")
    other = outside("--seed", "2")
    if other["random_sum"] == first["random_sum"]:
        raise AssertionError("two seeds, one sum")
    fixed = outside("--clock", "12345")
    expect([fixed["first_ns"], fixed["last_ns"]], [12345, 12345])
    expect(fixed["random_sum"], first["random_sum"])
    before = time.monotonic_ns()
    real = outside("--clock", "real")
    if not before < real["first_ns"] < time.monotonic_ns():
        raise AssertionError(f"real clock: {real}")


@case
def single_runs_take_data_and_context():
    frame = "ffffffffffff 020202020202 0800 4500001c00000000 4011 0000 0a000001 0a000002 0035 1234 0008 0000"
    out = run("run", example("udplen"), "--data", frame)[0]
    if "keep 64 bytes" not in out or "data after it, 42 bytes" not in out:
        raise AssertionError(out)
    file = path_of("frame", bytes.fromhex(frame.replace(" ", "")))
    document = run_json("run", example("protocols"), "--data", file)
    expect(the_map(document, "protocols")["entries"],
           [{"key": {"ethertype": 0x800, "ip_protocol": 17, "zero": 0}, "value": {"packets": 1, "bytes": 42}}])
    expect(document["data_out"], frame.replace(" ", ""))
    arguments = "05000000000000000600000000000000"
    expect(run_json("run", TYPES, "raw", "--ctx", arguments)["verdicts"][0]["value"], 11)
    complains("reads more context than the 8 bytes given", "run", TYPES, "raw", "--ctx", arguments[:16])
    complains("so --data has nothing to give it", "run", TYPES, "raw", "--data", frame)
    document = run_json("run", TYPES, "call", "--ctx", "05000000")
    expect((document["verdicts"][0]["value"], document["ctx_out"]), (7, "06000000"))
    expect(run_json("run", TYPES, "trace", "--ctx", arguments + "2a00000000000000")["verdicts"][0]["value"], 42)


@case
def sysctl_programs_judge_accesses():
    accesses = ["my/plain=1", "my.plain", "my/plain=9", "my/plain", "my.lucky=1", "my/lucky", "my/refused=2",
                "my/hidden", "my/seek", "/proc/sys/my/empty="]
    options = [word for access in accesses for word in ("--sysctl", access)]
    document = run_json("run", SYSCTL, *options)
    plain = {"name": "my/plain", "allowed": True, "returns": 0, "file_pos": 0}
    denied = {"allowed": False, "returns": -1}
    expect(document["accesses"], [
        {**plain, "write": True, "value": "1\n"},
        {**plain, "write": False, "found": "1\n"},
        {**plain, "write": True, "found": "1\n", "value": "9\n", **denied},
        {**plain, "write": False, "found": "1\n"},
        {**plain, "name": "my/lucky", "write": True, "value": "1\n", "written": "7\n"},
        {**plain, "name": "my/lucky", "write": False, "found": "7\n"},
        {**plain, "name": "my/refused", "write": True, "value": "2\n", "allowed": False, "returns": -13},
        {**plain, "name": "my/hidden", "write": False, **denied},
        {**plain, "name": "my/seek", "write": False, "file_pos": 3},
        {**plain, "name": "my/empty", "write": True, "value": "\n"}])
    expect(document["printk"], [{"packet": packet, "text": text} for packet, text in (
        (1, "plain: 2 bytes"), (3, "plain: 2 bytes"), (5, "lucky: 2 bytes"), (7, "refused: 2 bytes"),
        (10, "empty: 1 bytes"))])
    variables = [the_map(document, "sysctl.bss")["variables"]][0]
    expect(variables, {"reads": 5, "writes": 5})
    if not re.search(r"write my/lucky +1 +allowed, with another value: 7\n", run("run", SYSCTL, *options)[0]):
        raise AssertionError(run("run", SYSCTL, *options)[0])
    with open("/proc/sys/kernel/ostype", encoding="ascii") as file:
        expect(run_json("run", SYSCTL, "--sysctl", "kernel.ostype=x")["accesses"][0]["found"], file.read())
    complains("give it some, in order, with --sysctl NAME", "run", SYSCTL)
    complains("a part of the name is empty", "run", SYSCTL, "--sysctl", "a..b")
    complains("'..' is no part of a name", "run", SYSCTL, "--sysctl", "a/../b")
    complains("no name stands in it", "run", SYSCTL, "--sysctl", "=1")
    complains("are for other programs", "run", SYSCTL, "--sysctl", "a", "--ctx", "00")
    complains("does not judge accesses to sysctls", "run", TYPES, "raw", "--sysctl", "a")
    complains("--sysctl is for --engine user", "run", SYSCTL, "--sysctl", "a", "--engine", "both")


@case
def what_the_engine_lacks_is_named():
    source = b'#include <linux/bpf.h>\n__attribute__((section("lwt_seg6local"), used)) int p(void *ctx) { return 0; }\n'
    complains("program type 19 (lwt_seg6local) is not implemented", "run", path_of("lacks.bpf.c", source), "--ctx",
              "00")


@case
def tc_and_cgroup_verdicts_have_names():
    sizes = [len(p.data) for p in traffic()]
    document = run_json("run", TYPES, "mark", "-r", TRAFFIC)
    names = {v["verdict"]: v["packets"] for v in document["verdicts"]}
    expect(sum(names.values()), len(sizes))
    expect(set(names), {"TC_ACT_SHOT", "TC_ACT_UNSPEC"})
    names = {v["verdict"] for v in run_json("run", TYPES, "group", "-r", TRAFFIC)["verdicts"]}
    expect(names, {"PASS", "DROP"})


@case
def perf_records_are_shown():
    document = run_json("run", TYPES, "settings", "-r", TRAFFIC)
    expect([r["value"] for r in document["records"]],
           [{"bytes": len(p.data), "tag": "abc"} for p in traffic()])


@case
def printk_lines_are_shown():
    document = run_json("run", OUTSIDE, "print", "-r", TRAFFIC)
    expect(document["printk"], [{"packet": 1, "text": 'packet 1 "quoted"'},
                                {"packet": 2, "text": 'packet 2 "quoted"'}])


@case
def timers_fire_in_the_time_of_the_capture():
    times = [p.time_ns for p in traffic()]
    period = 100_000_000
    for more in ((), ("--no-jit",)):
        document = run_json("run", TIMERS, "periodic", "-r", TRAFFIC, *more)
        after = variables(document)
        ticks = (times[-1] - times[0]) // period
        expect(after["count"], ticks, "ticks")
        expect(after["last_ns"], times[0] + ticks * period, "time of the last tick")
        expect(after["errors"], 0)
        expect(document["timers"], {"fired": ticks, "behind": False,
                                    "next_ns": times[0] + (ticks + 1) * period - times[-1]})


@case
def timers_without_a_period_are_bounded():
    start = time.monotonic()
    document = run_json("run", TIMERS, "periodic", "-r", TRAFFIC, "--set", "period_ns=0")
    if document["timers"]["fired"] < 1000 or time.monotonic() - start > TIMEOUT_S / 2:
        raise AssertionError(document["timers"])


@case
def timers_of_other_clocks_fire_between_packets():
    expect(run_json("run", TIMERS, "at_once", "-r", TRAFFIC, "--clock", "777")["timers"],
           {"fired": 1, "behind": False})
    expect(run_json("run", TIMERS, "at_once", "-r", TRAFFIC, "--clock", "real")["timers"],
           {"fired": 1, "behind": False})
    expect(run_json("run", TIMERS, "at_once", "--data", "00" * 60)["timers"], {"fired": 1, "behind": False})
    expect(run_json("run", TIMERS, "chain", "--data", "00" * 60)["timers"], {"fired": 3, "behind": False})


@case
def timers_that_never_fired_are_named():
    out, _ = run("run", TIMERS, "later", "-r", TRAFFIC)
    if "timers: 0 callbacks fired; the next was due 35" not in out:
        raise AssertionError(out)


# --- two engines -----------------------------------------------------------------------------------------


@case
def both_engines_agree_on_the_examples():
    need_kernel()
    for name in ("protocols", "portfilter", "iplen", "udplen"):
        document = run_json("run", example(name), "-r", TRAFFIC, "--engine", "both")
        expect(document["comparison"], {"packets": 713, "equal": True,
                                        "printk_compared": document["comparison"]["printk_compared"]})
        if not document["ns_per_run_kernel"] > 0:
            raise AssertionError("no time of the kernel")


@case
def both_engines_agree_on_single_runs():
    need_kernel()
    for name, ctx in (("raw", "05000000000000000600000000000000"), ("call", "05000000")):
        document = run_json("run", TYPES, name, "--ctx", ctx, "--engine", "both")
        expect(document["comparison"]["equal"], True, name)


@case
def a_difference_is_found_at_its_packet():
    need_kernel()
    out = run("run", OUTSIDE, "differ", "-r", TRAFFIC, "--engine", "both", code=1)[0]
    if "DIFFERENCE at packet 321: map many, key 120\n  user " not in out:
        raise AssertionError(out)
    comparison = run_json("run", OUTSIDE, "differ", "-r", TRAFFIC, "--engine", "both", code=1)["comparison"]
    expect((comparison["equal"], comparison["packet"]), (False, 321))


@case
def a_difference_between_two_looks_at_the_maps_is_bisected():
    need_kernel()
    long = path_of("long.pcap")
    capture.write(long, traffic() * 9)
    comparison = run_json("run", OUTSIDE, "differ_late", "-r", long, "--engine", "both", code=1)["comparison"]
    expect((comparison["equal"], comparison["packet"]), (False, 5432))
    if "packet 5432: map many, key 31\n" not in comparison["difference"]:
        raise AssertionError(comparison)


@case
def what_cannot_be_compared_is_named():
    need_kernel()
    comparison = run_json("run", OUTSIDE, "clock", "-r", TRAFFIC, "--engine", "both")["comparison"]
    expect(comparison["equal"], True)
    for name in ("bpf_ktime_get_ns", "bpf_get_prandom_u32"):
        if name not in comparison["not_comparable"]:
            raise AssertionError(comparison)


@case
def kernel_printk_lines_are_read():
    need_kernel()
    document = run_json("run", OUTSIDE, "print", "-r", TRAFFIC, "--engine", "both")
    if not document["comparison"]["printk_compared"]:
        raise Skip("the kernel's trace pipe cannot be read here")
    expect([line["text"] for line in document["printk"]], ['packet 1 "quoted"', 'packet 2 "quoted"'])


@case
def both_reject_alike():
    need_kernel()
    complains(["rejects", "data[3] == 2", "invalid access to packet"], "run", OUTSIDE, "careless", "-r",
              TRAFFIC, "--engine", "both", code=1, lines=0)


def libxdp_objects():
    folders = [os.path.join("/usr/lib", d, "bpf") for d in os.listdir("/usr/lib")]
    objects = [os.path.join(f, o) for f in folders if os.path.isdir(f) for o in sorted(os.listdir(f))]
    xdp = [o for o in objects if re.match(r"(xdp-dispatcher|xdpdump_xdp|xdpfilt_|xsk_)", os.path.basename(o))]
    if not xdp:
        raise Skip("the package libxdp1 is not installed")
    return xdp


@case
def xdp_objects_of_the_distribution_agree_with_the_kernel():
    objects = libxdp_objects()
    need_kernel()
    for path in objects:
        names = [r["program"] for r in run_json("check", path)["programs"]]
        for name in names:
            document = run_json("run", path, name, "-r", TRAFFIC, "--engine", "both")
            expect(document["comparison"]["equal"], True, f"{path} {name}")
            expect(document["packets"], 713, f"{path} {name}")


@case
def nothing_is_pinned():
    objects = [o for o in libxdp_objects() if "xdpfilt" in o]
    pinned = "/sys/fs/bpf"
    before = sorted(os.listdir(pinned)) if os.access(pinned, os.R_OK) else []
    run("run", objects[0], "-r", TRAFFIC)
    expect(sorted(os.listdir(pinned)) if os.access(pinned, os.R_OK) else [], before)


# --- as nobody ---------------------------------------------------------------------------------------------


def as_nobody():
    need_root()
    try:
        subprocess.run(["setpriv", "--version"], capture_output=True, check=True)
    except FileNotFoundError as missing:
        raise Skip("setpriv is not installed") from missing
    # The build may lie where others may not look.
    copy = path_of("skep")
    with open(skep, "rb") as file:
        path_of("skep", file.read())
    os.chmod(copy, 0o755)
    return copy, ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def run_as_nobody(*args, code=0, env=None):
    global skep
    copy, prefix = as_nobody()
    files = {}
    for source in (example("udplen"), example("protocols"), TRAFFIC):
        with open(source, "rb") as file:
            files[source] = path_of(os.path.basename(source), file.read())
    os.chmod(folder, 0o755)
    was, skep = skep, copy
    try:
        return run(*[files.get(a, a) for a in args], code=code, prefix=prefix, cwd="/",
                   env={"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent/cache", **(env or {})})
    finally:
        skep = was


@case
def nobody_runs_programs_with_vmlinux_h_and_no_cache():
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        raise Skip("this kernel has no BTF to make vmlinux.h of")
    document = json.loads(run_as_nobody("run", example("udplen"), "-r", TRAFFIC, "--json")[0])
    expect(document["packets"], 713)
    expect(document["maps"], run_json("run", example("udplen"), "-r", TRAFFIC)["maps"])


@case
def nobody_is_told_which_capability_the_kernel_wants():
    out, err = run_as_nobody("run", example("protocols"), "-r", TRAFFIC, "--engine", "kernel", code=2)
    expect(out, "")
    if "CAP_BPF" not in err and "no bpf(2)" not in err:
        raise AssertionError(err)
    err = run_as_nobody("run", example("protocols"), "-r", TRAFFIC, "--engine", "both", code=2)[1]
    if "CAP_BPF" not in err and "no bpf(2)" not in err:
        raise AssertionError(err)


@case
def vmlinux_h_is_made_once():
    if not os.path.exists("/sys/kernel/btf/vmlinux"):
        raise Skip("this kernel has no BTF to make vmlinux.h of")
    cache = os.path.join(folder, "cache", "skep")
    run("run", example("udplen"), "-r", TRAFFIC)
    made = [os.path.join(cache, d, "vmlinux.h") for d in os.listdir(cache)]
    expect(len(made), 1)
    before = os.stat(made[0]).st_mtime_ns
    run("run", example("udplen"), "-r", TRAFFIC)
    expect(os.stat(made[0]).st_mtime_ns, before)


@case
def nothing_is_left_in_the_temporary_folder():
    temp = path_of("temp")
    os.mkdir(temp)
    run("run", example("protocols"), "-r", TRAFFIC, env={"TMPDIR": temp})
    run("run", path_of("broken.bpf.c", b"int x = ;\n"), "-r", TRAFFIC, env={"TMPDIR": temp}, code=2)
    expect(os.listdir(temp), [])


# --- bad input ------------------------------------------------------------------------------------------------


@case
def objects_that_are_none_are_told_apart():
    good = path_of("good.o")
    subprocess.run(["clang", "-target", "bpf", "-g", "-O2", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c",
                    example("protocols"), "-o", good], check=True)
    with open(good, "rb") as file:
        blob = file.read()
    for data, words in ((b"", "is empty"), (b"hello, world", "not an object"), (blob[:40], "cut off within"),
                        (blob[:len(blob) // 2], "cut off: its section table")):
        complains(words, "run", path_of("bad.o", data), "-r", TRAFFIC)
        complains(words, "dump", path_of("bad.o", data))
        out, err = run("check", path_of("bad.o", data), code=2)
        expect((out, words in err), ("", True))
    complains("not of BPF", "run", "/bin/true", "-r", TRAFFIC)
    complains(["nosuch.o", "No such file"], "run", path_of("nosuch.o"), "-r", TRAFFIC)
    complains(["nosuch.bpf.c", "No such file"], "run", path_of("nosuch.bpf.c"), "-r", TRAFFIC)


@case
def context_of_xdp_names_its_packet():
    packet, program = "00" * 64, example("protocols")
    complains("is about one packet", "run", program, "-r", TRAFFIC, "--ctx", "0000000040000000")
    complains("is 0, but the packet of --data has 64 bytes", "run", program, "--data", packet, "--ctx", "00")
    expect(run_json("run", program, "--data", packet, "--ctx", "0000000040000000")["packets"], 1)


@case
def broken_objects_never_crash():
    good = path_of("good.o")
    subprocess.run(["clang", "-target", "bpf", "-g", "-O2", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c",
                    example("protocols"), "-o", good], check=True)
    with open(good, "rb") as file:
        blob = bytearray(file.read())
    state, codes = 12345, set()
    for _ in range(60):
        broken = bytearray(blob)
        for _ in range(8):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            broken[state % len(broken)] = state >> 16 & 0xFF
        path = path_of("broken.o", bytes(broken))
        for command in (["run", path, "-r", TRAFFIC], ["dump", path], ["check", path]):
            done = subprocess.run([skep, *command], capture_output=True, timeout=TIMEOUT_S, check=False)
            if done.returncode not in (0, 1, 2):
                raise AssertionError(f"{command[0]}: exit {done.returncode}: {done.stderr!r}")
            codes.add(done.returncode)
    if not {0, 2} <= codes:
        raise AssertionError(f"the damage was too great or too small: {codes}")


@case
def objects_without_btf():
    source = path_of("plain.bpf.c", b"""#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
SEC("xdp") int plain(struct xdp_md *ctx) { return XDP_DROP; }
""")
    plain = path_of("plain.o")
    subprocess.run(["clang", "-target", "bpf", "-O2", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c", source,
                    "-o", plain], check=True)
    expect(run_json("run", plain, "-r", TRAFFIC)["verdicts"][0]["verdict"], "XDP_DROP")
    run("dump", plain)
    maps = path_of("maps.o")
    subprocess.run(["clang", "-target", "bpf", "-O2", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c",
                    example("protocols"), "-o", maps], check=True)
    complains("BTF is required", "run", maps, "-r", TRAFFIC)


@case
def programs_are_chosen_by_name():
    complains(["has several programs", "settings (xdp)", "mark (sched_cls)"], "run", TYPES, "-r", TRAFFIC)
    complains(["no program 'nosuch'", "settings (xdp)"], "run", TYPES, "nosuch", "-r", TRAFFIC)
    complains("names no program type", "run", TYPES, "unknown", "--ctx", "00")
    complains("takes packets", "run", example("protocols"))
    complains("takes no packets", "run", TYPES, "trace", "-r", TRAFFIC)
    complains("neither a file nor", "run", example("protocols"), "--data", "xyz")
    complains("neither a file nor", "run", example("protocols"), "--data", "123")
    complains("exclude each other", "run", example("protocols"), "--data", "12", "-r", TRAFFIC)


HUGE = b"""#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1u << 27);
	__type(key, __u32);
	__type(value, char[1 << 15]);
} huge SEC(".maps");
SEC("xdp") int look(struct xdp_md *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&huge, &key) ? XDP_DROP : XDP_PASS;
}
char LICENSE[] SEC("license") = "Dual BSD/GPL";
"""


@case
def map_beyond_the_limit_says_which_limit():
    source = path_of("huge.bpf.c", HUGE)
    complains(["huge.bpf.c cannot be loaded", "map 'huge'", "Cannot allocate memory",
               "the user engine: limit reached: ", " MiB for maps, programs and BTF in all"],
              "run", source, "-r", TRAFFIC)


@case
def too_few_descriptors_are_said_to_be():
    ran = False
    for limit in range(6, 40):
        done = subprocess.run(["prlimit", f"--nofile={limit}:{limit}", skep, "run",
                               example("protocols"), "-r", TRAFFIC], capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)
        ran = done.returncode == 0
        if ran:
            break
        lines = done.stderr.strip().split("\n")
        if done.returncode != 2 or len(lines) != 1 or "Too many open files" not in lines[0]:
            raise AssertionError(f"{limit}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    expect(ran, True)


@case
def compiler_errors_are_shown():
    out, err = run("run", path_of("broken.bpf.c", b"int x = ;\n"), "-r", TRAFFIC, code=2)
    expect(out, "")
    if "expected expression" not in err or "cannot compile it" not in err:
        raise AssertionError(err)
    err = run("run", example("protocols"), "-r", TRAFFIC, code=2, env={"PATH": "/nonexistent"})[1]
    if "no clang on PATH" not in err:
        raise AssertionError(err)


@case
def rejections_show_line_instruction_and_reason():
    out, err = run("run", OUTSIDE, "careless", "-r", TRAFFIC, code=1)
    expect(out, "")
    for words in ("rejects program 'careless'", "source       return data[3] == 2", "instruction  ", "(71) r",
                  "reason       invalid access to packet, off=3 size=1", "whole log: -v"):
        if words not in err:
            raise AssertionError(f"'{words}' is not in {err}")
    err = run("run", OUTSIDE, "careless", "-r", TRAFFIC, "-v", code=1)[1]
    if "processed " not in err:
        raise AssertionError(err)


@case
def captures_that_are_none():
    run_args = ["run", example("protocols"), "-r"]
    complains(["nosuch.pcap", "No such file"], *run_args, path_of("nosuch.pcap"))
    complains("not a capture", *run_args, path_of("text.pcap", b"hello, this is no capture at all\n"))
    complains("not a capture", *run_args, path_of("empty.pcap", b""))
    complains("not a capture", *run_args, folder)
    wifi = path_of("wifi.pcap")
    capture.write(wifi, [], link=105)
    complains(["link type IEEE802_11", "Ethernet"], *run_args, wifi)


@case
def a_capture_cut_off_is_run_up_to_there():
    with open(TRAFFIC, "rb") as file:
        blob = file.read()
    cut = path_of("cut.pcap", blob[:100000])
    out, err = run("run", example("protocols"), "-r", cut, "--json", code=2)
    document = json.loads(out)
    whole = []
    for p in traffic():
        whole.append(p)
        if 24 + sum(16 + len(q.data) for q in whole) > 100000:
            whole.pop()
            break
    expect(document["packets"], len(whole))
    expect(document["complete"], False)
    expect(sum(e["value"]["packets"] for e in the_map(document, "protocols")["entries"]), len(whole))
    if f"breaks off after packet {len(whole)}" not in err:
        raise AssertionError(err)


@case
def raw_ip_captures_are_framed():
    inner = [capture.Packet(p.time_ns, p.data[14:], p.wire_bytes - 14) for p in traffic()
             if capture.u16(p.data, 12) in (0x0800, 0x86DD)]
    raw, out = path_of("raw.pcap"), path_of("out.pcap")
    capture.write(raw, inner, link=101)
    document = run_json("run", example("protocols"), "-r", raw, "-w", out)
    wanted = {k: v for k, v in capture.protocols(traffic()).items() if k[0] in (0x0800, 0x86DD)}
    got = {(e["key"]["ethertype"], e["key"]["ip_protocol"]): [e["value"]["packets"], e["value"]["bytes"]]
           for e in the_map(document, "protocols")["entries"]}
    expect(got, wanted)
    expect([p.data for p in capture.read(out)[1]], [p.data for p in inner])


@case
def short_and_long_packets_are_counted_with_a_reason():
    sizes = [0, 13, 14, 33, 60, 3800, 9000, 70000]
    body = b"\xff" * 12 + b"\x08\x00" + b"\x45" + bytes(70000)
    odd = path_of("odd.pcap")
    capture.write(odd, [capture.Packet(i, body[:n], n) for i, n in enumerate(sizes)])
    document = run_json("run", TYPES, "mark", "-r", odd)
    run_packets = sum(v["packets"] for v in document["verdicts"])
    refused = sum(r["packets"] for r in document["not_run"])
    expect((document["packets"], run_packets + refused), (len(sizes), len(sizes)))
    reasons = {r["reason"]: r["packets"] for r in document["kernel_would_refuse"]}
    expect(reasons, {"nothing behind the Ethernet header": 1, "cut off within the IP header": 1,
                     "longer than its page": 2})
    need_kernel()
    document = run_json("run", TYPES, "mark", "-r", odd, "--engine", "kernel")
    expect(sum(v["packets"] for v in document["verdicts"]), 1, "the kernel takes one")


@case
def captures_come_from_standard_input():
    with open(TRAFFIC, "rb") as file:
        document = run_json("run", example("protocols"), "-r", "-", stdin=file)
    expect(document["packets"], 713)
    complains("--engine both reads the capture twice; give a file", "run", example("protocols"), "-r", "-",
              "--engine", "both")


@case
def outputs_that_cannot_be_written():
    complains(["/nonexistent/out.pcap", "No such file"], "run", example("protocols"), "-r", TRAFFIC, "-w",
              "/nonexistent/out.pcap")
    with open(TRAFFIC, "rb") as file:
        copy = path_of("copy.pcap", file.read())
    complains("would overwrite", "run", example("protocols"), "-r", copy, "-w", copy)
    expect(len(capture.read(copy)[1]), 713)
    if os.path.exists("/dev/full"):
        err = run("run", example("protocols"), "-r", TRAFFIC, "-w", "/dev/full", code=2)[1]
        if "/dev/full" not in err:
            raise AssertionError(err)
        with open("/dev/full", "wb") as full:
            done = subprocess.run([skep, "help"], stdout=full, stderr=subprocess.PIPE, check=False)
        expect(done.returncode, 2)


@case
def no_proc_is_said():
    need_root()
    script = f"mount -t tmpfs none /proc && exec {skep} run {example('protocols')} -r {TRAFFIC}"
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        raise Skip("no mount namespace can be made here")
    if "Sanitizer" in done.stderr:
        raise Skip("sanitizers need /proc themselves")
    expect(done.returncode, 2)
    if "mount /proc" not in done.stderr:
        raise AssertionError(done.stderr)


# --- signals ----------------------------------------------------------------------------------------------------


def interrupted(*more):
    process = subprocess.Popen([skep, "run", OUTSIDE, "slow", "-r", TRAFFIC, "--repeat", "20000", "--json", *more],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    expect(process.returncode, 130)
    if "interrupted" not in err:
        raise AssertionError(err)
    return json.loads(out)


@case
def interrupt_shows_what_was_counted():
    document = interrupted()
    expect(document["complete"], False)
    if not 0 < document["packets"] < 713:
        raise AssertionError(f"{document['packets']} packets")


@case
def interrupt_ends_a_comparison():
    need_kernel()
    document = interrupted("--engine", "both")
    expect(document["comparison"]["equal"], True)


@case
def long_captures_have_a_progress_bar_on_a_terminal():
    long = path_of("long.pcap")
    capture.write(long, traffic())
    leader, follower = os.openpty()
    process = subprocess.Popen([skep, "run", OUTSIDE, "slow", "-r", long, "--repeat", "3000", "--json"],
                               stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    drawn = b""
    out = process.communicate(timeout=TIMEOUT_S)[0]
    try:
        while chunk := os.read(leader, 65536):
            drawn += chunk
    except OSError:
        pass
    expect(process.returncode, 0)
    json.loads(out)
    if not re.search(rb"\r\[#+ *\] +\d+ %  \d+ packets", drawn) or not drawn.endswith(b"\r\x1b[K"):
        raise AssertionError(f"drawn: {drawn!r}")


# --- check and dump ------------------------------------------------------------------------------------------------


@case
def check_gives_a_row_for_each_program():
    document = run_json("check", example("protocols"), example("iplen"), OUTSIDE, code=1)
    rows = {r["program"]: r for r in document["programs"]}
    expect({n: r["verdict"] for n, r in rows.items()},
           {"count_protocols": "accepted", "report_lengths": "accepted", "clock": "accepted", "print": "accepted",
            "differ": "accepted", "differ_late": "accepted", "careless": "rejected", "slow": "accepted"})
    for row in rows.values():
        if row["verdict"] == "accepted" and not (row["instructions_processed"] > 0 and row["states"] >= 0):
            raise AssertionError(row)
    expect(rows["careless"]["source"].split(" @ ")[0], "return data[3] == 2 ? XDP_DROP : XDP_PASS;")
    if "invalid access to packet" not in rows["careless"]["reason"]:
        raise AssertionError(rows["careless"])


@case
def check_agrees_with_the_kernel():
    need_kernel()
    keys = ("object", "program", "type", "verdict", "instructions")
    for source, code in ((example("protocols"), 0), (example("portfilter"), 0), (OUTSIDE, 1)):
        user, kernel = ([{k: r[k] for k in keys + (("reason", "instruction") if r["verdict"] == "rejected" else ())}
                         for r in run_json("check", source, "--engine", e, code=code)["programs"]]
                        for e in ("user", "kernel"))
        expect(user, kernel, source)


@case
def check_exits_0_when_all_are_accepted():
    out = run("check", example("protocols"))[0]
    expect(out.splitlines()[0].split(), ["program", "type", "verdict", "insns", "processed", "states", "time"])
    expect(out.splitlines()[1].split()[:4], ["count_protocols", "xdp", "accepted", "50"])
    out = run("check", OUTSIDE, "-v", code=1)[0]
    if "processed " not in out:
        raise AssertionError("-v shows the log")


@case
def dump_shows_all_three_forms():
    out = run("dump", example("protocols"))[0]
    for words in ("xdp count_protocols: instructions", "; if ((const void *)(eth + 1) > end)", "0: (",
                  "call bpf_map_lookup_elem#1", "(95) exit"):
        if words not in out:
            raise AssertionError(f"'{words}' is not in {out}")
    if "; protocols" not in out:
        raise AssertionError("the map an instruction refers to is named")
    if "; int" in run("dump", example("protocols"), "--insns")[0]:
        raise AssertionError("no source was asked for")
    out = run("dump", example("protocols"), "count_protocols", "--xlated", "--jited", "--source")[0]
    for words in ("count_protocols: rewritten", "count_protocols: machine code", "ret"):
        if words not in out:
            raise AssertionError(f"'{words}' is not in {out}")
    document = run_json("dump", example("protocols"), "--insns", "--xlated")
    expect([d["kind"] for d in document], ["instructions", "rewritten"])
    complains("no function 'nosuch'", "dump", example("protocols"), "nosuch")
    err = run("dump", OUTSIDE, "careless", "--xlated", code=1)[1]
    if "rejects" not in err:
        raise AssertionError(err)


# --- the command line -----------------------------------------------------------------------------------------------


@case
def usage_errors_say_what_to_do():
    complains(["no command 'ru'", "did you mean 'run'", "skep help"], "ru", lines=2)
    complains(["no command 'chekc'", "did you mean 'check'"], "chekc", lines=2)
    complains("no command 'frobnicate'", "frobnicate", lines=2)
    complains("which program?", "run", lines=2)
    complains("which objects?", "check", lines=2)
    complains("give one object", "dump", lines=2)
    complains("--engine 'foo': it is user, kernel or both", "run", example("protocols"), "--engine", "foo")
    complains("--engine 'both': it is user or kernel", "check", example("protocols"), "--engine", "both")
    complains("--repeat '0'", "run", example("protocols"), "--repeat", "0")
    complains("--clock 'soon'", "run", example("protocols"), "--clock", "soon")
    complains("unrecognized option '--bogus'", "run", example("protocols"), "--bogus", lines=2)
    complains("give a file", "run", example("protocols"), "-r", TRAFFIC, "-w", "-")
    complains("one argument too many", "run", example("protocols"), "a", "b")
    run(code=2)


@case
def help_and_version():
    expect(bool(re.fullmatch(r"skep \d+\.\d+\.\d+\n", run("--version")[0])), True)
    out = run("help")[0]
    for command in ("run", "check", "dump", "doctor"):
        if f"skep {command}" not in out:
            raise AssertionError(out)
        usage = run("help", command)[0]
        expect(run(command, "--help")[0], usage)
        if not usage.startswith(f"Usage: skep {command}"):
            raise AssertionError(usage)
    complains("no command 'nosuch'", "help", "nosuch", lines=2)


@case
def manual_pages_and_completions_know_every_option():
    usages = {command: run("help", command)[0] for command in ("run", "check", "dump", "doctor")}
    usages["run-attach"] = run("run", "--attach", "--help")[0]
    for command, usage in usages.items():
        options = set(re.findall(r"--[a-z][a-z-]*", usage))
        for place in (f"docs/man/skep-{command}.1", "completions/skep.bash", "completions/_skep"):
            with open(os.path.join(ROOT, place), encoding="utf-8") as file:
                text = file.read().replace("\\-", "-")
            missing = {o for o in options if o not in text and o[2:] not in text}
            if missing:
                raise AssertionError(f"{place} lacks {sorted(missing)}")


def main():
    global skep, folder
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CASES))
        return 0
    skep = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="skep-test-") as folder:
        try:
            CASES[sys.argv[2]]()
        except Skip as reason:
            print(reason)
            return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
