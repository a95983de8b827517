/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules as people write them, one to a line:
 *
 *	deny net.ipv4.ip_forward write except comm=NetworkManager
 *	pin vm.swappiness 10
 *	audit kernel.*
 *	allow net.ipv4.conf.docker0.* if container=web and uid=0
 *
 *	ACTION KEY [read|write|read,write] [VALUE, of pin] { if|except COND [and COND]... }...
 *
 * Keys are written as sysctl(8) takes them: net.ipv4.conf.eth0/100.forwarding, or with slashes,
 * also behind /proc/sys/; `*` is every key. Conditions: comm=PATTERN uid=NUMBER|NAME pid=N
 * cgroup=PATH container=NAME. NAME is 12 digits of a container's id or more, the uid of a pod, the
 * name of an LXC container or a machine, or a pattern of its cgroup's folder. Access is write when
 * not given. What has blanks in it stands in double quotes (\" and \\ in them). '#' and ';' begin
 * comments where a word could. Rules are asked in order; the first allow, deny or pin that applies
 * decides; audit logs and goes on.
 *
 * This file knows the language only: nothing of files, the program, or doors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "guard-api.bpf.h"

#define RULE_LINE_BYTES 4096

/* One mistake: where in the line (from 1) and what. */
struct rule_mistake {
	uint32_t column;
	struct error why;
};

/*
 * Reads one line, of @bytes without its newline. 1: a rule, in *out (number, where and text of
 * which are the caller's to set; cgroups and user names are resolved now); 0: nothing but blanks
 * and a comment; -EINVAL: the first mistake.
 */
int rule_parse(const char *line, size_t bytes, struct guard_rule *out,
	       struct rule_mistake *mistake);

/* A key in either notation to the kernel's ("net/ipv4/ip_forward"). 0, or -EINVAL: too long, empty, or
 * a part of it is. Patterns pass through. */
int rule_key_parse(const char *text, char name[GUARD_NAME_BYTES], struct error *err);
/* The kernel's name as sysctl(8) prints it. */
void rule_key_print(const char *name, char out[GUARD_NAME_BYTES]);

/* Whether a name matches a pattern (guard-api.bpf.h): what the program decides, in plain C. */
bool rule_pattern_matches(const char *pattern, const char *name);
