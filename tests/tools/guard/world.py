# SPDX-License-Identifier: BSD-2-Clause
"""What tests of skep guard stand on: a worker in a cgroup and network and UTS namespaces of its own, who makes
the accesses; a bpf file system of the test's own, in a mount namespace of its own; and the guard itself.

Only keys of those namespaces are written. The guard is always attached to the test's cgroup."""

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from tool_test import Cgroup, Failure, Tool, check, equal, need, rows_of, run  # noqa: E402

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x20000, 0x4000000, 0x40000000
CLONE3 = 435
MS_REC, MS_PRIVATE = 0x4000, 0x40000
FORWARD = "net/ipv4/ip_forward"
TTL = "net/ipv4/ip_default_ttl"
SOMAXCONN = "net/core/somaxconn"
EPERM = "EPERM"
libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare")


def mount(source, target, kind, flags=0):
    if libc.mount(source.encode(), target.encode(), kind and kind.encode(), flags, None):
        raise OSError(ctypes.get_errno(), f"mount {target}")


# --- the worker: reads requests as JSON lines, answers each with one ---------------------------------


def name_of(error):
    return {1: "EPERM", 13: "EACCES", 22: "EINVAL"}.get(error.errno, str(error.errno))


def by_write(path, text, chunk=None, at=None):
    """[bytes of each write(2), file position]; or the errno's name."""
    fd = os.open(path, os.O_WRONLY)
    try:
        data = text.encode()
        parts = [data[i:i + chunk] for i in range(0, len(data), chunk)] if chunk else [data]
        done = []
        for part in parts:
            try:
                done.append(os.write(fd, part) if at is None else os.pwrite(fd, part, at))
            except OSError as why:
                done.append(name_of(why))
        return [done, os.lseek(fd, 0, os.SEEK_CUR)]
    finally:
        os.close(fd)


def by_pipe(path, text, how):
    fd = os.open(path, os.O_WRONLY)
    try:
        if how == "splice":
            out, into = os.pipe()
            os.write(into, text.encode())
            return os.splice(out, fd, len(text))
        with tempfile.TemporaryFile() as file:
            file.write(text.encode())
            file.flush()
            return os.sendfile(fd, file.fileno(), 0, len(text))
    except OSError as why:
        return name_of(why)
    finally:
        os.close(fd)


def hammer(path, text, seconds):
    """Writes as fast as it goes: {outcome: times}."""
    fd, counts = os.open(path, os.O_WRONLY), {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(50):
            try:
                outcome = str(os.pwrite(fd, text, 0))
            except OSError as why:
                outcome = name_of(why)
            counts[outcome] = counts.get(outcome, 0) + 1
    os.close(fd)
    return counts


def by_thread(path, text):
    import threading
    got = []
    thread = threading.Thread(target=lambda: got.append(by_write(path, text)))
    thread.start()
    thread.join()
    return got[0]


def read_all(paths):
    """Those that could be read, of whole /proc/sys: their names."""
    done = []
    for path in paths:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        with contextlib.suppress(OSError):
            os.read(fd, 4096)
            done.append(path)
        os.close(fd)
    return done


def by_number(path, text, number):
    """A write by a process that is given this number: what it came to; "taken" where it is not to be had."""
    numbers = (ctypes.c_int32 * 1)(number)
    # struct clone_args: exit_signal, set_tid and set_tid_size are its 5th, 9th and 10th words
    words = (ctypes.c_uint64 * 11)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, ctypes.addressof(numbers), 1, 0)
    out, into = os.pipe()
    child = libc.syscall(CLONE3, ctypes.byref(words), ctypes.c_size_t(ctypes.sizeof(words)))
    if child == 0:
        try:
            os.write(into, json.dumps([os.getpid(), by_write(path, text)[0][0]]).encode())
        finally:
            os._exit(0)
    os.close(into)
    try:
        if child < 0:
            return "taken"
        os.waitpid(child, 0)
        return json.loads(os.read(out, 4096))
    finally:
        os.close(out)


def by_pread(path, positions):
    """Bytes read at each, through one descriptor."""
    fd = os.open(path, os.O_RDONLY)
    try:
        return [len(os.pread(fd, 4, at)) for at in positions]
    finally:
        os.close(fd)


def answer(request):
    op, path = request["op"], os.path.join(request.get("root", "/proc/sys"), request.get("key", ""))
    if op == "write":
        return by_write(path, request["text"], request.get("chunk"), request.get("at"))
    if op == "read":
        with open(path, encoding="utf-8") as file:
            return file.read()
    if op == "pread":
        return by_pread(path, request["at"])
    if op == "as":
        return by_number(path, request["text"], request["number"])
    if op in ("splice", "sendfile"):
        return by_pipe(path, request["text"], op)
    if op == "hammer":
        return hammer(path, request["text"].encode(), request["seconds"])
    if op == "thread":
        return by_thread(path, request["text"])
    if op == "times":
        results = [by_write(path, request["text"])[0][0] for _ in range(request["n"])]
        return sorted({str(r) for r in results})
    if op == "all":
        return read_all(request["paths"])
    done = subprocess.run(request["command"], capture_output=True, check=False, timeout=60)
    return [done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")]


def worker(cgroup):
    with open(os.path.join(cgroup, "cgroup.procs"), "w", encoding="utf-8") as procs:
        procs.write("0")
    unshare(CLONE_NEWNET | CLONE_NEWUTS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("{}", flush=True)
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except OSError as why:
            reply = name_of(why)
        print(json.dumps(reply), flush=True)


class Worker:
    def __init__(self, cgroup):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--worker", cgroup.path],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        need(self.process.stdout.readline(), "no network namespace can be made")

    def ask(self, op, key="", **more):
        self.begin(op, key, **more)
        return self.end()

    def begin(self, op, key="", **more):
        self.process.stdin.write(json.dumps({"op": op, "key": key, **more}) + "\n")
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline()
        check(line, "the worker has died")
        return json.loads(line)

    def write(self, key, text, **more):
        return self.ask("write", key, text=text, **more)

    def read(self, key, **more):
        return self.ask("read", key, **more)

    def run(self, *command):
        return self.ask("run", command=[str(c) for c in command])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        self.process.kill()
        self.process.wait()


class World:
    """`with World(skep) as w`: w.cgroup, w.worker, w.guard(...), w.pins."""

    def __init__(self, skep, below=()):
        self.skep, self.stack, self.below = skep, contextlib.ExitStack(), below

    def __enter__(self):
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.cgroup = self.stack.enter_context(Cgroup(*self.below))
        self.worker = self.stack.enter_context(Worker(self.cgroup))
        for key, text in ((FORWARD, "0\n"), (TTL, "64\n"), (SOMAXCONN, "4096\n")):
            self.written(key, text, f"{key} of a new namespace, which may have the machine's value")
        return self

    def __exit__(self, *words):
        return self.stack.__exit__(*words)

    def bpffs(self, name="bpf"):
        """Mounts one that nobody else sees; w.pins is a folder in it that is not there yet."""
        unshare(CLONE_NEWNS)
        mount("none", "/", None, MS_REC | MS_PRIVATE)
        where = os.path.join(self.folder, name)
        os.mkdir(where)
        mount("bpf", where, "bpf")
        self.stack.callback(libc.umount2, where.encode(), 2)
        self.bpf, self.pins = where, os.path.join(where, "skep", "guard")
        return self.pins

    def inside(self):
        """What runs a command in the worker's namespaces: a watcher sets values in its own."""
        names = f"/proc/{self.worker.process.pid}/ns"
        return ["nsenter", f"--net={names}/net", f"--uts={names}/uts"]

    def guard(self, *args, cgroup=None, stdout=subprocess.PIPE, output="json"):
        """skep guard run, with rows as JSON."""
        return Tool(self.skep, "guard", "run", "-o", output, "--cgroup", cgroup or self.cgroup.below, *args,
                    stdout=stdout, prefix=self.inside())

    def look_after(self):
        """skep guard run, for the guard that is installed."""
        return Tool(self.skep, "guard", "run", "--pins", self.pins, prefix=self.inside())

    def install(self, *args, code=0, cgroup=None):
        return run(self.skep, "guard", "install", "--pins", self.pins, "--cgroup", cgroup or self.cgroup.below,
                   *args, code=code)

    def tool(self, what, *args, code=0, **more):
        return run(self.skep, "guard", what, "--pins", self.pins, *args, code=code, **more)

    def log(self, *args):
        out, err = self.tool("log", "-o", "json", *args)
        return rows_of(out), err

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    # What the worker's write came to.

    def denied(self, key, text, what):
        equal(self.worker.write(key, text), [[EPERM], 0], what)

    def written(self, key, text, what):
        """The file position is the kernel's matter: some keys (of one byte) do not move it."""
        equal(self.worker.write(key, text)[0], [len(text)], what)

    def moved(self, key, text, what):
        equal(self.worker.write(key, text), [[len(text)], len(text)], what)

    def value(self, key, wanted, what):
        equal(self.worker.read(key).strip(), wanted, what)


def brief(rows):
    return [(r["outcome"], r["access"], r["key"]) for r in rows]


def until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise Failure(f"never: {what}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2])
