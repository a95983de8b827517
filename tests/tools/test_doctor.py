#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_doctor.py SKEP CASE: one case of skep doctor; `test_doctor.py --list` names all.

Goal: what doctor says is so. Method: it is held against bpftool (a judge that knows nothing of skep), against
the engine's own tables, and against what the machine lets a process of another user do. Exit 77 after a line
with the reason when the machine cannot run a case.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from tool_test import Skip, case, main  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TIMEOUT_S = 100
NOBODY = 65534
skep = "skep"


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, expected {wanted!r}")


def doctor(*args, code=0, **options):
    done = subprocess.run([skep, "doctor", *args], capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
                          **options)
    expect(done.returncode, code, f"exit of skep doctor {' '.join(args)} ({done.stderr})")
    return done.stdout, done.stderr


def document(*args, **options):
    return json.loads(doctor("-o", "json", *args, **options)[0])


def answers(found):
    return {a["key"]: a for a in found["abilities"]}


def names(types):
    return {t["name"] for t in types if t["has"]}


def need_bpf():
    if os.geteuid() != 0 or not answers(document("--quick"))["bpf-syscall"]["has"]:
        raise Skip("the kernel's bpf(2) is not allowed here")


# --- against bpftool ----------------------------------------------------------------------------------


def bpftool_says():
    path = shutil.which("bpftool", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise Skip("bpftool is not there (package bpftool)")
    done = subprocess.run([path, "-j", "feature", "probe", "kernel"], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S)
    if done.returncode:
        raise Skip(f"bpftool feature probe: {done.stderr.strip()}")
    return json.loads(done.stdout)


def of_kind(said, prefix):
    """bpftool's {name: bool} of what begins so: "have_xdp_prog_type"."""
    return {key[len("have_"):-len(prefix)]: value for key, value in said.items() if key.endswith(prefix)}


@case
def types_are_bpftools():
    """Where bpftool 7.1 is wrong, and not we: it asks for `tracing` by fentry alone, so a kernel that refuses fentry
    and takes tp_btf programs, which are of that type, is said to have none."""
    need_bpf()
    said, found = bpftool_says(), document("--quick")
    ours = {t["name"]: t["has"] for t in found["program_types"]}
    theirs = of_kind(said["program_types"], "_prog_type")
    if not theirs["tracing"] and answers(found)["tp-btf"]["has"]:
        expect(ours["tracing"], True, "tracing, of which tp_btf programs are")
        theirs["tracing"] = True
    expect({name: ours[name] for name in theirs}, theirs, "program types")
    ours = {t["name"]: t["has"] for t in found["map_types"]}
    theirs = of_kind(said["map_types"], "_map_type")
    if len(theirs) < 25:
        raise AssertionError(f"bpftool names few map types: {theirs}")
    expect({name: ours[name] for name in theirs}, theirs, "map types")


@case
def helpers_are_bpftools():
    """Where bpftool 7.1 is wrong, and not we: since Linux 6.14 a helper a type may not call is refused in other
    words ("program of this type cannot use helper") than the ones it looks for, so that it takes every
    helper for one of every type. Then ours must all be among its helpers, and fewer."""
    need_bpf()
    theirs = {key[:-len("_available_helpers")]: {h[len("bpf_"):] for h in helpers}
              for key, helpers in bpftool_says()["helpers"].items()}
    ours = {t["name"]: set(t["helpers"]) for t in document("--quick", "-v")["program_types"]}
    known = set().union(*theirs.values())
    blind = "skb_store_bytes" in theirs["socket_filter"]
    for name, helpers in theirs.items():
        if not helpers:
            continue # it asks for those of tracing, ext, lsm and struct_ops with no program that loads
        if not blind:
            expect(ours[name] & known, helpers, f"helpers of {name}")
        elif not ours[name] & known < helpers:
            raise AssertionError(f"{name}: {sorted(ours[name] & known - helpers)} not among bpftool's")


@case
def helpers_of_network_types_differ_as_they_must():
    need_bpf()
    ours = {t["name"]: set(t["helpers"]) for t in document("--quick", "-v")["program_types"]}
    for name, has, lacks in (("socket_filter", "skb_load_bytes", "skb_store_bytes"),
                             ("sched_cls", "skb_store_bytes", "xdp_adjust_head"),
                             ("xdp", "xdp_adjust_head", "skb_load_bytes"),
                             ("kprobe", "get_stackid", "skb_load_bytes"),
                             ("cgroup_sysctl", "sysctl_get_name", "get_stackid")):
        expect((has in ours[name], lacks in ours[name]), (True, False), f"{name}: {has}, {lacks}")


# --- the engine of skep --------------------------------------------------------------------------------


def table(name, macro):
    """{name as printed: status} of a table of src/tbl."""
    with open(os.path.join(ROOT, "src/tbl", name), encoding="utf-8") as file:
        text = file.read()
    if macro == "HELPER":
        rows = re.findall(r"^HELPER\(\d+,\s*(\w+),\s*(\w+),", text, re.M)
    else:
        rows = re.findall(rf'^{macro}\(\d+,\s*\w+,\s*"(\w+)".*?\b(done|later|refused)\b', text, re.M)
    return dict(rows)


@case
def own_engine_has_what_its_tables_say():
    found = document("--engine", "user", "-v")
    for kind, name, macro in (("program_types", "prog_types.h", "PROG_TYPE"), ("map_types", "map_types.h", "MAPTYPE")):
        wanted = {n for n, status in table(name, macro).items() if status == "done"}
        expect(names(found[kind]), wanted, kind)
    helpers = table("helpers.h", "HELPER")
    callable_ = set().union(*(t["helpers"] for t in found["program_types"]))
    expect(callable_, {n for n, status in helpers.items() if status == "done"}, "helpers")
    expect(found["tools"], [], "tools")


@case
def own_engine_gives_no_type_a_helper_the_kernel_does_not():
    need_bpf()
    own = {t["name"]: set(t["helpers"]) for t in document("--engine", "user", "-v")["program_types"]}
    kernel = {t["name"]: set(t["helpers"]) for t in document("--quick", "-v")["program_types"] if t["has"]}
    locked_down = {"probe_write_user"} # and what else a kernel's configuration takes away
    for name in own.keys() & kernel.keys():
        expect(own[name] - kernel[name] - locked_down, set(), f"helpers of {name} that the kernel has not")


# --- trying ---------------------------------------------------------------------------------------------


@case
def what_loads_also_runs():
    """On any kernel: a hook --quick finds must run its program too, or the full answer must say no and why."""
    need_bpf()
    quick, full = answers(document("--quick")), answers(document())
    ran = {key for key, a in full.items() if a["ran"]}
    for key in ("raw-tp", "socket-filter", "tcx", "cgroup-skb", "cgroup-sysctl"):
        if quick[key]["has"] and not full[key]["ran"]:
            raise AssertionError(f"{key}: {full[key]}")
    for key, answer in full.items():
        expect(quick[key]["ran"], False, f"{key}: ran, with --quick")
        if not answer["has"] and not answer["why"]:
            raise AssertionError(f"{key}: no, and no reason")
        if answer["has"] and not quick[key]["has"]:
            raise AssertionError(f"{key}: {quick[key]}, {answer}")
    if len(ran) < 10:
        raise AssertionError(f"few hooks ran: {sorted(ran)}")


@case
def nothing_is_left_behind():
    need_bpf()
    mounts = subprocess.run(["findmnt", "-n", "-t", "cgroup2", "-o", "TARGET"], capture_output=True, text=True,
                            check=False).stdout.split()
    child = subprocess.Popen([skep, "doctor"], stdout=subprocess.DEVNULL)
    expect(child.wait(TIMEOUT_S), 0, "exit")
    for mount in mounts:
        for path, folders, _ in os.walk(mount):
            expect([f for f in folders if f == f"skep-try-{child.pid}"], [], f"cgroups left in {path}")


@case
def interrupted_leaves_nothing_behind():
    """Ctrl-C at many moments: the trial under way ends first, and its cgroup goes."""
    need_bpf()
    mount = subprocess.run(["findmnt", "-n", "-t", "cgroup2", "-o", "TARGET"], capture_output=True, text=True,
                           check=False).stdout.split()
    if not mount:
        raise Skip("cgroup v2 is not mounted")
    pids, codes = [], []
    for turn in range(25):
        child = subprocess.Popen([skep, "doctor"], stdout=subprocess.DEVNULL)
        time.sleep(turn * 0.02)
        child.send_signal(signal.SIGINT)
        codes.append(child.wait(TIMEOUT_S))
        pids.append(child.pid)
    if -signal.SIGINT not in codes:
        raise AssertionError(f"none was interrupted: {codes}")
    left = [f for path, folders, _ in os.walk(mount[0]) for f in folders if f in {f"skep-try-{p}" for p in pids}]
    expect(left, [], "cgroups left")


# --- who asks -----------------------------------------------------------------------------------------------


@case
def nobody_is_told_clearly():
    if os.geteuid() != 0:
        raise Skip("not run as root, so not able to become another user")
    found = document(user=NOBODY, group=NOBODY, extra_groups=[], code=1) # skep trace has no way
    expect(found["uid"], NOBODY, "uid")
    expect(answers(found)["cap-bpf"]["has"], False, "cap-bpf")
    expect([t["works"] for t in found["tools"] if t["name"] in ("run", "check", "dump")], [True] * 3, "tools")
    with open("/proc/sys/kernel/unprivileged_bpf_disabled", encoding="ascii") as file:
        disabled = file.read().strip() != "0"
    if disabled:
        text = doctor(user=NOBODY, group=NOBODY, extra_groups=[], code=1)[0]
        if "This user may not use bpf(2)" not in text or "run it as root" not in text:
            raise AssertionError(text)
        expect(names(found["program_types"]), set(), "program types")
        trace = next(t for t in found["tools"] if t["name"] == "trace syscalls")
        expect((trace["works"], trace["way"]), (False, None), "trace syscalls")
        for key in ("raw-tp", "xdp", "cgroup-skb"):
            expect(answers(found)[key]["errno"], 1, f"errno of {key}")


@case
def capabilities_of_another_user_namespace_do_not_count():
    prefix = ["unshare", "--user", "--map-root-user"]
    if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        raise Skip("user namespaces cannot be made here")
    done = subprocess.run([*prefix, skep, "doctor", "-o", "json"], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S)
    answer = answers(json.loads(done.stdout))["cap-bpf"]
    expect(answer["has"], False, "cap-bpf")
    if "user namespace" not in answer["why"]:
        raise AssertionError(answer)


@case
def missing_capability_is_named():
    """Root without CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN."""
    need_bpf()
    if not shutil.which("setpriv"):
        raise Skip("setpriv is not there (package util-linux)")
    done = subprocess.run(["setpriv", "--bounding-set", "-sys_admin,-bpf,-perfmon", skep, "doctor", "--quick", "-o",
                           "json"], capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    found = answers(json.loads(done.stdout))
    expect([found[k]["has"] for k in ("cap-bpf", "cap-perfmon", "cap-sys-admin", "raw-tp", "kprobe")], [False] * 5,
           "abilities")
    if "CAP_PERFMON" not in found["raw-tp"]["remedy"]:
        raise AssertionError(found["raw-tp"])


# --- how it is asked ----------------------------------------------------------------------------------------------


@case
def tool_is_explained():
    text = doctor("run", "--quick")[0]
    for words in ("skep run: run a program", "1. --engine kernel", "2. --engine user", "(taken)"):
        if words not in text:
            raise AssertionError(text)
    code = 0 if os.geteuid() == 0 else 1
    found = document("--quick", "run", "--attach", code=code)["tools"]
    expect({t["name"].split()[1] for t in found}, {"--attach"}, "tools of run --attach")
    expect({t["name"]: t["optional"] for t in found}["run --attach"], False, "run --attach counts")
    expect(all(t["optional"] for t in found if t["name"] != "run --attach"), True, "what is not counted")
    found = document("--quick", "run", "--attach", "xdp", code=code)["tools"]
    expect([t["name"] for t in found], ["run --attach xdp"], "tools")
    expect([t["name"] for t in document("--quick", "run")["tools"]], ["run"], "tools")
    found = document("--quick", "dump")["tools"]
    expect([t["name"] for t in found], ["dump"], "tools")
    expect([w["name"] for w in found[0]["ways"]], ["--engine kernel", "--engine user"], "ways")


@case
def bad_input_gets_one_sentence():
    for args, words in ((["nosuch"], "there is no tool 'nosuch'; `skep doctor`"),
                        (["rum"], "did you mean 'run'?"),
                        (["-o", "xml"], "it is columns or json"), (["--engine", "both"], "it is user or kernel"),
                        (["run", "--engine", "user"], "leave TOOL out"), (["x" * 500], "so long a name")):
        out, err = doctor(*args, code=2)
        expect(out, "", "standard output")
        if words not in err or len(err.splitlines()) != 1:
            raise AssertionError(f"{args}: {err}")
    _, err = doctor("--bogus", code=2)
    expect(err.startswith("skep doctor: unrecognized option"), True, err)


def setup(skep_path):
    global skep
    skep = os.path.abspath(skep_path)


if __name__ == "__main__":
    sys.exit(main(setup))
