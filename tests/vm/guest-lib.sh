# SPDX-License-Identifier: BSD-2-Clause
#
# For the test files that run in the guest (guest.d/): `. /tests/lib.sh`, then
#   ok NAME             the test passed
#   failed NAME WHY     it did not
#   skip NAME WHY       it cannot be made here
#   check NAME COMMAND...           passed when the command ends with 0; its output is shown otherwise
#   refused NAME WORDS COMMAND...   passed when it ends with another code and says WORDS on standard error
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

kernel_is()
{
	case "$(uname -r)" in
	"$1".*) return 0 ;;
	esac
	return 1
}
