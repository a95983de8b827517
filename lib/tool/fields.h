/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields every tool's rows begin with, so that their keys are the same everywhere. A tool's table
 * starts with FIELDS_COMMON, its own fields have the indexes FIELD_OWN and up.
 */
#pragma once

#include "tool/output.h"

enum {
	FIELD_TS,
	FIELD_PID,
	FIELD_TID,
	FIELD_COMM,
	FIELD_UID,
	FIELD_CGROUP,
	FIELD_CONTAINER,
	FIELD_POD,
	FIELD_OWN
};

/* Shown as columns: time with -T, pid and comm, container and pod with -C (tool_begin() sees to it). */
/* clang-format off */
#define FIELDS_COMMON                                                                              \
	[FIELD_TS] = { "ts", "TIME", FIELD_TIME_NS, -8, .help = "when, ns since the epoch" },      \
	[FIELD_PID] = { "pid", "PID", FIELD_U64, 7, .help = "process" },                           \
	[FIELD_TID] = { "tid", NULL, FIELD_U64, 7, .help = "thread" },                             \
	[FIELD_COMM] = { "comm", "COMM", FIELD_STRING, -16, FIELD_LABEL, .help = "its name" },     \
	[FIELD_UID] = { "uid", NULL, FIELD_U64, 6, .help = "its real user" },                      \
	[FIELD_CGROUP] = { "cgroup", NULL, FIELD_STRING, -24, .help = "path of its cgroup" },      \
	[FIELD_CONTAINER] = { "container", "CONTAINER", FIELD_STRING, -14, FIELD_LABEL,            \
			      .help = "container, by its cgroup's path" },                         \
	[FIELD_POD] = { "pod", "POD", FIELD_STRING, -36, FIELD_LABEL,                              \
			.help = "uid of its pod, by its cgroup's path" }
/* clang-format on */
