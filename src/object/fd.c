/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identity of objects by memfd, and finding out when the client's last open of one has gone.
 *
 * Invariants (under engine->lock): by_ino holds every object_fd; one is live exactly while it
 * holds a user reference for the client's files. A file whose last close was not yet seen keeps its
 * object alive; the other error, taking a live file for closed, cannot happen: the lease decides.
 *
 * A close event is queued before the kernel lowers the counts the lease looks at, so a hint read by
 * another thread than the closer may come too early: such an object stays suspect for a while and
 * is asked about again. Without inotify, or after its queue overflowed, every object is asked.
 *
 * Cost: 2 fds per object with one client fd; a poll without events is one read(2).
 */
#include "object/fd.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hostile.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/u64map.h"
#include "object/engine.h"
#include "object/pin.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

#define SUSPECT_NS 100000000 /* how long after a hint the kernel may still be closing */
#define EVENT_BYTES TUNE_CLOSE_EVENT_BYTES
#define PATH_FD_BYTES 32

struct object_fd {
	struct object *obj;
	int fd; /* ours: O_RDONLY, high */
	int watch; /* -1: none, asked on every poll */
	ino_t ino;
	bool live;       /* holds a user reference for the client's files */
	bool restricted; /* some client fd is not O_RDWR: ask the kernel for the mode */
	uint64_t suspect_until_ns; /* 0: not suspect */
	struct list all;     /* in fd_table.all */
	struct list suspect; /* in fd_table.suspects */
	struct list gone;    /* on a poll's list of ended ones */
};

struct fd_table {
	struct u64map by_ino;
	struct u64map by_watch;
	struct list all;
	struct list suspects;
	dev_t dev;     /* of every memfd of this machine */
	int inotify;   /* -1: none to be had */
	uint32_t n_unwatched;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static const char *path_of_fd(int fd, char path[PATH_FD_BYTES])
{
	snprintf(path, PATH_FD_BYTES, "/proc/self/fd/%d", fd);
	return path;
}

int fd_move_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH_MIN);

	if (high < 0)
		return fd;
	close(fd);
	return high;
}

/* Two fds per object soon reach the usual soft limit of 1024. */
static void raise_fd_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

static int memfd_make(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return fd < 0 ? -errno : fd;
}

static int inotify_make(void)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return fd < 0 ? -1 : fd_move_high(fd);
}

int fd_table_init(struct engine *engine)
{
	struct fd_table *t = mem_zalloc(sizeof(*t));
	struct stat st;
	int fd;

	if (!t)
		return -ENOMEM;
	fd = memfd_make("skep-engine");
	if (fd < 0) {
		free(t);
		return fd;
	}
	fstat(fd, &st);
	close(fd);
	t->dev = st.st_dev;
	list_init(&t->all);
	list_init(&t->suspects);
	raise_fd_limit();
	t->inotify = inotify_make();
	engine->fds = t;
	return 0;
}

void fd_table_deinit(struct engine *engine)
{
	struct fd_table *t = engine->fds;

	if (!t)
		return;
	assert(list_empty(&t->all));
	u64map_deinit(&t->by_ino);
	u64map_deinit(&t->by_watch);
	if (t->inotify >= 0)
		close(t->inotify);
	free(t);
	engine->fds = NULL;
}

int fd_table_poll_fd(const struct engine *engine)
{
	return engine->fds->inotify;
}

int fd_table_watch(struct engine *engine, int fd, uint32_t mask)
{
	struct fd_table *t = engine->fds;
	char path[PATH_FD_BYTES];

	if (t->inotify < 0)
		return -1;
	return inotify_add_watch(t->inotify, path_of_fd(fd, path), mask);
}

void fd_table_unwatch(struct engine *engine, int watch)
{
	if (watch >= 0 && engine->fds->inotify >= 0)
		inotify_rm_watch(engine->fds->inotify, watch);
}

/* engine->lock held. */
static void watch_object(struct engine *engine, struct object_fd *ofd)
{
	struct fd_table *t = engine->fds;

	ofd->watch = fd_table_watch(engine, ofd->fd, IN_CLOSE);
	if (ofd->watch >= 0 && u64map_put(&t->by_watch, (uint64_t)ofd->watch, ofd)) {
		fd_table_unwatch(engine, ofd->watch);
		ofd->watch = -1;
	}
	if (ofd->watch < 0)
		t->n_unwatched++;
}

/* --- has the client's last file gone? --------------------------------------------------------- */

/* The slow way, where leases are not to be had: is @ino open or mapped in this process elsewhere? */
static bool open_elsewhere(const struct object_fd *ofd, dev_t dev)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st;
	bool found = false;

	if (!dir)
		return true;
	while (!found && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		found = entry->d_name[0] != '.' && fd != ofd->fd && fstat(fd, &st) == 0 &&
			st.st_ino == ofd->ino && st.st_dev == dev;
	}
	closedir(dir);
	return found;
}

/* Does anybody but the engine hold the memfd open or mapped? */
static bool client_holds(const struct object_fd *ofd, dev_t dev)
{
	if (fcntl(ofd->fd, F_SETLEASE, F_WRLCK) == 0) {
		fcntl(ofd->fd, F_SETLEASE, F_UNLCK);
		return false;
	}
	if (errno == EAGAIN)
		return true;
	return open_elsewhere(ofd, dev);
}

/* A hint for @ofd: moves it to @gone when it ended; else it stays suspect. engine->lock held. */
static void ask(struct fd_table *t, struct object_fd *ofd, uint64_t now, struct list *gone)
{
	if (!ofd->live)
		return;
	/* On another thread's list from before it was opened again: not on two at a time. */
	if (!list_is_linked(&ofd->gone) && !client_holds(ofd, t->dev)) {
		ofd->live = false;
		list_del(&ofd->suspect);
		ofd->suspect_until_ns = 0;
		list_add_tail(gone, &ofd->gone);
		return;
	}
	if (!ofd->suspect_until_ns)
		ofd->suspect_until_ns = now + SUSPECT_NS;
	if (now > ofd->suspect_until_ns) {
		list_del(&ofd->suspect);
		ofd->suspect_until_ns = 0;
	} else if (!list_is_linked(&ofd->suspect)) {
		list_add_tail(&t->suspects, &ofd->suspect);
	}
}

static void ask_all(struct fd_table *t, bool unwatched_only, uint64_t now, struct list *gone)
{
	struct object_fd *ofd;

	list_for_each_entry(ofd, &t->all, all)
		if (!unwatched_only || ofd->watch < 0)
			ask(t, ofd, now, gone);
}

/* One batch of events: true when there may be more. *@pins: some were not of objects. */
static bool read_events(struct fd_table *t, uint64_t now, struct list *gone, bool *pins)
{
	char buf[EVENT_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(t->inotify, buf, sizeof(buf));

	for (ssize_t off = 0; off < n;) {
		const struct inotify_event *ev = (const void *)(buf + off);
		struct object_fd *ofd = u64map_get(&t->by_watch, (uint64_t)ev->wd);

		if (ev->mask & IN_Q_OVERFLOW) {
			ask_all(t, false, now, gone);
			*pins = true;
		} else if (!ofd) {
			*pins = true;
		} else if (ev->mask & IN_CLOSE) {
			ofd->suspect_until_ns = 0;
			list_del(&ofd->suspect);
			ask(t, ofd, now, gone);
		}
		off += (ssize_t)(sizeof(*ev) + ev->len);
	}
	return n > 0;
}

/* Gives back the user references of what ended. Not with engine->lock held. */
static void put_gone(struct engine *engine, struct list *gone)
{
	struct object_fd *ofd;

	/* Only this thread adds to its list and takes from it; ask() looks whether one is on any. */
	while (!list_empty(gone)) {
		pthread_mutex_lock(&engine->lock);
		ofd = list_entry(gone->next, struct object_fd, gone);
		list_del(&ofd->gone);
		pthread_mutex_unlock(&engine->lock);
		object_put_user(ofd->obj);
	}
}

void fd_table_poll(struct engine *engine)
{
	struct fd_table *t = engine->fds;
	struct object_fd *ofd, *tmp;
	struct list gone = LIST_INIT(gone);
	uint64_t now = now_ns();
	bool pins;

	pthread_mutex_lock(&engine->lock);
	pins = pin_table_unwatched(engine);
	list_for_each_entry_safe(ofd, tmp, &t->suspects, suspect)
		ask(t, ofd, now, &gone);
	if (t->n_unwatched)
		ask_all(t, true, now, &gone);
	while (t->inotify >= 0 && read_events(t, now, &gone, &pins))
		;
	pthread_mutex_unlock(&engine->lock);
	put_gone(engine, &gone);
	if (pins)
		pin_table_poll(engine);
}

void fd_table_drop_all(struct engine *engine)
{
	struct fd_table *t = engine->fds;
	struct object_fd *ofd;
	struct list gone = LIST_INIT(gone);

	pthread_mutex_lock(&engine->lock);
	list_for_each_entry(ofd, &t->all, all) {
		list_del(&ofd->suspect);
		if (ofd->live)
			list_add_tail(&gone, &ofd->gone);
		ofd->live = false;
	}
	pthread_mutex_unlock(&engine->lock);
	put_gone(engine, &gone);
}

void fd_table_after_fork(struct engine *engine)
{
	struct fd_table *t = engine->fds;
	struct object_fd *ofd;

	/* Reading the inherited queue would take events from the parent. */
	if (t->inotify >= 0)
		close(t->inotify);
	t->inotify = inotify_make();
	u64map_deinit(&t->by_watch);
	u64map_init(&t->by_watch);
	t->n_unwatched = 0;
	list_for_each_entry(ofd, &t->all, all)
		watch_object(engine, ofd);
}

/* --- one object ------------------------------------------------------------------------------- */

/* Sizes, maps and seals @rw, and opens our end of it. */
static int set_up(int rw, size_t bytes, struct object_fd *ofd, void **mem)
{
	char path[PATH_FD_BYTES];
	struct stat st;
	void *p = MAP_FAILED;
	int fd;

	if (bytes && ftruncate(rw, (off_t)bytes) < 0)
		return -errno;
	if (fcntl(rw, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0 || fstat(rw, &st) < 0)
		return -errno;
	fd = open(path_of_fd(rw, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (mem) {
		/* Of the first file, which the lease does not count, unlike any re-open. */
		if (!mem_must_fail())
			p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, rw,
				 0);
		if (p == MAP_FAILED) {
			close(fd);
			return -ENOMEM;
		}
		*mem = p;
	}
	ofd->fd = fd_move_high(fd);
	ofd->ino = st.st_ino;
	/* Who opens the inode while we hold the lease makes the kernel send a signal: a mild one. */
	fcntl(ofd->fd, F_SETSIG, SIGURG);
	return 0;
}

static void free_unused(struct object_fd *ofd, size_t bytes, void **mem)
{
	if (mem && *mem) {
		munmap(*mem, bytes);
		*mem = NULL;
	}
	if (ofd->fd >= 0)
		close(ofd->fd);
	free(ofd);
}

/* engine->lock held. */
static int create_locked(struct object *obj, size_t bytes, void **mem)
{
	struct fd_table *t = obj->engine->fds;
	struct object_fd *ofd = mem_zalloc(sizeof(*ofd));
	int rw, err;

	if (!ofd)
		return -ENOMEM;
	*ofd = (struct object_fd){ .obj = obj, .fd = -1, .watch = -1 };
	list_init(&ofd->suspect);
	list_init(&ofd->gone);
	rw = memfd_make(obj->ops->fd_name);
	err = rw < 0 ? rw : set_up(rw, bytes, ofd, mem);
	if (rw >= 0)
		close(rw);
	if (!err)
		err = u64map_put(&t->by_ino, ofd->ino, ofd);
	if (err) {
		free_unused(ofd, bytes, mem);
		return err;
	}
	list_add_tail(&t->all, &ofd->all);
	watch_object(obj->engine, ofd);
	obj->fd = ofd;
	return 0;
}

int object_fd_create(struct object *obj, size_t bytes, void **mem)
{
	int err;

	assert(!obj->fd);
	if (mem)
		*mem = NULL;
	pthread_mutex_lock(&obj->engine->lock);
	err = create_locked(obj, bytes, mem);
	pthread_mutex_unlock(&obj->engine->lock);
	return err;
}

/* A new open of the memfd. */
static int reopen(const struct object_fd *ofd, int open_flags)
{
	char path[PATH_FD_BYTES];
	int fd = open(path_of_fd(ofd->fd, path), open_flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int object_fd_open(struct object *obj, int open_flags)
{
	struct engine *engine = obj->engine;
	int fd = 0;

	assert((open_flags & ~O_ACCMODE) == 0);
	pthread_mutex_lock(&engine->lock);
	if (!obj->fd)
		fd = create_locked(obj, 0, NULL);
	if (!fd)
		fd = reopen(obj->fd, open_flags);
	if (fd >= 0) {
		if (open_flags != O_RDWR)
			obj->fd->restricted = true;
		if (!obj->fd->live)
			object_get_user(obj);
		obj->fd->live = true;
	}
	pthread_mutex_unlock(&engine->lock);
	return fd;
}

ino_t object_fd_inode(const struct object *obj)
{
	return obj->fd ? obj->fd->ino : 0;
}

struct object *object_fd_by_inode(struct engine *engine, dev_t dev, ino_t ino)
{
	struct fd_table *t = engine->fds;
	struct object_fd *ofd;
	struct object *obj = NULL;

	if (dev != t->dev)
		return NULL;
	pthread_mutex_lock(&engine->lock);
	ofd = u64map_get(&t->by_ino, ino);
	if (ofd && ofd->live && object_get_unless_zero(ofd->obj))
		obj = ofd->obj;
	pthread_mutex_unlock(&engine->lock);
	return obj;
}

int object_fd_lookup(struct engine *engine, int fd, struct object **obj, int *accmode)
{
	struct object *found;
	struct stat st;
	int flags = O_RDWR;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -EBADF;
	found = object_fd_by_inode(engine, st.st_dev, st.st_ino);
	if (!found)
		return -EINVAL;
	if (accmode && found->fd->restricted) {
		flags = fcntl(fd, F_GETFL);
		if (flags < 0) {
			object_put(found);
			return -EBADF;
		}
	}
	if (accmode)
		*accmode = flags & O_ACCMODE;
	*obj = found;
	return 0;
}

/* Is @ino mapped shared and writable in this process, but by the mapping at @own? -errno: cannot tell. */
static int mapped_writable(dev_t dev, ino_t ino, const void *own)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[PATH_MAX + 128], perms[5];
	uint64_t start, inode;
	unsigned int major, minor;
	bool found = false;

	if (!maps)
		return errno == ENOENT ? 0 : -errno; /* no /proc: nobody can tell */
	while (!found && fgets(line, sizeof(line), maps))
		found = sscanf(line, "%" SCNx64 "-%*x %4s %*x %x:%x %" SCNu64, &start, perms, &major,
			       &minor, &inode) == 5 &&
			inode == ino && makedev(major, minor) == dev && perms[1] == 'w' &&
			perms[3] == 's' && start != (uint64_t)(uintptr_t)own;
	fclose(maps);
	return found;
}

int object_fd_freeze(struct object *obj, const void *own)
{
	struct object_fd *ofd = obj->fd;
	int fd, err;

	if (!ofd)
		return 0;
	err = mapped_writable(obj->engine->fds->dev, ofd->ino, own);
	if (err)
		return err < 0 ? err : -EBUSY;
	fd = reopen(ofd, O_RDWR);
	if (fd < 0)
		return fd;
	err = fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) < 0 ? -errno : 0;
	close(fd);
	return err;
}

void object_fd_destroy(struct object *obj)
{
	struct engine *engine = obj->engine;
	struct object_fd *ofd = obj->fd;
	struct fd_table *t = engine->fds;

	if (!ofd)
		return;
	assert(!ofd->live);
	pthread_mutex_lock(&engine->lock);
	u64map_del(&t->by_ino, ofd->ino);
	if (ofd->watch >= 0)
		u64map_del(&t->by_watch, (uint64_t)ofd->watch);
	else
		t->n_unwatched--;
	fd_table_unwatch(engine, ofd->watch);
	list_del(&ofd->all);
	list_del(&ofd->suspect);
	pthread_mutex_unlock(&engine->lock);
	close(ofd->fd);
	free(ofd);
	obj->fd = NULL;
}
