/* SPDX-License-Identifier: BSD-2-Clause */
#include "guard/sysctld.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"

#define ENDING	 ".conf"
#define BLANKS	 " \t\r\n"
#define COMMENTS "#;"

/* --- lines ---------------------------------------------------------------------------------- */

static char *strip(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	for (n = strlen(text); n && strchr(BLANKS, text[n - 1]); n--)
		;
	text[n] = '\0';
	return text;
}

/* In place: where a dot comes first, dots and slashes change places; slashes are one each. */
static void normalize(char *key)
{
	char *out = key, *separator = strpbrk(key, "./");

	if (separator && *separator == '.')
		for (char *c = separator; *c; c++)
			*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
	for (char *c = key; *c; c++)
		if (*c != '/' || (out > key && out[-1] != '/'))
			*out++ = *c;
	if (out > key && out[-1] == '/')
		out--;
	*out = '\0';
}

static uint32_t find(const struct sysctld *s, const char *key)
{
	uint32_t i = 0;

	while (i < s->n_settings && strcmp(s->settings[i].key, key) != 0)
		i++;
	return i;
}

static void forget(struct sysctld *s, uint32_t i)
{
	free(s->settings[i].key);
	free(s->settings[i].value);
	s->n_settings--;
	memmove(&s->settings[i], &s->settings[i + 1], (s->n_settings - i) * sizeof(s->settings[i]));
}

static bool same_value(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A later assignment takes the earlier one's place, and goes to the end; the same again changes nothing. */
static void assign(struct sysctld *s, const struct sysctld_setting *setting)
{
	uint32_t i = find(s, setting->key);

	if (i < s->n_settings && same_value(s->settings[i].value, setting->value)) {
		s->settings[i].ignores_failure |= setting->ignores_failure;
		return;
	}
	if (i < s->n_settings)
		forget(s, i);
	s->settings = xrealloc(s->settings, (s->n_settings + 1) * sizeof(*s->settings));
	s->settings[s->n_settings] = *setting;
	s->settings[s->n_settings].key = xstrdup(setting->key);
	s->settings[s->n_settings].value = setting->value ? xstrdup(setting->value) : NULL;
	s->n_settings++;
}

static void read_line(struct sysctld *s, const char *path, uint32_t number, char *line)
{
	struct sysctld_setting setting = { .path = path, .line = number };
	char *text = strip(line), *equals = strchr(text, '=');
	bool minus = *text == '-';

	if (!*text || strchr(COMMENTS, *text))
		return;
	if (!equals && !minus) {
		buffer_format(&s->complaints, "%s:%u: '%.60s' is no assignment, and is skipped\n",
			      path, number, text);
		return;
	}
	if (equals) {
		*equals = '\0';
		setting.value = strip(equals + 1);
		setting.ignores_failure = minus;
	}
	setting.key = strip(text + minus);
	normalize(setting.key);
	if (*setting.key)
		assign(s, &setting);
	else
		buffer_format(&s->complaints,
			      "%s:%u: there is no key in front of '=', and the line is skipped\n",
			      path, number);
}

void sysctld_read_text(struct sysctld *s, const char *path, const char *text)
{
	uint32_t number = 0;

	array_grow(s->paths, s->n_paths);
	path = s->paths[s->n_paths++] = xstrdup(path);
	while (*text) {
		size_t n = strcspn(text, "\n");
		char *line = xstrndup(text, n);

		read_line(s, path, ++number, line);
		free(line);
		text += n + (text[n] == '\n');
	}
}

/* --- files ---------------------------------------------------------------------------------- */

static const char *const folders[] = { "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d",
				       "/usr/lib/sysctl.d" };

struct names {
	char **paths; /* owned */
	uint32_t n;
};

static const char *base_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* A file of this name in an earlier folder hides it, whatever is in it. */
static void add_name(struct names *names, const char *root, const char *folder, const char *name)
{
	size_t n = strlen(name), m = strlen(ENDING);

	if (*name == '.' || n <= m || strcmp(name + n - m, ENDING) != 0)
		return;
	for (uint32_t i = 0; i < names->n; i++)
		if (strcmp(base_of(names->paths[i]), name) == 0)
			return;
	array_grow(names->paths, names->n);
	names->paths[names->n++] = xformat("%s%s/%s", root, folder, name);
}

static int list_folder(struct names *names, const char *root, const char *folder, struct error *err)
{
	char *path = xformat("%s%s", root, folder);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!dir && errno != ENOENT)
		rc = error_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
	while (dir && (entry = readdir(dir)))
		add_name(names, root, folder, entry->d_name);
	if (dir)
		closedir(dir);
	free(path);
	return rc;
}

static int by_base(const void *a, const void *b)
{
	return strcmp(base_of(*(char *const *)a), base_of(*(char *const *)b));
}

/* A link to /dev/null hides the file it has the name of. */
static int read_file(struct sysctld *s, const char *path, struct error *err)
{
	struct buffer text = { 0 };
	struct stat st;
	int rc = 0;

	if (stat(path, &st))
		return errno == ENOENT ? 0
				       : error_set(err, -errno, "cannot open %s: %s", path,
						   strerror(errno));
	if (!S_ISREG(st.st_mode))
		return 0;
	rc = file_read(path, &text, err);
	if (!rc)
		sysctld_read_text(s, path, buffer_string(&text));
	buffer_deinit(&text);
	return rc;
}

static bool was_read(const struct sysctld *s, const char *path)
{
	for (uint32_t i = 0; i < s->n_paths; i++)
		if (file_is_same(s->paths[i], path))
			return true;
	return false;
}

static int read_all(struct sysctld *s, const char *root, struct names *names, struct error *err)
{
	char *last = xformat("%s/etc/sysctl.conf", root);
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(folders) / sizeof(folders[0]); i++)
		rc = list_folder(names, root, folders[i], err);
	if (names->n)
		qsort(names->paths, names->n, sizeof(*names->paths), by_base);
	for (uint32_t i = 0; !rc && i < names->n; i++)
		rc = read_file(s, names->paths[i], err);
	if (!rc && !was_read(s, last))
		rc = read_file(s, last, err);
	free(last);
	return rc;
}

int sysctld_read(struct sysctld *s, const char *root, struct error *err)
{
	struct names names = { 0 };
	struct stat st;
	int rc;

	memset(s, 0, sizeof(*s));
	if (*root && (stat(root, &st) || !S_ISDIR(st.st_mode)))
		return error_set(err, -ENOENT, "there is no folder %s with a system in it", root);
	rc = read_all(s, root, &names, err);
	for (uint32_t i = 0; i < names.n; i++)
		free(names.paths[i]);
	free(names.paths);
	if (rc)
		sysctld_deinit(s);
	return rc;
}

void sysctld_deinit(struct sysctld *s)
{
	while (s->n_settings)
		forget(s, s->n_settings - 1);
	for (uint32_t i = 0; i < s->n_paths; i++)
		free(s->paths[i]);
	free(s->settings);
	free(s->paths);
	buffer_deinit(&s->complaints);
	memset(s, 0, sizeof(*s));
}

/* --- what is written ------------------------------------------------------------------------ */

void sysctld_each(const struct sysctld *s, char *const *keys, uint32_t n_keys,
		  void (*fn)(void *arg, const struct sysctld_setting *setting, const char *name),
		  void *arg)
{
	for (uint32_t i = 0; i < s->n_settings; i++) {
		const struct sysctld_setting *setting = &s->settings[i];

		if (!setting->value)
			continue;
		if (!strpbrk(setting->key, "*?[")) {
			fn(arg, setting, setting->key);
			continue;
		}
		for (uint32_t j = 0; j < n_keys; j++)
			if (fnmatch(setting->key, keys[j], FNM_PATHNAME | FNM_PERIOD) == 0 &&
			    find(s, keys[j]) == s->n_settings)
				fn(arg, setting, keys[j]);
	}
}
