/* SPDX-License-Identifier: BSD-2-Clause */
/* include/skep/skep.h: timers. A struct skep_engine is a struct engine. */
#include "run/timer.h"
#include "skep/skep.h"

int skep_timers_next(struct skep_engine *engine, uint64_t *ns)
{
	return timers_next((struct engine *)engine, ns);
}

int skep_timers_run(struct skep_engine *engine)
{
	return timers_run((struct engine *)engine);
}
