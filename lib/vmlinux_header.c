/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmlinux_header.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "file.h"
#include "vmlinux.h"

#define HASH_OFFSET 0xcbf29ce484222325ull /* FNV-1a */
#define HASH_PRIME  0x100000001b3ull

static void add_text(void *arg, const char *fmt, va_list args)
{
	buffer_vformat(arg, fmt, args);
}

static int dump_types(const struct btf *btf, struct buffer *out)
{
	struct btf_dump *dump = btf_dump__new(btf, add_text, out, NULL);
	int rc = dump ? 0 : -errno;

	for (uint32_t id = 1; !rc && id < btf__type_cnt(btf); id++)
		rc = btf_dump__dump_type(dump, id);
	btf_dump__free(dump);
	return rc;
}

int vmlinux_header(struct buffer *out, struct error *err)
{
	struct btf *btf = btf__parse(VMLINUX_BTF_PATH, NULL);
	int rc;

	if (!btf)
		return error_set(err, -errno,
				 "\"vmlinux.h\" cannot be made: %s: %s; "
				 "include the uapi headers (<linux/bpf.h>) instead",
				 VMLINUX_BTF_PATH, strerror(errno));
	buffer_text(out, "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n"
			 "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
			 "#pragma clang attribute push (__attribute__((preserve_access_index)), "
			 "apply_to = record)\n#endif\n\n");
	rc = dump_types(btf, out);
	buffer_text(out,
		    "\n#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n"
		    "\n#endif\n");
	btf__free(btf);
	if (rc)
		return error_set(err, rc, "\"vmlinux.h\" cannot be made from %s: %s",
				 VMLINUX_BTF_PATH, strerror(-rc));
	return 0;
}

/* Names this kernel: the same release may be built twice, with other types. */
static char *kernel_key(void)
{
	uint64_t hash = HASH_OFFSET;
	struct utsname name;
	struct stat st = { 0 };

	if (uname(&name))
		return NULL;
	stat(VMLINUX_BTF_PATH, &st);
	for (const char *p = name.version; *p; p++)
		hash = (hash ^ (unsigned char)*p) * HASH_PRIME;
	hash = (hash ^ (uint64_t)st.st_size) * HASH_PRIME;
	return xformat("vmlinux-%s-%016llx", name.release, (unsigned long long)hash);
}

static char *cache_folder(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		return xformat("%s/skep", xdg);
	return home && home[0] == '/' ? xformat("%s/.cache/skep", home) : NULL;
}

static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

char *vmlinux_cached_folder(struct error *err)
{
	char *base = cache_folder();
	char *key = kernel_key();
	char *folder = base && key ? xformat("%s/%s", base, key) : NULL;
	char *header = folder ? xformat("%s/vmlinux.h", folder) : NULL;
	struct buffer text = { 0 };
	bool ok = false;

	if (header && access(header, R_OK) == 0)
		ok = true;
	else if (header && make_folders(folder) == 0 && access(folder, W_OK) == 0 &&
		 vmlinux_header(&text, err) == 0)
		ok = file_write_atomic(header, text.data, text.bytes) == 0;
	buffer_deinit(&text);
	free(header);
	free(key);
	free(base);
	if (ok)
		return folder;
	free(folder);
	return NULL;
}
