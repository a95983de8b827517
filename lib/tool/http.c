/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIBRARY		"libmicrohttpd.so.12"
#define CONTENT_TYPE	"text/plain; version=0.0.4; charset=utf-8"
#define CONNECTIONS_MAX 16u
#define IDLE_SECONDS	10u
#define ADDRESS_BYTES	64

/* The functions of the library that are used: its own names and types. */
#define FUNCTIONS(_)                                                                               \
	_(MHD_start_daemon)                                                                        \
	_(MHD_stop_daemon)                                                                         \
	_(MHD_run)                                                                                 \
	_(MHD_get_daemon_info)                                                                     \
	_(MHD_create_response_from_buffer)                                                         \
	_(MHD_add_response_header)                                                                 \
	_(MHD_queue_response)                                                                      \
	_(MHD_destroy_response)

struct http {
	http_page_fn *page;
	void *arg;
	struct MHD_Daemon *daemon;
	int epoll; /* the library's */
	uint16_t port;
	void *library;
#define MEMBER(name) __typeof__(name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
};

static int load(struct http *http, struct error *err)
{
	http->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!http->library)
		return error_set(err, -ENOENT,
				 "--listen needs %s (package libmicrohttpd12): %s", LIBRARY,
				 dlerror());
#define LOAD(name)                                                                                 \
	*(void **)&http->name = dlsym(http->library, #name);                                       \
	if (!http->name)                                                                           \
		return error_set(err, -ENOENT, "--listen: %s lacks %s", LIBRARY, #name);
	FUNCTIONS(LOAD)
#undef LOAD
	return 0;
}

static enum MHD_Result respond(struct http *http, struct MHD_Connection *connection, unsigned code,
			       const char *type, struct buffer *text)
{
	struct MHD_Response *response = http->MHD_create_response_from_buffer(
		text->bytes, text->data, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result result = MHD_NO;

	if (response && http->MHD_add_response_header(response, "Content-Type", type) == MHD_YES)
		result = http->MHD_queue_response(connection, code, response);
	if (response)
		http->MHD_destroy_response(response);
	buffer_deinit(text);
	return result;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *data,
			      size_t *data_bytes, void **state)
{
	struct http *http = arg;
	struct buffer text = { 0 };

	(void)version;
	(void)data;
	*data_bytes = 0;
	if (!*state) { /* the head has come; the answer follows when the body, if any, has */
		*state = http;
		return MHD_YES;
	}
	if (strcmp(method, "GET") && strcmp(method, "HEAD")) {
		buffer_text(&text, "only GET is answered\n");
		return respond(http, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", &text);
	}
	if (strcmp(url, "/") && strcmp(url, "/metrics")) {
		buffer_text(&text, "there is only /metrics\n");
		return respond(http, connection, MHD_HTTP_NOT_FOUND, "text/plain", &text);
	}
	http->page(http->arg, &text);
	return respond(http, connection, MHD_HTTP_OK, CONTENT_TYPE, &text);
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_where(const char *where, union address *address, struct error *err)
{
	const char *colon = strrchr(where, ':');
	char host[ADDRESS_BYTES] = "127.0.0.1", *end;
	size_t n = colon ? (size_t)(colon - where) : 0;
	unsigned long port;

	errno = 0;
	port = colon && colon[1] ? strtoul(colon + 1, &end, 10) : UINT32_MAX;
	if (port > UINT16_MAX || errno || *end || n >= sizeof(host))
		return error_set(err, -EINVAL, "--listen '%s': it is ADDRESS:PORT", where);
	if (n > 2 && where[0] == '[' && where[n - 1] == ']') {
		where++;
		n -= 2;
	}
	if (n) {
		memcpy(host, where, n);
		host[n] = '\0';
	}
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, host, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) == 1) {
		address->v6.sin6_family = AF_INET6;
		address->v6.sin6_port = htons((uint16_t)port);
		return 0;
	}
	return error_set(err, -EINVAL, "--listen: '%s' is no numeric address", host);
}

/* A listening socket, so that what is wrong with the address has its errno; -errno. */
static int listen_at(union address *address, uint16_t *port)
{
	socklen_t bytes = address->any.sa_family == AF_INET ? sizeof(address->v4)
							     : sizeof(address->v6);
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int yes = 1, rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    bind(fd, &address->any, bytes) || listen(fd, (int)CONNECTIONS_MAX) ||
	    getsockname(fd, &address->any, &bytes)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*port = ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port
							 : address->v6.sin6_port);
	return fd;
}

static int start(struct http *http, const char *where, struct error *err)
{
	const union MHD_DaemonInfo *info;
	union address address;
	int fd, rc;

	rc = parse_where(where, &address, err);
	if (rc)
		return rc;
	fd = listen_at(&address, &http->port);
	if (fd < 0)
		return error_set(err, fd, "--listen: cannot listen at %s: %s", where, strerror(-fd));
	http->daemon = http->MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, http, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		IDLE_SECONDS, MHD_OPTION_END);
	if (!http->daemon) {
		close(fd);
		return error_set(err, -EIO, "--listen: cannot start the HTTP server");
	}
	info = http->MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return error_set(err, -ENOTSUP, "--listen: %s has no epoll", LIBRARY);
	http->epoll = info->epoll_fd;
	return 0;
}

int http_new(const char *where, http_page_fn *page, void *arg, struct http **out,
	     struct error *err)
{
	struct http *http = xcalloc(1, sizeof(*http));
	int rc;

	http->page = page;
	http->arg = arg;
	rc = load(http, err);
	if (!rc)
		rc = start(http, where, err);
	if (rc) {
		http_free(http);
		return rc;
	}
	*out = http;
	return 0;
}

int http_fd(const struct http *http)
{
	return http->epoll;
}

uint16_t http_port(const struct http *http)
{
	return http->port;
}

void http_serve(struct http *http)
{
	http->MHD_run(http->daemon);
}

/* The library stays loaded: what it links to is not made to be unloaded. */
void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->daemon)
		http->MHD_stop_daemon(http->daemon);
	free(http);
}
