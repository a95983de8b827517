/* SPDX-License-Identifier: BSD-2-Clause */
/* See devices.h. */
#include "capture/devices.h"

#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "buffer.h"

static bool can_be_captured(const pcap_if_t *device)
{
	return strcmp(device->name, "any") == 0 || if_nametoindex(device->name);
}

static void print_flags(const pcap_if_t *device)
{
	static const struct {
		bpf_u_int32 flag;
		const char *text;
	} flags[] = { { PCAP_IF_UP, "Up" },
		      { PCAP_IF_RUNNING, "Running" },
		      { PCAP_IF_LOOPBACK, "Loopback" },
		      { PCAP_IF_WIRELESS, "Wireless" } };
	bpf_u_int32 status = device->flags & PCAP_IF_CONNECTION_STATUS;
	bool wireless = device->flags & PCAP_IF_WIRELESS;
	const char *comma = "";

	if (!device->flags)
		return;
	printf(" [");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(device->flags & flags[i].flag))
			continue;
		printf("%s%s", comma, flags[i].text);
		comma = ", ";
	}
	if (!*comma)
		printf("none");
	if (status == PCAP_IF_CONNECTION_STATUS_CONNECTED)
		printf(wireless ? ", Associated" : ", Connected");
	else if (status == PCAP_IF_CONNECTION_STATUS_DISCONNECTED)
		printf(wireless ? ", Not associated" : ", Disconnected");
	printf("]");
}

int devices_list(struct error *err)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_if_t *all;
	unsigned int number = 0;

	if (pcap_findalldevs(&all, why))
		return error_set(err, -EIO, "cannot list devices: %s", why);
	for (const pcap_if_t *device = all; device; device = device->next) {
		number++;
		if (!can_be_captured(device))
			continue;
		printf("%u.%s", number, device->name);
		if (device->description)
			printf(" (%s)", device->description);
		print_flags(device);
		printf("\n");
	}
	pcap_freealldevs(all);
	return 0;
}

char *devices_numbered(const char *text)
{
	char why[PCAP_ERRBUF_SIZE], *end, *name = NULL;
	unsigned long wanted, number = 0;
	pcap_if_t *all;

	errno = 0;
	wanted = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9' || pcap_findalldevs(&all, why))
		return NULL;
	for (const pcap_if_t *device = all; device && !name; device = device->next)
		if (++number == wanted && can_be_captured(device))
			name = xstrdup(device->name);
	pcap_freealldevs(all);
	return name;
}
