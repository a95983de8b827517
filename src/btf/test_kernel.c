/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: btf_parse() says of any blob what the running kernel's BPF_BTF_LOAD says: errno and log.
 * Method: type graphs of all kinds from a seeded generator that is right most of the time, then
 * seeded damage to their words, header and strings; both sides see each blob. Counts what it
 * reached and fails below floors. SKIP (77) where bpf(2) is not allowed.
 *
 * BTF_TEST_ROUNDS and BTF_TEST_SEED in the environment make it longer or another.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "base/strbuf.h"
#include "btf/btf.h"
#include "btf/build.h"
#include "tbl/uapi.h"

#define LOG_BYTES (4 << 20)
#define SKIP_EXIT 77

static uint64_t seed = 1;
static struct btf *vmlinux;
static char *klog;
static unsigned n_accepted, n_rejected;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 11) % n;
}

static bool one_in(uint32_t n)
{
	return !rnd(n);
}

/* ---- both sides ---- */

static int kernel_load(const void *blob, uint32_t size, uint32_t level)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.btf = (uint64_t)(uintptr_t)blob;
	attr.btf_size = size;
	attr.btf_log_level = level;
	attr.btf_log_size = level ? LOG_BYTES : 0;
	attr.btf_log_buf = level ? (uint64_t)(uintptr_t)klog : 0;
	klog[0] = '\0';
	fd = (int)syscall(SYS_bpf, BPF_BTF_LOAD, &attr, sizeof(attr));
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* As the kernel's: one message is at most 1023 bytes. */
static void __printf_like(2, 0) sink(void *cookie, const char *fmt, va_list args)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, args);
	strbuf_adds(cookie, line);
}

static int our_load(const void *blob, uint32_t size, struct strbuf *sb)
{
	struct btf_log log = { .level = 1, .vlog = sink, .cookie = sb };
	struct btf *btf;
	int err = btf_parse(blob, size, vmlinux, &log, &btf);

	if (!err)
		btf_free(btf);
	return err;
}

/* What the validator may say; how much of it was heard tells how much was reached. */
static const char *const known[] = {
	"hdr_len not found", "btf_header not found", "Unsupported btf_header", "Invalid magic",
	"Unsupported version", "Unsupported flags", "No data", "Invalid section offset",
	"Unsupported section found", "Section overlap found", "Total section length too long",
	"String section is not at the end", "Invalid string section", "Unaligned type_off",
	"No type found", "meta_left:", "Invalid btf_info:", "Invalid kind:", "Invalid name_offset:",
	"vlen != 0", "Invalid btf_info kind_flag", "Invalid int_data:", "nr_bits exceeds 128",
	"nr_bits exceeds type_size", "Unsupported encoding", "Invalid type_id", "Invalid name",
	"type != 0", "size != 0", "Invalid elem", "Invalid index", "Invalid member name_offset:",
	"Invalid member bits_offset", "Member bits_offset exceeds its struct size",
	"Unexpected size", "Invalid func linkage", "Linkage not supported", "Invalid offset",
	"Invalid size", "Invalid offset+size", "size == 0", "Invalid type_size", "Invalid value",
	"Invalid component_idx", "nr_copy_bits exceeds 128", "Member exceeds struct_size",
	"Invalid member base type", "Invalid member offset", "Invalid member bitfield_size",
	"Member is not byte aligned", "Member is not properly aligned", "Invalid member",
	"Invalid array of int", "Array size overflows U32_MAX", "Not a VAR kind member",
	"Invalid type", "Invalid arg#", "Invalid return type", "Loop detected",
	"Exceeded max resolving depth:", "Type tags don't precede modifiers",
	"Max chain length or cycle detected",
};
static unsigned heard[ARRAY_SIZE(known)];

static void note_sentence(const char *text)
{
	const char *last = strrchr(text, '\n');
	size_t i, len = strlen(text);

	if (last && last == text + len - 1)
		last = memrchr(text, '\n', len - 1);
	last = last ? last : text;
	for (i = 0; i < ARRAY_SIZE(known); i++)
		heard[i] += strstr(last, known[i]) != NULL;
}

static unsigned count_heard(void)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		n += heard[i] != 0;
		if (!heard[i])
			print_message("never heard: %s\n", known[i]);
	}
	return n;
}

static void save(const void *blob, uint32_t size)
{
	const char *path = getenv("BTF_TEST_SAVE");
	FILE *f = path ? fopen(path, "wb") : NULL;

	if (f) {
		fwrite(blob, 1, size, f);
		fclose(f);
	}
}

static void compare(const void *blob, uint32_t size)
{
	struct strbuf sb = STRBUF_INIT;
	int kernel = kernel_load(blob, size, 1), ours = our_load(blob, size, &sb);

	if (kernel != ours || strcmp(klog, strbuf_str(&sb))) {
		save(blob, size);
		print_message("kernel: %d\n%s\nours: %d\n%s\n", kernel, klog, ours,
			      strbuf_str(&sb));
		fail_msg("the kernel differs");
	}
	if (kernel)
		n_rejected++;
	else
		n_accepted++;
	if (kernel)
		note_sentence(klog);
	strbuf_deinit(&sb);
}

/* ---- the generator ---- */

static const char *const names[] = {
	"a", "b", "foo", "bar_1", ".maps", "x.y", "next", "val", "task_struct", "cgroup",
	"bpf_spin_lock", "bpf_timer", "bpf_list_head", "bpf_list_node", "bpf_rb_root",
	"bpf_rb_node", "bpf_refcount", "contains:foo:next", "contains:b:val", "kptr",
	"kptr_untrusted", "percpu_kptr", "uptr", "1bad", "sp ace", "bpf_res_spin_lock",
	"bpf_wq", "arg:ctx", "t\xe9l", "a\xd7", "bpf_cpumask",
};

static const char *any_name(void)
{
	return names[rnd(one_in(12) ? ARRAY_SIZE(names) : 10)];
}

static const char *maybe_name(void)
{
	return one_in(3) ? NULL : any_name();
}

/* Mostly a type that exists by then or will. */
static uint32_t any_type(uint32_t n)
{
	return one_in(60) ? rnd(n + 4) : 1 + rnd(n);
}

static uint32_t round_up(uint32_t x, uint32_t to)
{
	return (x + to - 1) / to * to;
}

static const uint32_t special_bytes[] = { 4, 16, 16, 24, 16, 32, 4 };

/* The first types are sane, so that later ones often are. */
static void gen_basics(struct btf_build *b)
{
	static const char *const special[] = {
		"bpf_spin_lock", "bpf_timer", "bpf_list_head", "bpf_list_node", "bpf_rb_root",
		"bpf_rb_node", "bpf_refcount",
	};
	uint32_t tag;
	size_t i;

	btf_build_int(b, "int", 4, BTF_INT_SIGNED);
	btf_build_int(b, "char", 1, one_in(2) ? BTF_INT_CHAR : 0);
	btf_build_int(b, "u64", 8, 0);
	btf_build_ptr(b, 0);
	btf_build_struct(b, "task_struct", 4);
	tag = btf_build_ref(b, BTF_KIND_TYPE_TAG, names[19 + rnd(4)], 5);
	btf_build_ptr(b, tag);
	btf_build_proto(b, 1);
	for (i = 0; i < rnd(3); i++)
		btf_build_param(b, any_name(), 1 + rnd(4));
	for (i = 0; i < ARRAY_SIZE(special); i++)
		btf_build_struct(b, special[i], special_bytes[i]);
	btf_build_float(b, "double", 8);
}

static const uint32_t basic_sizes[] = { 4, 1, 8, 8, 4, 0, 8, 0, 4, 16, 16, 24, 16, 32, 4, 8 };

/* A member's size when its type is a basic one, else a guess. */
static uint32_t size_guess(uint32_t type)
{
	return type && type <= ARRAY_SIZE(basic_sizes) ? basic_sizes[type - 1] : rnd(5) * 8;
}

static void gen_struct(struct btf_build *b, uint32_t n, bool is_union)
{
	uint32_t size = 16 + 8 * rnd(16), off = 0, i, cnt = rnd(5), id;

	id = is_union ? btf_build_union(b, maybe_name(), size) :
			btf_build_struct(b, maybe_name(), size);
	for (i = 0; i < cnt && off < size; i++) {
		uint32_t type = one_in(2) ? 1 + rnd(ARRAY_SIZE(basic_sizes)) : any_type(n);
		uint32_t bytes = size_guess(type), bits = one_in(12) ? rnd(40) : 0;

		/* now and then not aligned, or over the one before */
		off = round_up(off, one_in(12) ? 1u << rnd(3) : bytes > 8 ? 8 : bytes ? bytes : 4);
		btf_build_member(b, maybe_name(), type, is_union ? 0 : off * 8 + (bits ? rnd(8) : 0),
				 bits);
		off += one_in(15) ? 4 : bytes;
	}
	if (one_in(3))
		btf_build_decl_tag(b, names[one_in(2) ? 17 : 18], id, (int32_t)rnd(4) - 1);
}

static void gen_enum(struct btf_build *b, bool wide)
{
	uint32_t i, cnt = rnd(4), size = one_in(20) ? rnd(12) : wide ? 8 : 4;

	if (wide)
		btf_build_enum64(b, maybe_name(), size, one_in(2));
	else
		btf_build_enum(b, maybe_name(), size, one_in(2));
	for (i = 0; i < cnt; i++)
		btf_build_value(b, any_name(), (int64_t)rnd(100) - 50);
}

static void gen_func(struct btf_build *b, uint32_t n)
{
	uint32_t i, cnt = rnd(5), proto;

	proto = btf_build_proto(b, one_in(4) ? 0 : any_type(n));
	for (i = 0; i < cnt; i++)
		btf_build_param(b, one_in(10) ? NULL : any_name(), any_type(n));
	if (one_in(4))
		btf_build_param(b, NULL, 0);
	if (one_in(2)) {
		proto = btf_build_func(b, any_name(), rnd(2) + one_in(30), proto);
		if (one_in(2))
			btf_build_decl_tag(b, "arg:ctx", proto, (int32_t)rnd(4) - 1);
	}
}

static void gen_section(struct btf_build *b, uint32_t n)
{
	uint32_t i, cnt = rnd(4), vars[4], types[4], off = 0;

	for (i = 0; i < cnt; i++) {
		types[i] = one_in(2) ? 1 + rnd(4) : any_type(n);
		vars[i] = btf_build_var(b, any_name(), rnd(2) + one_in(30), types[i]);
	}
	btf_build_datasec(b, one_in(10) ? any_name() : ".data", 128);
	for (i = 0; i < cnt; i++) {
		uint32_t bytes = MAX(size_guess(types[i]), 1u);

		btf_build_secinfo(b, one_in(30) ? any_type(n) : vars[i], off, bytes);
		off += round_up(bytes, 8);
	}
}

static void gen_type(struct btf_build *b, uint32_t n)
{
	static const uint8_t mods[] = {
		BTF_KIND_VOLATILE, BTF_KIND_CONST, BTF_KIND_RESTRICT, BTF_KIND_PTR, BTF_KIND_PTR,
	};
	uint32_t id;

	switch (rnd(14)) {
	case 0:
		btf_build_int(b, maybe_name(), 1u << rnd(5), (uint8_t)(one_in(20) ? rnd(16) : 1));
		break;
	case 1:
		btf_build_array(b, any_type(n), one_in(10) ? any_type(n) : 1,
				one_in(30) ? ~0u / (1 + rnd(9)) : rnd(5));
		break;
	case 2:
	case 3:
		gen_struct(b, n, false);
		break;
	case 4:
		gen_struct(b, n, true);
		break;
	case 5:
		gen_enum(b, false);
		break;
	case 6:
		gen_enum(b, true);
		break;
	case 7:
		btf_build_fwd(b, any_name(), one_in(2));
		break;
	case 8:
		gen_func(b, n);
		break;
	case 9:
		gen_section(b, n);
		break;
	case 10:
		btf_build_float(b, maybe_name(), one_in(20) ? rnd(20) : 4u << rnd(3));
		break;
	case 11:
		id = btf_build_ref(b, BTF_KIND_TYPEDEF, any_name(), any_type(n));
		if (one_in(3))
			btf_build_decl_tag(b, any_name(), id, -1 + one_in(5));
		break;
	case 12:
		id = btf_build_ref(b, BTF_KIND_TYPE_TAG, names[19 + rnd(4)], any_type(n));
		if (one_in(2))
			btf_build_ptr(b, id);
		break;
	default:
		btf_build_ref(b, mods[rnd(ARRAY_SIZE(mods))], NULL, any_type(n));
		break;
	}
}

static void generate(void **blob, uint32_t *size)
{
	struct btf_build *b = btf_build_new();
	uint32_t i, n = one_in(8) ? rnd(120) : rnd(12);

	assert_non_null(b);
	gen_basics(b);
	for (i = 0; i < n; i++)
		gen_type(b, ARRAY_SIZE(basic_sizes) + i);
	assert_int_equal(btf_build_finish(b, blob, size), 0);
	btf_build_free(b);
}

/* ---- damage ---- */

static uint32_t odd_word(uint32_t old)
{
	switch (rnd(8)) {
	case 0:
		return old + 1;
	case 1:
		return old - 1;
	case 2:
		return old ^ 1u << rnd(32);
	case 3:
		return rnd(32);
	case 4:
		return 0;
	case 5:
		return ~0u;
	case 6:
		return BTF_INFO(rnd(21), rnd(2), rnd(5));
	default:
		return old ^ (1u + rnd(19)) << 24;
	}
}

/* h: the header as it was. */
static void damage(const struct btf_header *h, uint8_t *blob, uint32_t *size)
{
	uint32_t at, word;

	switch (rnd(12)) {
	case 0: /* header */
		at = 4 * rnd(6);
		break;
	case 1: /* strings */
		at = (uint32_t)sizeof(*h) + h->str_off + rnd(h->str_len);
		blob[at] = (uint8_t)(one_in(3) ? 0 : rnd(256));
		return;
	case 2:
		*size -= rnd(MIN(*size, 8u));
		return;
	default:
		at = (uint32_t)sizeof(*h) + 4 * rnd(h->type_len / 4);
		break;
	}
	memcpy(&word, blob + at, 4);
	word = odd_word(word);
	memcpy(blob + at, &word, 4);
}

/* ---- tests ---- */

static unsigned rounds(unsigned dflt)
{
	const char *s = getenv("BTF_TEST_ROUNDS");

	return s ? (unsigned)strtoul(s, NULL, 0) : dflt;
}

static void generated_graphs_agree(void **state)
{
	unsigned i, n = rounds(6000);
	uint32_t size;
	void *blob;

	for (i = 0; i < n; i++) {
		generate(&blob, &size);
		compare(blob, size);
		free(blob);
	}
	print_message("generated: %u accepted, %u rejected\n", n_accepted, n_rejected);
	assert_true(n_accepted > n / 8);
	assert_true(n_rejected > n / 8);
}

static void damaged_graphs_agree(void **state)
{
	unsigned i, j, n = rounds(6000), n_heard;
	struct btf_header h;
	uint32_t size;
	void *blob;

	n_accepted = n_rejected = 0;
	for (i = 0; i < n; i++) {
		generate(&blob, &size);
		memcpy(&h, blob, sizeof(h));
		for (j = 0; j <= rnd(2) && size == sizeof(h) + h.type_len + h.str_len; j++)
			damage(&h, blob, &size);
		compare(blob, size);
		free(blob);
	}
	print_message("damaged: %u accepted, %u rejected\n", n_accepted, n_rejected);
	print_message("%u of %zu sentences heard\n", n_heard = count_heard(), ARRAY_SIZE(known));
	assert_true(n_heard >= 50);
}

/* Every length of a small blob and of its header. */
static void every_truncation_agrees(void **state)
{
	uint32_t size, i, hdr_len;
	uint8_t *blob, *padded;
	void *p;

	generate(&p, &size);
	blob = p;
	for (i = 0; i <= MIN(size, 600u); i++)
		compare(blob, i);
	/* longer headers, zero and not, so that nothing is aligned */
	padded = calloc(1, size + 16);
	for (i = 0; i < 16; i++) {
		memcpy(padded, blob, sizeof(struct btf_header));
		memset(padded + sizeof(struct btf_header), 0, i);
		memcpy(padded + sizeof(struct btf_header) + i, blob + sizeof(struct btf_header),
		       size - sizeof(struct btf_header));
		hdr_len = (uint32_t)sizeof(struct btf_header) + i;
		memcpy(padded + 4, &hdr_len, 4);
		compare(padded, size + i);
		padded[sizeof(struct btf_header) + i - 1] = 1;
		compare(padded, size + i);
	}
	free(padded);
	free(blob);
}

/* A blob of given types and strings, in any order and with a gap; for headers not seen else. */
static void sections_agree(uint32_t type_off, uint32_t type_len, uint32_t str_off,
			   uint32_t str_len, const uint32_t *words)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h),
				.type_off = type_off, .type_len = type_len,
				.str_off = str_off, .str_len = str_len };
	uint8_t blob[256] = { 0 };

	memcpy(blob, &h, sizeof(h));
	memcpy(blob + sizeof(h) + type_off, words, type_len);
	compare(blob, (uint32_t)sizeof(h) + MIN(MAX(type_off + type_len, str_off + str_len), 100u));
}

static void every_order_of_sections_agrees(void **state)
{
	const uint32_t types[] = {
		0, BTF_INFO(BTF_KIND_INT, 0, 0), 16, 128, /* __int128 */
		0, BTF_INFO(BTF_KIND_STRUCT, 0, 1), 64, 0, 1, 4, /* at bit 4 */
	};
	uint32_t i;

	for (i = 0; i <= sizeof(types); i += 4) {
		sections_agree(0, i, i, 1, types);
		sections_agree(4, i, 0, 4, types);
		sections_agree(3, i, 0, 3, types);
		sections_agree(1, i, i + 1, 1, types);
		sections_agree(0, i, i + 1, 1, types);
		sections_agree(0, i, i - 1, 2, types);
		sections_agree(0, i, i, ~0u, types);
		sections_agree(0, i, ~0u, 1, types);
	}
}

/* One variable at the edges of its section, sums past 32 bits included. */
static void section_bounds_agree(void **state)
{
	static const uint32_t edges[] = { 0, 1, 4, 7, 8, 9, 0x7fffffff, 0xfffffff8, 0xffffffff };
	size_t i, j, k;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			for (k = 0; k < ARRAY_SIZE(edges); k++) {
				struct btf_build *b = btf_build_new();
				uint32_t var, size;
				void *blob;

				btf_build_int(b, "int", 4, 1);
				var = btf_build_var(b, "v", BTF_VAR_STATIC, 1);
				btf_build_datasec(b, ".data", edges[i]);
				btf_build_secinfo(b, var, edges[j], edges[k]);
				assert_int_equal(btf_build_finish(b, &blob, &size), 0);
				compare(blob, size);
				free(blob);
				btf_build_free(b);
			}
		}
	}
}

/* Modifiers and pointers chained to and past the resolve depth, and around in a ring. */
static void deep_chains_agree(void **state)
{
	uint32_t depth, kind, size, i;
	void *blob;

	for (depth = 28; depth < 40; depth++) {
		for (kind = 0; kind < 4; kind++) {
			struct btf_build *b = btf_build_new();

			btf_build_int(b, "int", 4, 1);
			for (i = 0; i < depth; i++) {
				uint32_t next = i + 1 == depth ? (one_in(2) ? 1 : 2) : i + 3;

				if (kind == 0)
					btf_build_ptr(b, next);
				else if (kind == 1)
					btf_build_ref(b, BTF_KIND_CONST, NULL, next);
				else if (kind == 2)
					btf_build_array(b, next, 1, 1);
				else
					btf_build_ref(b, i % 2 ? BTF_KIND_PTR : BTF_KIND_TYPEDEF,
						      i % 2 ? NULL : "t", next);
			}
			assert_int_equal(btf_build_finish(b, &blob, &size), 0);
			compare(blob, size);
			free(blob);
			btf_build_free(b);
		}
	}
}

/* Chains of structs where each owns a list of the next: the ownership bound. */
static void ownership_depth_agrees(void **state)
{
	uint32_t depth, size, i;
	char name[16], tag[48];
	void *blob;

	for (depth = 1; depth < 12; depth++) {
		struct btf_build *b = btf_build_new();
		uint32_t lock = btf_build_struct(b, "bpf_spin_lock", 4);
		uint32_t head = btf_build_struct(b, "bpf_list_head", 16);
		uint32_t node = btf_build_struct(b, "bpf_list_node", 24);

		for (i = 0; i < depth; i++) {
			uint32_t id;

			snprintf(name, sizeof(name), "s%u", i);
			snprintf(tag, sizeof(tag), "contains:s%u:node", i + 1);
			id = btf_build_struct(b, name, 48);
			btf_build_member(b, "lock", lock, 0, 0);
			btf_build_member(b, "head", head, 64, 0);
			btf_build_member(b, "node", node, 192, 0);
			btf_build_decl_tag(b, tag, id, 1);
		}
		snprintf(name, sizeof(name), "s%u", depth);
		btf_build_struct(b, name, 24);
		btf_build_member(b, "node", node, 0, 0);
		assert_int_equal(btf_build_finish(b, &blob, &size), 0);
		compare(blob, size);
		free(blob);
		btf_build_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_truncation_agrees),
		cmocka_unit_test(every_order_of_sections_agrees),
		cmocka_unit_test(section_bounds_agree),
		cmocka_unit_test(deep_chains_agree),
		cmocka_unit_test(ownership_depth_agrees),
		cmocka_unit_test(generated_graphs_agree),
		cmocka_unit_test(damaged_graphs_agree),
	};
	const char *s = getenv("BTF_TEST_SEED");
	int ret;

	klog = calloc(1, LOG_BYTES);
	if (!klog)
		return 1;
	if (kernel_load("", 0, 0) == -EPERM || kernel_load("", 0, 0) == -ENOSYS) {
		printf("SKIP: bpf(2) is not allowed here\n");
		return SKIP_EXIT;
	}
	if (btf_load_base(NULL, &vmlinux))
		vmlinux = NULL;
	if (s)
		seed = strtoull(s, NULL, 0) | 1;
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	btf_free(vmlinux);
	free(klog);
	return ret;
}
