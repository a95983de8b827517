/* SPDX-License-Identifier: (GPL-2.0 OR BSD-2-Clause) */
/* What a program counts so that no event is lost unseen: occurred = handed over + dropped. */
#pragma once

#include <linux/types.h>

struct account {
	__u64 occurred; /* events that passed the filter */
	__u64 dropped;	/* of these, those for which the ring had no room */
};
