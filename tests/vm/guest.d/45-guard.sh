# SPDX-License-Identifier: BSD-2-Clause
#
# skep guard with keys of the whole machine, here where nobody else uses them.
. /tests/lib.sh

mount -t bpf bpf /sys/fs/bpf 2>/dev/null
swappiness=/proc/sys/vm/swappiness

# value NAME WANTED FILE: the key has this value
value()
{
	if [ "$(cat $3)" = "$2" ]; then
		ok "$1"
	else
		failed "$1" "it is $(cat $3), not $2"
	fi
}

# writes FILE VALUE: by one write(2); its exit code
writes()
{
	(echo "$2" >"$1") 2>/dev/null
}

echo 60 >$swappiness
check install skep guard install 'deny vm.swappiness' 'pin kernel.panic 5' 'deny kernel.sysrq write if comm=dd' \
	'deny vm.laptop_mode if container=docker-*' 'audit vm.overcommit_memory read,write'
if writes $swappiness 10; then failed deny "was written"; else ok deny; fi
value denied 60 $swappiness
if writes /proc/sys/kernel/panic 77; then ok pin; else failed pin "was refused"; fi
value pinned 5 /proc/sys/kernel/panic
if writes /proc/sys/kernel/sysrq 1; then ok other-comm; else failed other-comm "was refused"; fi
if echo 1 | dd of=/proc/sys/kernel/sysrq 2>/dev/null; then failed comm "was written"; else ok comm; fi
mkdir -p /sys/fs/cgroup/docker-1234.scope/inner
if writes /proc/sys/vm/laptop_mode 0; then ok no-container; else failed no-container "was refused"; fi
if sh -c 'echo $$ >/sys/fs/cgroup/docker-1234.scope/inner/cgroup.procs; echo 1 >/proc/sys/vm/laptop_mode' 2>/dev/null
then failed container "was written"; else ok container; fi
cat /proc/sys/vm/overcommit_memory >/dev/null
writes /proc/sys/vm/overcommit_memory 0
skep guard log -o csv --no-header | cut -d, -f9-11 >/tmp/log
printf '%s\n' denied,write,vm.swappiness pinned,write,kernel.panic denied,write,kernel.sysrq \
	denied,write,vm.laptop_mode audited,read,vm.overcommit_memory audited,write,vm.overcommit_memory >/tmp/wanted
check log cmp /tmp/log /tmp/wanted
check status skep guard status
check replace skep guard install 'allow vm.swappiness'
if writes $swappiness 20; then ok replaced; else failed replaced "was refused"; fi
check remove skep guard remove
refused remove-again "no guard is installed" skep guard remove
if writes /proc/sys/kernel/panic 0; then ok removed; else failed removed "was refused"; fi
value unpinned 0 /proc/sys/kernel/panic
