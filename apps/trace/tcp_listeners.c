/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace/tcp_listeners.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "buffer.h"
#include "trace/tcp_diag.h"
#include "who/container.h"
#include "who/process.h"

#define STATE_LISTEN 0x0a
#define NAME_BYTES   64

void tcp_listeners_parse(const char *text, uint32_t netns, struct tcp_listening **listening,
			 uint32_t *n)
{
	size_t bytes;

	for (; *text; text += bytes + (text[bytes] == '\n')) {
		unsigned port, state;
		unsigned long long inode;

		bytes = strcspn(text, "\n");
		/* sl local:port remote:port state tx:rx tr:when retransmits uid timeout inode */
		if (sscanf(text, " %*u: %*[0-9A-F]:%4x %*[0-9A-F]:%*4x %2x %*s %*s %*s %*u %*u %llu",
			   &port, &state, &inode) != 3 ||
		    state != STATE_LISTEN)
			continue;
		array_grow(*listening, *n);
		(*listening)[(*n)++] = (struct tcp_listening){
			.where = { .netns = netns, .port = (uint16_t)port }, .socket = inode
		};
	}
}

static bool below(const char *path, const struct filter_settings *wanted)
{
	char part[CGROUP_PATH_BYTES];
	struct error err;
	uint32_t level;
	uint64_t id;

	/* The ancestor at the level asked for. */
	snprintf(part, sizeof(part), "%s", path);
	for (;;) {
		if (cgroup_id_of(part, &id, &level, &err) == 0 && level == wanted->cgroup_level)
			return id == wanted->cgroup_id;
		if (!strrchr(part, '/') || !part[1])
			return false;
		*strrchr(part, '/') = '\0';
		if (!part[0])
			snprintf(part, sizeof(part), "/");
	}
}

static bool in_cgroup(const struct filter_settings *settings, const char *container,
		      const char *cgroup)
{
	if (settings->follows)
		return container_above(cgroup, container);
	return !settings->has_cgroup || below(cgroup, settings);
}

bool tcp_listeners_allows(const struct filter_settings *s, const char *container,
			  const struct event_head *head, uint32_t netns, const char *cgroup)
{
	return (!s->tgid || s->tgid == head->pid) && (!s->tid || s->tid == head->pid) &&
	       (!s->own_tgid || s->own_tgid != head->pid) &&
	       (!s->has_uid || s->uid == head->uid) &&
	       (!s->comm[0] || strncmp(s->comm, head->comm, sizeof(s->comm)) == 0) &&
	       (!s->netns_inode || s->netns_inode == netns) &&
	       in_cgroup(s, container, cgroup);
}

struct search {
	const struct filter_settings *settings;
	const char *container;
	int map_fd;
	uint32_t netns[TCP_LISTENERS_NETNS_MAX];
	uint32_t n_netns;
	struct tcp_listening *listening; /* those whose owner was found are taken out */
	uint32_t n_listening, n_found;
};

/* Calls @fn with each process, by its folder's name, as long as it wants more. */
static void each_process(struct search *search, bool (*fn)(struct search *search, const char *pid))
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool more = true;

	while (proc && more && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			more = fn(search, entry->d_name);
	if (proc)
		closedir(proc);
}

static void read_sockets(struct search *search, const char *pid, const char *file, uint32_t netns)
{
	struct buffer text = { 0 };
	char path[NAME_BYTES], part[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.16s/net/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0)
		buffer_add(&text, part, (size_t)n);
	if (fd >= 0)
		close(fd);
	tcp_listeners_parse(buffer_string(&text), netns, &search->listening, &search->n_listening);
	buffer_deinit(&text);
}

static bool look_at_netns(struct search *search, const char *pid)
{
	char path[NAME_BYTES];
	uint32_t n_before;
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%.16s/ns/net", pid);
	if (stat(path, &st))
		return true;
	for (uint32_t i = 0; i < search->n_netns; i++)
		if (search->netns[i] == (uint32_t)st.st_ino)
			return true;
	search->netns[search->n_netns++] = (uint32_t)st.st_ino;
	n_before = search->n_listening;
	if (tcp_diag_listening(pid, (uint32_t)st.st_ino, &search->listening, &search->n_listening)) {
		search->n_listening = n_before;
		read_sockets(search, pid, "tcp", (uint32_t)st.st_ino);
		read_sockets(search, pid, "tcp6", (uint32_t)st.st_ino);
	}
	return search->n_netns < TCP_LISTENERS_NETNS_MAX;
}

/* Whether there is still such a process. */
static bool found(struct search *search, const char *pid, const struct tcp_listening *listening)
{
	struct tcp_owner owner = { .known = 1 };
	struct process process;
	struct error err;
	uint32_t level;

	if (process_read((uint32_t)strtoul(pid, NULL, 10), &process, &err))
		return false;
	owner.head.pid = owner.head.tid = process.pid;
	owner.head.uid = process.uid;
	memcpy(owner.head.comm, process.comm, sizeof(owner.head.comm));
	if (!process.cgroup[0] ||
	    cgroup_id_of(process.cgroup, (uint64_t *)&owner.head.cgroup_id, &level, &err))
		owner.head.cgroup_id = 0;
	owner.allowed = tcp_listeners_allows(search->settings, search->container, &owner.head,
					     listening->where.netns, process.cgroup);
	if (bpf_map_update_elem(search->map_fd, &listening->where, &owner, BPF_NOEXIST) == 0)
		search->n_found++;
	return true;
}

static void take_socket(struct search *search, const char *pid, unsigned long long inode)
{
	for (uint32_t i = 0; i < search->n_listening; i++) {
		if (search->listening[i].socket != inode)
			continue;
		/* Whoever has it too comes too late. */
		if (found(search, pid, &search->listening[i]))
			search->listening[i] = search->listening[--search->n_listening];
		return;
	}
}

static bool look_at_descriptors(struct search *search, const char *pid)
{
	char path[NAME_BYTES], link[NAME_BYTES];
	unsigned long long inode;
	struct dirent *entry;
	DIR *folder;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	folder = opendir(path);
	while (folder && search->n_listening && (entry = readdir(folder))) {
		n = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = '\0';
		if (sscanf(link, "socket:[%llu]", &inode) == 1)
			take_socket(search, pid, inode);
	}
	if (folder)
		closedir(folder);
	return search->n_listening > 0;
}

uint32_t tcp_listeners_seed(int map_fd, const struct filter_settings *settings,
			    const char *container)
{
	struct search search = { .settings = settings, .container = container, .map_fd = map_fd };

	each_process(&search, look_at_netns);
	if (search.n_listening)
		each_process(&search, look_at_descriptors);
	free(search.listening);
	return search.n_found;
}
