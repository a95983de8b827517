# SPDX-License-Identifier: BSD-2-Clause
#
# skep trace func and stacks on this kernel, against a program that knows its calls. Linux 6.1 has no
# uprobe_multi: there each probe is a perf event.
# needs: tests/tools/func-target apps/func.bpf.o apps/stacks.bpf.o
. /tests/lib.sh

# traced WHAT N ARGUMENT...: the target's N calls of WHAT under `skep trace ARGUMENT...`; /tmp/out, /tmp/err
traced()
{
	local what=$1 n=$2 target tool
	shift 2
	rm -f /tmp/in /tmp/target /tmp/out /tmp/err
	mkfifo /tmp/in
	func-target "$what" "$n" </tmp/in >/tmp/target &
	target=$!
	exec 3>/tmp/in
	skep trace "$@" -p $target -v >/tmp/out 2>/tmp/err &
	tool=$!
	if until_says 'hook: ' /tmp/err $tool; then
		echo >&3
		until_says '^done' /tmp/target $target || echo 'the target did not end' >>/tmp/err
	fi
	kill -TERM $tool
	wait $tool
	code=$?
	exec 3>&-
	wait $target
	return $code
}

for object in func stacks; do
	check $object-loads skep check --engine kernel /data/$object.bpf.o
done
hook=uprobe_multi
kernel_is 6.1 && hook='uprobe (a perf event'
traced malloc 1000 func libc:malloc -o json
shows counts '"function": "malloc", .*"count": 1001'
if grep -q "hook: $hook" /tmp/err; then
	ok hook
else
	cat /tmp/err
	failed hook "is not $hook"
fi
traced reallocarray 20 func 'libc:void *reallocarray(void *p, size_t n, size_t size)+ret' -o json
shows arguments 'reallocarray(p=0x0, n=1, size=1)'
if [ "$(grep -c '"result": "0x' /tmp/out)" = 20 ]; then
	ok results
else
	cat /tmp/err /tmp/out
	failed results "not 20 of them"
fi
traced factorial 10 func -L factorial -o json
shows latency '"latency_ns"'
traced spin 200 stacks -F 199 -o folded
shows profile 'hot_caller;spin'
