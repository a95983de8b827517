#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""check-placement.py PLACE-DUMP FILE [SHARE]: judges every probe placement in FILE by objdump's disassembly.

Nothing of lib/sym is used: the text of `objdump -d` is parsed, and each moved probe must lie on a straight
line from the entry, at an instruction that the kernel emulates, with no branch of the whole file leading
in between, and with the arguments in the registers it says; of the slow entries at least SHARE per cent
must have been moved. 77 (skipped) without objdump.
"""

import bisect
import re
import shutil
import subprocess
import sys

ARGUMENTS = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"]
WIDE = "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()
LEAVES = re.compile(r"^(j\w+|call\w*|ret\w*|syscall|sysenter|int\d?|int|hlt|ud2|loop\w*|xbegin|iret\w*|leave)$")
PREFIX = {"lock", "rep", "repz", "repnz", "repe", "repne", "bnd", "notrack", "data16", "cs", "ds", "es", "ss",
          "fs", "gs", "addr32"}
NO_DESTINATION = re.compile(r"^(cmp[bwlq]?|test[bwlq]?|bt[wlq]?|v?u?comis[sd]|v?ptest|nop\w*|push\w*|prefetch\w*|endbr64|"
                            r"cld|std|clc|stc|cmc|[lms]fence|emms|f\w+|ldmxcsr|vldmxcsr|pause|vzeroupper|vzeroall|"
                            r"clflush\w*|kortest\w|ktest\w|vtestp[sd]|xtest|xend|xabort)$")
IMPLICIT = {"mul": "rax rdx", "div": "rax rdx", "idiv": "rax rdx", "cltd": "rdx", "cqto": "rdx", "cltq": "rax",
            "cwtl": "rax", "cpuid": "rax rbx rcx rdx", "rdtsc": "rax rdx", "rdtscp": "rax rdx rcx",
            "xgetbv": "rax rdx", "stos": "rdi rcx", "movs": "rdi rsi rcx", "scas": "rdi rcx", "lods": "rax rsi rcx",
            "cmps": "rdi rsi rcx", "cmpxchg": "rax", "pcmpestri": "rcx", "pcmpistri": "rcx", "vpcmpistri": "rcx",
            "vpcmpestri": "rcx", "rdpkru": "rax rdx", "cwtd": "rdx", "lahf": "rax", "xrstor": "", "xsave": ""}


def register_table():
    table = {name: (name, 64) for name in WIDE}
    for n in "abcd":
        table |= {f"e{n}x": (f"r{n}x", 32), f"{n}x": (f"r{n}x", 16), f"{n}l": (f"r{n}x", 8), f"{n}h": (f"r{n}x", 8)}
    for n in ("sp", "bp", "si", "di"):
        table |= {f"e{n}": (f"r{n}", 32), n: (f"r{n}", 16), f"{n}l": (f"r{n}", 8)}
    for n in range(8, 16):
        table |= {f"r{n}d": (f"r{n}", 32), f"r{n}w": (f"r{n}", 16), f"r{n}b": (f"r{n}", 8)}
    return table


REGISTERS = register_table()


def disassemble(path):
    """address -> (length, mnemonic, operands), and the sorted targets of all relative branches and leas."""
    insns, targets = {}, set()
    text = subprocess.run(["objdump", "-d", "-w", path], capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        parts = line.split("\t")
        if len(parts) < 3 or not parts[0].endswith(":"):
            continue
        code = parts[1].split()
        at = int(parts[0].strip()[:-1], 16)
        comment = re.search(r"# ([0-9a-f]+)", parts[2])
        body = parts[2].split("#")[0]
        words = body.split()
        prefixes = []
        while words and (words[0] in PREFIX or words[0].startswith("rex")):
            prefixes.append(words.pop(0))
        if not words:
            continue
        operands = re.sub(r"\s*<[^>]*>", "", " ".join(words[1:]))
        insns[at] = (len(code), words[0], operands, prefixes)
        branch = re.match(r"^(j\w+|call\w*|loop\w*|xbegin)$", words[0])
        if branch and re.fullmatch(r"[0-9a-f]+", operands):
            targets.add(int(operands, 16))
        if words[0].startswith("lea") and comment:
            targets.add(int(comment[1], 16))
    return insns, sorted(targets)


def split_operands(text):
    out, depth, word = [], 0, ""
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            out.append(word)
            word = ""
        else:
            word += c
    return [w.strip() for w in out + [word] if w.strip()]


def registers_in(text):
    return [REGISTERS[r] for r in re.findall(r"%(\w+)", text) if r in REGISTERS]


def is_emulated(insn):
    _, mnemonic, operands, prefixes = insn
    if mnemonic == "push":
        return re.fullmatch(r"%r\w+", operands) is not None
    if mnemonic in ("nop", "nopw", "nopl", "xchg"):
        return mnemonic != "xchg" or operands == "%ax,%ax"
    if mnemonic.startswith("j") or mnemonic == "call":
        return re.fullmatch(r"[0-9a-f]+", operands) is not None and not set(prefixes) - {"bnd"}
    return False


class Machine:
    """What each register holds: ("argument", n) or something of its own."""

    def __init__(self):
        self.values = {r: ("own", r) for r in WIDE}
        for n, r in enumerate(ARGUMENTS):
            self.values[r] = ("argument", n)
        self.used = set()
        self.sp = 0

    def read(self, register):
        if self.values[register][0] == "argument":
            self.used.add(self.values[register][1])

    def write(self, register):
        self.values[register] = ("own", None)

    def step(self, mnemonic, text):
        operands = split_operands(text)
        base = mnemonic[:-1] if mnemonic[:-1] in IMPLICIT and mnemonic[-1] in "bwlq" else mnemonic
        if base == "imul" or mnemonic in ("imulq", "imull"):
            if len(operands) == 1:
                base = "mul"
        destination = operands[-1] if operands and not NO_DESTINATION.match(mnemonic) else ""
        if base in ("mul", "div", "idiv"):
            destination = ""
        plain = REGISTERS.get(destination[1:]) if re.fullmatch(r"%\w+", destination) else None
        if destination == "%rsp":
            return self.move_stack(mnemonic, operands)
        if mnemonic == "mov" and plain and plain[1] == 64 and REGISTERS.get(operands[0][1:], ("", 0))[1] == 64:
            self.values[plain[0]] = self.values[REGISTERS[operands[0][1:]][0]]
            return None
        zeroing = re.match(r"(xor|sub)[lq]?$", mnemonic) and len(operands) == 2 and operands[0] == operands[1]
        for i, operand in enumerate(operands):
            pure = i == len(operands) - 1 and plain and plain[1] >= 32 and \
                re.match(r"(mov|lea|set|pop|cvt|pmovmskb|vpmovmskb|vmov|tzcnt|lzcnt|popcnt|imul|xor|sub)", mnemonic) and \
                (not re.match(r"(xor|sub)", mnemonic) or zeroing) and \
                (not mnemonic.startswith("imul") or len(operands) == 3)
            for name, _ in [] if pure or zeroing else registers_in(operand):
                self.read(name)
        for name in IMPLICIT.get(base, "").split():
            if base not in ("cpuid", "rdtsc", "rdtscp", "xgetbv"):
                self.read(name)
            self.write(name)
        if plain:
            self.write(plain[0])
        if mnemonic.startswith(("xchg", "xadd", "cmpxchg")):
            for operand in operands:
                for name, _ in registers_in(operand) if "(" not in operand else []:
                    self.write(name)
        return None

    def move_stack(self, mnemonic, operands):
        amount = re.match(r"\$0x([0-9a-f]+)$|\$(-?0x[0-9a-f]+)$", operands[0])
        lea = re.match(r"(-?)0x([0-9a-f]+)\(%rsp\)$", operands[0])
        if amount:
            value = int(operands[0][1:], 16)
            value -= (value >> 63) << 64
        elif lea and mnemonic == "lea":
            value = int(lea[2], 16) * (-1 if lea[1] else 1)
        else:
            return f"the stack pointer changes by `{mnemonic}`"
        self.sp += -value if mnemonic.startswith("sub") else value
        return None


def judge(insns, targets, entry, place, delta, holders):
    at, machine = entry, Machine()
    while at != place:
        if at not in insns or at > place:
            return f"no instruction boundary at {at:x}"
        length, mnemonic, operands, _ = insns[at]
        if LEAVES.match(mnemonic):
            return f"`{mnemonic}` on the way, at {at:x}"
        wrong = machine.step(mnemonic, operands)
        if wrong:
            return wrong
        at += length
    if at not in insns or not is_emulated(insns[at]):
        return f"`{' '.join(insns[at][1:3]) if at in insns else '?'}` is not emulated"
    i = bisect.bisect_right(targets, entry)
    if i < len(targets) and targets[i] <= place:
        return f"a branch leads to {targets[i]:x}"
    if machine.sp != delta:
        return f"the stack pointer moved by {machine.sp}, not {delta}"
    for n, holder in enumerate(holders):
        if holder != "-" and machine.values[holder] != ("argument", n):
            return f"argument {n} is not in {holder}"
        if holder == "-" and n in machine.used:
            return f"argument {n} is used and lost"
    return None


def main():
    if not shutil.which("objdump"):
        print("skipped: needs objdump (package binutils)")
        return 77
    dump, path = sys.argv[1:3]
    floor = float(sys.argv[3]) if len(sys.argv) > 3 else 0
    lines = subprocess.run([dump, path], capture_output=True, text=True, check=True).stdout.splitlines()
    insns, targets = disassemble(path)
    results, wrong = {}, 0
    for line in lines:
        entry, _, place, delta, result, *rest = line.split()
        entry, place = int(entry, 16), int(place, 16)
        results[result] = results.get(result, 0) + 1
        complaint = None
        if result == "entry" and not is_emulated(insns[entry]):
            complaint = f"its entry `{' '.join(insns[entry][1:3])}` is not emulated"
        elif result.startswith("slow") and entry in insns and is_emulated(insns[entry]):
            complaint = f"its entry `{' '.join(insns[entry][1:3])}` is emulated, it need not be slow"
        elif result == "moved":
            complaint = judge(insns, targets, entry, place, int(delta), rest[:6])
        if complaint:
            wrong += 1
            print(f"{rest[6]} ({entry:x} to {place:x}): {complaint}")
    slow = sum(n for key, n in results.items() if key != "entry")
    share = 100 * results.get("moved", 0) / slow if slow else 100
    print(f"{len(lines)} functions, {slow} slow entries, {results.get('moved', 0)} moved ({share:.1f} %), {wrong} wrong")
    print(", ".join(f"{n} {key}" for key, n in sorted(results.items())))
    if not results.get("moved") or share < floor:
        print(f"fewer than {floor} % of the slow entries were moved")
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
