/* SPDX-License-Identifier: BSD-2-Clause */
#include "unit.h"

#include <stdio.h>

const char *unit_bytes(uint64_t bytes, char buf[UNIT_BYTES])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
	double value = bytes / 1024.0;
	uint32_t unit = 0;

	if (bytes < 1024) {
		snprintf(buf, UNIT_BYTES, "%u B", (unsigned int)bytes);
		return buf;
	}
	while (value >= 1024 && unit < 3) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, UNIT_BYTES, "%.1f %s", value, units[unit]);
	return buf;
}

const char *unit_ns(double ns, char buf[UNIT_BYTES])
{
	if (ns < 1000)
		snprintf(buf, UNIT_BYTES, "%.*f ns", ns < 10 ? 1 : 0, ns);
	else if (ns < 1e6)
		snprintf(buf, UNIT_BYTES, "%.2f us", ns / 1e3);
	else if (ns < 1e9)
		snprintf(buf, UNIT_BYTES, "%.2f ms", ns / 1e6);
	else
		snprintf(buf, UNIT_BYTES, "%.2f s", ns / 1e9);
	return buf;
}

const char *unit_count(uint64_t n, const char *one, const char *many, char buf[UNIT_BYTES])
{
	snprintf(buf, UNIT_BYTES, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
	return buf;
}
