# SPDX-License-Identifier: BSD-2-Clause
#
# skep run --attach at hooks that only these kernels have or lack: kprobe, fentry, LSM; tc without tcx, where
# a watcher removes the filter of a tool that was killed; uprobe_multi where there is one.
# needs: tests/tools/attach/attach-hooks.bpf.o tests/tools/attach/attach-kernel.bpf.o
# needs: tests/tools/attach/attach-cgroup.bpf.o tests/tools/attach/flood examples/ttl.clang-14.bpf.o tc
. /tests/lib.sh

hooks=/data/attach-hooks.bpf.o
kernel=/data/attach-kernel.bpf.o
ttl=/data/ttl.clang-14.bpf.o

# The other end is veth0.
ip link add a0 type veth || failed veth "no veth pair"
ip link set a0 up
ip link set veth0 up

# start PROG ARGS...: begins to attach, and waits until it has
start()
{
	rm -f /tmp/out /tmp/err
	skep run --attach "$@" -v -o json -d 30 >/tmp/out 2>/tmp/err &
	tool=$!
	until_says "skep run --attach: [a-z_0-9]*: " /tmp/err $tool
}

stop()
{
	kill -INT $tool
	wait $tool
}

# runs NAME CAUSE PROG ARGS...: the program ran while CAUSE was done
runs()
{
	local name=$1 cause=$2
	shift 2
	if ! start "$@"; then
		failed "$name" "$(tail -n 1 /tmp/err)"
		return
	fi
	$cause >/dev/null 2>&1
	stop
	if grep -q '"hits": [1-9]' /tmp/out; then
		ok "$name"
	else
		failed "$name" "it did not run: $(tail -n 3 /tmp/err)"
	fi
}

says()
{
	if grep -q "$2" /tmp/err; then
		ok "$1"
	else
		failed "$1" "does not say '$2': $(cat /tmp/err)"
	fi
}

read_something()
{
	cat /proc/version
}

runs kprobe read_something $kernel on_kprobe
runs kretprobe read_something $kernel on_kretprobe
runs fentry read_something $kernel on_fentry
says fentry-printk "bpf_printk: [1-9][0-9]* lines, [1-9][0-9]* shown, 0 dropped"
runs fexit read_something $kernel on_fexit
runs fentry-at read_something $kernel on_no_function --at vfs_open
runs lsm read_something $kernel on_lsm
runs sleepable read_something $kernel on_sleepable
says sleepable-printk "bpf_printk: [1-9][0-9]* lines, [1-9][0-9]* shown, 0 dropped"
refused no-kprobe "did you mean vfs_read?" skep run --attach $kernel on_kprobe --at vfs_raed
refused no-function "did you mean vfs_read?" skep run --attach $kernel on_no_function
if kernel_is 6.1; then
	refused uprobes "Linux 6.6" skep run --attach $hooks on_uprobes
else
	runs kprobe-multi read_something $kernel on_kprobes
	runs uprobes "skep --version" $hooks on_uprobes --at libc.so.6:mallo?
fi
runs uprobe "skep --version" $hooks on_any_uprobe --at libc.so.6:malloc
runs tracepoint "skep --version" $hooks on_tracepoint --at syscalls/sys_enter_openat
runs raw-tp read_something $hooks on_raw_tp --syscall_number 0
runs tp-btf read_something $hooks on_tp_btf --syscall_number 0
runs xdp "flood a0 10" $hooks on_xdp --dev veth0
runs tc "flood a0 10" $hooks on_tc --dev a0 --egress
if kernel_is 6.1; then
	says tc-by-filter "tc filter, egress of a0"
else
	says tc-by-tcx "tcx, egress of a0"
fi
runs tc-filter "flood a0 10" $hooks on_tc --dev a0 --egress --tc
if tc qdisc show dev a0 | grep -q clsact; then
	failed tc-undone "$(tc qdisc show dev a0)"
else
	ok tc-undone
fi
if start $hooks on_tc --dev a0 --egress --tc; then
	kill -9 $tool
	wait $tool
	sleep 0.5
	if tc qdisc show dev a0 | grep -q clsact; then
		failed tc-watcher "$(tc qdisc show dev a0)"
	else
		ok tc-watcher
	fi
else
	failed tc-watcher "$(tail -n 1 /tmp/err)"
fi

mkdir /sys/fs/cgroup/attach
if start /data/attach-cgroup.bpf.o --cgroup /sys/fs/cgroup/attach; then
	stop
	ok cgroup
else
	failed cgroup "$(tail -n 1 /tmp/err)"
fi
rmdir /sys/fs/cgroup/attach

start $ttl --dev a0 --egress
flood a0 1000 >/dev/null
stop
says printk "bpf_printk: 1000 lines, 1000 shown, 0 dropped"
