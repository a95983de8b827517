# SPDX-License-Identifier: BSD-2-Clause
#
# skep trace kernel by each hook this kernel has: counts are exact, arguments and results those of the calls.
. /tests/lib.sh

# start OPTION...: traces from when this returns
start()
{
	: >/tmp/err
	skep trace kernel -v "$@" >/tmp/out 2>/tmp/err &
	pid=$!
	until_says "hook:" /tmp/err $pid || cat /tmp/err
}

# ends it, as Ctrl-C does: the exit code
stop()
{
	kill -INT $pid
	wait $pid
}

hooks="fentry kprobe"
kernel_is 6.1 || hooks="$hooks kprobe.multi"
for hook in $hooks; do
	start --hook $hook -c mkdir do_mkdirat vfs_rmdir
	for i in $(seq 20); do
		mkdir /tmp/d$i
	done
	stop && shows $hook-count "do_mkdirat  *20$" "vfs_rmdir  *0$"
	rmdir /tmp/d[0-9]*

	start --hook $hook -a -c mkdir do_mkdirat
	mkdir -m 700 /tmp/one
	stop && shows $hook-arguments "mkdir  *do_mkdirat(dfd=-100, name=0xff[0-9a-f]*, mode=[0-9]*)$"
	rmdir /tmp/one

	start --hook $hook -c cat do_sys_openat2+ret
	cat /no/such/file >/dev/null 2>&1
	stop && shows $hook-return \
		'cat  *[0-9]* do_sys_openat2(dfd=-100, filename="/no/such/file", how=0x[0-9a-f]*) = -2$'
	grep -q " 0 dropped" /tmp/err && ok $hook-account || failed $hook-account "$(cat /tmp/err)"

	start --hook $hook -L -c head vfs_read
	head -c 5 /etc/passwd >/dev/null
	stop && shows $hook-latency "vfs_read" "|@" "p50"

	start --hook $hook 'vfs_*' -c head
	head -c 5 /etc/passwd >/dev/null
	stop && shows $hook-glob "vfs_read  *[1-9]" "vfs_open  *[1-9]"
done

# Without being told, the best: fentry. A function that cannot be attached to is left out, and said.
start -c mkdir do_mkdirat
stop
grep -q "hook: fentry; 1 of 1" /tmp/err && ok default-hook || failed default-hook "$(cat /tmp/err)"

# Tracepoints, and the tracepoint in a function's place.
start --hook tracepoint -a -c head do_exit
head -c 5 /etc/passwd >/dev/null
stop && shows tracepoint "sched_process_exit(p=0xff"
start -a tp:task_rename tp:sched_process_exec
/bin/busybox true
stop && shows typed-tracepoint 'task_rename(task=0xff[0-9a-f]*, comm="[a-z0-9]*")' 'sched_process_exec(p=0xff[0-9a-f]*, old_pid=[0-9]*, bprm=0xff[0-9a-f]*)'
refused unknown "not among the kernel's types" skep trace kernel vfs_raed
refused no-tracepoint "no tracepoint has the same" skep trace kernel --hook tracepoint vfs_read

# Functions of a module: named alone, with it, and one it has not.
ip link add d9 type dummy && ip link set d9 up && ip addr add 10.9.0.1/24 dev d9
for name in dummy_xmit dummy:dummy_xmit; do
	start -a -c ping $name
	ping -c 3 -W 1 10.9.0.255 >/dev/null 2>&1
	stop && shows "module-$name" "ping .* dummy_xmit(skb=0xff[0-9a-f]*, dev=0xff[0-9a-f]*)"
done
start --hook kprobe -c ping dummy:dummy_xmit+ret
ping -c 3 -W 1 10.9.0.255 >/dev/null 2>&1
stop && shows module-kprobe "ping .* dummy_xmit(skb=0xff[0-9a-f]*, dev=0xff[0-9a-f]*) = NETDEV_TX_OK"
start -c ping 'dummy:*'
ping -c 3 -W 1 10.9.0.255 >/dev/null 2>&1
stop && shows module-glob "dummy_xmit  *[1-9]"
refused module-unknown "not among the types of module dummy" skep trace kernel dummy:nosuch
refused module-not-loaded "it is not loaded" skep trace kernel nosuch:dummy_xmit
ip link del d9
