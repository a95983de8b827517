# SPDX-License-Identifier: BSD-2-Clause
#
# For the test files that run in the guest (guest.d/): `. /tests/lib.sh`, then
#   ok NAME             the test passed
#   failed NAME WHY     it did not
#   skip NAME WHY       it cannot be made here
#   check NAME COMMAND...           passed when the command ends with 0; its output is shown otherwise
#   refused NAME WORDS COMMAND...   passed when it ends with another code and says WORDS on standard error
#   shows NAME REGEX...             passed when /tmp/out has a line for each; else it and /tmp/err are shown
#   until_says WORDS FILE PID       waits for the process to have written WORDS, a minute at most; fails where it ends without
#   until_waits PID                 waits for the tool to wait for events: its hooks are in place
# Every test file must say something of at least one test. `kernel_is 6.1` tells kernels apart.

ok()
{
	echo "@@OK $TEST/$1"
}

failed()
{
	echo "@@FAILED $TEST/$1 $2"
}

skip()
{
	echo "@@SKIPPED $TEST/$1 $2"
}

check()
{
	local name=$1 code
	shift
	"$@" >/tmp/check.out 2>&1
	code=$?
	if [ $code = 0 ]; then
		ok "$name"
	else
		cat /tmp/check.out
		failed "$name" "ended with $code: $*"
	fi
}

refused()
{
	local name=$1 words=$2 code
	shift 2
	"$@" >/tmp/check.out 2>/tmp/check.err
	code=$?
	if [ $code = 0 ]; then
		failed "$name" "was not refused: $*"
	elif ! grep -q "$words" /tmp/check.err; then
		cat /tmp/check.err
		failed "$name" "does not say '$words': $*"
	else
		ok "$name"
	fi
}

shows()
{
	local name=$1 regex
	shift
	for regex in "$@"; do
		grep -q -- "$regex" /tmp/out && continue
		head -40 /tmp/out
		cat /tmp/err
		failed "$name" "does not show: $regex"
		return
	done
	ok "$name"
}

until_says()
{
	local n=0 alive=1
	until grep -q -- "$1" "$2" 2>/dev/null; do
		[ $alive = 1 ] && [ $n -lt 600 ] || return 1
		kill -0 "$3" 2>/dev/null || alive=0 # what it wrote last is looked for once more
		n=$((n + 1))
		usleep 100000
	done
}

until_waits()
{
	local n=0
	until grep -q '^441 ' "/proc/$1/syscall" 2>/dev/null || [ $n = 100 ]; do # epoll_pwait2
		n=$((n + 1))
		usleep 100000
	done
}

kernel_is()
{
	case "$(uname -r)" in
	"$1".*) return 0 ;;
	esac
	return 1
}
