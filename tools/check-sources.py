#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check-sources.py [--self-test]: small rules every file of the tree keeps.

An SPDX line first in C, scripts and build files' code (second after #!); no path of the machine it was
written on; no trailing white space and a newline at the end; every package of tools/packages.txt has
its line in docs/dependencies.md and the other way round.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = {".c", ".h", ".py", ".sh", ".build", ".txt", ".md", ".yml", ".map", ".1", ""}
NO_SPDX_NAMES = {"LICENSE", ".gitignore", ".clang-format"}
MACHINE = re.compile(r"(?<![\w.])/(work|home|root|Users)/\w")
BPF_LICENCE = "(GPL-2.0 OR BSD-2-Clause)"


def files_of_tree():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [p for p in ROOT.rglob("*") if p.is_file() and not p.relative_to(ROOT).parts[0].startswith(
        ("build", ".git"))]


def spdx_complaint(name, text):
    if Path(name).name in NO_SPDX_NAMES or not (
            name.endswith((".c", ".h", ".py", ".sh")) or text.startswith("#!")):
        return None
    first = text.splitlines()[1 if text.startswith("#!") else 0] if text.strip() else ""
    wanted = ("BSD-2-Clause", BPF_LICENCE)
    if any(re.search(rf"SPDX-License-Identifier: {re.escape(w)}( \*/)?$", first) for w in wanted):
        return None
    return "no SPDX licence line at the top"


def complaints_of(name, text):
    spdx = spdx_complaint(name, text)
    if spdx:
        yield f"{name}:1: {spdx}"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE.search(line):
            yield f"{name}:{number}: names a path of somebody's machine"
        if line != line.rstrip() and not name.endswith(".md"):
            yield f"{name}:{number}: white space at the end of the line"


def package_complaints():
    listed = {line.split()[0] for line in (ROOT / "tools/packages.txt").read_text().splitlines()
              if line and not line.startswith("#")}
    described = set(re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/dependencies.md").read_text(), re.M))
    for name in sorted(listed - described):
        yield f"docs/dependencies.md: {name} (tools/packages.txt) has no line"
    for name in sorted(described - listed):
        yield f"tools/packages.txt: {name} (docs/dependencies.md) is missing"


def check_tree():
    complaints = list(package_complaints())
    for path in files_of_tree():
        if path.suffix not in TEXT or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        complaints += complaints_of(str(path.relative_to(ROOT)), text)
    return complaints


SPDX = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
SELF_TEST = [
    ("a.c", SPDX, True),
    ("a.c", "int x;\n", False),
    ("a.c", SPDX + "// see /" + "work/x\n", False),
    ("a.c", SPDX + "// see /" + "home/me\n", False),
    ("a.c", SPDX + "// a network/home/x\n", True),
    ("a.c", SPDX + "int x; \n", False),
    ("a.c", SPDX + "int x;", False),
    ("tool", "#!/bin/sh\necho\n", False),
    ("tool", "#!/bin/sh\n# SPDX-License-Identifier: BSD-2-Clause\n", True),
    ("a.md", "words\n", True),
]


def self_test():
    return [f"self-test: {name!r} {text!r}: expected {'no complaint' if good else 'a complaint'}"
            for name, text, good in SELF_TEST if good == bool(list(complaints_of(name, text)))]


def main():
    complaints = self_test() if "--self-test" in sys.argv[1:] else check_tree()
    print("\n".join(complaints) or "sources: nothing to complain of")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
