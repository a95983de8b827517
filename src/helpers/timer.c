/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on timers in map values; the work is run/timer.h's. */
#include "run/timer.h"

#include "btf/fields.h"
#include "helpers/call.h"

HELPER_CALL(timer_init_helper)
{
	struct map *map = ptr(r2);
	char *timer = ptr(r1);

	return ret(timer_init(map, timer - map->record->timer_off, timer, r3));
}

/* R3 is the verifier's: the program that calls. */
HELPER_CALL(timer_set_callback_helper)
{
	return ret(timer_set_callback(run_current()->engine, ptr(r1), r2, ptr(r3)));
}

HELPER_CALL(timer_start_helper)
{
	return ret(timer_start(run_current()->engine, ptr(r1), r2, r3));
}

HELPER_CALL(timer_cancel_helper)
{
	return ret(timer_cancel(run_current()->engine, ptr(r1)));
}

HELPER_PROTO_AS(timer_init, timer_init, timer_init_helper, .gpl_only = true,
		.ret_type = RET_INTEGER, ARGS(ARG_PTR_TO_TIMER, ARG_CONST_MAP_PTR, ARG_ANYTHING));
HELPER_PROTO_AS(timer_set_callback, timer_set_callback, timer_set_callback_helper,
		.gpl_only = true, .ret_type = RET_INTEGER,
		ARGS(ARG_PTR_TO_TIMER, ARG_PTR_TO_FUNC));
HELPER_PROTO_AS(timer_start, timer_start, timer_start_helper, .gpl_only = true,
		.ret_type = RET_INTEGER, ARGS(ARG_PTR_TO_TIMER, ARG_ANYTHING, ARG_ANYTHING));
HELPER_PROTO_AS(timer_cancel, timer_cancel, timer_cancel_helper, .gpl_only = true,
		.ret_type = RET_INTEGER, ARGS(ARG_PTR_TO_TIMER));
