/* SPDX-License-Identifier: BSD-2-Clause */
/* The tools there are and what each needs: exactly what they choose by. */
#pragma once

#include <stdint.h>

#include "ability/ability.h"

/* Ended by NULL. */
extern const struct ability_tool *const tools[];
