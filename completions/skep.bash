# SPDX-License-Identifier: BSD-2-Clause
# Completion of skep(1) for bash.

_skep_options()
{
	case $1 in
	run)
		if [[ " ${COMP_WORDS[*]} " == *" --attach "* ]]; then
			echo "--dev --ingress --egress --cgroup --at --pid --hz --map --netns --xdp --tc --set --duration \
				--interval --output --listen --ring --trace-pipe --no-maps --rows --no-header \
				--verbose --help"
			return
		fi
		echo "--attach --pcap --write --set --engine --repeat --data --ctx --sysctl --clock --seed --no-jit --rows --json --verbose --help"
		;;
	check) echo "--engine --set --json --verbose --help" ;;
	dump) echo "--source --insns --xlated --jited --engine --set --json --help" ;;
	capture) echo "-i -r -w -c -s -B -Q -F -d -D -n -e -v -o -C -G -W -U -Z --interface --duration --count --direction \
				--by --owner --no-verdict --ebpf --print --format --nano --help" ;;
	doctor) echo "--output --verbose --quick --engine --help" ;;
	esac
}

# Functions of the kernel, and with "tp:" before it its tracepoints, whose names begin so.
_skep_kernel_names()
{
	local begin=${1#tp:}

	[[ -n $begin ]] || return
	if [[ $1 == tp:* ]]; then
		awk -v begin="__traceiter_$begin" 'index($3, begin) == 1 { print substr($3, 13) }' /proc/kallsyms
	else
		awk -v begin="$begin" '$2 ~ /[tTwW]/ && index($3, begin) == 1 && $3 !~ /\./ { print $3 }' /proc/kallsyms
	fi 2>/dev/null | sort -u
}

_skep_trace_names()
{
	mapfile -t COMPREPLY < <(compgen -W "--help $("${COMP_WORDS[0]}" trace --help 2>/dev/null |
		awk '$1 == "skep" && $2 == "trace" { print $3 }')" -- "$1")
}

# What trace knows, each one's options, and the functions of a binary, are asked of the tool itself.
_skep_trace()
{
	local word=$1 before=$2 what=${COMP_WORDS[2]} skep=${COMP_WORDS[0]} typed=${COMP_LINE:0:COMP_POINT}

	typed=${typed##* }
	if [[ $what == func && $typed == *:* && $typed != [-\'\"]* ]]; then
		# The shell splits words at the colon: only what is behind it is replaced.
		mapfile -t COMPREPLY < <(compgen -W "$("$skep" trace func --list "$typed*" 2>/dev/null |
			awk 'NR > 1 { print $1 }' | sort -u)" -- "${typed#*:}")
		return
	fi
	if [[ $what == kernel && $typed != [-\'\"]* && $before != --@(hook|ring|output|pid|tid|uid) && $before != -[optu] ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_skep_kernel_names "$typed")" -- "${typed#tp:}")
		return
	fi

	if ((COMP_CWORD == 2)); then
		_skep_trace_names "$word"
		return
	fi
	case $before in
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W "columns json csv prom$([[ $what == stacks ]] && echo " folded svg")" -- "$word")
		return
		;;
	-p | --pid | -t | --tid)
		mapfile -t COMPREPLY < <(cd /proc && compgen -W "$(echo [1-9]*)" -- "$word")
		return
		;;
	-u | --uid)
		mapfile -t COMPREPLY < <(compgen -u -- "$word")
		return
		;;
	--by)
		mapfile -t COMPREPLY < <(compgen -W "syscall process cgroup container" -- "$word")
		return
		;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$skep" trace "$what" --help 2>/dev/null |
			grep -oE -- '^  (-., |    )--[a-z-]+' | grep -oE -- '--[a-z-]+')" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

# Names of keys, as sysctl(8) has them.
_skep_keys()
{
	compgen -W "$(find /proc/sys -type f -printf '%P\n' 2>/dev/null | tr './' '/.')" -- "$1"
}

# A rule is one word in quotes; the words in it are completed.
_skep_rule()
{
	local rule=${1#[\'\"]} word head candidates

	word=${rule##* }
	head=${rule%"$word"}
	case $(wc -w <<<"$head") in
	0) candidates="allow deny pin audit" ;;
	1) candidates=$(_skep_keys "$word") ;;
	*) candidates="read write read,write if except and comm= uid= pid= cgroup= container=" ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$candidates" -P "$head" -- "$word")
}

# What guard knows, and each one's options, are asked of the tool itself.
_skep_guard()
{
	local word=$1 before=$2 what=${COMP_WORDS[2]} skep=${COMP_WORDS[0]}

	if ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W "--help $("$skep" guard --help 2>/dev/null |
			awk '$1 == "skep" && $2 == "guard" { print $3 }')" -- "$word")
		return
	fi
	if [[ " ${COMP_WORDS[*]:3:COMP_CWORD-3} " == *" -- "* ]]; then
		mapfile -t COMPREPLY < <(_skep_keys "$word")
		return
	fi
	case $before in
	-o | --output)
		mapfile -t COMPREPLY < <(compgen -W "columns json csv prom" -- "$word")
		return
		;;
	-f | --file | --root | --cgroup | --pins)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	-d | --duration | --as)
		return
		;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$skep" guard "$what" --help 2>/dev/null |
			grep -oE -- '^  (-., |    )--[a-z-]+' | grep -oE -- '--[a-z-]+')" -- "$word")
	elif [[ $what == doors ]]; then
		mapfile -t COMPREPLY < <(_skep_keys "$word")
	else
		_skep_rule "$word"
	fi
}

_skep()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "run check dump doctor capture trace guard help --version --help" -- "$word")
		return
	fi
	if [[ $command == help && ${COMP_WORDS[2]} == trace && COMP_CWORD -eq 3 ]]; then
		_skep_trace_names "$word"
		return
	fi
	if [[ $command == trace ]]; then
		_skep_trace "$word" "$before"
		return
	fi
	if [[ $command == guard ]]; then
		_skep_guard "$word" "$before"
		return
	fi
	case $before in
	--engine)
		local engines="user kernel"

		[[ $command == run ]] && engines+=" both"
		mapfile -t COMPREPLY < <(compgen -W "$engines" -- "$word")
		return
		;;
	-o | --output)
		local formats="columns json"

		[[ $command == run ]] && formats+=" csv prom"
		mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$word")
		return
		;;
	--dev)
		mapfile -t COMPREPLY < <(cd /sys/class/net 2>/dev/null && compgen -f -- "$word")
		return
		;;
	--xdp)
		mapfile -t COMPREPLY < <(compgen -W "native generic any" -- "$word")
		return
		;;
	--clock)
		mapfile -t COMPREPLY < <(compgen -W "pcap real" -- "$word")
		return
		;;
	help)
		mapfile -t COMPREPLY < <(compgen -W "run check dump doctor capture trace guard" -- "$word")
		return
		;;
	--set | --repeat | --seed | --rows)
		return
		;;
	esac
	if [[ $command == doctor && $word != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "run check dump capture trace guard" -- "$word")
		return
	fi
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_skep_options "$command")" -- "$word")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}

complete -o filenames -F _skep skep
