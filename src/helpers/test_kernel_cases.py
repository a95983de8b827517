#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
#
# test_kernel_cases.py: writes test_kernel_cases.h, the programs of test_kernel.c by family, to stdout.
# A program is a list of lines of assembler; "r6 = r1" at its start keeps the context. Values are chosen
# at, before and behind every limit a helper checks.

CLS, XDP, SF, CG = "SCHED_CLS", "XDP", "SOCKET_FILTER", "CGROUP_SKB"
RAW_TP, SYSCALL = "RAW_TRACEPOINT", "SYSCALL"
WHOLE_SUM = ".run_flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE"
U64 = 2**64

families = {}


def case(family, name, prog_type, lines, extra=""):
    families.setdefault(family, []).append((name, prog_type, lines, extra))


def number(value):
    """An immediate of any size, as one that fits or as a 64-bit one."""
    return str(value) if -2**31 <= value < 2**31 else "%#xll" % (value % U64)


def call(helper, *args):
    """Numbers or texts for R1 and on; None leaves a register alone."""
    lines = ["r%d = %s" % (i, arg if isinstance(arg, str) else number(arg))
             for i, arg in enumerate(args, 1) if arg is not None]
    return lines + ["call bpf_" + helper]


def fp(reg, off):
    return ["r%d = r10" % reg, "r%d += -%d" % (reg, off)]


def string(text):
    """Puts text on the stack, from r10 - off on: its lines and off."""
    raw = text.encode("latin1")
    raw = raw.ljust((len(raw) + 7) // 8 * 8, b"\0")
    lines = []
    for i in range(0, len(raw), 8):
        lines += ["r1 = %#xll" % int.from_bytes(raw[i:i + 8], "little"),
                  "*(u64 *)(r10 -%d) = r1" % (len(raw) - i + 16)]
    return lines, len(raw) + 16


EXIT = ["exit"]


def found(then):
    """What to do with a pointer in r0, where it is one."""
    return ["if r0 == 0 goto none"] + then + ["exit", "none: r0 = 77", "exit"]


# R0 and 8 bytes at r10 - 8, in one number
FOLD = ["r1 = *(u32 *)(r10 -8)", "r0 <<= 8", "r0 ^= r1", "exit"]

# --- contexts ------------------------------------------------------------------------------------

FIELDS = dict(len=0, pkt_type=4, mark=8, queue_mapping=12, protocol=16, vlan_present=20, vlan_tci=24,
              vlan_proto=28, priority=32, ingress_ifindex=36, ifindex=40, tc_index=44, hash=68,
              napi_id=84, gso_segs=164, gso_size=176)


def contexts():
    add = lambda *args: case("contexts", *args)
    for field, off in FIELDS.items():
        for t in (CLS, SF):
            add(f"{field} of {t}", t, [f"r0 = *(u32 *)(r1 +{off})", "exit"])
        add(f"{field} of {CG}", CG, [f"r3 = *(u32 *)(r1 +{off})", "*(u32 *)(r1 +52) = r3", "r0 = 1", "exit"])
    for field in ("pkt_type", "protocol", "vlan_present", "queue_mapping", "mark", "gso_segs"):
        for bits in (8, 16):
            for at in range(0, 4, bits // 8):
                fill = ["*(u32 *)(r1 +12) = 0x1234", "*(u32 *)(r1 +8) = 0x89abcdef"]
                for sign in "us":
                    add(f"{sign}{bits} of {field} at {at}", CLS,
                        fill + [f"r0 = *({sign}{bits} *)(r1 +{FIELDS[field] + at})", "exit"])
    for value in (5, 0xfffe, 0xffff, 0x10000):
        store = [f"r2 = {value}", "*(u32 *)(r1 +12) = 7", "*(u32 *)(r1 +12) = %s", "r0 = *(u32 *)(r1 +12)", "exit"]
        add(f"queue_mapping {value:#x} by immediate", CLS, [line.replace("%s", str(value)) for line in store])
        add(f"queue_mapping {value:#x} by register", CLS, [line.replace("%s", "r2") for line in store])
    for field, off in dict(tc_index=44, tc_classid=72, mark=8, priority=32).items():
        add(f"{field} written and read", CLS,
            ["r2 = 0x12345678", f"*(u32 *)(r1 +{off}) = r2", f"r0 = *(u32 *)(r1 +{off})", "exit"])
    add("tstamp written", CLS, ["r2 = 0x123456789abcdef0ll", "*(u64 *)(r1 +152) = r2",
                                "r0 = *(u64 *)(r1 +152)", "r0 >>= 8", "exit"])
    add("wire_len", CLS, ["r0 = *(u32 *)(r1 +160)", "exit"])
    add("cb of all widths", SF, ["*(u32 *)(r1 +48) = 0x01020304", "*(u16 *)(r1 +52) = 0x0506",
                                 "*(u8 *)(r1 +54) = 7", "*(u64 *)(r1 +56) = -2", "r0 = *(u8 *)(r1 +49)", "exit"])
    sock = dict(family=88, remote_ip4=92, local_ip4=96, remote_port=132, local_port=136)
    sock |= {f"address word {i}": 100 + 4 * i for i in range(8)}
    for field, off in sock.items():
        add(f"{field} of the socket", CG, [f"r2 = *(u32 *)(r1 +{off})", "*(u32 *)(r1 +8) = r2", "r0 = 1", "exit"])
    pointers = ["r2 = *(u32 *)(r1 +76)", "r3 = *(u32 *)(r1 +80)"]
    add("packet bytes of cgroup_skb", CG, ["r0 = 1"] + pointers + [
        "r4 = r2", "r4 += 4", "if r4 > r3 goto out", "r5 = *(u32 *)(r2 +0)", "*(u32 *)(r1 +8) = r5", "out: exit"])
    add("packet length by pointers", CLS, pointers + ["r3 -= r2", "r0 = r3", "exit"])
    add("packet written", CLS, ["r0 = 0"] + pointers + [
        "r4 = r2", "r4 += 20", "if r4 > r3 goto out", "*(u32 *)(r2 +16) = 0x11223344", "r0 = *(u8 *)(r2 +17)",
        "out: exit"])
    add("no metadata", CLS, ["r2 = *(u32 *)(r1 +76)", "r3 = *(u32 *)(r1 +140)", "r2 -= r3", "r0 = r2", "exit"])
    net, link = -0x100000, -0x200000
    for off in (net, net + 9, link, link + 12, link - 1, -1, 0, 12, 23, 60, 100000):
        for width in ("u8", "u16", "u32"):
            for t in (SF, CLS):
                add(f"ld_abs {width} at {off} in {t}", t, ["r6 = r1", f"r0 = *({width} *)skb[{off}]", "exit"])
                add(f"ld_ind {width} at {off} in {t}", t,
                    ["r6 = r1", "r7 = 3", f"r0 = *({width} *)skb[r7 + {off}]", "exit"])
    add("raw tracepoint arguments", RAW_TP, ["r0 = *(u64 *)(r1 +8)", "r2 = *(u32 *)(r1 +24)", "r0 += r2", "exit"])
    add("raw tracepoint arguments not given", RAW_TP, ["r0 = *(u64 *)(r1 +40)", "exit"])
    add("syscall context written", SYSCALL, ["r0 = *(u64 *)(r1 +8)", "*(u32 *)(r1 +16) = 77", "exit"])
    add("syscall context too short", SYSCALL, ["r0 = *(u64 *)(r1 +32)", "exit"])


# --- XDP -----------------------------------------------------------------------------------------

def xdp():
    add = lambda name, lines: case("xdp", name, XDP, lines)
    meta = ["r2 = *(u32 *)(r6 +0)", "r3 = *(u32 *)(r6 +8)", "r2 -= r3", "r0 <<= 16", "r0 += r2", "exit"]
    add("ingress_ifindex", ["r0 = *(u32 *)(r1 +12)", "exit"])
    add("rx_queue_index", ["r0 = *(u32 *)(r1 +16)", "exit"])
    add("length by pointers", ["r2 = *(u32 *)(r1 +0)", "r0 = *(u32 *)(r1 +4)", "r0 -= r2", "exit"])
    add("metadata", ["r6 = r1", "r0 = 0"] + meta)
    add("get_buff_len", call("xdp_get_buff_len") + EXIT)
    for diff in (-8, -20, -216, -217, -256, -300, 0, 1, 10, 14, 40, 46, 47, 60, 61, 100, 4000):
        add(f"adjust_head {diff}", call("xdp_adjust_head", None, diff) + EXIT)
    for diff in (-1, -14, -46, -60, -61, 1, 100, 300, 500, 776, 777, 3400, 3500, 4000, -100000):
        add(f"adjust_tail {diff}", call("xdp_adjust_tail", None, diff) + EXIT)
    for diff in (-4, -3, -8, -32, -36, -212, -216, -220, -252, -256, 4, 0):
        add(f"adjust_meta {diff}", ["r6 = r1"] + call("xdp_adjust_meta", None, diff) + meta)
    add("metadata, then head", ["r6 = r1"] + call("xdp_adjust_meta", None, -8) +
        call("xdp_adjust_head", "r6", -10) + meta)
    add("tail grown and written", ["r6 = r1"] + call("xdp_adjust_tail", None, 16) + [
        "r1 = *(u32 *)(r6 +0)", "r3 = *(u32 *)(r6 +4)", "r2 = r1", "r2 += 60", "r0 = 9", "if r2 > r3 goto out",
        "*(u32 *)(r1 +40) = 0x5a5a5a5a", "r0 = 2", "out: exit"])
    for off in (0, 10, 60, 66, 71, 1000, 2997, 0xffff, 0x10000, 0x7fffffff):
        args = ["*(u64 *)(r10 -8) = 0x01020304", f"r2 = {off}"] + fp(3, 8) + ["r4 = 8"]
        add(f"load_bytes at {off}", args + ["call bpf_xdp_load_bytes"] + FOLD)
        add(f"store_bytes at {off}", args + ["call bpf_xdp_store_bytes", "exit"])


# --- bytes and notes of an skb ----------------------------------------------------------------------

def skb_bytes():
    add = lambda *args: case("skb_bytes", *args)
    for t in (CLS, SF):
        for off in (0, 12, 60, 66, 67, 70, 2992, 0x7fffffff, -2**31, -1):
            add(f"load_bytes at {off} in {t}", t, ["*(u64 *)(r10 -8) = -1", f"w2 = {off}"] + fp(3, 8) +
                ["r4 = 8", "call bpf_skb_load_bytes"] + FOLD)
        for off in (0, 12, 40, 60, 0xffff, 0x10000):
            for header in (0, 1, 2):
                add(f"load_bytes_relative at {off} from {header} in {t}", t,
                    ["*(u64 *)(r10 -8) = -1", f"r2 = {off}"] + fp(3, 8) +
                    ["r4 = 8", f"r5 = {header}", "call bpf_skb_load_bytes_relative"] + FOLD)
    store = lambda off, flags: (["*(u64 *)(r10 -8) = 0x0a0b0c0d", f"r2 = {off}"] + fp(3, 8) +
                                ["r4 = 7", f"r5 = {flags}", "call bpf_skb_store_bytes", "exit"])
    for off in (0, 15, 60, 66, 67, 2992, 0x7fffffff):
        for flags in (0, 1, 2, 3, 4):
            add(f"store_bytes at {off} flags {flags}", CLS, store(off, flags))
    add("store_bytes keeps the whole sum", CLS, store(21, 1), WHOLE_SUM)
    add("store_bytes spoils the whole sum", CLS, store(21, 0), WHOLE_SUM)
    for n in (0, 14, 60, 75, 3000, 100000):
        add(f"pull_data {n}", CLS, call("skb_pull_data", None, n) + EXIT)
    for value in (0, 1, 3, 4, 5, 7):
        add(f"change_type {value}", CLS, ["r6 = r1"] + call("skb_change_type", None, value) +
            ["r1 = *(u32 *)(r6 +4)", "r0 <<= 8", "r0 += r1", "exit"])
    set_hash = ["r6 = r1"] + call("set_hash", None, 0x1234)
    show_hash = ["r1 = *(u32 *)(r6 +68)", "r0 += r1", "exit"]
    add("set_hash", CLS, set_hash + show_hash)
    add("set_hash, then recalc", CLS, set_hash + call("get_hash_recalc", "r6") + EXIT)
    add("set_hash_invalid", CLS, set_hash + call("set_hash_invalid", "r6") + show_hash)
    add("a recalculated hash is kept", CLS, ["r6 = r1", "call bpf_get_hash_recalc", "r1 = *(u32 *)(r6 +68)",
                                             "r0 -= r1", "exit"])
    add("ecn_set_ce", CLS, call("skb_ecn_set_ce") + EXIT)
    add("ecn_set_ce twice", CLS, ["r6 = r1", "call bpf_skb_ecn_set_ce", "r7 = r0"] + call("skb_ecn_set_ce", "r6") +
        ["r7 <<= 1", "r0 += r7", "exit"])
    add("ecn_set_ce at L3", CG, ["r6 = r1", "call bpf_skb_ecn_set_ce", "*(u32 *)(r6 +8) = r0", "r0 = 1", "exit"])
    add("get_cgroup_classid", CLS, call("get_cgroup_classid") + EXIT)


# --- longer and shorter skbs ----------------------------------------------------------------------

SHOW = ["r1 = *(u32 *)(r6 +16)", "r0 <<= 8", "r0 ^= r1", "r1 = *(u32 *)(r6 +0)", "r0 <<= 4", "r0 ^= r1", "exit"]
SHOW_VLAN = [line for to, off in ((8, 24), (32, 28), (48, 20), (52, 16))
             for line in (f"r1 = *(u32 *)(r6 +{off})", f"*(u32 *)(r6 +{to}) = r1")] + EXIT
ROOM_FLAGS = {"none": 0, "fixed": 1, "v4": 2, "v6": 4, "v4v6": 6, "gre": 8 | 2, "udp": 16 | 2, "gre udp": 24 | 2,
              "l2": 2 | 14 << 56, "l2 eth": 2 | 64 | 14 << 56, "l2 eth short": 2 | 64 | 6 << 56, "no csum": 32,
              "dec4": 128, "dec6": 256, "dec46": 384, "bad": 512, "v6 gre": 4 | 8}


def vlan():
    add = lambda name, *steps, extra="": case("skb_room", name, CLS, ["r6 = r1"] + sum(steps, []) + SHOW_VLAN, extra)
    push = lambda proto, tci: call("skb_vlan_push", "r6", proto, tci)
    pop = call("skb_vlan_pop", "r6")
    q, ad = 0x0081, 0xa888
    add("vlan push", push(q, 100))
    add("vlan push, odd protocol", push(0x1234, 100))
    add("vlan push 802.1ad", push(ad, 0x1fff))
    add("vlan push twice", push(q, 100), push(ad, 200))
    add("vlan push thrice, pop once", push(q, 100), push(ad, 200), push(q, 300), pop)
    add("vlan push thrice, pop thrice", push(q, 100), push(ad, 200), push(q, 300), pop, pop, pop)
    add("vlan pop", pop)
    add("vlan pop twice", pop, pop)
    add("vlan push 0 and pop", push(q, 0), pop)
    add("vlan tag in the whole sum", push(q, 100), push(ad, 200), ["r0 = 0"], extra=WHOLE_SUM)


def skb_room():
    add = lambda name, lines, extra="": case("skb_room", name, CLS, ["r6 = r1"] + lines, extra)
    room = lambda diff, mode, flags: call("skb_adjust_room", "r6", diff, mode, "%#xll" % flags)
    vlan()
    for proto in (0xdd86, 0x0008, 0x0608):
        for flags in (0, 1):
            add(f"change_proto {proto:#x} flags {flags}", call("skb_change_proto", "r6", proto, flags) + SHOW)
    for n in (0, 13, 14, 20, 34, 60, 74, 100, 1500, 9000, 16064, 16065, 100000):
        for flags in (0, 1):
            add(f"change_tail {n} flags {flags}", call("skb_change_tail", "r6", n, flags) + SHOW)
    for n in (0, 1, 14, 50, 200, 1000, 13000, 16000, 100000, -1):
        for flags in (0, 1):
            add(f"change_head {n} flags {flags}", call("skb_change_head", "r6", n, flags) + SHOW)
    for mode in (0, 1, 2):
        for diff in (0, 4, 20, 28, 40, -4, -20, -40, -46, -60, 0xfff, 0x1000, -0xfff):
            usual = diff in (20, 28, 40, -4, -20, -40)
            for name, flags in ROOM_FLAGS.items():
                if usual or name in ("none", "v4", "dec4"):
                    add(f"adjust_room {diff} mode {mode} {name}", room(diff, mode, flags) + SHOW)
    add("encapsulate twice", room(20, 1, 2) + room(20, 1, 2) + SHOW)
    add("encapsulate, then change_tail", room(20, 1, 2) + call("skb_change_tail", "r6", 90, 0) + SHOW)
    add("cut tail in the whole sum", call("skb_change_tail", "r6", 41, 0) + EXIT, WHOLE_SUM)
    add("shrunk room in the whole sum", room(-3, 1, 0) + EXIT, WHOLE_SUM)


# --- checksums -----------------------------------------------------------------------------------

def checksums():
    add = lambda *args: case("checksums", *args)
    for helper in ("l3_csum_replace", "l4_csum_replace"):
        replace = lambda off, flags, start=0x1234: call(helper, None, off, start if flags & 15 else 0,
                                                        0x89abcdef, flags)
        for flags in (0, 2, 4, 1, 3, 16, 18, 20, 32, 34, 50, 66, 68, 100, 128, 132, 144, 272):
            add(f"{helper} flags {flags}", CLS, replace(24, flags) + EXIT)
        for off in (25, 72, 73, 100, 0x10000):
            for flags in (0, 2, 20):
                add(f"{helper} at {off} flags {flags}", CLS, replace(off, flags) + EXIT)
        for flags in (16, 18, 20, 144):
            add(f"{helper} flags {flags} in the whole sum", CLS, replace(24, flags) + ["r0 = 1", "exit"], WHOLE_SUM)
        add(f"{helper} by difference from 1", CLS, call(helper, None, 24, 1, 2, 0) + EXIT)
    fill = []
    for i in range(8):
        fill += ["r1 = %#xll" % (0x0123456789abcdef * (i + 3) % U64), f"*(u64 *)(r10 -{8 * i + 8}) = r1"]
    for n_from, n_to in ((0, 0), (4, 0), (0, 4), (4, 4), (8, 16), (16, 8), (6, 4), (4, 3), (32, 32), (0, 64), (64, 0)):
        for seed in (0, 1, 0xffff, 0xffffffff, 0x12345678):
            for t in (CLS, XDP):
                add(f"csum_diff {n_from} to {n_to} seed {seed:#x} in {t}", t, fill + fp(1, 64) + fp(3, 64) +
                    call("csum_diff", None, n_from, None, n_to, seed) + EXIT)
    add("csum_diff of nothing", XDP, call("csum_diff", 0, 0, 0, 0, 5) + EXIT)
    add("csum_update without a sum", CLS, call("csum_update", None, 5) + EXIT)
    add("csum_update", CLS, call("csum_update", None, 5) + EXIT, WHOLE_SUM)
    for steps in ((3,), (0, 3), (0, 0, 3), (0, 0, 0, 0, 0, 3), (0, 1, 3), (0, 2, 3), (1, 3), (4,), (99,)):
        lines = sum((call("csum_level", "r6", step) for step in steps), ["r6 = r1"])
        add("csum_level " + " ".join(map(str, steps)), CLS, lines + EXIT)


# --- elsewhere -----------------------------------------------------------------------------------

def redirects():
    add = lambda *args: case("redirects", *args)
    for flags in (0, 1, 2, 0x10000, 0xffffffff):
        add(f"redirect flags {flags:#x}", CLS, call("redirect", 1, flags) + EXIT)
        add(f"redirect_peer flags {flags:#x}", CLS, call("redirect_peer", 1, flags) + EXIT)
        add(f"redirect of xdp flags {flags:#x}", XDP, call("redirect", 1, flags) + EXIT)
    for ifindex, flags in ((99999, 0), (0, 0), (1, 2), (1, 4)):
        add(f"clone_redirect to {ifindex} flags {flags}", CLS, call("clone_redirect", None, ifindex, flags) + EXIT)
    for t in (CLS, XDP):
        for ifindex, length, diff, flags in mtu_args():
            add(f"check_mtu in {t} of {ifindex} length {length} diff {diff} flags {flags}", t,
                [f"*(u32 *)(r10 -4) = {length}", f"r2 = {ifindex}"] + fp(3, 4) +
                call("check_mtu", None, None, None, diff, flags) +
                ["r1 = *(u32 *)(r10 -4)", "r0 <<= 20", "r0 += r1", "exit"])


def mtu_args():
    for ifindex in (0, 1):
        for length in (0, 100, 65536, 65600, 100000):
            for diff in (0, 10, -10, 70000, -70000):
                yield ifindex, length, diff, 0
    for flags in (1, 2):
        for length, diff in ((0, 0), (100, 0), (0, 10)):
            yield 0, length, diff, flags
    yield 99999, 0, 0, 0


# --- text ----------------------------------------------------------------------------------------

NUMBERS = ("0", "10", "-10", " 42x", "0x1f", "0X1F", "017", "08", "+5", "-", " ", "9223372036854775807",
           "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615",
           "18446744073709551616", "99999999999999999999999", "0x", "0xg", "ff", "abc", "\t 7", "--1", "-0",
           "0" * 70 + "12")
FORMATS = ("hello", "%d", "%d %d %d %d", "%q", "%f", "%.3d", "%s", "100%%", "100%", "a\1b", "line\n", "a\tb",
           "a\xc3\xa9", "%p", "%pK", "%pks", "%px7", "%#x", "%70d", "%llx", "%lllx", "%ls", "%5c|", "%sx", "%-+08d|",
           "%i %u", "x" * 60)


def snprintf(name, fmt, args, size):
    lines = []
    for i, arg in enumerate(args):
        lines += ["r1 = " + (arg if isinstance(arg, str) else "%#xll" % (arg % U64)),
                  f"*(u64 *)(r10 -{200 - 8 * i}) = r1"]
    lines += [f"*(u64 *)(r10 -{128 - 8 * i}) = -1" for i in range(16)]
    lines += fp(1, 128) + fp(4, 200) + call("snprintf", None, size, f"M5[0]+{fmt}", None, 8 * len(args))
    lines += ["r6 = r0", "r0 = 0"]
    for i in range(16):
        lines += [f"r1 = *(u64 *)(r10 -{128 - 8 * i})", "r0 *= 31", "r0 += r1"]
    lines += ["r1 = r0", "r1 >>= 32", "r0 ^= r1", "r6 <<= 4", "r0 ^= r6", "exit"]
    case("strings", name, XDP, lines)


def strings():
    add = lambda name, lines: case("strings", name, XDP, lines)
    for helper in ("strtol", "strtoul"):
        for text in NUMBERS:
            for flags in (0, 8, 10, 16) + ((2, 32, 256) if text == "10" else ()):
                lines, off = string(text)
                add(f"{helper} '{text.strip()}' flags {flags}", ["*(u64 *)(r10 -8) = -1"] + lines + fp(1, off) +
                    fp(4, 8) + call(helper, None, len(text), flags) +
                    ["r1 = *(u64 *)(r10 -8)", "r2 = r1", "r2 >>= 32", "r0 <<= 16", "r0 ^= r1", "r0 ^= r2", "exit"])
    for text in ("skep", "skeq", "sked", "ske", "skeps", "", "zkep", "\xffkep"):
        for n in (1, 3, 4, 5, 8):
            lines, off = string(text.ljust(8, "\0"))
            add(f"strncmp '{ascii(text)}' {n}", lines + fp(1, off) + call("strncmp", None, n, "M5[0]+16") + EXIT)
    for size in (1, 3, 8, 64, 128):
        snprintf(f"snprintf two numbers into {size}", 0, [-5, 0xabcdef], size)
        snprintf(f"snprintf width and string into {size}", 32, ["M5[0]+16", 42, 0x1234567890, 65, 7], size)
        snprintf(f"snprintf addresses into {size}", 64, ["M5[0]+16", "M5[0]+32"] * 2, size)
        snprintf(f"snprintf integers into {size}", 96, [-1] * 6, size)
    for fmt in FORMATS:
        lines, off = string(fmt + "\0")
        add(f"trace_printk {ascii(fmt)}", lines + fp(1, off) + call("trace_printk", None, len(fmt) + 1, 5, 6, 7) + EXIT)
    lines, off = string("%d")
    add("trace_printk without NUL", lines + fp(1, off) + call("trace_printk", None, 2, 5) + EXIT)
    for n in (0, 8, 16, 24, 104, 4):
        lines, off = string("%d %d\0")
        lines += [f"*(u64 *)(r10 -{200 - 8 * i}) = {i}" for i in range(13)]
        add(f"trace_vprintk with {n} bytes", lines + fp(1, off) + fp(3, 200) +
            call("trace_vprintk", None, 6, None, n) + EXIT)


# --- maps and callbacks ----------------------------------------------------------------------------

def maps():
    add = lambda name, lines: case("maps", name, XDP, lines)
    key = lambda value: [f"*(u32 *)(r10 -4) = {value}"] + fp(2, 4)
    for index in (0, 3, 4, -1):
        add(f"lookup {index}", key(index) + call("map_lookup_elem", "M0") + found(["r0 = *(u32 *)(r0 +4)"]))
    for flags in (0, 1, 2, 3, 4, 8):
        for index in (1, 9):
            value = [f"*(u64 *)(r10 -{72 - 8 * i}) = {i + 5}" for i in range(8)]
            add(f"update {index} flags {flags}", key(index) + value + fp(3, 72) +
                call("map_update_elem", "M0", None, None, flags) + EXIT)
    add("delete from an array", key(1) + call("map_delete_elem", "M0") + EXIT)
    value = ["*(u64 *)(r10 -8) = 7", "*(u64 *)(r10 -24) = 1", "*(u64 *)(r10 -16) = 2"]
    update = lambda flags: fp(2, 8) + fp(3, 24) + call("map_update_elem", "M4", None, None, flags)
    delete = fp(2, 8) + call("map_delete_elem", "M4")
    note = ["r6 <<= 8", "r6 += r0"]
    add("hash: add, add again, delete, delete again", value + ["r6 = 0"] + update(1) + note + update(1) + note +
        delete + note + delete + note + ["r0 = r6", "exit"])
    add("hash: update what is not there", value + update(2) + EXIT)
    for index, cpu in ((0, 0), (1, 1), (2, 0), (0, 99999)):
        add(f"lookup_percpu {index} of cpu {cpu}", key(index) +
            call("map_lookup_percpu_elem", "M2", None, cpu) + found(["r0 = 1"]))
    sum_and_result = ["r1 = *(u64 *)(r10 -8)", "r0 <<= 12", "r0 += r1", "exit"]
    for flags in (0, 1):
        add(f"for_each flags {flags}", ["*(u64 *)(r10 -8) = 0"] + fp(3, 8) +
            call("for_each_map_elem", "M0", "subprog[cb]", None, flags) + sum_and_result +
            ["cb: r1 = *(u32 *)(r2 +0)", "r2 = *(u64 *)(r4 +0)", "r2 += r1", "r2 += 1", "*(u64 *)(r4 +0) = r2",
             "r0 = 0", "if r1 != 2 goto +1", "r0 = 1", "exit"])
    for n, flags in ((0, 0), (5, 0), (100, 0), (8388609, 0), (3, 1)):
        add(f"loop {n} flags {flags}", ["*(u64 *)(r10 -8) = 0"] + fp(3, 8) +
            call("loop", n, "subprog[cb]", None, flags) + sum_and_result +
            ["cb: r3 = *(u64 *)(r2 +0)", "r3 += r1", "*(u64 *)(r2 +0) = r3", "r0 = 0", "if r1 != 50 goto +1",
             "r0 = 1", "exit"])
    for index in (0, 1, 2, 99):
        add(f"tail call into empty slot {index}", call("tail_call", None, "M3", index) + ["r0 = 55", "exit"])
    for what, flags, bytes_, end in (("submit", 0, 16, "submit"), ("reserve with flags", 1, 16, "submit"),
                                     ("reserve too much", 0, 5000, "discard"), ("discard", 0, 100, "discard")):
        add("ring buffer: " + what, call("ringbuf_reserve", "M1", bytes_, flags) +
            found(["*(u64 *)(r0 +0) = 1"] + call("ringbuf_" + end, "r0", 1) + ["r0 = 1"]))
    for flags in (0, 1, 2, 3, 4):
        add(f"ring buffer: output flags {flags}", ["*(u64 *)(r10 -8) = 9"] + fp(2, 8) +
            call("ringbuf_output", "M1", None, 8, flags) + EXIT)
    value = ["*(u64 *)(r10 -8) = 5"] + fp(2, 8)
    push = lambda flags: value + call("map_push_elem", "M8", None, flags) + ["r6 <<= 8", "r6 += r0"]
    take = lambda how: fp(2, 8) + call(how, "M8") + ["r6 <<= 8", "r6 += r0", "r1 = *(u64 *)(r10 -8)", "r6 ^= r1"]
    for flags in (0, 1, 2):
        add(f"queue: push thrice flags {flags}, look, take all", ["r6 = 0"] + push(flags) * 3 + take("map_peek_elem") +
            take("map_pop_elem") * 3 + ["r0 = r6", "exit"])
    for index in (0, 2, 99):
        for flags in (0, 1, 2, 3, 4, 8, 16):
            add(f"redirect_map {index} flags {flags}", call("redirect_map", "M9", index, flags) + EXIT)
    add("spin lock held and let go", key(0) + call("map_lookup_elem", "M6") +
        found(["r6 = r0"] + call("spin_lock", "r6") + ["r7 = *(u32 *)(r6 +4)", "r7 += 1", "*(u32 *)(r6 +4) = r7"] +
              call("spin_unlock", "r6") + ["r0 = r7"]))
    for t in (XDP, CLS, SF, RAW_TP):
        for flags in (0, 1, 2, 0xfffffffe, 1 << 32, 5000 << 32, 1 << 52, 2 | 1 << 32):
            case("maps", f"perf_event_output in {t} flags {flags:#x}", t, ["*(u64 *)(r10 -8) = 1"] + fp(4, 8) +
                 call("perf_event_output", None, "M7", flags, None, 8) + EXIT)
    for what in range(5):
        add(f"ring buffer: query {what}", call("ringbuf_query", "M1", what) + EXIT)


# --- dynptrs -----------------------------------------------------------------------------------------

def dynptrs():
    add = lambda name, lines: case("dynptrs", name, XDP, lines)
    value = ["*(u32 *)(r10 -4) = 0"] + fp(2, 4) + call("map_lookup_elem", "M0") + \
        ["if r0 != 0 goto +1", "exit", "r6 = r0"] + \
        [line for i in range(0, 64, 8) for line in (f"r1 = {0x0101010101010101 * (i + 1):#x}ll",
                                                    f"*(u64 *)(r6 +{i}) = r1")]
    from_mem = lambda size=16, flags=0: fp(4, 24) + call("dynptr_from_mem", "r6", size, flags)
    buffer = ["r1 = 0x8877665544332211ll"] + [f"*(u64 *)(r10 -{off}) = r1" for off in (48, 40, 32)]
    read = lambda off, n, flags=0: fp(1, 48) + fp(3, 24) + call("dynptr_read", None, n, None, off, flags)
    write = lambda off, n, flags=0: fp(1, 24) + fp(3, 48) + call("dynptr_write", None, off, None, n, flags)
    data = lambda off, n: fp(1, 24) + call("dynptr_data", None, off, n)
    fold = ["r7 = r0"] + [line for off in (48, 40, 32) for line in (f"r1 = *(u64 *)(r10 -{off})", "r7 *= 31", "r7 ^= r1")]
    fold_value = [line for off in range(0, 64, 8) for line in (f"r1 = *(u64 *)(r6 +{off})", "r7 *= 31", "r7 ^= r1")]
    end = ["r0 = r7", "r0 >>= 32", "r0 ^= r7", "exit"]
    places = ((0, 16), (0, 17), (1, 16), (1, 15), (16, 0), (17, 0), (0, 0), (8, 8), (9, 8), (15, 1), (16, 1),
              (0xffffffff, 1), (0xffffffff, 0), (0xfffffff8, 16), (1 << 32, 8), (-1, 8))

    for size, flags in ((16, 0), (64, 0), (0, 0), (16, 1), (16, 1 << 32), (0, 1)):
        add(f"from_mem {size} flags {flags}", value + from_mem(size, flags) + ["exit"])
        add(f"from_mem {size} flags {flags}, then read", value + from_mem(size, flags) + buffer + read(0, 8) + fold + end)
        add(f"from_mem {size} flags {flags}, then write", value + from_mem(size, flags) + buffer + write(0, 8) +
            ["r7 = r0"] + fold_value + end)
        add(f"from_mem {size} flags {flags}, then data", value + from_mem(size, flags) + data(0, 8) +
            found(["r0 = *(u64 *)(r0 +0)"]))
    for off, n in places:
        add(f"read {n} at {off}", value + from_mem() + buffer + read(off, n) + fold + end)
        add(f"write {n} at {off}", value + from_mem() + buffer + write(off, n) + ["r7 = r0"] + fold_value + end)
        add(f"data {n} at {off}", value + from_mem() + data(off, n) + found(["r0 = *(u8 *)(r0 +0)"] if n else ["r0 = 1"]))
    for off, n, flags in ((0, 8, 1), (0, 8, 1 << 32), (9, 8, 1)):
        add(f"read {n} at {off} flags {flags}", value + from_mem() + buffer + read(off, n, flags) + fold + end)
        add(f"write {n} at {off} flags {flags}", value + from_mem() + buffer + write(off, n, flags) + fold + end)
    for n in (0xffffffff, 1 << 32 | 8, -1):
        add(f"data {n:#x} bytes", value + from_mem() + ["r1 = r10", "r1 += -24", "r2 = 0", f"r3 = {n % U64:#x}ll",
                                                       "call bpf_dynptr_data"] + found(["r0 = 1"]))
    add("read from a value into itself, overlapping", value + from_mem(32) + ["r1 = r6", "r1 += 8"] + fp(3, 24) +
        call("dynptr_read", None, 24, None, 0, 0) + ["r7 = r0"] + fold_value + end)
    add("write from a value into itself, overlapping", value + from_mem(32) + ["r3 = r6", "r3 += 8"] + fp(1, 24) +
        call("dynptr_write", None, 0, None, 24, 0) + ["r7 = r0"] + fold_value + end)
    add("slice written to", value + from_mem() + data(4, 4) + ["if r0 == 0 goto +1", "*(u32 *)(r0 +0) = -2", "r7 = 0"] +
        fold_value + end)

    reserve = lambda size, flags=0: fp(4, 24) + call("ringbuf_reserve_dynptr", "M1", None, flags)[:1] + \
        [f"r2 = {size % U64:#x}ll", f"r3 = {number(flags)}", "call bpf_ringbuf_reserve_dynptr", "r8 = r0"]
    finish = lambda how, flags=0: fp(1, 24) + call(f"ringbuf_{how}_dynptr", None, flags)
    position = call("ringbuf_query", "M1", 3) + ["r8 <<= 16", "r0 ^= r8", "exit"]
    for size, flags in ((16, 0), (0, 0), (1, 0), (16, 1), (16, 1 << 32), (1 << 32 | 8, 0), (-1, 0), (1 << 24, 0),
                        ((1 << 24) - 1, 0), (1 << 24, 1), (4089, 0), (4088, 0)):
        for how in ("submit", "discard"):
            add(f"reserve {size:#x} flags {flags}, {how}", reserve(size, flags) + finish(how, 1) + position)
        add(f"reserve {size:#x} flags {flags}, write, read, data", reserve(size, flags) + buffer + write(0, 8) +
            ["r9 = r0"] + data(8, 1) + ["r9 <<= 8", "if r0 == 0 goto +1", "r9 += 1"] + read(0, 8) +
            ["r9 <<= 8", "r9 += r0"] + finish("discard") + ["r0 = r9", "r0 ^= r8", "exit"])


# --- the world around --------------------------------------------------------------------------------

def world():
    add = lambda *args: case("world", *args)
    for clock in ("ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns", "jiffies64"):
        add(f"{clock} does not go back", XDP, call(clock) + ["r6 = r0"] + call(clock) +
            ["r1 = 1", "if r0 >= r6 goto +1", "r1 = 0", "r0 = r1", "exit"])
    for what in ("get_current_pid_tgid", "get_current_uid_gid", "get_numa_node_id", "get_current_cgroup_id"):
        add(what, XDP, call(what) + EXIT)
        add(what + ", upper half", XDP, call(what) + ["r0 >>= 32", "exit"])
    for what in ("get_prandom_u32", "get_smp_processor_id"):
        add(f"{what} fits 32 bits", XDP, call(what) + ["r0 >>= 32", "exit"])
    clear = [f"*(u64 *)(r10 -{off}) = -1" for off in (24, 16, 8)]
    fold = ["r1 = *(u64 *)(r10 -24)", "r2 = *(u64 *)(r10 -16)", "r1 ^= r2", "r2 = *(u64 *)(r10 -8)", "r1 ^= r2",
            "r2 = r1", "r2 >>= 32", "r1 ^= r2", "r0 ^= r1", "exit"]
    for n in (1, 2, 5, 16, 20):
        add(f"get_current_comm into {n} bytes", XDP, clear + fp(1, 24) + call("get_current_comm", None, n) + fold)
    add("get_cgroup_classid", XDP, call("get_cgroup_classid") + EXIT)
    for helper in ("probe_read_kernel", "probe_read_user", "probe_read_kernel_str", "probe_read_user_str"):
        for n in (8, 0):
            add(f"{helper} of {n} bytes out of reach", XDP, clear + fp(1, 24) + call(helper, None, n, 8) + fold)
    for helper in ("probe_read_kernel", "probe_read_kernel_str"):
        for n in (8, 3):
            add(f"{helper} of {n} bytes of a map value", XDP, clear + fp(1, 24) +
                call(helper, None, n, "M5[0]+16") + fold)
    for helper in ("probe_read", "probe_read_str"):
        for n in (8, 0):
            add(f"{helper} of {n} bytes out of reach", RAW_TP, clear + fp(1, 24) + call(helper, None, n, 8) + fold)
    for n in (8, 0):
        add(f"copy_from_user of {n} bytes out of reach", SYSCALL, clear + fp(1, 24) +
            call("copy_from_user", None, n, 8) + fold)
    add("probe_read_kernel of the stack", XDP, clear + ["*(u64 *)(r10 -8) = 0x1234"] + fp(1, 24) + fp(3, 8) +
        call("probe_read_kernel", None, 8) + fold)
    add("attach cookie of a test run", RAW_TP, call("get_attach_cookie") + EXIT)


def syscalls():
    add = lambda name, lines: case("syscalls", name, SYSCALL, lines)
    attr = lambda values: [f"*(u32 *)(r10 -{72 - 4 * i}) = {v}" for i, v in enumerate(values + [0] * (18 - len(values)))]
    command = lambda cmd, values, n=72: attr(values) + fp(2, 72) + call("sys_bpf", cmd, None, n)
    made = ["r6 = 1", "if r0 s>= 0 goto +1", "r6 = r0", "r1 = r0", "call bpf_sys_close", "r0 += r6", "exit"]
    add("map created and closed", command(0, [2, 4, 8, 3]) + made)
    add("map of size 0", command(0, [2, 4, 8, 0]) + EXIT)
    add("map id there is not", command(14, [0x7fffffff]) + EXIT)
    add("attr with a tail", command(0, [2, 4, 8, 3] + [0] * 13 + [1]) + EXIT)
    add("short attr", command(0, [2, 4, 8, 3], 16) + made)
    for cmd in (1, 4, 10, 13, 99, -1):
        add(f"command {cmd} refused", command(cmd, [0]) + EXIT)
    add("close of nothing", call("sys_close", -1) + EXIT)
    for name, kind, flags in (("task_struct", 4, 0), ("task_struct", 12, 0), ("no such thing", 4, 0),
                              ("task_struct", 4, 1), ("", 4, 0)):
        lines, off = string(name + "\0")
        add(f"type id of '{name}' kind {kind} flags {flags}", lines + fp(1, off) +
            call("btf_find_by_name_kind", None, len(name) + 1, kind, flags) + EXIT)


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    print("/* Made by test_kernel_cases.py. */")
    for family in (contexts, xdp, skb_bytes, skb_room, checksums, redirects, strings, maps, dynptrs, world,
                   syscalls):
        family()
    for family, cases in families.items():
        print(f"static const struct twin_case {family}[] = {{")
        for name, prog_type, lines, extra in cases:
            print(f"\t{{ {c_string(name)}, BPF_PROG_TYPE_{prog_type},")
            print("\t  " + " ".join(c_string(line)[:-1] + '\\n"' for line in lines) +
                  (", " + extra if extra else "") + " },")
        print("};")


main()
