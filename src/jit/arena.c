/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See arena.h. A chunk is a memfd mapped at two addresses (the descriptor is closed at once: clients
 * close descriptors they do not know). The writable view is PROT_NONE except inside
 * jit_code_write(). Room is kept in a bitmap of cache lines, searched first-fit.
 *
 * The chunk list is the room's one piece of global state, under one mutex; code is allocated and
 * freed at program load and end only.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/bits.h"
#include "jit/arena.h"

#define LINE_BYTES 64u
#define LINES (JIT_CHUNK_BYTES / LINE_BYTES)
#define TRAP 0xcc /* int3 */

/* How far from the engine's text chunks are looked for, so that helpers can be called directly. */
#define NEAR_BYTES (INT64_C(1) << 30)
#define NEAR_STEP_BYTES (INT64_C(64) << 20)

struct jit_chunk {
	struct jit_chunk *next;
	uint8_t *exec;
	uint8_t *write;
	pid_t pid; /* whose it is */
	uint64_t used[BITMAP_WORDS(LINES)];
};

static struct {
	pthread_mutex_t lock;
	struct jit_chunk *chunks;
	bool fork_safe; /* the handlers below are registered */
} arena = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A child must not find the lock held by a thread it does not have. */
static void before_fork(void)
{
	pthread_mutex_lock(&arena.lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&arena.lock);
}

static int make_fork_safe(void)
{
	int err = arena.fork_safe ? 0 : pthread_atfork(before_fork, after_fork, after_fork);

	if (!err)
		arena.fork_safe = true;
	return -err;
}

static void *map_near_text(int fd)
{
	const int64_t text = (int64_t)(uintptr_t)&map_near_text & -NEAR_STEP_BYTES;
	void *p;

	for (int64_t d = NEAR_STEP_BYTES; d < NEAR_BYTES; d += NEAR_STEP_BYTES) {
		for (int sign = -1; sign <= 1; sign += 2) {
			void *hint = (void *)(uintptr_t)(text + sign * d);

			p = mmap(hint, JIT_CHUNK_BYTES, PROT_READ | PROT_EXEC,
				 MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);
			if (p == hint)
				return p;
			if (p != MAP_FAILED)
				munmap(p, JIT_CHUNK_BYTES);
		}
	}
	return mmap(NULL, JIT_CHUNK_BYTES, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
}

/* Maps both views: 0 or -errno, then none is left. */
static int chunk_map(struct jit_chunk *chunk)
{
	int fd = memfd_create("skep-jit", MFD_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, JIT_CHUNK_BYTES))
		err = -errno;
	chunk->exec = err ? MAP_FAILED : map_near_text(fd);
	chunk->write = err ? MAP_FAILED :
			     mmap(NULL, JIT_CHUNK_BYTES, PROT_NONE, MAP_SHARED, fd, 0);
	if (!err && (chunk->exec == MAP_FAILED || chunk->write == MAP_FAILED))
		err = -errno;
	close(fd);
	if (err && chunk->exec != MAP_FAILED)
		munmap(chunk->exec, JIT_CHUNK_BYTES);
	if (err && chunk->write != MAP_FAILED)
		munmap(chunk->write, JIT_CHUNK_BYTES);
	return err;
}

static struct jit_chunk *chunk_new(void)
{
	struct jit_chunk *chunk = mem_zalloc(sizeof(*chunk));

	if (!chunk)
		return NULL;
	if (chunk_map(chunk)) {
		free(chunk);
		return NULL;
	}
	chunk->pid = getpid();
	/* Sanitizers read what stands before a function that is called through a pointer. */
	bitmap_set(chunk->used, 0);
	return chunk;
}

/* The first of @lines free lines in a row, or LINES. */
static uint32_t chunk_find(const struct jit_chunk *chunk, uint32_t lines)
{
	size_t from = 0, end;

	while (from + lines <= LINES) {
		from = bitmap_next_clear(chunk->used, LINES, from);
		end = bitmap_next(chunk->used, LINES, from);
		if (end - from >= lines)
			return (uint32_t)from;
		from = end;
	}
	return LINES;
}

static int chunk_take(struct jit_chunk *chunk, struct jit_code *code, uint32_t bytes)
{
	uint32_t lines = (bytes + LINE_BYTES - 1) / LINE_BYTES;
	uint32_t at = chunk_find(chunk, lines);

	if (at == LINES)
		return -ENOMEM;
	for (uint32_t i = 0; i < lines; i++)
		bitmap_set(chunk->used, at + i);
	*code = (struct jit_code){ chunk, chunk->exec + (size_t)at * LINE_BYTES, bytes };
	return 0;
}

static int alloc_locked(struct jit_code *code, uint32_t bytes)
{
	struct jit_chunk *chunk;
	pid_t pid = getpid();

	for (chunk = arena.chunks; chunk; chunk = chunk->next) {
		if (chunk->pid == pid && !chunk_take(chunk, code, bytes))
			return 0;
	}
	chunk = make_fork_safe() ? NULL : chunk_new();
	if (!chunk)
		return -ENOMEM;
	chunk->next = arena.chunks;
	arena.chunks = chunk;
	return chunk_take(chunk, code, bytes);
}

int jit_code_alloc(struct jit_code *code, uint32_t bytes)
{
	int err;

	if (bytes > JIT_CODE_BYTES_MAX)
		return -E2BIG;
	pthread_mutex_lock(&arena.lock);
	err = alloc_locked(code, bytes ? bytes : 1);
	pthread_mutex_unlock(&arena.lock);
	return err;
}

/* Opens the writable view of the code's pages, or closes it. */
static int view_protect(const struct jit_code *code, int prot)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t from = (size_t)(code->start - code->chunk->exec);
	size_t begin = from & -page, end = (from + code->bytes + page - 1) & -page;

	return mprotect(code->chunk->write + begin, end - begin, prot) ? -errno : 0;
}

/* @from NULL: traps. */
static int write_locked(const struct jit_code *code, const void *from)
{
	uint8_t *to = code->chunk->write + (code->start - code->chunk->exec);
	int err = view_protect(code, PROT_READ | PROT_WRITE);

	if (err)
		return err;
	if (from)
		memcpy(to, from, code->bytes);
	else
		memset(to, TRAP, code->bytes);
	return view_protect(code, PROT_NONE);
}

int jit_code_write(const struct jit_code *code, const void *from)
{
	int err;

	pthread_mutex_lock(&arena.lock);
	err = write_locked(code, from);
	pthread_mutex_unlock(&arena.lock);
	return err;
}

void jit_code_free(struct jit_code *code)
{
	struct jit_chunk *chunk = code->chunk;
	uint32_t at;

	if (!chunk || chunk->pid != getpid())
		return;
	pthread_mutex_lock(&arena.lock);
	write_locked(code, NULL);
	at = (uint32_t)(code->start - chunk->exec) / LINE_BYTES;
	for (uint32_t i = 0; i < (code->bytes + LINE_BYTES - 1) / LINE_BYTES; i++)
		bitmap_clear(chunk->used, at + i);
	pthread_mutex_unlock(&arena.lock);
	*code = (struct jit_code){ 0 };
}
