# SPDX-License-Identifier: BSD-2-Clause
#
# The hooks of kernel functions with libbpf alone: that they fire here is no opinion of skep's.
# needs: tests/vm/hooks tests/vm/hooks.bpf.o
. /tests/lib.sh

for program in kprobe kretprobe fentry fexit fmod_ret lsm lsm_sleepable; do
	check $program hooks /data/hooks.bpf.o $program
done
if kernel_is 6.1; then
	refused kprobe_multi "cannot be attached: Operation not supported" hooks /data/hooks.bpf.o kprobe_multi
else
	check kprobe_multi hooks /data/hooks.bpf.o kprobe_multi
fi
