# SPDX-License-Identifier: BSD-2-Clause
#
# What `skep doctor` says of this kernel: hooks the distribution builds must have run their program, and
# what this series has not must be a no.
. /tests/lib.sh

skep doctor >/tmp/doctor 2>&1
code=$?
[ $code = 0 ] && ok exit || failed exit "skep doctor ended with $code"
cat /tmp/doctor

# says WORD KEY: the line of this ability begins so
says()
{
	if grep -q "^  $1 *$2 " /tmp/doctor; then
		ok "$2"
	else
		failed "$2" "expected '$1': $(grep "^  [a-z]* *$2 " /tmp/doctor)"
	fi
}

for key in raw-tp tp-btf tracepoint kprobe fentry fexit fmod-ret lsm lsm-cgroup uprobe perf-clock iter \
	socket-filter xdp tc sk-lookup sk-msg sock-ops cgroup-skb cgroup-sock cgroup-sock-addr \
	cgroup-sockopt cgroup-sysctl cgroup-device; do
	says ran $key
done
for key in bpf-syscall btf jit tracefs bpffs cgroup2 stats probe-read probe-write-user ringbuf bpf-loop; do
	says yes $key
done
says no override-return
says yes no-lockdown
says no perf-cycles
if kernel_is 6.1; then
	for key in kprobe-multi uprobe-multi tcx netkit netfilter; do
		says no $key
	done
else
	for key in kprobe-multi uprobe-multi tcx netfilter; do
		says ran $key
	done
fi

# Nothing is left behind.
if ls -d /sys/fs/cgroup/skep-try* >/dev/null 2>&1; then
	failed clean "a cgroup is left"
else
	ok clean
fi

su nobody -s /bin/sh -c 'skep doctor' >/tmp/doctor 2>/tmp/doctor.err
code=$?
if [ $code = 1 ] && grep -q "This user may not use bpf(2)" /tmp/doctor; then
	ok nobody
else
	cat /tmp/doctor.err
	failed nobody "ended with $code"
fi
