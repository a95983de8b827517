/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: commands on maps answer as the kernel does: errnos, contents, order of checks. Method: the
 * same script on both sides, results compared call by call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/errno.h"
#include "syscall/test_twin.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static int create(enum side side, uint32_t type, uint32_t key, uint32_t value, uint32_t max,
		  uint32_t flags)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value,
				.max_entries = max, .map_flags = flags };

	return twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
}

/* Every type, odd sizes and flags. One rule is not ours to follow: what memory the machine has. */
static void create_takes_what_the_kernel_takes(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 3, 4, 5, 8, 16, 40, 512, 513 };
	static const uint32_t counts[] = { 0, 1, 2, 4096, 5000 };
	static const uint32_t types[] = {
		BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PROG_ARRAY,
		BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LPM_TRIE,
		BPF_MAP_TYPE_RINGBUF,
	};
	int compared = 0, accepted = 0;

	if (!twin_kernel_allowed())
		skip();
	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (size_t i = 0; i < ARRAY_LEN(sizes) * ARRAY_LEN(sizes); i++)
			for (size_t n = 0; n < ARRAY_LEN(counts); n++) {
				uint32_t key = sizes[i / ARRAY_LEN(sizes)];
				uint32_t value = sizes[i % ARRAY_LEN(sizes)];
				uint32_t flags = types[t] == BPF_MAP_TYPE_LPM_TRIE ?
							 BPF_F_NO_PREALLOC : 0;
				int engine = create(ENGINE, types[t], key, value, counts[n], flags);
				int kernel = create(KERNEL, types[t], key, value, counts[n], flags);

				if ((engine < 0 || kernel < 0) && engine != kernel)
					fail_msg("type %u key %u value %u max %u: engine %d, kernel %d",
						 types[t], key, value, counts[n], engine, kernel);
				accepted += engine >= 0;
				compared++;
				if (engine >= 0)
					close(engine);
				if (kernel >= 0)
					close(kernel);
			}
	print_message("%d attrs, %d accepted\n", compared, accepted);
	assert_true(accepted > 100);
}

static void create_takes_the_kernels_flags(void **state)
{
	static const uint32_t types[] = {
		BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PROG_ARRAY,
		BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_HASH,
		BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LPM_TRIE,
		BPF_MAP_TYPE_RINGBUF,
	};

	if (!twin_kernel_allowed())
		skip();
	for (size_t t = 0; t < ARRAY_LEN(types); t++)
		for (int i = 0; i < 20 * 20; i++) {
			uint32_t flags = 1u << (i / 20) | 1u << (i % 20);
			uint32_t ring = types[t] == BPF_MAP_TYPE_RINGBUF;
			uint32_t key = ring ? 0 : types[t] == BPF_MAP_TYPE_LPM_TRIE ? 8 : 4;
			int engine, kernel;

			/* bpf_iter offsets, tokens and offload live in the kernel only */
			if (flags & (BPF_F_TOKEN_FD | BPF_F_VTYPE_BTF_OBJ_FD))
				continue;
			engine = create(ENGINE, types[t], key, ring ? 0 : 4, 4096, flags);
			kernel = create(KERNEL, types[t], key, ring ? 0 : 4, 4096, flags);
			if ((engine < 0 || kernel < 0) && engine != kernel)
				fail_msg("type %u flags %#x: engine %d, kernel %d", types[t], flags,
					 engine, kernel);
			if (engine >= 0)
				close(engine);
			if (kernel >= 0)
				close(kernel);
		}
}

/* One element command with all pointers given. */
static int elem(enum side side, int cmd, int fd, const void *key, void *value, uint64_t flags)
{
	union bpf_attr attr = { .map_fd = (uint32_t)fd, .key = (uintptr_t)key,
				.value = (uintptr_t)value, .flags = flags };

	return twin_bpf(side, cmd, &attr, sizeof(attr));
}

struct script_map {
	const char *name;
	uint32_t type, key, value, max, flags;
};

static const struct script_map script_maps[] = {
	{ "hash", BPF_MAP_TYPE_HASH, 4, 8, 3, 0 },
	{ "hash no prealloc", BPF_MAP_TYPE_HASH, 4, 8, 3, BPF_F_NO_PREALLOC },
	{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0 },
	{ "read-only hash", BPF_MAP_TYPE_HASH, 4, 8, 3, BPF_F_RDONLY },
	{ "write-only hash", BPF_MAP_TYPE_HASH, 4, 8, 3, BPF_F_WRONLY },
	{ "prog array", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 3, 0 },
	{ "perf event array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 3, 0 },
	{ "lpm trie", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 3, BPF_F_NO_PREALLOC },
	{ "ring buffer", BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	{ "lru hash", BPF_MAP_TYPE_LRU_HASH, 4, 8, 3, 0 },
};

/* What one call did. */
struct outcome {
	int ret;
	uint8_t value[64];
};

#define STEPS 400

static void run_script(enum side side, const struct script_map *m, struct outcome *out)
{
	static const int cmds[] = { BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_UPDATE_ELEM,
				    BPF_MAP_DELETE_ELEM, BPF_MAP_LOOKUP_AND_DELETE_ELEM,
				    BPF_MAP_GET_NEXT_KEY };
	static const uint64_t flags[] = { 0, 0, 0, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK, 8,
					  1ull << 40 };
	int fd = create(side, m->type, m->key, m->value, m->max, m->flags);
	uint64_t seed = 12345;

	assert_true(fd >= 0);
	for (int i = 0; i < STEPS; i++) {
		uint32_t r, key[2];
		int cmd;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		r = (uint32_t)(seed >> 33);
		cmd = cmds[r % ARRAY_LEN(cmds)];
		/* LPM: 32 bits of prefix of at most one of few addresses */
		key[0] = m->key == 8 ? 32 : (r >> 8) % 5;
		key[1] = (r >> 8) % 5;
		memset(out[i].value, (int)(r >> 16), sizeof(out[i].value));
		/* hash tables walk in an order of their own: the first key is all we compare */
		out[i].ret = elem(side, cmd, fd,
				  cmd == BPF_MAP_GET_NEXT_KEY && (r & 64) ? NULL : key,
				  out[i].value, cmd == BPF_MAP_DELETE_ELEM ||
						cmd == BPF_MAP_GET_NEXT_KEY ? 0 :
						flags[(r >> 20) % ARRAY_LEN(flags)]);
		if (cmd == BPF_MAP_GET_NEXT_KEY && m->type != BPF_MAP_TYPE_ARRAY)
			memset(out[i].value, 0, sizeof(out[i].value));
		if (cmd == BPF_MAP_GET_NEXT_KEY && m->type != BPF_MAP_TYPE_ARRAY && m->key &&
		    out[i].ret <= 0 && !(out[i].ret == -ENOTSUPP))
			out[i].ret = 0; /* last or not depends on the order */
	}
	close(fd);
}

static void element_commands_do_what_the_kernels_do(void **state)
{
	static struct outcome engine[STEPS], kernel[STEPS];

	if (!twin_kernel_allowed())
		skip();
	for (size_t m = 0; m < ARRAY_LEN(script_maps); m++) {
		run_script(ENGINE, &script_maps[m], engine);
		run_script(KERNEL, &script_maps[m], kernel);
		for (int i = 0; i < STEPS; i++) {
			if (script_maps[m].type == BPF_MAP_TYPE_LRU_HASH && i > 20)
				break; /* what goes when it is full is its own choice */
			if (engine[i].ret != kernel[i].ret)
				fail_msg("%s, step %d: engine %d, kernel %d", script_maps[m].name, i,
					 engine[i].ret, kernel[i].ret);
			assert_memory_equal(engine[i].value, kernel[i].value,
					    sizeof(engine[i].value));
		}
	}
}

static void bad_pointers_are_efault_and_change_nothing(void **state)
{
	int fd = create(ENGINE, BPF_MAP_TYPE_HASH, 4, 8, 3, 0);
	void *bad = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t key = 1;
	uint64_t value = 2;

	assert_int_equal(elem(ENGINE, BPF_MAP_UPDATE_ELEM, fd, bad, &value, 0), -EFAULT);
	assert_int_equal(elem(ENGINE, BPF_MAP_UPDATE_ELEM, fd, &key, bad, 0), -EFAULT);
	assert_int_equal(elem(ENGINE, BPF_MAP_LOOKUP_ELEM, fd, &key, &value, 0), -ENOENT);
	assert_int_equal(elem(ENGINE, BPF_MAP_UPDATE_ELEM, fd, &key, &value, 0), 0);
	assert_int_equal(elem(ENGINE, BPF_MAP_LOOKUP_ELEM, fd, &key, bad, 0), -EFAULT);
	assert_int_equal(elem(ENGINE, BPF_MAP_LOOKUP_ELEM, fd, bad, &value, 0), -EFAULT);
	assert_int_equal(elem(ENGINE, BPF_MAP_DELETE_ELEM, fd, bad, NULL, 0), -EFAULT);
	assert_int_equal(elem(ENGINE, BPF_MAP_GET_NEXT_KEY, fd, NULL, bad, 0), -EFAULT);
	assert_int_equal(elem(ENGINE, BPF_MAP_GET_NEXT_KEY, fd, bad, &key, 0), -EFAULT);
	/* As in the kernel, the element is gone before the copy fails. */
	assert_int_equal(elem(ENGINE, BPF_MAP_LOOKUP_AND_DELETE_ELEM, fd, &key, bad, 0), -EFAULT);
	munmap(bad, 4096);
	close(fd);
}

/* Freezing, on both sides: what is refused, and what a mapping may still do. */
static void freeze_script(enum side side, int *out)
{
	union bpf_attr attr = { 0 };
	uint32_t zero = 0, flags = BPF_F_MMAPABLE;
	uint64_t value = 1;
	int fd = create(side, BPF_MAP_TYPE_ARRAY, 4, 8, 4, flags);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	attr.map_fd = (uint32_t)fd;
	*out++ = twin_bpf(side, BPF_MAP_FREEZE, &attr, sizeof(attr));
	munmap(p, 4096);
	*out++ = elem(side, BPF_MAP_UPDATE_ELEM, fd, &zero, &value, 0);
	*out++ = twin_bpf(side, BPF_MAP_FREEZE, &attr, sizeof(attr));
	*out++ = twin_bpf(side, BPF_MAP_FREEZE, &attr, sizeof(attr));
	*out++ = elem(side, BPF_MAP_UPDATE_ELEM, fd, &zero, &value, 0);
	*out++ = elem(side, BPF_MAP_LOOKUP_ELEM, fd, &zero, &value, 0);
	*out++ = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED ? -errno :
											     0;
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	*out++ = p == MAP_FAILED ? -errno : 0;
	if (p != MAP_FAILED)
		munmap(p, 4096);
	close(fd);
}

static void freeze_forbids_what_the_kernel_forbids(void **state)
{
	int engine[8] = { 0 }, kernel[8] = { 0 };

	freeze_script(ENGINE, engine);
	assert_int_equal(engine[0], -EBUSY);
	assert_int_equal(engine[2], 0);
	assert_int_equal(engine[4], -EPERM);
	assert_int_equal(engine[5], 0);
	assert_int_equal(engine[6], -EPERM);
	assert_int_equal(engine[7], 0);
	if (!twin_kernel_allowed())
		return;
	freeze_script(KERNEL, kernel);
	assert_memory_equal(engine, kernel, sizeof(engine));
}

static void wrong_descriptors_are_told_apart(void **state)
{
	uint32_t key = 0;
	uint64_t value = 0;
	int file = dup(0), fd = create(ENGINE, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);

	for (int side = 0; side < SIDES; side++) {
		if (side == KERNEL && !twin_kernel_allowed())
			break;
		assert_int_equal(elem(side, BPF_MAP_LOOKUP_ELEM, -1, &key, &value, 0), -EBADF);
		assert_int_equal(elem(side, BPF_MAP_LOOKUP_ELEM, 9999, &key, &value, 0), -EBADF);
		assert_int_equal(elem(side, BPF_MAP_LOOKUP_ELEM, file, &key, &value, 0), -EINVAL);
	}
	assert_int_equal(elem(ENGINE, BPF_MAP_LOOKUP_ELEM, fd, &key, &value, 0), 0);
	close(file);
	close(fd);
}

static void names_are_checked(void **state)
{
	static const char *const names[] = { "", "a", "fifteen_letters", "a.b_C9", "a-b", "a b",
					     "\x80", "sixteen_letters_" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int ret[SIDES];

		for (int side = 0; side < SIDES; side++) {
			union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
						.value_size = 4, .max_entries = 1 };

			memcpy(attr.map_name, names[i], strnlen(names[i], sizeof(attr.map_name)));
			ret[side] = twin_bpf(side, BPF_MAP_CREATE, &attr, sizeof(attr));
			if (ret[side] >= 0)
				close(ret[side]);
		}
		assert_int_equal(ret[ENGINE] < 0, i > 3);
		if (twin_kernel_allowed())
			assert_int_equal(ret[ENGINE] < 0 ? ret[ENGINE] : 0,
					 ret[KERNEL] < 0 ? ret[KERNEL] : 0);
	}
}

static void info_without_btf_is_left_as_the_kernel_leaves_it(void **state)
{
	struct bpf_map_info info[SIDES];

	if (!twin_kernel_allowed())
		skip();
	for (int side = 0; side < SIDES; side++) {
		union bpf_attr attr = { 0 };
		int fd = create(side, BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);

		assert_true(fd >= 0);
		memset(&info[side], 0x55, sizeof(info[side]));
		attr.info.bpf_fd = (uint32_t)fd;
		attr.info.info = (uintptr_t)&info[side];
		attr.info.info_len = offsetof(struct bpf_map_info, hash);
		assert_int_equal(twin_bpf(side, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)), 0);
		info[side].id = 0;
		close(fd);
	}
	assert_memory_equal(&info[ENGINE], &info[KERNEL], offsetof(struct bpf_map_info, hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TWIN_TEST(create_takes_what_the_kernel_takes),
		TWIN_TEST(create_takes_the_kernels_flags),
		TWIN_TEST(element_commands_do_what_the_kernels_do),
		TWIN_TEST(bad_pointers_are_efault_and_change_nothing),
		TWIN_TEST(freeze_forbids_what_the_kernel_forbids),
		TWIN_TEST(wrong_descriptors_are_told_apart),
		TWIN_TEST(names_are_checked),
		TWIN_TEST(info_without_btf_is_left_as_the_kernel_leaves_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
