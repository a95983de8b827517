# SPDX-License-Identifier: BSD-2-Clause
#
# Booted without bpf in lsm=, LSM programs load and attach without error and never run. That is so here
# (libbpf alone shows it), and doctor must not take it for an ability.
# needs: tests/vm/hooks tests/vm/hooks.bpf.o
. /tests/lib.sh

hooks /data/hooks.bpf.o lsm >/tmp/out 2>&1
if grep -q "^lsm: ran 0 times, the call said 0 before and 0 then" /tmp/out; then
	ok attaches-and-never-runs
else
	failed attaches-and-never-runs "$(tail -1 /tmp/out)"
fi

skep doctor >/tmp/doctor
if grep -q "^  no  *lsm .*would never run: the modules in use are .*yama" /tmp/doctor; then
	ok doctor-says-no
else
	failed doctor-says-no "$(grep ' lsm ' /tmp/doctor)"
fi
if grep -q "boot with bpf in lsm=" /tmp/doctor; then
	ok doctor-knows-the-way-out
else
	failed doctor-knows-the-way-out
fi
