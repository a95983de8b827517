# SPDX-License-Identifier: BSD-2-Clause
#
# skep trace syscalls, exec, open, tcp, runq and flows on this kernel: what is counted and shown is what was done.
# needs: tests/tools/calls tests/tools/spawn
. /tests/lib.sh

# start WHAT OPTION...: the tool in the background, its hooks in place; $tool is its process
start()
{
	skep trace "$@" >/tmp/out 2>/tmp/err &
	tool=$!
	until_waits $tool
}

# stop NAME: ends it; fails the test when it did not run and end well
stop()
{
	kill -INT $tool
	wait $tool
	code=$?
	[ $code = 0 ] || { cat /tmp/err; failed "$1-ends" "ended with $code"; }
}

mkfifo /tmp/calls.in
calls 500 </tmp/calls.in >/tmp/calls.out &
pid=$!
exec 3>/tmp/calls.in
for options in "" "-L" "-P --by process,syscall"; do
	start syscalls -o csv -p $pid $options
	[ -n "$options" ] || echo >&3
	sleep 2
	stop syscalls
	[ -n "$options" ] || { shows syscalls-getppid ',getppid,500$'; shows syscalls-dup ',dup,1000$'; }
	[ -n "$options" ] || shows syscalls-32 ',getpid/32,50$'
done
exec 3>&-
wait $pid

start syscalls -L -o csv -c spawn
spawn 20
sleep 1
stop syscalls-latency
shows syscalls-latency ',wait4,20,'

start syscalls -o csv --by process,syscall -s exit_group
spawn 20
sleep 1
stop syscalls-process
count=$(grep -c ',spawn,exit_group,1$' /tmp/out)
[ "$count" = 21 ] && ok syscalls-process || failed syscalls-process "$count processes that end, not 21"

start exec -o csv -v -x
spawn 30
/no/such/program 2>/dev/null
sh -c 'exit 7'
sleep 1
stop exec
count=$(grep -c ',spawn,0,.*,exec,0,,,/bin/spawn -' /tmp/out)
[ "$count" = 30 ] && ok exec-starts || { head -20 /tmp/out; failed exec-starts "$count programs, not 30"; }
shows exec-exit ',exit,7,,[0-9][0-9]*,'
shows exec-fail ',fail,-2,,,/no/such/program'

start open -o csv -x -v
cat /no/such/file 2>/dev/null
sleep 1
stop open
shows open ',cat,.*,-1,2,.*,/no/such/file$'

# A container that starts after the tool did.
start open -o csv -x --container web7
slice=/sys/fs/cgroup/machine.slice
mkdir $slice $slice/machine-web7.scope $slice/machine-web71.scope
for name in web7 web71; do
	sh -c "echo \$\$ > $slice/machine-$name.scope/cgroup.procs; cat /no/such/$name" 2>/dev/null
done
sleep 1
stop container
shows container ',web7,.*/no/such/web7$'
grep -q /no/such/web71 /tmp/out && failed container-other "another container is shown" || ok container-other
grep -q "no container 'web7' yet" /tmp/err && ok container-waits || failed container-waits "$(cat /tmp/err)"
rmdir $slice/machine-web7.scope $slice/machine-web71.scope $slice

ip link set lo up
start tcp -o csv -a
nc -l -p 7000 >/tmp/nc.out &
sleep 1
echo hello | nc -w 2 127.0.0.1 7000
wait $!
sleep 1
stop tcp
shows tcp-connect ',nc,.*,connect,out,127.0.0.1,[0-9][0-9]*,127.0.0.1,7000,'
shows tcp-close ',close,out,127.0.0.1,[0-9][0-9]*,127.0.0.1,7000,6,0,'
shows tcp-server ',nc,.*,close,in,[:f.]*127.0.0.1,7000,[:f.]*127.0.0.1,[0-9][0-9]*,0,6,'

start runq -o json
sleep 1
stop runq
shows runq '"count": *[1-9]'

# The tracepoints of flows are those of Linux 6.3.
if grep -q 'sock:sock_send_length' /sys/kernel/tracing/available_events; then
	start flows -o csv
	nc -l -p 7001 >/tmp/nc.out &
	sleep 1
	echo hello | nc -w 2 127.0.0.1 7001
	wait $!
	stop flows
	shows flows-sent ',nc,.*,tcp,127.0.0.1,[0-9][0-9]*,127.0.0.1,7001,6,0,1,0$'
	shows flows-received ',nc,.*,7001,[:f.]*127.0.0.1,[0-9][0-9]*,0,6,0,1$'
else
	skep trace flows -d 1 >/tmp/out 2>&1
	shows flows-says-what-is-missing "no tracepoint 'sock_send_length'"
fi
