/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sysctls: a host says that its current task (skep_host.task) reads or writes one, and the
 * CGROUP_SYSCTL programs attached to the task's cgroup (skep/cgroup.h) and those above it say what comes
 * of it. The engine has no sysctls: the values are the host's.
 */
#ifndef SKEP_SYSCTL_H
#define SKEP_SYSCTL_H

#include <stddef.h>
#include <stdint.h>

#include "skep/export.h"
#include "skep/skep.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SKEP_SYSCTL_NAME_BYTES 4096  /* with its NUL: PATH_MAX */
#define SKEP_SYSCTL_VALUE_BYTES 4096 /* as much of a value as programs see: a page */

/* One read(2) or write(2) of a file beneath /proc/sys. */
struct skep_sysctl {
	size_t size;         /* sizeof(struct skep_sysctl) */
	const char *name;    /* beneath /proc/sys: "net/ipv4/ip_forward" */
	uint32_t write;      /* 0: a read */
	uint32_t current_bytes;
	const void *current; /* what a read from the beginning gives now, with its newline; NULL: it
				cannot be read */
	const void *value;   /* what is written; reads: not looked at */
	uint64_t value_bytes;
	int64_t file_pos;    /* where; programs may change it */
	/* out */
	/*
	 * 0: the sysctl's handler is called, with file_pos and the value as they are now. Else what
	 * read(2) or write(2) gives without that: -EPERM, or what bpf_set_retval() left.
	 */
	int32_t retval;
	uint32_t n_programs; /* that ran */
	uint32_t replaced;   /* 1: a program has put another value in the written one's place */
	uint32_t value_out_bytes; /* of that, also beyond the room; 0: not replaced */
	void *value_out;     /* buffer of value_out_room bytes for it (a page holds any), or NULL */
	uint32_t value_out_room;
	uint32_t unused;
};

/*
 * Runs the programs on the access: all of them, the task's cgroup's first, those of its ancestors
 * after; any that returns 0 denies it. 0; -EINVAL (size, no or too long a name, a read or write before the
 * beginning), -EBUSY (from inside a program), -ENOMEM. What write(2) returns when retval is 0: as many bytes as its handler is given (value_out_bytes
 * where replaced), unless the handler refuses them.
 */
SKEP_API int skep_sysctl_access(struct skep_engine *engine, struct skep_sysctl *access);

#ifdef __cplusplus
}
#endif

#endif
