/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: tc programs stand in the order clients asked for, with the kernel's errnos. Method: program n
 * turns mark into mark * 10 + n and lets the next one run; a last one returns the mark.
 */
#include "hooks/test_rig.h"

#define PROGS_MAX 65

static struct netdev *dev;
static struct sent sent;
static struct prog *progs[PROGS_MAX];
static struct bpf_link *links[PROGS_MAX];
static struct prog *teller;

static struct prog *marker(uint32_t n)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "r2 = *(u32 *)(r1 +8)\n r2 *= 10\n r2 += %u\n *(u32 *)(r1 +8) = r2\n r0 = -1\n exit", n);
	return rig_prog(BPF_PROG_TYPE_SCHED_CLS, text);
}

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	dev = rig_dev("a", 7, &sent);
	memset(links, 0, sizeof(links));
	for (uint32_t i = 0; i < PROGS_MAX; i++)
		progs[i] = marker(i + 1);
	teller = rig_prog(BPF_PROG_TYPE_SCHED_CLS, "r0 = *(u32 *)(r1 +8)\n exit");
	return 0;
}

static int teardown(void **state)
{
	for (uint32_t i = 0; i < PROGS_MAX; i++) {
		if (links[i])
			object_put(&links[i]->obj);
		rig_put(progs[i]);
	}
	rig_put(teller);
	return rig_teardown(state);
}

static int attach_at(uint32_t i, struct hook_tcx at)
{
	at.ifindex = at.ifindex ? at.ifindex : 7;
	at.attach_type = BPF_TCX_INGRESS;
	return hook_link_tcx(progs[i], &at, &links[i]);
}

static int attach(uint32_t i)
{
	return attach_at(i, (struct hook_tcx){ 0 });
}

static struct object *obj(uint32_t i)
{
	return &progs[i]->obj;
}

static void detach(uint32_t i)
{
	links[i]->ops->detach(links[i]);
	object_put(&links[i]->obj);
	links[i] = NULL;
}

/* The programs that ran, as digits. */
static int order(void)
{
	static const uint8_t frame[60] = { 2 };
	struct hook_tcx at = { .ifindex = 7, .attach_type = BPF_TCX_INGRESS };
	struct pkt_result result;
	struct bpf_link *last;

	assert_int_equal(hook_link_tcx(teller, &at, &last), 0);
	assert_int_equal(hook_dev_receive(dev, frame, sizeof(frame), &result), 0);
	free(result.data);
	last->ops->detach(last);
	object_put(&last->obj);
	return result.tc_action;
}

static void programs_append_by_default(void **state)
{
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(attach(i), 0);
	assert_int_equal(order(), 123);
	detach(1);
	assert_int_equal(order(), 13);
	detach(0);
	detach(2);
	assert_int_equal(order(), 0);
}

static void before_and_after_choose_the_place(void **state)
{
	assert_int_equal(attach(0), 0);
	assert_int_equal(attach(1), 0);
	assert_int_equal(attach_at(2, (struct hook_tcx){ .flags = BPF_F_BEFORE }), 0);
	assert_int_equal(order(), 312);
	assert_int_equal(attach_at(3, (struct hook_tcx){ .flags = BPF_F_AFTER }), 0);
	assert_int_equal(order(), 3124);
	assert_int_equal(attach_at(4, (struct hook_tcx){ .flags = BPF_F_BEFORE, .relative = obj(1) }), 0);
	assert_int_equal(order(), 31524);
	assert_int_equal(attach_at(5, (struct hook_tcx){ .flags = BPF_F_AFTER, .relative = obj(2) }), 0);
	assert_int_equal(order(), 361524);
	assert_int_equal(attach_at(6, (struct hook_tcx){ .flags = BPF_F_BEFORE | BPF_F_LINK,
							 .relative = &links[0]->obj }), 0);
	assert_int_equal(order(), 3671524);
	assert_int_equal(attach_at(7, (struct hook_tcx){ .flags = BPF_F_AFTER | BPF_F_ID,
							 .relative_id = progs[3]->obj.id }), 0);
	assert_int_equal(order(), 36715248);
}

static void places_that_are_none_are_refused(void **state)
{
	struct object *other = obj(9);

	assert_int_equal(attach(0), 0);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .ifindex = 99 }), -ENODEV);
	assert_int_equal(attach(0), -EEXIST);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .relative = obj(0) }), -EINVAL);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .flags = 1 }), -EINVAL);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .flags = BPF_F_LINK }), -EINVAL);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .flags = BPF_F_REPLACE }), -ENOENT);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .flags = BPF_F_BEFORE, .relative = other }),
			 -ENOENT);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .flags = BPF_F_BEFORE | BPF_F_AFTER }), -ERANGE);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .flags = BPF_F_AFTER | BPF_F_ID,
							 .relative_id = 999999 }), -ENOENT);
	links[1] = NULL;
	assert_int_equal(order(), 1);
}

static void revision_must_be_the_expected_one(void **state)
{
	assert_int_equal(attach_at(0, (struct hook_tcx){ .expected_revision = 2 }), -ESTALE);
	assert_int_equal(attach_at(0, (struct hook_tcx){ .expected_revision = 1 }), 0);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .expected_revision = 1 }), -ESTALE);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .expected_revision = 2 }), 0);
	detach(1);
	assert_int_equal(attach_at(1, (struct hook_tcx){ .expected_revision = 4 }), 0);
	detach(0);
	detach(1);
	assert_int_equal(attach_at(0, (struct hook_tcx){ .expected_revision = 1 }), 0);
}

static void sixty_four_programs_are_the_limit(void **state)
{
	for (uint32_t i = 0; i < PROGS_MAX - 1; i++)
		assert_int_equal(attach(i), 0);
	assert_int_equal(attach(PROGS_MAX - 1), -ERANGE);
	links[PROGS_MAX - 1] = NULL;
}

static void update_keeps_the_place(void **state)
{
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(attach(i), 0);
	assert_int_equal(links[1]->ops->update(links[1], progs[4], progs[0]), -EPERM);
	assert_int_equal(links[1]->ops->update(links[1], progs[0], NULL), -EEXIST);
	assert_int_equal(links[1]->ops->update(links[1], progs[4], progs[1]), 0);
	assert_int_equal(order(), 153);
	assert_int_equal(links[1]->ops->update(links[1], progs[4], NULL), 0);
	links[1]->ops->detach(links[1]);
	assert_int_equal(links[1]->ops->update(links[1], progs[5], NULL), -ENOLINK);
	assert_int_equal(order(), 13);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(programs_append_by_default),
		TEST(before_and_after_choose_the_place),
		TEST(places_that_are_none_are_refused),
		TEST(revision_must_be_the_expected_one),
		TEST(sixty_four_programs_are_the_limit),
		TEST(update_keeps_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
