#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""test_guard_check.py SKEP CASE: one case of skep guard check; `test_guard_check.py --list` names all.

Goal: what it says would happen is what the rules say, for the settings systemd would apply, and all that is
wrong is told at its place. Nothing is written and no privilege is needed: it runs as it is, on keys every
Linux has. Exit 77 after a line with the reason when the machine cannot run a case.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from tool_test import NOBODY, case, check, equal, main, need, run  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
skep = "skep"


def guard(*args, code=0, **more):
    return run(skep, "guard", "check", *args, code=code, **more)


def rows(*args, code=0):
    return [json.loads(line) for line in guard("-o", "json", *args, code=code)[0].splitlines()]


def system(settings, name="50-x.conf"):
    """A root with these lines in its sysctl.d."""
    folder = tempfile.TemporaryDirectory(prefix="skep-test-")
    os.makedirs(f"{folder.name}/etc/sysctl.d")
    with open(f"{folder.name}/etc/sysctl.d/{name}", "w", encoding="utf-8") as file:
        file.write(settings)
    return folder


def verdicts(*args, code=0):
    return [(r["key"], r["verdict"]) for r in rows(*args, code=code)]


@case
def what_cannot_be_read_is_said():
    err = guard("--root", "/nonexistent", "deny vm.swappiness", code=2)[1]
    check("there is no folder /nonexistent" in err, err)
    with tempfile.TemporaryDirectory(prefix="skep-test-") as folder:
        os.mkfifo(f"{folder}/rules")
        err = guard("-f", f"{folder}/rules", code=2)[1]
        check("is a pipe, and nobody writes rules into it" in err, err)
    guard("-f", "/dev/stdin", "--", "vm.swappiness=60", stdin=stdin_of("audit vm.*\n"))


def stdin_of(text):
    file = tempfile.TemporaryFile()
    file.write(text.encode())
    file.seek(0)
    return file


@case
def settings_get_the_verdict_of_the_first_rule_that_applies():
    with system("vm.swappiness=60\nkernel.hostname=x\nkernel.domainname=y\nvm.overcommit_ratio=50\n"
                "kernel.pid_max=100000\n") as root:
        got = rows("--root", root, "deny vm.swappiness", "allow vm.swappiness", "pin kernel.hostname abc",
                   "audit kernel.*", "pin kernel.domainname y", "allow vm.*", "deny *", code=1)
    equal([(r["key"], r["verdict"], r.get("rule"), r.get("note")) for r in got if r["subject"] == "setting"], [
        ("vm.swappiness", "denied", "rule 1", got[0].get("note")),
        ("kernel.hostname", "pin-refused", "rule 3", "the pinned value 'abc' is longer than what is written"),
        ("kernel.domainname", "pinned", "rule 5", "to the same value"),
        ("vm.overcommit_ratio", "allowed", "rule 6", None),
        ("kernel.pid_max", "denied", "rule 7", None)], "the verdicts")
    equal(got[0]["file"], f"{root}/etc/sysctl.d/50-x.conf:1", "the place")
    with open("/proc/sys/vm/swappiness", encoding="utf-8") as file:
        equal(got[0]["current"], file.read().strip(), "the value now")


@case
def who_applies_them_can_be_said():
    rule = ("allow vm.swappiness if comm=tuned* and uid=0", "deny vm.swappiness")
    for who, verdict in ((None, "denied"), ("comm=tuned", "allowed"), ("comm=tuned-adm,uid=0", "allowed"),
                         ("comm=tuned,uid=1", "denied"), ("uid=root", "denied")):
        args = [*rule, *(["--as", who] if who else []), "--", "vm.swappiness=1"]
        equal(verdicts(*args, code=int(verdict == "denied")), [("vm.swappiness", verdict)], f"as {who}")
    for who, part in (("comm=a,comm=b", "twice"), ("com=a", "did you mean 'comm'?"), ("container=web", "comm=NAME"),
                      ("pid=0", "'0'"), ("", "condition")):
        _, err = guard("--as", who, *rule, code=2)
        check(part in err and len(err.splitlines()) == 1, f"--as {who}: {err}")


@case
def single_accesses_are_checked():
    equal(verdicts("deny vm.swappiness read", "--", "vm.swappiness", "vm.swappiness=1", code=1),
          [("vm.swappiness", "denied"), ("vm.swappiness", "allowed")], "reading and writing")
    got = rows("deny net.ipv4.ip_forward", "--", "net/ipv4/conf/all/forwarding=1", code=1)
    equal((got[0]["verdict"], got[0]["note"]), ("denied", "it changes net.ipv4.ip_forward too"), "an alias")
    got = verdicts("audit net.ipv4.conf.lo.*", "--", "net.ipv4.conf.*.forwarding=1")
    check(("net.ipv4.conf.lo.forwarding", "audited") in got and ("net.ipv4.conf.default.forwarding", "allowed") in got, got)
    for key, part in (("vm..x", "empty"), ("no.such.*", "no key here matches")):
        check(part in guard("deny *", "--", key, code=2)[1], key)


@case
def what_is_odd_about_rules_is_told():
    with system("vm.swappiness=60\n") as root:
        got = rows("--root", root, "pin vm.swappiness 10", "pin vm.swappiness 20", "deny vm.swapiness", "deny net.ipv4",
                   "deny vm.*", "audit vm.overcommit_ratio")
    equal([(r["subject"], r["verdict"], r.get("rule")) for r in got if r["subject"] != "pin"], [
        ("setting", "pinned", "rule 1"), ("rule", "contradiction", "rule 2"), ("rule", "no-key", "rule 3"),
        ("rule", "no-key", "rule 4"), ("rule", "unreachable", "rule 6")], "what is told")
    equal(got[0]["note"], "'10' is written in its place", "the pin that contradicts a setting")
    notes = [r["note"] for r in got if r["verdict"] == "no-key"]
    check("did you mean vm.swappiness?" in notes[0] and "net.ipv4.*" in notes[1], got)


@case
def a_pin_says_what_it_would_set():
    with open("/proc/sys/vm/swappiness", encoding="utf-8") as file:
        now = file.read().strip()
    other = str(int(now) + 1)
    for rules, wanted in ((["pin vm.swappiness " + other], [("set", other, now)]), (["pin vm.swappiness " + now], []),
                          (["deny vm.*", "pin vm.swappiness " + other], [("unreachable", None, None)])):
        with tempfile.TemporaryDirectory() as nothing:
            got = rows("--root", nothing, *rules)
        equal([(r["verdict"], r.get("value"), r.get("current")) for r in got], wanted, f"what is said of {rules}")


@case
def every_mistake_is_told_and_nothing_is_checked():
    with system("dney vm.a\n\ndeny vm.ok\npin vm.b\n", "rules.conf") as root:
        path = f"{root}/etc/sysctl.d"
        out, err = guard("-f", path, "deny vm..x", code=2)
    equal(out, "", "standard output")
    lines = err.splitlines()
    for line, start in zip(lines, (f"{path}/rules.conf:1:1: ", f"{path}/rules.conf:4:9: ", "rule 1:9: ",
                                   "skep guard check: 3 mistakes; no rule is applied")):
        check(line.startswith(start), f"{line!r} does not begin with {start!r}")
    equal(len(lines), 4, "lines")


@case
def the_examples_have_no_mistake():
    out, err = guard("-f", f"{ROOT}/examples/guard.d", "-f", f"{ROOT}/examples/guard.d/20-pins.conf",
                     "--", "net.ipv4.ip_forward=1", code=1)
    check("denied" in out and "10-forwarding.conf:6" in out, out)
    check(re.search(r": \d+ rules; 1 access: 1 refused", err), err)


@case
def completion_knows_rules_and_keys():
    script = ('. "$0"/completions/skep.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _skep; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    tool = os.path.abspath(skep)
    for words, wanted in (([""], "check"), (["check", "--ro"], "--root"), (["check", "'aud"], "audit"),
                          (["check", "'deny vm.swappin"], "deny vm.swappiness"),
                          (["check", "'deny vm.swappiness ex"], "deny vm.swappiness except"),
                          (["check", "--", "vm.swappin"], "vm.swappiness"), (["doors", "vm.swappin"], "vm.swappiness")):
        out, _ = run("bash", "-c", script, ROOT, tool, "guard", *words)
        check(wanted in out.splitlines(), f"{words}: {out!r}")


@case
def the_manual_page_knows_every_subcommand_and_option():
    with open(f"{ROOT}/docs/man/skep-guard.1", encoding="utf-8") as file:
        page = file.read()
    common = set(re.findall(r"^  (?:-., |    )--([a-z-]+)", run(skep, "trace", "open", "--help")[0], re.M))
    for name in re.findall(r"^  skep guard ([a-z]+)", run(skep, "guard", "--help")[0], re.M):
        check(f"\n.Ss skep guard {name}\n" in page, f"the page lacks {name}")
        usage, _ = run(skep, "guard", name, "--help")
        for option in set(re.findall(r"^  (?:-., |    )--([a-z-]+)", usage, re.M)) - common:
            check(f"Fl -{option}" in page, f"the page lacks --{option} of {name}")


@case
def no_privilege_is_needed():
    need(os.geteuid() == 0 and os.path.exists(skep), "it begins as root")
    done = subprocess.run([skep, "guard", "check", "deny vm.* if comm=x", "--as", "comm=x", "--", "vm.swappiness=1"],
                          capture_output=True, text=True, timeout=60, check=False, user=NOBODY, group=NOBODY,
                          extra_groups=[])
    equal(done.returncode, 1, f"exit code ({done.stderr})")
    check("denied" in done.stdout, done.stdout)


@case
def bad_input_gets_one_sentence():
    for args, part in ((["-f", "/no/such"], "/no/such"), (["--root"], "--root needs"), (["-o", "prom", "deny *"], "prom"),
                       (["-p", "1"], "-p"), (["deny *", "--"], "nothing behind --")):
        _, err = guard(*args, code=2)
        check(part in err and len(err.splitlines()) == 1, f"{args}: {err!r}")
    _, err = run(skep, "guard", "chekc", code=2)
    check("did you mean 'check'?" in err, err)


def setup(skep_path):
    global skep
    skep = os.path.abspath(skep_path)


if __name__ == "__main__":
    sys.exit(main(setup))
