# SPDX-License-Identifier: BSD-2-Clause
#
# skep capture on this kernel: packets of the loopback with owner and verdict, by tcx or by a tc filter.
. /tests/lib.sh

# has NAME PATTERN: whether the lines of the capture have such a one
has()
{
	if grep -qE "$2" /tmp/capture.out; then
		ok "$1"
	else
		cat /tmp/capture.out /tmp/capture.err
		failed "$1" "no line like $2"
	fi
}

ip link set lo up
skep capture -n -v -i lo -Q out --owner -w /tmp/x.pcapng --print icmp or udp port 53 >/tmp/capture.out 2>/tmp/capture.err &
tool=$!
n=0
until grep -q '^441 ' /proc/$tool/syscall 2>/dev/null || [ $n = 100 ]; do # epoll_pwait2: it waits
	n=$((n + 1))
	usleep 100000
done
ping -c 3 127.0.0.1 >/dev/null
nslookup example.org 127.0.0.1 >/dev/null 2>&1
usleep 300000
kill -INT $tool
wait $tool
[ $? = 0 ] || failed ends "$(cat /tmp/capture.err)"
has passed 'verdict=passed'
has dropped 'verdict=dropped \(NO_SOCKET\)'
check file sh -c 'skep capture -n -r /tmp/x.pcapng --owner icmp | grep -q "verdict=passed"'
if kernel_is 6.1; then
	check says-why grep -q "no tracepoints for what sockets send.*packets have no owners" /tmp/capture.err
else
	has owner 'comm=ping .*verdict=passed'
fi
refused bad-device "no device" skep capture -i nosuch
