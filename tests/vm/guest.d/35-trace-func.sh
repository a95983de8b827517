# SPDX-License-Identifier: BSD-2-Clause
#
# skep trace func on this kernel, by the hook it has: uprobe_multi since 6.6, before it perf events.
# needs: tests/vm/hooks
. /tests/lib.sh

# traced OPTION...: what skep trace func says of two runs of /bin/hooks
traced()
{
	local i
	: >/tmp/err
	skep trace func -v "$@" >/tmp/out 2>/tmp/err &
	pid=$!
	for i in $(seq 200); do
		grep -q "hook:" /tmp/err && break
		kill -0 $pid || break
		sleep 0.1
	done
	/bin/hooks 2>/dev/null
	/bin/hooks 2>/dev/null
	sleep 0.2
	kill -INT $pid
	wait $pid
}

# shows NAME REGEX
shows()
{
	if grep -q -- "$2" /tmp/out; then
		ok "$1"
	else
		cat /tmp/out /tmp/err
		failed "$1" "does not show: $2"
	fi
}

traced /bin/hooks:main
shows count "^main  *hooks  *2$"
if kernel_is 6.1; then
	hook="hook: uprobe ("
else
	hook="hook: uprobe_multi"
fi
grep -q "$hook" /tmp/err && ok hook || failed hook "$(cat /tmp/err)"

traced '/bin/hooks:int main(int argc, char **argv)+ret'
shows return "main(argc=1, argv=0x[0-9a-f]*) = 2"
