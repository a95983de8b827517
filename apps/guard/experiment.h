/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Side doors found by experiment: everything that can be done is done, one thing at a time, and all
 * keys are looked at before and after. A key that changed each time of two by what is no write of
 * it has a door. In a scratch network, UTS and IPC namespace, with devices of its own, only keys of
 * those namespaces are written, so that the machine is left as it was.
 *
 * With whole_machine everything else is tried too: writes of all keys, of the parameters of modules
 * and the like, syslog(2). That disturbs the machine: for one that is thrown away, like a guest.
 *
 * Costs some seconds. Doors that need a device or module that is not here are not found.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "guard/doors.h"

#define EXPERIMENT_WAY_BYTES 160

/* Names of this are as in struct door: devices' are '*'. */
struct experiment_finding {
	char key[GUARD_NAME_BYTES];
	char way[EXPERIMENT_WAY_BYTES];
	enum door_kind kind;
};

struct experiment {
	struct experiment_finding *findings; /* owned; sorted by key, kind, way */
	uint32_t n_findings;
	uint32_t n_attempts; /* things done that could be done */
	uint32_t n_keys;     /* looked at */
};

/* Doors of the keys @pattern matches. 0, or -errno with a sentence. It forks; this process's namespaces
 * stay. */
int experiment_run(bool whole_machine, const char *pattern, struct experiment *out,
		   struct error *err);
void experiment_deinit(struct experiment *x);
