# SPDX-License-Identifier: BSD-2-Clause
#
# doctor against bpftool where bpftool is no older than the kernel: types, and the helpers of every type, the same.
# needs: bpftool
. /tests/lib.sh

bpftool feature probe kernel 2>/dev/null >/tmp/theirs
skep doctor --quick -v >/tmp/ours

# "socket_filter yes", for programs and maps
sed -n 's/^eBPF program_type \(\S*\) is available/\1 yes/p; s/^eBPF program_type \(\S*\) is NOT available/\1 no/p' \
	/tmp/theirs | sort >/tmp/theirs.progs
sed -n 's/^eBPF map_type \(\S*\) is available/\1 yes/p; s/^eBPF map_type \(\S*\) is NOT available/\1 no/p' \
	/tmp/theirs | sort >/tmp/theirs.maps
awk '/^types/ { types = 1 } /^helpers of|^tools/ { types = 0 }
	types && /^  programs:/ { kind = "progs" } types && /^  maps:/ { kind = "maps" }
	types && /^    (yes|no) / { sub(":", "", $2); print $2, $1 >"/tmp/ours." kind }' /tmp/ours

# same NAME THEIRS OURS: every line of theirs is one of ours
same()
{
	local lines
	lines=$(wc -l <"$2")
	sort "$3" >/tmp/sorted
	comm -23 "$2" /tmp/sorted >/tmp/lacking
	if [ "$lines" -lt "$4" ]; then
		failed "$1" "bpftool says only $lines things"
	elif [ -s /tmp/lacking ]; then
		failed "$1" "$(tr '\n' ',' </tmp/lacking)"
	else
		ok "$1"
	fi
}
same program-types /tmp/theirs.progs /tmp/ours.progs 30
same map-types /tmp/theirs.maps /tmp/ours.maps 30

# "xdp redirect", for every helper of every type
awk '/^eBPF helpers supported for program type/ { type = $NF; sub(":", "", type) }
	/^\t- bpf_/ { print type, substr($2, 5) }' /tmp/theirs | sort >/tmp/theirs.helpers
awk '/^helpers of/ { type = $3; next } /^[^ ]/ { type = "" }
	type { gsub(",", ""); for (i = 1; i <= NF; i++) print type, $i }' /tmp/ours | sort >/tmp/ours.helpers
if ! kernel_is 6.1; then
	# Newer than bpftool: helpers it does not know.
	awk 'NR == FNR { known[$2] = 1; next } known[$2]' /tmp/theirs.helpers /tmp/ours.helpers >/tmp/known
	mv /tmp/known /tmp/ours.helpers
fi
same helpers /tmp/theirs.helpers /tmp/ours.helpers 500
# and the other way round; it asks for the helpers of types it cannot load for with a program that fails
awk 'NR == FNR { known[$1] = 1; next } known[$1]' /tmp/theirs.helpers /tmp/ours.helpers >/tmp/known
same helpers-are-no-more /tmp/known /tmp/theirs.helpers 500
