# SPDX-License-Identifier: BSD-2-Clause
#
# skep guard and doors of the whole machine: with BPF LSM each is denied outright; without it what came
# through is set back and logged; and the table has what experiment finds here.
# needs: ip bpftool
. /tests/lib.sh

# The guard that was just started holds its rules; what the last one said was removed.
in_force()
{
	until_says 'in force' /tmp/guard.err $guard
}

# start OPTION...: the guard with all rules in the background; $guard is its process
start()
{
	rm -f /tmp/guard.err
	skep guard run -v -o json "$@" 'deny kernel.printk' 'deny kernel.panic' 'deny net.ipv6.conf.lo.addr_gen_mode' \
		'deny net.ipv4.neigh.*.*' 'deny net.ipv4.conf.*.rp_filter' 'deny kernel.hostname' >/tmp/guard.out 2>/tmp/guard.err &
	guard=$!
	in_force
	sleep 1
}

stop()
{
	kill -INT $guard
	wait $guard
	code=$?
	[ $code = 0 ] || { cat /tmp/guard.err; failed "$1-ends" "ended with $code"; }
}

# logged NAME OUTCOME KEY DOOR: the log has it
logged()
{
	n=0
	until grep "\"outcome\": \"$2\"" /tmp/guard.out | grep "\"key\": \"$3\"" | grep -q "\"door\": \"$4\""; do
		n=$((n + 1))
		if [ $n = 50 ]; then
			cat /tmp/guard.out /tmp/guard.err
			failed "$1" "no $2 $3 by $4"
			return
		fi
		usleep 100000
	done
	ok "$1"
}

# same NAME FILE VALUE: the file has that value again, soon
same()
{
	n=0
	until [ "$(cat "$2")" = "$3" ]; do
		n=$((n + 1))
		if [ $n = 50 ]; then
			failed "$1" "$2 is $(cat "$2"), was $3"
			return
		fi
		usleep 100000
	done
	ok "$1"
}

# denied NAME COMMAND...: fails, whatever it says
denied()
{
	name=$1
	shift
	if "$@" >/tmp/check.out 2>&1; then
		cat /tmp/check.out /tmp/guard.err
		failed "$name" "was let: $*"
	else
		ok "$name"
	fi
}

put()
{
	echo "$1" >"$2"
}

/bin/ip link set lo up
hostname before
printk=$(cat /proc/sys/kernel/printk)
panic=$(cat /proc/sys/kernel/panic)
reach=$(cat /proc/sys/net/ipv4/neigh/lo/base_reachable_time_ms)

start
denied lsm-syslog dmesg -n 3
logged lsm-syslog-log denied kernel.printk syscall
denied lsm-sysrq put 3 /proc/sysrq-trigger
logged lsm-sysrq-log denied kernel.printk file
denied lsm-parameter put 77 /sys/module/kernel/parameters/panic
logged lsm-parameter-log denied kernel.panic file
denied lsm-addrgenmode /bin/ip link set lo addrgenmode none
logged lsm-addrgenmode-log denied net.ipv6.conf.lo.addr_gen_mode netlink
denied lsm-ntable /bin/ip ntable change name arp_cache dev lo base_reachable 12345
logged lsm-ntable-log denied net.ipv4.neigh.lo.base_reachable_time netlink
denied lsm-ntable-default /bin/ip ntable change name arp_cache base_reachable 12345
check lsm-other-messages /bin/ip link set lo mtu 60000
check lsm-other-devices /bin/ip link add doors0 type dummy
check lsm-other-addrgenmode /bin/ip link set doors0 addrgenmode none
/bin/ip link del doors0
id=$(bpftool link show | sed -n '/cgroup /{s/:.*//p;q}')
denied lsm-detach bpftool link detach id "$id"
hostname evil
same lsm-hostname /proc/sys/kernel/hostname before
logged lsm-hostname-log reverted kernel.hostname syscall
same lsm-printk-is /proc/sys/kernel/printk "$printk"
same lsm-reach-is /proc/sys/net/ipv4/neigh/lo/base_reachable_time_ms "$reach"
stop lsm

start --no-lsm
check watch-syslog dmesg -n 3
same watch-syslog-back /proc/sys/kernel/printk "$printk"
logged watch-syslog-log reverted kernel.printk syscall
check watch-sysrq put 3 /proc/sysrq-trigger
same watch-sysrq-back /proc/sys/kernel/printk "$printk"
check watch-parameter put 77 /sys/module/kernel/parameters/panic
same watch-parameter-back /proc/sys/kernel/panic "$panic"
logged watch-parameter-log reverted kernel.panic file
check watch-addrgenmode /bin/ip link set lo addrgenmode none
same watch-addrgenmode-back /proc/sys/net/ipv6/conf/lo/addr_gen_mode 0
logged watch-addrgenmode-log reverted net.ipv6.conf.lo.addr_gen_mode netlink
check watch-ntable /bin/ip ntable change name arp_cache dev lo base_reachable 12345
same watch-ntable-back /proc/sys/net/ipv4/neigh/lo/base_reachable_time_ms "$reach"
hostname evil
same watch-hostname /proc/sys/kernel/hostname before
logged watch-hostname-log reverted kernel.hostname syscall
id=$(bpftool link show | sed -n '/cgroup /{s/:.*//p;q}')
check watch-detach bpftool link detach id "$id"
n=0
until grep -q detached /tmp/guard.out || [ $n = 50 ]; do
	n=$((n + 1))
	usleep 100000
done
check watch-detach-log grep -q detached /tmp/guard.out
stop watch
grep "kind" /tmp/guard.err

rm -f /tmp/guard.err # what the last one said is not this one's
# Patterns, orders and clauses on this kernel's verifier, which takes branches out that it holds for dead.
skep guard run --no-doors 'allow net.ipv4.neigh.lo.ucast_solicit' 'deny net.ipv4.neigh.*.*' \
	'deny net.ipv4.conf.*.rp_filter if comm=s?' 'deny net.ipv4.conf.*.tag if comm=x*' >/tmp/guard.out 2>/tmp/guard.err &
guard=$!
in_force
denied pattern put 5 /proc/sys/net/ipv4/neigh/lo/app_solicit
check allow-before-deny put 5 /proc/sys/net/ipv4/neigh/lo/ucast_solicit
denied comm-pattern put 1 /proc/sys/net/ipv4/conf/lo/rp_filter
check comm-pattern-of-others put 1 /proc/sys/net/ipv4/conf/lo/tag
stop patterns

# Installed, doors stay closed with no process; removed, they are open.
check installed skep guard install 'deny kernel.printk' 'deny net.ipv6.conf.lo.addr_gen_mode'
denied installed-syslog dmesg -n 3
denied installed-addrgenmode /bin/ip link set lo addrgenmode none
check installed-rules-replaced skep guard install 'deny net.ipv6.conf.lo.addr_gen_mode'
check installed-syslog-free dmesg -n 4
denied installed-addrgenmode-still /bin/ip link set lo addrgenmode none

# Nobody takes its pins away but who says so to it; nor their file system, nor what that is mounted in.
pins=/sys/fs/bpf/skep/guard
for pin in link rules lsm-unlink lsm-bpf; do
	denied "pins-unlink-$pin" rm $pins/$pin
done
denied pins-rename mv $pins/link $pins/link2
denied pins-rename-into mv $pins/rules $pins/link
denied pins-folder mv $pins /sys/fs/bpf/skep/other
denied pins-folder-above mv /sys/fs/bpf/skep /sys/fs/bpf/other
denied pins-umount umount /sys/fs/bpf
denied pins-umount-lazily umount -l /sys/fs/bpf
denied pins-umount-above umount -l /sys
check pins-of-others mkdir -p /sys/fs/bpf/others/a
check pins-of-others-renamed mv /sys/fs/bpf/others/a /sys/fs/bpf/others/b
check pins-of-others-removed rm -r /sys/fs/bpf/others
check other-file-systems sh -c 'mkdir /tmp/fs && mount -t bpf bpf /tmp/fs && umount /tmp/fs'
check other-namespaces unshare -m sh -c 'mount --make-rprivate / && umount /sys/fs/bpf'
check pins-status skep guard status
skep guard log -o csv --no-header | cut -d, -f9,13 | grep kept | sort | uniq -c | sed 's/^ *//' >/tmp/kept
printf '%s\n' '4 kept,rename a pin' '3 kept,umount the pins' '4 kept,unlink a pin' >/tmp/wanted
cat /tmp/kept
check pins-log cmp /tmp/kept /tmp/wanted
rm -f /tmp/guard.err
skep guard run --pins $pins >/tmp/guard.out 2>/tmp/guard.err &
guard=$!
in_force
denied pins-unlink-watched rm $pins/link
kill -9 $guard
wait $guard
denied pins-unlink-when-the-watcher-is-killed rm $pins/link
check removed skep guard remove
check removed-umount sh -c 'umount /sys/fs/bpf && mount -t bpf bpf /sys/fs/bpf'
check removed-addrgenmode /bin/ip link set lo addrgenmode none
/bin/ip link set lo addrgenmode eui64
