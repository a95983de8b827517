# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of tools share: cgroups and namespaces of their own, tools started and stopped, and
cases named by functions. A case that the machine cannot run raises Skip with the reason."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

TIMEOUT_S = 60
SKIPPED = 77
NOBODY = 65534

CASES = {}


class Skip(Exception):
    pass


class Failure(Exception):
    pass


def case(function):
    CASES[function.__name__] = function
    return function


def need(condition, reason):
    if not condition:
        raise Skip(reason)


def need_program(name):
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    need(path, f"{name} is not installed")
    return path


def need_http():
    need(os.path.exists("/usr/lib/x86_64-linux-gnu/libmicrohttpd.so.12"), "libmicrohttpd is not installed")


def check(condition, *words):
    if not condition:
        raise Failure(" ".join(str(w) for w in words))


def equal(got, wanted, what):
    check(got == wanted, f"{what}: got {got!r}, wanted {wanted!r}")


def cgroup_mount():
    for line in open("/proc/self/mountinfo", encoding="utf-8"):
        left, _, right = line.partition(" - ")
        if right.startswith("cgroup2 "):
            return left.split()[4]
    raise Skip("no cgroup v2 is mounted")


class Cgroup:
    """A cgroup below one of ours, removed whatever happens."""

    def __init__(self, *names):
        self.root = os.path.join(cgroup_mount(), f"skep-test-{os.getpid()}")
        self.path = os.path.join(self.root, *names)
        self.below = self.path[len(cgroup_mount()):]

    def __enter__(self):
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as why:
            raise Skip(f"no cgroup can be made: {why}") from why
        return self

    def add(self, pid):
        with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="utf-8") as procs:
            procs.write(str(pid))

    def remove(self):
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.02)
        raise Failure(f"{self.path} cannot be removed")

    def __exit__(self, *_):
        for folder, _, _ in os.walk(self.root, topdown=False):
            for _ in range(100):
                try:
                    os.rmdir(folder)
                    break
                except OSError:
                    time.sleep(0.02)


class Child:
    """A process of the test's, self.process: `with` ends it, whatever happens."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Tool(Child):
    """A tool that runs beside the test. `with Tool(...) as tool: ...; tool.stop()`."""

    def __init__(self, *args, prefix=(), stdout=subprocess.PIPE, wait=True):
        self.args = [*prefix, *(str(a) for a in args)]
        self.process = subprocess.Popen(self.args, stdout=stdout, stderr=subprocess.PIPE)
        if wait:
            self.wait_attached()

    def wait_attached(self):
        """Until one of its programs is loaded and it sleeps in epoll: its hooks are in place."""
        end = time.monotonic() + TIMEOUT_S
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                with open(f"/proc/{self.process.pid}/syscall", encoding="utf-8") as file:
                    number = file.read().split()[0]
                if number == "441":  # epoll_pwait2
                    return
            time.sleep(0.005)
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        raise Failure(f"{self.args}: ended or never waited: {out!r} {err!r}")

    def stop(self, number=signal.SIGINT, code=0):
        self.process.send_signal(number)
        return self.finish(code)

    def finish(self, code=0):
        out, err = self.process.communicate(timeout=TIMEOUT_S)
        out, err = (out or b"").decode(errors="replace"), err.decode(errors="replace")
        equal(self.process.returncode, code, f"exit code of {self.args} ({err})")
        return out, err


def run(*args, code=0, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, timeout=TIMEOUT_S, check=False, **more)
    out, err = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    equal(done.returncode, code, f"exit code of {args} ({err})")
    return out, err


def rows_of(text):
    """JSON Lines."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def need_tracing():
    need(os.geteuid() == 0, "it needs root")
    done = subprocess.run(["bpftool", "prog", "show"], capture_output=True, check=False,
                          env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
    need(done.returncode == 0, f"bpf(2) is not allowed here: {done.stderr.decode().strip()[:100]}")


def own_programs(pid):
    """Ids of the programs a process holds by descriptor: its own, whatever other tests load."""
    ids = set()
    for name in os.listdir(f"/proc/{pid}/fdinfo"):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/fdinfo/{name}", encoding="utf-8") as info:
            ids |= {int(line.split()[1]) for line in info if line.startswith("prog_id:")}
    return ids


def still_loaded(ids, seconds=20):
    """Those of the programs that are there after at most so long."""
    end = time.monotonic() + seconds
    while True:
        left = ids & {p["id"] for p in json.loads(run("/usr/sbin/bpftool", "-j", "prog", "show")[0])}
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)


def prometheus_page(text):
    """{'name{labels}': value}; fails on a line that is not of the format."""
    sample = re.compile(r'^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*\})? (\S+)$')
    values, typed = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        if not line or line.startswith("#"):
            continue
        match = sample.match(line)
        check(match, f"not a line of Prometheus' format: {line!r}")
        family = re.sub(r"_(bucket|sum|count)$", "", match[1])
        check(match[1] in typed or family in typed, f"{match[1]} has no TYPE line")
        values[match[1] + (match[2] or "")] = float(match[3])
    return values


def main(setup):
    """SCRIPT --list | SCRIPT [ARGUMENT of setup...] CASE."""
    if sys.argv[1:] == ["--list"]:
        print("\n".join(CASES))
        return 0
    try:
        setup(*sys.argv[1:-1])
        CASES[sys.argv[-1]]()
    except Skip as why:
        print(f"skipped: {why}")
        return SKIPPED
    except Failure as why:
        print(f"FAILED: {why}")
        return 1
    print("ok")
    return 0
