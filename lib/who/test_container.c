/* SPDX-License-Identifier: BSD-2-Clause */
/* Containers and pods by the paths that runtimes really make, and by paths nobody should trust. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "who/container.h"

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID "2f8e5d2a-1c3b-4d5e-8f90-a1b2c3d4e5f6"
#define UNDERSCORED "2f8e5d2a_1c3b_4d5e_8f90_a1b2c3d4e5f6"
#define STATIC_UID "0123456789abcdef0123456789abcdef"

static const struct {
	const char *path, *runtime, *name, *pod;
} known[] = {
	{ "/system.slice/docker-" ID ".scope", "docker", "0123456789ab", "" },
	{ "/docker/" ID, "docker", "0123456789ab", "" },
	{ "/docker/" ID "/init.scope", "docker", "0123456789ab", "" },
	{ "/docker/" ID "/docker/" ID2, "docker", "fedcba987654", "" }, /* docker in docker */
	{ "/system.slice/nerdctl-" ID ".scope", "containerd", "0123456789ab", "" },
	{ "/machine.slice/libpod-" ID ".scope", "podman", "0123456789ab", "" },
	{ "/machine.slice/libpod-" ID ".scope/container", "podman", "0123456789ab", "" },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope", "podman",
	  "0123456789ab", "" },
	{ "/libpod_parent/libpod-" ID, "podman", "0123456789ab", "" },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UNDERSCORED
	  ".slice/cri-containerd-" ID ".scope",
	  "containerd", "0123456789ab", UID },
	{ "/kubepods.slice/kubepods-pod" UNDERSCORED ".slice/crio-" ID ".scope", "crio",
	  "0123456789ab", UID },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UNDERSCORED
	  ".slice/docker-" ID ".scope",
	  "docker", "0123456789ab", UID },
	{ "/kubepods.slice/kubepods-pod" STATIC_UID ".slice", "", "", STATIC_UID },
	{ "/kubepods/burstable/pod" UID "/" ID, "kubernetes", "0123456789ab", UID },
	{ "/kubepods/pod" UID "/" ID, "kubernetes", "0123456789ab", UID },
	{ "/kubepods/pod" UID, "", "", UID },
	/* kind: kubelet in a docker container */
	{ "/docker/" ID "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UNDERSCORED
	  ".slice/cri-containerd-" ID2 ".scope",
	  "containerd", "fedcba987654", UID },
	{ "/machine.slice/machine-web\\x2d1.scope", "machine", "web-1", "" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator", "machine", "qemu-1-vm", "" },
	{ "/machine.slice/systemd-nspawn@web.service/payload", "nspawn", "web", "" },
	{ "/lxc.payload.mail", "lxc", "mail", "" },
	{ "/lxc/mail/system.slice/x.service", "lxc", "mail", "" },
};

static const char *const nothing[] = {
	"",
	"/",
	"/system.slice/nginx.service",
	"/user.slice/user-1000.slice/session-3.scope",
	"/docker/",
	"/docker/short",
	"/docker/" ID "0",
	"/system.slice/docker-" ID,
	"/system.slice/docker-0123.scope",
	"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
	"/machine.slice/libpod-conmon-" ID ".scope",
	"/kubepods.slice/kubepods-podxyz.slice",
	"/pod" UID,
	"/" ID,
	"/machine.slice/machine-",
};

static void paths_of_runtimes_are_known(void **state)
{
	struct container c;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!container_of_path(known[i].path, &c) || strcmp(c.runtime, known[i].runtime) ||
		    strcmp(c.name, known[i].name) || strcmp(c.pod, known[i].pod))
			fail_msg("%s: runtime '%s' name '%s' pod '%s'", known[i].path, c.runtime, c.name,
				 c.pod);
	}
}

static void other_paths_are_no_containers(void **state)
{
	struct container c;

	(void)state;
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		if (container_of_path(nothing[i], &c))
			fail_msg("%s: name '%s' pod '%s'", nothing[i], c.name, c.pod);
}

static void long_components_do_no_harm(void **state)
{
	char path[2000] = "/lxc/";
	struct container c;

	(void)state;
	memset(path + 5, 'x', 250);
	assert_true(container_of_path(path, &c));
	assert_int_equal(strlen(c.name), CONTAINER_NAME_BYTES - 1);
	memset(path + 5, 'x', 1500);
	assert_false(container_of_path(path, &c));
	snprintf(path, sizeof(path), "/machine.slice/machine-%s.scope", "a\\x2");
	assert_true(container_of_path(path, &c));
	assert_string_equal(c.name, "a\\x2");
}

static void is_meant_by_name_pod_or_beginning_of_id(void **state)
{
	struct container c;

	(void)state;
	assert_true(container_of_path("/kubepods/pod" UID "/" ID, &c));
	assert_true(container_is(&c, "0123456789ab"));
	assert_true(container_is(&c, "012"));
	assert_true(container_is(&c, ID));
	assert_true(container_is(&c, UID));
	assert_false(container_is(&c, "01"));
	assert_false(container_is(&c, ""));
	assert_false(container_is(&c, "123"));
	assert_true(container_of_path("/lxc/mail", &c));
	assert_true(container_is(&c, "mail"));
	assert_false(container_is(&c, "mai"));
	assert_false(container_is(&c, ""));
}

static void what_is_below_a_container_is_its(void **state)
{
	(void)state;
	assert_true(container_above("/docker/" ID "/init.scope", "012345"));
	assert_true(container_above("/docker/" ID "/docker/" ID2, "fedcba"));
	assert_true(container_above("/docker/" ID "/docker/" ID2, "012345")); /* docker in docker */
	assert_true(container_above("/machine.slice/machine-web.scope/a/b", "web"));
	assert_false(container_above("/machine.slice/machine-web.scope/a/b", "we"));
	assert_false(container_above("/machine.slice/web", "web"));
	assert_false(container_above("/", "web"));
	assert_false(container_above("", "web"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_runtimes_are_known),
		cmocka_unit_test(other_paths_are_no_containers),
		cmocka_unit_test(long_components_do_no_harm),
		cmocka_unit_test(is_meant_by_name_pod_or_beginning_of_id),
		cmocka_unit_test(what_is_below_a_container_is_its),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
