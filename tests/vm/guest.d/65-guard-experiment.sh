# SPDX-License-Identifier: BSD-2-Clause
#
# Doors of the whole machine: the table has all that experiment finds of kernel.* here.
. /tests/lib.sh

check experiment timeout 240 skep guard doors --try --whole-machine 'kernel.*'

# It cannot write a value back that is not taken, so these by hand.
echo 1048576 >/proc/sys/vm/dirty_bytes
check dirty-ratio test "$(cat /proc/sys/vm/dirty_ratio)" = 0
echo 20 >/proc/sys/vm/dirty_ratio
check dirty-bytes test "$(cat /proc/sys/vm/dirty_bytes)" = 0
echo 1048576 >/proc/sys/vm/dirty_background_bytes
check dirty-background-ratio test "$(cat /proc/sys/vm/dirty_background_ratio)" = 0
echo 10 >/proc/sys/vm/dirty_background_ratio
check dirty-background-bytes test "$(cat /proc/sys/vm/dirty_background_bytes)" = 0
echo 1048576 >/proc/sys/vm/overcommit_kbytes
check overcommit-ratio test "$(cat /proc/sys/vm/overcommit_ratio)" = 0
echo 50 >/proc/sys/vm/overcommit_ratio
check overcommit-kbytes test "$(cat /proc/sys/vm/overcommit_kbytes)" = 0
