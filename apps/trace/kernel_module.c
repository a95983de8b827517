/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/kernel_module.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "buffer.h"

#define BTF_FOLDER "/sys/kernel/btf"

static void read_module(struct kernel_modules *m, const char *name, struct btf *vmlinux)
{
	struct kernel_module module = { .fd = -1 };

	if (name[0] == '.' || strcmp(name, "vmlinux") == 0 || strlen(name) >= sizeof(module.name))
		return;
	module.btf = btf__load_module_btf(name, vmlinux);
	if (!module.btf)
		return;
	strcpy(module.name, name);
	array_grow(m->all, m->n);
	m->all[m->n++] = module;
}

void kernel_modules_read(struct kernel_modules *m, struct btf *vmlinux)
{
	DIR *folder = m->are_read ? NULL : opendir(BTF_FOLDER);
	struct dirent *entry;

	m->are_read = true;
	while (folder && (entry = readdir(folder)))
		read_module(m, entry->d_name, vmlinux);
	if (folder)
		closedir(folder);
}

void kernel_modules_free(struct kernel_modules *m)
{
	for (uint32_t i = 0; i < m->n; i++) {
		btf__free(m->all[i].btf);
		if (m->all[i].fd >= 0)
			close(m->all[i].fd);
	}
	free(m->all);
	*m = (struct kernel_modules){ 0 };
}

int kernel_module_fd(struct kernel_module *module)
{
	uint32_t id = 0;

	while (module->fd < 0 && !bpf_btf_get_next_id(id, &id)) {
		char name[KERNEL_MODULE_BYTES] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
		uint32_t bytes = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0 && errno != ENOENT) /* gone since */
			return -errno;
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &bytes) && info.kernel_btf &&
		    strcmp(name, module->name) == 0)
			module->fd = fd;
		else if (fd >= 0)
			close(fd);
	}
	return module->fd < 0 ? -ENOENT : module->fd;
}

bool kernel_module_of(const char *function, char module[KERNEL_MODULE_BYTES])
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[1024], name[512];
	bool found = false;

	/* "ffffffffc0000000 t name\t[module]" */
	while (symbols && !found && fgets(line, sizeof(line), symbols))
		found = sscanf(line, "%*x %*c %511s [%63[^]]]", name, module) == 2 &&
			strcmp(name, function) == 0;
	if (symbols)
		fclose(symbols);
	return found;
}
