#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_trace_func.py SKEP TARGET CASE | --list: skep trace func and stacks against a program that knows
what it did. 77 (skipped), with the reason, where the kernel's bpf(2) or uprobes are not to be had.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

SKIP = 77
CASES = {}


class Skipped(Exception):
    pass


def case(function):
    CASES[function.__name__] = function
    return function


class Target:
    """The program, stopped until go() is called."""

    def __init__(self, world, what, n):
        self.process = subprocess.Popen([world.target, what, str(n)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        assert self.process.stdout.readline() == "ready\n"

    def go(self):
        """Lets it do its work: the lines it wrote."""
        lines = []
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line == "done\n":
                return lines
            lines.append(line.rstrip("\n"))
        raise AssertionError("the target ended before it was done")

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class Trace:
    """skep trace ..., attached when the constructor returns."""

    def __init__(self, world, *arguments):
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([world.skep, "trace", *arguments, "-v"], stdout=self.out,
                                        stderr=subprocess.PIPE, text=True)
        self.notes = ""
        while not re.search(r"hook: ", self.notes):
            line = self.process.stderr.readline()
            if not line:
                raise AssertionError(f"skep ended: {self.notes}")
            self.notes += line

    def stop(self):
        """Ctrl-C: what it wrote."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self):
        self.notes += self.process.communicate(timeout=60)[1]
        assert self.process.returncode == 0, f"exit {self.process.returncode}: {self.notes}"
        self.out.seek(0)
        return self.out.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


class World:
    def __init__(self, skep, target):
        self.skep, self.target = skep, target

    def run(self, *arguments, **more):
        return subprocess.run([self.skep, "trace", *arguments], capture_output=True, text=True,
                              timeout=60, check=False, **more)

    def traced(self, what, n, *arguments):
        """Runs the target under skep: (what it wrote, skep's output, skep's notes)."""
        with Target(self, what, n) as target, Trace(self, *arguments, "-p", str(target.pid)) as trace:
            lines = target.go()
            out = trace.stop()
            target.end()
        return lines, out, trace.notes


def objects(out):
    return [json.loads(line) for line in out.splitlines()]


def check_kernel(world):
    if os.geteuid():
        raise Skipped("needs root")
    with Target(world, "malloc", 1) as target:
        tried = world.run("func", "libc:malloc", "-p", str(target.pid), "-d", "0.01")
    if tried.returncode:
        raise Skipped(tried.stderr.strip())


@case
def counts_are_those_of_the_program(world):
    _, out, _ = world.traced("malloc", 20000, "func", "libc:malloc", "libc:free", "-o", "json")
    counts = {o["function"]: o["count"] for o in objects(out)}
    # printf's own buffer is allocated once more
    assert counts == {"malloc": 20001, "free": 20000}, counts


@case
def arguments_and_results_are_those_of_the_program(world):
    lines, out, notes = world.traced("reallocarray", 500, "func", "-o", "json",
                                     "libc:void *reallocarray(void *p, size_t n, size_t size)+ret")
    seen = []
    for o in objects(out):
        a = re.fullmatch(r"reallocarray\(p=(\w+), n=(\d+), size=(\d+)\)", o["call"])
        seen.append(f"reallocarray {a[1]} {a[2]} {a[3]} = {o['result']}")
        assert o["duration_ns"] > 0
    assert seen == lines, next((pair for pair in zip(seen, lines) if pair[0] != pair[1]), len(seen))
    assert "500 events: 500 shown, 0 dropped" in notes, notes


@case
def arguments_come_from_dwarf(world):
    lines, out, _ = world.traced("moved", 3, "func", "-a", f"{world.target}:factorial", "-o", "json")
    assert lines and not objects(out)
    _, out, _ = world.traced("factorial", 4, "func", "-a", f"{world.target}:factorial", "-o", "json")
    calls = [o["call"] for o in objects(out)]
    assert calls == [f"factorial(n={n})" for n in (0, 1, 2, 1, 3, 2, 1)], calls


@case
def moved_probe_sees_what_the_entry_sees(world):
    prototype = f"{world.target}:uint64_t moved(uint64_t a, void *b, int c, uint64_t d)"
    ring = ("--ring", "16384", "-o", "json")
    with Target(world, "moved", 10000) as target:
        pid = ("-p", str(target.pid))
        with Trace(world, "func", prototype, *pid, *ring) as moved, \
                Trace(world, "func", prototype, "--at-entry", *pid, *ring) as entry:
            lines = target.go()
            calls = [[o["call"] for o in objects(t.stop())] for t in (moved, entry)]
    assert "1 of them moved" in moved.notes, moved.notes
    assert "0 of them moved" in entry.notes, entry.notes
    assert len(calls[0]) == 10000 and calls[0] == calls[1]
    for call, line in zip(calls[0], lines):
        a, c, d = re.fullmatch(r"moved (\d+) .* (-?\d+) (\d+) = \d+", line).groups()
        assert re.fullmatch(rf"moved\(a={a}, b=0x\w+, c={c}, d={d}\)", call), (call, line)


@case
def moved_probe_in_libc_sees_what_the_entry_sees(world):
    with Target(world, "malloc", 10000) as target:
        pid = ("-p", str(target.pid), "--ring", "16384", "-o", "json")
        with Trace(world, "func", "libc:free(void *p)", *pid) as moved, \
                Trace(world, "func", "libc:free(void *p)", "--at-entry", *pid) as entry:
            target.go()
            calls = [[o["call"] for o in objects(t.stop())] for t in (moved, entry)]
    assert len(calls[0]) == 10000 and calls[0] == calls[1], [len(c) for c in calls]


@case
def strings_are_read(world):
    lines, out, _ = world.traced("moved", 20, "func", "-o", "json",
                                 f"{world.target}:moved(uint64_t a, const char *b, int c, uint64_t d)")
    calls = [o["call"] for o in objects(out)]
    assert calls[7] == 'moved(a=7, b="text \\"7\\"", c=-7, d=21)', calls[7]
    assert len(calls) == len(lines)


@case
def latency_of_recursive_calls_is_complete(world):
    _, out, notes = world.traced("factorial", 1000, "func", "-L", f"{world.target}:factorial", "-o", "json")
    calls = sum(max(1, n % 10) for n in range(1000))
    hist = objects(out)[0]["latency_ns"]
    assert sum(slot["count"] for slot in hist["data"]) == calls if "data" in hist else hist, hist
    assert "not seen to begin" not in notes, notes


@case
def calls_that_never_return_are_no_trouble(world):
    _, out, _ = world.traced("escapes", 1000, "func", f"{world.target}:int escapes(int n)+ret", "-o", "json")
    assert [o["call"] for o in objects(out)] == [f"escapes(n={n})" for n in range(0, 1000, 2)]
    assert [o["result"] for o in objects(out)] == [str(n) for n in range(0, 1000, 2)]


@case
def ifunc_is_counted_whichever_is_chosen(world):
    _, out, _ = world.traced("memcpy", 1000, "func", "libc:memcpy", "-o", "json")
    count = objects(out)[0]["count"]
    assert 1000 <= count <= 1100, count  # stdio copies, too


@case
def perf_events_do_the_same(world):
    _, out, notes = world.traced("malloc", 3000, "func", "libc:malloc", "--hook", "uprobe", "-o", "json")
    assert objects(out)[0]["count"] == 3001 and "a perf event" in notes, (out, notes)


@case
def numbers_add_up_when_the_reader_is_stopped(world):
    with Target(world, "malloc", 50000) as target, \
            Trace(world, "func", "libc:malloc(size_t n)", "-p", str(target.pid), "--ring", "64", "-o", "json") as trace:
        trace.process.send_signal(signal.SIGSTOP)
        target.go()
        trace.process.send_signal(signal.SIGCONT)
        out = trace.stop()
    events, shown, dropped = map(int, re.search(r"(\d+) events: (\d+) shown, (\d+) dropped", trace.notes).groups())
    assert events == 50001 and shown == len(out.splitlines()) and shown + dropped == events and dropped > 0, trace.notes


@case
def metrics_and_csv_have_the_counts(world):
    _, out, _ = world.traced("malloc", 100, "func", "libc:malloc", "-o", "prom")
    assert re.search(r'^skep_function_calls_total\{[^}]*function="malloc"[^}]*\} 101$', out, re.M), out
    _, out, _ = world.traced("malloc", 100, "func", "libc:malloc", "-o", "csv")
    head, row = (line.split(",") for line in out.splitlines())
    assert dict(zip(head, row))["count"] == "101", out
    _, out, _ = world.traced("factorial", 100, "func", "-L", f"{world.target}:factorial", "-o", "prom")
    assert re.search(r'^skep_function_seconds_count\{[^}]*function="factorial"[^}]*\} \d+$', out, re.M), out


@case
def intervals_show_what_is_new(world):
    with Target(world, "malloc", 5000) as target, \
            Trace(world, "func", "libc:malloc", "-p", str(target.pid), "-i", "0.3", "-o", "json") as trace:
        target.go()
        time.sleep(1)
        out = trace.stop()
    counts = [o["count"] for o in objects(out)]
    assert sum(counts) == 5001 and counts[-1] == 0 and len(counts) >= 3, counts


@case
def process_with_mounts_of_its_own_is_traced(world):
    if not shutil.which("unshare"):
        raise Skipped("needs unshare (package util-linux)")
    inside = f"mount -t tmpfs none /mnt && cp {world.target} /mnt/inside && exec /mnt/inside factorial 20"
    with Target(world, "malloc", 0) as outside:
        outside.process.kill()
        outside.process.wait()
        outside.process = subprocess.Popen(["unshare", "-m", "sh", "-c", inside], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True)
        pid = outside.process.pid
        for _ in range(200):
            if os.readlink(f"/proc/{pid}/exe") == "/mnt/inside" or outside.process.poll() is not None:
                break
            time.sleep(0.05)
        if outside.process.poll() is not None:
            raise Skipped("no mount namespace can be made here")
        assert outside.process.stdout.readline() == "ready\n"
        assert not os.path.exists("/mnt/inside")
        with Trace(world, "func", "factorial", "libc:malloc", "-p", str(pid), "-o", "json") as trace:
            outside.go()
            counts = {o["function"]: o["count"] for o in objects(trace.stop())}
    assert counts == {"factorial": sum(max(1, n % 10) for n in range(20)), "malloc": 1}, counts


@case
def stacks_of_calls_have_the_caller(world):
    _, out, _ = world.traced("spin", 50, "func", "-s", f"{world.target}:spin", "-o", "json")
    rows = objects(out)
    assert sum(o["count"] for o in rows) == 50, rows
    assert rows[0]["stack"].endswith("main;do_once;hot_caller;spin") or \
        rows[0]["stack"].endswith("main;hot_caller;spin"), rows


@case
def two_instances_see_the_same(world):
    with Target(world, "malloc", 5000) as target:
        pid = ("-p", str(target.pid), "-o", "json")
        with Trace(world, "func", "libc:malloc", *pid) as one, Trace(world, "func", "libc:malloc", *pid) as two:
            target.go()
            counts = [objects(t.stop())[0]["count"] for t in (one, two)]
    assert counts == [5001, 5001], counts


def probed_byte(world, pid):
    """The byte of the running target where malloc's probe goes."""
    out = world.run("func", "--list", "libc:malloc", "-p", str(pid)).stdout.splitlines()[1].split()
    offset = int(out[3], 16)
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            span, _, at, _, _, path = (line.split() + [""])[:6]
            low, high = (int(x, 16) for x in span.split("-"))
            at = int(at, 16)
            if "/libc.so" in path and at <= offset < at + high - low:
                with open(f"/proc/{pid}/mem", "rb") as memory:
                    memory.seek(low + offset - at)
                    return memory.read(1)[0]
    raise AssertionError("libc is not mapped")


@case
def killed_tool_leaves_nothing_attached(world):
    with Target(world, "malloc", 10) as target:
        before = probed_byte(world, target.pid)
        with Trace(world, "func", "libc:malloc", "-p", str(target.pid)) as trace:
            assert probed_byte(world, target.pid) == 0xcc, "no breakpoint while attached"
            trace.process.kill()
            trace.process.wait()
        for _ in range(100):
            if probed_byte(world, target.pid) == before:
                break
            time.sleep(0.05)
        assert probed_byte(world, target.pid) == before, "the breakpoint stayed"
        target.go()


@case
def tool_ends_with_the_process(world):
    with Target(world, "malloc", 100) as target, \
            Trace(world, "func", "libc:malloc", "-p", str(target.pid), "-o", "json") as trace:
        target.go()
        target.end()
        out = trace.wait()
    assert objects(out)[0]["count"] >= 101 and "has ended" in trace.notes, (out, trace.notes)


@case
def wrong_names_get_a_sentence(world):
    def refused(sentence, *arguments):
        done = world.run("func", *arguments)
        assert done.returncode == 2 and sentence in done.stderr and not done.stdout, done
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr

    refused("did you mean 'reallocarray'?", "libc:reallocaray", "-d", "0.1")
    refused("no library or program 'libnothing'", "libnothing:f", "-d", "0.1")
    refused("does not say where", "malloc", "-d", "0.1")
    refused("not a program or shared library", "/etc/passwd:main", "-d", "0.1")
    refused("there is no process 4194303", "malloc", "-p", "4194303", "-d", "0.1")
    refused("'foo_t' is not known", "libc:malloc(foo_t x)", "-d", "0.1")
    refused("no function is given", "-d", "0.1")
    refused("--list has columns only", "--list", "-o", "json", "libc:malloc")


@case
def stripped_program_is_said_and_its_debug_file_found(world):
    if not shutil.which("objcopy"):
        raise Skipped("needs objcopy (package binutils)")
    with tempfile.TemporaryDirectory() as folder:
        bare, debug = folder + "/bare", folder + "/bare.debug"
        subprocess.run(["objcopy", "--only-keep-debug", world.target, debug], check=True)
        subprocess.run(["objcopy", "--strip-all", "--remove-section=.dynsym", world.target, bare], check=True)
        done = world.run("func", "--list", f"{bare}:factorial")
        assert done.returncode == 2 and "no function" in done.stderr, done
        subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", bare], check=True)
        done = world.run("func", "--list", f"{bare}:factorial")
        assert done.returncode == 0 and "factorial" in done.stdout, done
        os.unlink(debug)
        if not shutil.which("xz"):
            return
        shutil.copy(world.target, debug)
        subprocess.run(["objcopy", "--strip-debug", debug], check=True)
        subprocess.run(["xz", debug], check=True)
        subprocess.run(["objcopy", "--remove-section=.gnu_debuglink",
                        f"--add-section=.gnu_debugdata={debug}.xz", bare], check=True)
        done = world.run("func", "--list", f"{bare}:factorial")
        assert done.returncode == 0 and "factorial" in done.stdout, done


@case
def without_privilege_it_says_what_is_missing(world):
    if not shutil.which("setpriv"):
        raise Skipped("needs setpriv (package util-linux)")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", world.skep, "trace"]
    for what in (["func", "libc:malloc"], ["stacks"]):
        done = subprocess.run([*nobody, *what, "-d", "0.1"], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "CAP_BPF" in done.stderr, done
    done = subprocess.run([*nobody, "func", "--list", "libc:malloc"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "malloc" in done.stdout, done


def profile(world, what, *arguments):
    with Target(world, what, 100000) as target:
        with Trace(world, "stacks", "-F", "499", "-p", str(target.pid), *arguments) as trace:
            target.process.stdin.write("\n")
            target.process.stdin.flush()
            time.sleep(1)
            return trace.stop(), trace.notes


@case
def profile_finds_where_time_goes(world):
    out, notes = profile(world, "spin", "-o", "folded")
    stacks = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in out.splitlines()}
    total = sum(stacks.values())
    hot = sum(n for stack, n in stacks.items() if ";hot_caller;spin" in stack)
    assert total > 10 and hot > 0.8 * total, stacks
    events, shown, dropped = map(int, re.search(r"(\d+) events: (\d+) shown, (\d+) dropped", notes).groups())
    assert shown == total and shown + dropped == events, notes


@case
def profile_has_one_row_for_each_stack(world):
    out, _ = profile(world, "spin", "-o", "json")
    rows = objects(out)
    keys = [(row["pid"], row["stack"]) for row in rows]
    assert len(keys) == len(set(keys)), [key for key in keys if keys.count(key) > 1]
    assert all(row["ts"] and row["cgroup"] for row in rows), rows
    hot = sum(row["samples"] for row in rows if ";hot_caller;spin" in row["stack"])
    assert hot > 0.8 * sum(row["samples"] for row in rows), rows


@case
def profile_takes_an_interval_and_a_count(world):
    done = world.run("stacks", "-o", "csv", "0.2", "2")
    assert done.returncode == 0 and len({line.split(",")[0] for line in done.stdout.splitlines()[1:]}) == 2, done


@case
def a_process_program_has_its_name(world):
    _, out, _ = world.traced("factorial", 1, "func", "factorial", "-o", "json")
    assert {row["module"] for row in objects(out)} == {os.path.basename(world.target)}, out


@case
def calls_shown_are_metrics_too(world):
    _, out, _ = world.traced("factorial", 100, "func", "-a", f"{world.target}:factorial", "-o", "prom")
    assert re.search(r'^skep_function_calls_total\{.*function="factorial".*\} [1-9]', out, re.M), out


@case
def flame_graph_is_whole_and_self_contained(world):
    out, _ = profile(world, "spin", "-o", "svg")
    root = xml.etree.ElementTree.fromstring(out)
    space = "{http://www.w3.org/2000/svg}"
    titles = [t.text for t in root.iter(space + "title")]
    assert any(t.startswith("spin (") for t in titles), titles
    assert any(t.startswith("all (") and t.endswith("100.00%)") for t in titles), titles
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", out), "it refers to something outside"
    assert root.find(space + "script") is not None
    frames = [(int(g.get("data-d")), int(g.get("data-b")), int(g.get("data-c")))
              for g in root.iter(space + "g") if g.get("class") == "f"]
    for depth, begin, count in frames:
        parents = [f for f in frames if f[0] == depth - 1 and f[1] <= begin and begin + count <= f[1] + f[2]]
        assert depth == 0 or len(parents) == 1, (depth, begin, count)


@case
def script_of_flame_graph_zooms_and_searches(world):
    if not shutil.which("node"):
        raise Skipped("needs node (package nodejs)")
    out, _ = profile(world, "spin", "-o", "svg")
    script = re.search(r"<script><!\[CDATA\[\n(.*)\]\]></script>", out, re.S)[1]
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run(["node", here + "/flame-dom.js"], input=script, text=True, check=True)


@case
def frames_past_a_broken_link_are_marked(world):
    out, _ = profile(world, "broken", "-o", "folded")
    in_spin = [line for line in out.splitlines() if "spin" in line]
    assert in_spin and any("broken_[?]" in line for line in in_spin), out


@case
def table_of_functions_has_the_hot_one_first(world):
    out, _ = profile(world, "spin")
    first = out.splitlines()[1].split()
    assert "spin" in first, out


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CASES))
        return 0
    skep, target, name = sys.argv[1:4]
    world = World(skep, target)
    try:
        check_kernel(world)
        CASES[name](world)
    except Skipped as reason:
        print(f"skipped: {reason}")
        return SKIP
    return 0


if __name__ == "__main__":
    sys.exit(main())
