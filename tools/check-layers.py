#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check-layers.py [--self-test]: every #include in the tree obeys tools/layers.txt.

In src/, quoted includes name a room ("room/file.h") that the including room may see, and no file but a
unit test includes libbpf, libelf or <linux/bpf.h>. Outside src/ (lib, cli, apps, examples), nothing
includes a room of src/; lib/ability, which asks for everything by number, includes tbl.
"""

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
FOREIGN = re.compile(r"^(linux/(bpf|btf|bpf_common)\.h|bpf/|libelf\.h|gelf\.h|elfutils/)")
OUTSIDE = ("include", "lib", "cli", "apps", "examples", "bpf")
READS_TBL = "lib/ability/"


def read_rules(path):
    rules = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line:
            room, _, rest = line.partition(":")
            rules[room.strip()] = set(rest.split())
    return rules


def includes_of(path):
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[1] == '"', match[2]


def check_engine_file(path, src, rules):
    """Complaints about one file of src/."""
    rel = path.relative_to(src)
    room, is_test = rel.parts[0], rel.name.startswith("test_")
    if len(rel.parts) < 2 or room not in rules:
        yield f"src/{rel}: in no room of tools/layers.txt"
        return
    allowed = rules[room] | {room, "tbl"}
    for line, quoted, name in includes_of(path):
        target = name.split("/")[0]
        where = f"src/{rel}:{line}: "
        if FOREIGN.match(name) and not is_test:
            yield where + f"{name}: src/ includes no libbpf, libelf or kernel BPF header (tbl/uapi.h)"
        if not quoted and target not in rules:
            continue
        if "/" not in name:
            yield where + f'"{name}": write the room as well, "{room}/{name}"'
        elif target != "skep" and target not in rules:
            yield where + f'"{name}": {target} is no room of tools/layers.txt'
        elif not is_test and target not in allowed and ("*" not in allowed or target == "skep"):
            yield where + f'"{name}": {room} may not include {target}'


def check_outside_file(path, root, rules):
    """Complaints about one file outside src/."""
    for line, _, name in includes_of(path):
        parts = [p for p in name.split("/") if p != ".."]
        if parts[0] == "tbl" and str(path.relative_to(root)).startswith(READS_TBL):
            continue
        if parts[0] == "src" or (len(parts) > 1 and parts[0] in rules and not
                                 (path.parent / name).exists()):
            yield f"{path.relative_to(root)}:{line}: {name}: only src/ includes the engine's rooms"


def check_tree(root):
    rules = read_rules(root / "tools" / "layers.txt")
    complaints = []
    for path in sorted((root / "src").rglob("*.[ch]")):
        complaints += check_engine_file(path, root / "src", rules)
    for top in OUTSIDE:
        for path in sorted((root / top).rglob("*.[ch]")):
            complaints += check_outside_file(path, root, rules)
    return complaints


SELF_TEST = [
    # file, include line, is it allowed?
    ("src/maps/a.c", '#include "object/map.h"', True),
    ("src/maps/a.c", '#include "tbl/uapi.h"', True),
    ("src/maps/a.c", '#include <string.h>', True),
    ("src/maps/a.c", '#include "verifier/state.h"', False),
    ("src/maps/a.c", '#  include "jit/jit.h"', False),
    ("src/maps/a.c", '#include <linux/bpf.h>', False),
    ("src/maps/test_a.c", '#include <linux/bpf.h>', True),
    ("src/maps/test_a.c", '#include "interp/interp.h"', True),
    ("src/maps/a.c", '#include "a.h"', False),
    ("src/maps/a.c", '#include "skep/skep.h"', False),
    ("src/syscall/a.c", '#include "verifier/verify.h"', True),
    ("src/hooks/a.h", '#include "skep/host.h"', True),
    ("src/base/a.c", '#include "isa/insn.h"', False),
    ("src/nowhere/a.c", '#include <string.h>', False),
    ("cli/a.c", '#include <skep/skep.h>', True),
    ("cli/a.c", '#include "../src/maps/a.h"', False),
    ("lib/a.c", '#include "object/map.h"', False),
    ("lib/a.c", '#include "tbl/uapi.h"', False),
    ("lib/ability/a.c", '#include "tbl/uapi.h"', True),
    ("lib/ability/a.c", '#include "object/map.h"', False),
]


def self_test():
    wrong = []
    for name, line, allowed in SELF_TEST:
        with tempfile.TemporaryDirectory() as tmp:
            root = Path(tmp)
            (root / "tools").mkdir()
            (root / "tools/layers.txt").write_bytes((ROOT / "tools/layers.txt").read_bytes())
            path = root / name
            path.parent.mkdir(parents=True)
            path.write_text(line + "\n", encoding="utf-8")
            complaints = check_tree(root)
        if allowed != (not complaints):
            wrong.append(f"self-test: {name}: {line}: expected {'no complaint' if allowed else 'a complaint'},"
                         f" got {complaints}")
    return wrong


def main():
    complaints = self_test() if "--self-test" in sys.argv[1:] else check_tree(ROOT)
    print("\n".join(complaints) or "layers: nothing to complain of")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
