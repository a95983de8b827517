# SPDX-License-Identifier: BSD-2-Clause
#
# skep capture on this kernel: packets of the loopback with owner and verdict, by tcx or by a tc filter.
. /tests/lib.sh

ip link set lo up
skep capture -n -v -i lo -Q out --owner -w /tmp/x.pcapng --print icmp or udp port 53 >/tmp/out 2>/tmp/err &
tool=$!
until_waits $tool
ping -c 3 127.0.0.1 >/dev/null
nslookup example.org 127.0.0.1 >/dev/null 2>&1
usleep 300000
kill -INT $tool
wait $tool
[ $? = 0 ] || failed ends "$(cat /tmp/err)"
shows passed 'verdict=passed'
shows dropped 'verdict=dropped (NO_SOCKET)'
check file sh -c 'skep capture -n -r /tmp/x.pcapng --owner icmp | grep -q "verdict=passed"'
if kernel_is 6.1; then
	check says-why grep -q "no tracepoints for what sockets send.*packets have no owners" /tmp/err
else
	shows owner 'comm=ping .*verdict=passed'
fi
refused bad-device "no device" skep capture -i nosuch
