/* SPDX-License-Identifier: BSD-2-Clause */
#include "engine_user.h"

#include <errno.h>

int engine_user_enter(const struct engine_setup *setup, struct error *err)
{
	return error_set(err, -ENOSYS, "this build has no engine of its own: use --engine kernel");
}

void engine_user_set_time(uint64_t ns)
{
}

void engine_user_leave(void)
{
}
