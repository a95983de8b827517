/* SPDX-License-Identifier: BSD-2-Clause */
#include "who/container.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "who/cgroup.h"

#define ID_DIGITS     (CONTAINER_ID_BYTES - 1)
#define SHORT_ID      12
#define WANTED_MIN    3
#define COMPONENT_MAX 256

/* "PREFIX<64 digits>.scope", as the systemd drivers of runtimes name their scopes. */
static const struct {
	const char *prefix, *runtime;
} scopes[] = {
	{ "docker-", "docker" },	  { "cri-containerd-", "containerd" },
	{ "containerd-", "containerd" },  { "nerdctl-", "containerd" },
	{ "crio-conmon-", "" }, /* the monitor beside a container is not in it */
	{ "libpod-conmon-", "" },	  { "crio-", "crio" },
	{ "libpod-payload-", "podman" },  { "libpod-", "podman" },
	{ "podman-", "podman" },
};

/* Folders in which the cgroupfs drivers put a folder named by the id. */
static const struct {
	const char *parent, *runtime;
} folders[] = {
	{ "docker", "docker" },
	{ "containerd", "containerd" },
	{ "crio", "crio" },
	{ "libpod_parent", "podman" },
};

static bool is_id(const char *text, size_t n)
{
	if (n != ID_DIGITS)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)text[i]) || isupper((unsigned char)text[i]))
			return false;
	return true;
}

static void set_id(struct container *c, const char *id, const char *runtime)
{
	memcpy(c->id, id, ID_DIGITS);
	c->id[ID_DIGITS] = '\0';
	snprintf(c->name, sizeof(c->name), "%.*s", SHORT_ID, id);
	snprintf(c->runtime, sizeof(c->runtime), "%s", runtime);
}

static void set_name(struct container *c, const char *name, size_t n, const char *runtime)
{
	c->id[0] = '\0';
	snprintf(c->name, sizeof(c->name), "%.*s", (int)n, name);
	snprintf(c->runtime, sizeof(c->runtime), "%s", runtime);
}

/* "\x2d" is a dash in systemd's unit names. In place. */
static void unescape_unit(char *name)
{
	char *out = name;
	unsigned value;

	for (; *name; name++) {
		if (name[0] == '\\' && name[1] == 'x' && sscanf(name + 2, "%2x", &value) == 1 &&
		    value >= 0x20 && isxdigit((unsigned char)name[3])) {
			*out++ = (char)value;
			name += 3;
		} else {
			*out++ = *name;
		}
	}
	*out = '\0';
}

/* A pod's uid: a UUID, its dashes perhaps underscores; static pods have 32 digits without. */
static bool take_pod(struct container *c, const char *text, size_t n)
{
	if (n != 36 && n != 32)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)text[i]) && !(text[i] == '-' || text[i] == '_'))
			return false;
	for (size_t i = 0; i < n; i++)
		c->pod[i] = text[i] == '_' ? '-' : text[i];
	c->pod[n] = '\0';
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/*
 * "kubepods-burstable-pod<uid>.slice", the same with a prefix of a kubelet's own root, "pod<uid>" below
 * "kubepods".
 */
static bool pod_component(struct container *c, const char *text, bool in_kubepods)
{
	const char *uid = strstr(text, "kubepods") ? strstr(text, "-pod") : NULL;

	if (uid && ends_with(text, ".slice"))
		return take_pod(c, uid + 4, strlen(uid + 4) - strlen(".slice"));
	return in_kubepods && strncmp(text, "pod", 3) == 0 && take_pod(c, text + 3, strlen(text + 3));
}

static bool scope_component(struct container *c, const char *text)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		size_t n = strlen(scopes[i].prefix);

		if (strncmp(text, scopes[i].prefix, n) || !ends_with(text, ".scope"))
			continue;
		if (!is_id(text + n, strlen(text + n) - strlen(".scope")))
			continue;
		if (*scopes[i].runtime)
			set_id(c, text + n, scopes[i].runtime);
		return *scopes[i].runtime;
	}
	return false;
}

/* "machine-web\x2d1.scope" (nspawn), "machine-qemu\x2d1\x2dvm.scope" (libvirt). */
static bool machine_component(struct container *c, const char *text, const char *parent)
{
	size_t n = strlen(text);

	if (strcmp(parent, "machine.slice"))
		return false;
	if (strncmp(text, "machine-", 8) == 0 && ends_with(text, ".scope")) {
		set_name(c, text + 8, n - 8 - strlen(".scope"), "machine");
		unescape_unit(c->name);
		return true;
	}
	if (strncmp(text, "systemd-nspawn@", 15) == 0 && ends_with(text, ".service")) {
		set_name(c, text + 15, n - 15 - strlen(".service"), "nspawn");
		unescape_unit(c->name);
		return true;
	}
	return false;
}

static bool lxc_component(struct container *c, const char *text, const char *parent)
{
	if (strncmp(text, "lxc.payload.", 12) == 0 && text[12]) {
		set_name(c, text + 12, strlen(text + 12), "lxc");
		return true;
	}
	if ((strcmp(parent, "lxc") == 0 || strcmp(parent, "lxc.payload") == 0) && *text) {
		set_name(c, text, strlen(text), "lxc");
		return true;
	}
	return false;
}

/* "/docker/<id>", "/kubepods/.../pod<uid>/<id>", "libpod-<id>". */
static bool folder_component(struct container *c, const char *text, const char *parent)
{
	if (strncmp(text, "libpod-", 7) == 0 && is_id(text + 7, strlen(text + 7))) {
		set_id(c, text + 7, "podman");
		return true;
	}
	if (!is_id(text, strlen(text)))
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (strcmp(parent, folders[i].parent) == 0) {
			set_id(c, text, folders[i].runtime);
			return true;
		}
	}
	if (!c->pod[0])
		return false;
	set_id(c, text, "kubernetes");
	return true;
}

bool container_of_path(const char *path, struct container *c)
{
	char text[COMPONENT_MAX], parent[COMPONENT_MAX] = "";
	bool in_kubepods = false;
	size_t n;

	memset(c, 0, sizeof(*c));
	for (; *path; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (!n || n >= sizeof(text))
			continue;
		memcpy(text, path, n);
		text[n] = '\0';
		/* The innermost wins: a container in a container. */
		(void)(scope_component(c, text) || machine_component(c, text, parent) ||
		       lxc_component(c, text, parent) || folder_component(c, text, parent) ||
		       pod_component(c, text, in_kubepods));
		in_kubepods = in_kubepods || strncmp(text, "kubepods", 8) == 0;
		memcpy(parent, text, n + 1);
	}
	return c->name[0] || c->pod[0];
}

bool container_is(const struct container *c, const char *wanted)
{
	size_t n = strlen(wanted);

	return (c->name[0] && strcmp(c->name, wanted) == 0) ||
	       (c->pod[0] && strcmp(c->pod, wanted) == 0) ||
	       (c->id[0] && n >= WANTED_MIN && strncmp(c->id, wanted, n) == 0);
}

bool container_above(const char *path, const char *wanted)
{
	char above[CGROUP_PATH_BYTES];
	struct container c;
	size_t n;

	for (n = strlen(path); n && n < sizeof(above); n--) {
		if (path[n] && path[n] != '/')
			continue;
		memcpy(above, path, n);
		above[n] = '\0';
		if (container_of_path(above, &c) && container_is(&c, wanted))
			return true;
	}
	return false;
}
