# SPDX-License-Identifier: BSD-2-Clause
"""Network namespaces for tests of skep capture, and programs that run in them."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from tool_test import Tool, equal, need, need_program, run  # noqa: E402

PORT = 17007  # none that tcpdump has a printer for


class Net:
    """Namespaces a and b, devices va (10.77.0.1) and vb (10.77.0.2)."""

    skep = ""

    def __init__(self):
        need_program("ip")
        self.a, self.b = (f"skep-cap-{os.getpid()}-{x}" for x in "ab")

    def __enter__(self):
        for name in (self.a, self.b):
            done = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
            need(done.returncode == 0, f"no network namespace can be made: {done.stderr.decode()}")
        run("ip", "-n", self.a, "link", "add", "va", "type", "veth", "peer", "name", "vb", "netns", self.b)
        for name, device, address in ((self.a, "va", "10.77.0.1"), (self.b, "vb", "10.77.0.2")):
            run("ip", "netns", "exec", name, "sh", "-c", f"echo 1 > /proc/sys/net/ipv6/conf/{device}/disable_ipv6")
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", device)
            for each in ("lo", device):
                run("ip", "-n", name, "link", "set", each, "up")
        return self

    def __exit__(self, *_):
        for name in (self.a, self.b):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @staticmethod
    def inside(name):
        """Only the network namespace changes: ip netns exec would hide the cgroups."""
        return ["nsenter", f"--net=/run/netns/{name}"]

    def python(self, name, script, cgroup=None):
        enter = ["sh", "-c", f'echo $$ > {cgroup.path}/cgroup.procs; exec "$@"', "sh"] if cgroup else []
        done = subprocess.run([*enter, *self.inside(name), sys.executable, "-c", script], capture_output=True,
                              check=False, timeout=60)
        equal(done.returncode, 0, f"the workload ({done.stderr.decode()})")
        return done

    def send(self, count, size=20, cgroup=None):
        """UDP from a to b, where nobody listens to it (answers are ICMP)."""
        self.python(self.a, "import socket; s = socket.socket(2, 2)\n"
                    f"for i in range({count}):\n"
                    f"    try: s.sendto(b'x' * {size}, ('10.77.0.2', {PORT}))\n"
                    "    except ConnectionRefusedError: s.sendto(b'x' * %d, ('10.77.0.2', %d))" % (size, PORT), cgroup)

    def capture(self, *args, name=None, stdout=subprocess.PIPE):
        return Tool(self.skep, "capture", "-n", *args, prefix=self.inside(name or self.a), stdout=stdout)


class Listener:
    """A program in namespace b that says when it is ready."""

    def __init__(self, net, script):
        self.process = subprocess.Popen([*net.inside(net.b), sys.executable, "-c", script], stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


RECEIVE_UDP = "import socket; s = socket.socket(2, 2); s.bind(('10.77.0.2', %d)); print('ready', flush=True)\n" \
              "while True: s.recv(2000)"
RECEIVE_TCP = "import socket; s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(('10.77.0.2', %d)); s.listen()\n" \
              "print('ready', flush=True); c, _ = s.accept()\nwhile c.recv(1 << 20): pass"
