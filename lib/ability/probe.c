/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

#include <errno.h>
#include <limits.h>
#include <skep/asm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "vmlinux.h"

#define VERSION(major, minor, patch)                                                               \
	((major) << 16 | (minor) << 8 | ((patch) > 255 ? 255 : (patch)))

static uint64_t address_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

int probe_bpf(int cmd, union bpf_attr *attr)
{
	long rc = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return rc < 0 ? -errno : (int)rc;
}

/* Kernels before 5.0 want their own version in a kprobe program. */
static uint32_t kernel_version(void)
{
	unsigned int major = 0, minor = 0, patch = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u.%u", &major, &minor, &patch) < 2)
		return 0;
	return VERSION(major, minor, patch);
}

/*
 * The command with only as many bytes as are in use: an older kernel takes no byte it does not know
 * unless it is zero, and takes a shorter one.
 */
int probe_load(const struct probe_prog *prog)
{
	union bpf_attr attr = { 0 };
	const char *text = prog->text && *prog->text ? prog->text : "r0 = 0\nexit\n";
	struct skep_asm_error asm_error;
	struct bpf_insn *insns;
	size_t n_insns;
	int rc = skep_asm(text, strlen(text), &insns, &n_insns, &asm_error);

	if (rc)
		return rc;
	attr.prog_type = prog->type;
	attr.expected_attach_type = prog->attach;
	attr.insns = address_of(insns);
	attr.insn_cnt = n_insns;
	attr.license = address_of("Dual BSD/GPL");
	attr.kern_version = kernel_version();
	attr.prog_flags = prog->flags;
	attr.attach_btf_id = prog->btf_id;
	strcpy(attr.prog_name, "skep_probe");
	if (prog->log) {
		prog->log[0] = '\0';
		attr.log_buf = address_of(prog->log);
		attr.log_size = PROBE_LOG_BYTES;
		attr.log_level = 1;
	}
	rc = probe_bpf(BPF_PROG_LOAD, &attr);
	free(insns);
	return rc;
}

int probe_map(uint32_t type, uint32_t key_bytes, uint32_t value_bytes, uint32_t entries)
{
	union bpf_attr attr = { .map_type = type,
				.key_size = key_bytes,
				.value_size = value_bytes,
				.max_entries = entries };

	return probe_bpf(BPF_MAP_CREATE, &attr);
}

bool probe_close(int fd)
{
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void put_why(struct ability_answer *a, const char *fmt, va_list args)
{
	vsnprintf(a->why, sizeof(a->why), fmt, args);
}

int probe_btf_id(const char *name, uint32_t kind)
{
	const struct btf_image *kernel;
	int rc = vmlinux_types(&kernel);

	return rc ? rc : btf_image_id(kernel, name, 1u << kind);
}

/* The struct, or NULL with *rc. */
static const struct btf_type *find_struct(const char *name, const struct btf_image **kernel,
					  int *rc)
{
	*rc = vmlinux_types(kernel);
	if (!*rc)
		*rc = btf_image_id(*kernel, name, 1u << BTF_KIND_STRUCT);
	return *rc < 0 ? NULL : btf_image_type(*kernel, (uint32_t)*rc);
}

int probe_btf_bytes(const char *name)
{
	const struct btf_image *kernel;
	int rc;
	const struct btf_type *type = find_struct(name, &kernel, &rc);

	if (!type)
		return rc;
	return type->size < INT_MAX ? (int)type->size : -EINVAL;
}

int probe_btf_member(const char *name, const char *member)
{
	const struct btf_image *kernel;
	int rc;
	const struct btf_type *type = find_struct(name, &kernel, &rc);
	const struct btf_member *members;

	if (!type)
		return rc;
	members = (const void *)(type + 1);
	for (uint32_t i = 0; i < BTF_INFO_VLEN(type->info); i++)
		if (strcmp(btf_image_name(kernel, members[i].name_off), member) == 0)
			return (int)i;
	return -ENOENT;
}

void answer_yes(struct ability_answer *a, const char *fmt, ...)
{
	va_list args;

	a->has = true;
	a->err = 0;
	va_start(args, fmt);
	put_why(a, fmt, args);
	va_end(args);
}

void answer_no(struct ability_answer *a, int err, const char *fmt, ...)
{
	va_list args;

	a->has = false;
	a->err = err;
	va_start(args, fmt);
	put_why(a, fmt, args);
	va_end(args);
}

void answer_fd(struct ability_answer *a, int rc, const char *what)
{
	if (probe_close(rc))
		answer_yes(a, "%s", "");
	else
		answer_no(a, rc, "%s: %s", what, strerror(-rc));
}
