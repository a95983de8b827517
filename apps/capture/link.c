/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture/link.h"

#include <errno.h>
#include <stddef.h>

#include <pcap/dlt.h>

int link_of_type(int link_type, enum line_link *link)
{
	static const struct {
		int type;
		enum line_link link;
	} links[] = {
		{ DLT_EN10MB, LINE_LINK_ETHERNET }, { DLT_RAW, LINE_LINK_RAW_IP },
		{ DLT_IPV4, LINE_LINK_RAW_IP },	    { DLT_IPV6, LINE_LINK_RAW_IP },
		{ DLT_LINUX_SLL, LINE_LINK_SLL },   { DLT_LINUX_SLL2, LINE_LINK_SLL2 },
		{ DLT_NULL, LINE_LINK_NULL },	    { DLT_LOOP, LINE_LINK_NULL },
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (links[i].type == link_type) {
			*link = links[i].link;
			return 0;
		}
	return -ENOTSUP;
}

uint16_t link_of_file(int link_type)
{
	enum {
		LINKTYPE_RAW = 101
	};

	return link_type == DLT_RAW ? LINKTYPE_RAW : (uint16_t)link_type;
}
