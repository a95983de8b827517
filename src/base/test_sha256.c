/* SPDX-License-Identifier: BSD-2-Clause */
/* Goal: the digests of FIPS 180-4's examples, whole and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/sha256.h"

static void check(const char *text, size_t step, const char *hex)
{
	struct sha256 s;
	uint8_t digest[SHA256_BYTES];
	char got[2 * SHA256_BYTES + 1];
	size_t n = strlen(text);

	sha256_init(&s);
	for (size_t i = 0; i < n; i += step)
		sha256_add(&s, text + i, n - i < step ? n - i : step);
	sha256_finish(&s, digest);
	for (int i = 0; i < SHA256_BYTES; i++)
		sprintf(got + 2 * i, "%02x", digest[i]);
	assert_string_equal(got, hex);
}

static void examples_of_the_standard(void **state)
{
	const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	check("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t step = 1; step < 70; step++)
		check(two, step,
		      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_of_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
