#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""shape.py [DIR...]: the shape of the code, room by room: a trend to look at, never a gate.

Per room: files, lines, lines of tests, functions, and the median, 95th percentile and longest function;
then the functions over 60 lines and the files over 900. A function's lines run from the line of its
opening brace in the first column to that of its closing brace.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 900
NAME = re.compile(r"(\w+)\s*\(")


def functions_of(lines):
    """(name, first line, lines) of each function of a file in kernel layout."""
    begin = None
    for number, line in enumerate(lines):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            head = begin - 1
            while head > 0 and lines[head][:1].isspace():
                head -= 1
            found = NAME.search(lines[head])
            if found:
                yield found[1], begin + 1, number - begin + 1
            begin = None


def percentile(sizes, share):
    return sorted(sizes)[min(len(sizes) - 1, int(len(sizes) * share))] if sizes else 0


def main():
    tops = sys.argv[1:] or ["src", "lib", "cli", "apps", "bpf", "examples", "tests", "fuzz"]
    rooms, long_functions, long_files = {}, [], []
    for top in tops:
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            rel = path.relative_to(ROOT)
            room = "/".join(rel.parts[:2]) if top == "src" else rel.parts[0]
            row = rooms.setdefault(room, {"files": 0, "lines": 0, "tests": 0, "sizes": []})
            lines = path.read_text(encoding="utf-8").splitlines()
            row["files"] += 1
            row["tests" if rel.name.startswith("test_") or top == "tests" else "lines"] += len(lines)
            if len(lines) > FILE_LINES_MAX:
                long_files.append((len(lines), str(rel)))
            for name, begin, size in functions_of(lines):
                row["sizes"].append(size)
                if size > FUNCTION_LINES_MAX:
                    long_functions.append((size, f"{rel}:{begin} {name}"))
    print(f"{'room':<16}{'files':>6}{'lines':>8}{'tests':>8}{'functions':>11}{'median':>8}{'p95':>6}{'max':>6}")
    for room, row in rooms.items():
        sizes = row["sizes"]
        print(f"{room:<16}{row['files']:>6}{row['lines']:>8}{row['tests']:>8}{len(sizes):>11}"
              f"{percentile(sizes, 0.5):>8}{percentile(sizes, 0.95):>6}{max(sizes, default=0):>6}")
    for what, rows in ((f"functions over {FUNCTION_LINES_MAX} lines", long_functions),
                       (f"files over {FILE_LINES_MAX} lines", long_files)):
        if rows:
            print(f"\n{what}:")
            for size, where in sorted(rows, reverse=True):
                print(f"{size:>6}  {where}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
