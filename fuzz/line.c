/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a captured packet, in any way a line can be asked for: nothing is read beyond what was
 * captured (the packet ends where its memory ends), and only printable ASCII reaches the terminal.
 *
 * Input: link type, what is shown of its bytes and -v, flags, how much longer it was on the wire (in
 * units of 16 bytes), the packet.
 */
#include <string.h>

#include "buffer.h"
#include "capture/line.h"
#include "fuzz.h"

enum {
	HEAD = 4,
	WIRE_UNIT = 16,
};

static struct line_options options_of(uint8_t shown, uint8_t flags)
{
	return (struct line_options){
		.numeric = true, /* no resolver is asked */
		.bytes = shown % (LINE_BYTES_TEXT_LINK + 1),
		.verbose = shown >> 6,
		.link = flags & 1,
		.quiet = flags & 2,
		.absolute = flags & 4,
		.no_checksum = flags & 8,
		.time = (flags >> 5) % (LINE_TIME_SINCE_FIRST + 1),
	};
}

static void check_text(const struct buffer *out)
{
	FUZZ_CHECK(out->bytes && out->data[out->bytes - 1] == '\n');
	for (size_t i = 0; i < out->bytes; i++) {
		char c = out->data[i];

		FUZZ_CHECK((c >= 32 && c < 127) || c == '\n' || c == '\t');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line_options options;
	struct line_packet packet = { 0 };
	struct buffer out = { 0 };
	struct line *line;
	uint8_t *copy;

	if (size < HEAD)
		return 0;
	options = options_of(data[1], data[2]);
	packet.link = data[0] % (LINE_LINK_NULL + 1);
	packet.bytes = (uint32_t)(size - HEAD);
	packet.wire_bytes = packet.bytes + data[3] * WIRE_UNIT;
	copy = xcalloc(packet.bytes, 1); /* a byte where there is none, at most */
	memcpy(copy, data + HEAD, packet.bytes);
	packet.data = copy;
	line = line_create(&options);
	line_print(line, &packet, &out);
	line_print(line, &packet, &out); /* now within a conversation */
	check_text(&out);
	fuzz_count(!strstr(out.data, "[|"));
	line_destroy(line);
	buffer_deinit(&out);
	free(copy);
	return 0;
}
