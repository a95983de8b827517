# SPDX-License-Identifier: BSD-2-Clause
#
# skep trace func on this kernel, by the hook it has: uprobe_multi since 6.6, before it perf events.
# needs: tests/vm/hooks
. /tests/lib.sh

# traced OPTION...: what skep trace func says of two runs of /bin/hooks
traced()
{
	: >/tmp/err
	skep trace func -v "$@" >/tmp/out 2>/tmp/err &
	pid=$!
	until_says "hook:" /tmp/err $pid
	/bin/hooks 2>/dev/null
	/bin/hooks 2>/dev/null
	sleep 0.2
	kill -INT $pid
	wait $pid
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
