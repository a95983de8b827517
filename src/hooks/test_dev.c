/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goal: a packet meets what is attached to its device in the kernel's order, and what programs ask for
 * happens. Method: devices whose sinks keep frames; programs that leave their mark on what they see.
 */
#include "hooks/test_rig.h"

static struct sent sent_a, sent_b;
static struct netdev *a, *b;

static const uint8_t udp4[60] = { 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0x08, 0x00, 0x45 };
static const uint8_t tagged[64] = { 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0x81, 0x00, 0x20, 0x05, 0x08,
				    0x00, 0x45 };

static int setup(void **state)
{
	if (rig_setup(state))
		return -1;
	a = rig_dev("a", 7, &sent_a);
	b = rig_dev("b", 9, &sent_b);
	return 0;
}

static struct bpf_link *attach_xdp(struct netdev *dev, const char *text)
{
	struct prog *prog = rig_prog(BPF_PROG_TYPE_XDP, text);
	struct bpf_link *link;

	assert_int_equal(hook_link_xdp(prog, dev->ifindex, 0, &link), 0);
	rig_put(prog);
	return link;
}

static struct bpf_link *attach_tc(struct netdev *dev, uint32_t where, const char *text)
{
	struct hook_tcx at = { .ifindex = dev->ifindex, .attach_type = where };
	struct prog *prog = rig_prog(BPF_PROG_TYPE_SCHED_CLS, text);
	struct bpf_link *link;

	assert_int_equal(hook_link_tcx(prog, &at, &link), 0);
	rig_put(prog);
	return link;
}

static void detach(struct bpf_link *link)
{
	link->ops->detach(link);
	object_put(&link->obj);
}

static struct pkt_result receive(const uint8_t *frame, uint32_t bytes)
{
	struct pkt_result result;

	assert_int_equal(hook_dev_receive(a, frame, bytes, &result), 0);
	return result;
}

static void bare_device_passes_frames_as_they_are(void **state)
{
	struct pkt_result result = receive(tagged, sizeof(tagged));

	assert_int_equal(result.fate, PKT_PASSED);
	assert_int_equal(result.xdp_action, -1);
	assert_int_equal(result.tc_action, TC_ACT_UNSPEC);
	assert_int_equal(result.bytes, sizeof(tagged));
	assert_memory_equal(result.data, tagged, sizeof(tagged));
	free(result.data);
}

static void frame_of_no_size_is_einval(void **state)
{
	struct pkt_result result;

	assert_int_equal(hook_dev_receive(a, udp4, 13, &result), -EINVAL);
	assert_int_equal(hook_dev_receive(a, udp4, PKT_BYTES_MAX + 1, &result), -EINVAL);
}

#define XDP_BYTES(then)                                                                            \
	"r6 = *(u32 *)(r1 +0)\n r2 = *(u32 *)(r1 +4)\n r3 = r6\n r3 += 20\n r0 = 1\n"              \
	"if r3 > r2 goto out\n" then "\n out: exit\n"

static void xdp_pass_hands_on_what_it_rewrote(void **state)
{
	struct bpf_link *link = attach_xdp(a, XDP_BYTES("*(u8 *)(r6 +15) = 0x77\n r0 = 2"));
	struct pkt_result result = receive(udp4, sizeof(udp4));

	assert_int_equal(result.fate, PKT_PASSED);
	assert_int_equal(result.xdp_action, XDP_PASS);
	assert_int_equal(result.data[15], 0x77);
	free(result.data);
	detach(link);
	result = receive(udp4, sizeof(udp4));
	assert_int_equal(result.xdp_action, -1);
	free(result.data);
}

static void xdp_tx_sends_back(void **state)
{
	struct bpf_link *link = attach_xdp(a, XDP_BYTES("*(u8 *)(r6 +0) = 9\n r0 = 3"));
	struct pkt_result result = receive(udp4, sizeof(udp4));

	assert_int_equal(result.fate, PKT_TX);
	assert_int_equal(sent_a.n, 1);
	assert_int_equal(sent_a.bytes[0], sizeof(udp4));
	assert_int_equal(sent_a.frame[0][0], 9);
	detach(link);
}

static void xdp_redirect_sends_by_the_other_device(void **state)
{
	struct bpf_link *link = attach_xdp(a, "r1 = 9\n r2 = 0\n call bpf_redirect\n exit");

	assert_int_equal(receive(udp4, sizeof(udp4)).fate, PKT_REDIRECTED);
	assert_int_equal(sent_a.n, 0);
	assert_int_equal(sent_b.n, 1);
	detach(link);
}

static void xdp_verdicts_that_are_none_drop(void **state)
{
	static const char *const texts[] = { "r0 = 0\n exit", "r0 = 1\n exit", "r0 = 55\n exit",
					     "r1 = 1234\n r2 = 0\n call bpf_redirect\n exit" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct bpf_link *link = attach_xdp(a, texts[i]);
		struct pkt_result result = receive(udp4, sizeof(udp4));

		assert_null(result.data);
		assert_int_equal(a->drops, i + 1);
		detach(link);
	}
}

static void one_xdp_link_per_device(void **state)
{
	struct prog *prog = rig_prog(BPF_PROG_TYPE_XDP, "r0 = 2\n exit");
	struct prog *other = rig_prog(BPF_PROG_TYPE_XDP, "r0 = 1\n exit");
	struct bpf_link *link, *second;

	assert_int_equal(hook_link_xdp(prog, 77, 0, &link), -EINVAL);
	assert_int_equal(hook_link_xdp(prog, 7, 1, &link), -EINVAL);
	assert_int_equal(hook_link_xdp(prog, 7, 6, &link), -EINVAL);
	assert_int_equal(hook_link_xdp(prog, 7, 0, &link), 0);
	assert_int_equal(hook_link_xdp(other, 7, 0, &second), -EBUSY);
	assert_int_equal(link->ops->update(link, other, other), -EPERM);
	assert_int_equal(link->ops->update(link, other, prog), 0);
	assert_int_equal(receive(udp4, sizeof(udp4)).fate, PKT_DROPPED);
	link->ops->detach(link);
	assert_int_equal(link->ops->update(link, prog, NULL), -ENOLINK);
	assert_int_equal(hook_link_xdp(other, 7, 0, &second), 0);
	detach(second);
	object_put(&link->obj);
	rig_put(prog);
	rig_put(other);
}

static void tc_sees_the_vlan_tag_beside_the_packet(void **state)
{
	/* protocol and tag in one number, which is no verdict and so lets pass */
	struct bpf_link *link = attach_tc(a, BPF_TCX_INGRESS,
					  "r0 = *(u32 *)(r1 +24)\n r2 = *(u32 *)(r1 +16)\n r0 <<= 16\n"
					  "r0 |= r2\n r2 = *(u32 *)(r1 +0)\n r2 <<= 32\n r0 |= r2\n exit");
	struct pkt_result result = receive(tagged, sizeof(tagged));

	assert_int_equal(result.tc_action, 0x2005 << 16 | 0x0008);
	assert_int_equal(result.fate, PKT_PASSED);
	assert_int_equal(result.bytes, sizeof(tagged));
	assert_memory_equal(result.data, tagged, sizeof(tagged));
	free(result.data);
	detach(link);
}

static void xdp_metadata_reaches_tc(void **state)
{
	struct bpf_link *xdp = attach_xdp(a, "r6 = r1\n r2 = -4\n call bpf_xdp_adjust_meta\n r0 = 1\n"
					     "r2 = *(u32 *)(r6 +8)\n r3 = *(u32 *)(r6 +0)\n r4 = r2\n"
					     "r4 += 4\n if r4 > r3 goto out\n *(u32 *)(r2 +0) = 0x1234567\n"
					     "r0 = 2\n out: exit");
	struct bpf_link *tc = attach_tc(a, BPF_TCX_INGRESS,
					"r0 = 2\n r2 = *(u32 *)(r1 +140)\n r3 = *(u32 *)(r1 +76)\n"
					"r4 = r2\n r4 += 4\n if r4 > r3 goto out\n r0 = *(u32 *)(r2 +0)\n"
					"out: exit");
	struct pkt_result result = receive(tagged, sizeof(tagged));

	assert_int_equal(result.tc_action, 0x1234567);
	free(result.data);
	detach(tc);
	detach(xdp);
}

static void tc_drop_drops(void **state)
{
	struct bpf_link *link = attach_tc(a, BPF_TCX_INGRESS, "r0 = 2\n exit");

	assert_int_equal(receive(udp4, sizeof(udp4)).fate, PKT_DROPPED);
	detach(link);
}

static void tc_redirect_meets_egress_programs_of_the_other_device(void **state)
{
	struct bpf_link *in = attach_tc(a, BPF_TCX_INGRESS, "r1 = 9\n r2 = 0\n call bpf_redirect\n exit");
	struct bpf_link *out = attach_tc(b, BPF_TCX_EGRESS,
					 "r0 = 2\n r2 = *(u32 *)(r1 +76)\n r3 = *(u32 *)(r1 +80)\n"
					 "r4 = r2\n r4 += 20\n if r4 > r3 goto out\n"
					 "*(u8 *)(r2 +19) = 0x66\n r0 = 0\n out: exit");

	assert_int_equal(receive(tagged, sizeof(tagged)).fate, PKT_REDIRECTED);
	assert_int_equal(sent_b.n, 1);
	assert_int_equal(sent_b.bytes[0], sizeof(tagged));
	assert_int_equal(sent_b.frame[0][19], 0x66);
	detach(out);
	detach(in);
}

static void tc_redirect_into_a_device_meets_its_ingress(void **state)
{
	struct bpf_link *in = attach_tc(a, BPF_TCX_INGRESS, "r1 = 9\n r2 = 1\n call bpf_redirect\n exit");
	struct bpf_link *next = attach_tc(b, BPF_TCX_INGRESS, "r1 = 7\n r2 = 0\n call bpf_redirect\n exit");

	assert_int_equal(receive(udp4, sizeof(udp4)).fate, PKT_REDIRECTED);
	assert_int_equal(sent_a.n, 1);
	detach(next);
	detach(in);
}

static void redirect_in_a_circle_ends(void **state)
{
	struct bpf_link *in = attach_tc(a, BPF_TCX_INGRESS, "r1 = 7\n r2 = 1\n call bpf_redirect\n exit");

	assert_int_equal(receive(udp4, sizeof(udp4)).fate, PKT_REDIRECTED);
	assert_true(a->drops > 0);
	detach(in);
}

static void clones_leave_in_order(void **state)
{
	struct bpf_link *in = attach_tc(a, BPF_TCX_INGRESS,
					"r6 = r1\n r2 = 9\n r3 = 0\n call bpf_clone_redirect\n"
					"*(u64 *)(r10 -8) = 0x55\n r1 = r6\n r2 = 20\n r3 = r10\n r3 += -8\n"
					"r4 = 1\n r5 = 0\n call bpf_skb_store_bytes\n"
					"r1 = r6\n r2 = 9\n r3 = 0\n call bpf_clone_redirect\n r0 = 0\n exit");
	struct pkt_result result = receive(udp4, sizeof(udp4));

	assert_int_equal(result.fate, PKT_PASSED);
	assert_int_equal(sent_b.n, 2);
	assert_int_equal(sent_b.frame[0][20], 0);
	assert_int_equal(sent_b.frame[1][20], 0x55);
	free(result.data);
	detach(in);
}

static void frame_longer_than_the_mtu_is_lost(void **state)
{
	static uint8_t large[1600] = { 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 0x08, 0x00 };
	struct bpf_link *link = attach_xdp(a, "r0 = 3\n exit");

	assert_int_equal(receive(large, sizeof(large)).fate, PKT_TX);
	assert_int_equal(sent_a.n, 0);
	assert_int_equal(a->drops, 1);
	detach(link);
}

static void removed_device_leaves_its_links_without_one(void **state)
{
	struct bpf_link *xdp = attach_xdp(b, "r0 = 2\n exit");
	struct bpf_link *in = attach_tc(b, BPF_TCX_INGRESS, "r0 = 0\n exit");
	struct bpf_link *out = attach_tc(b, BPF_TCX_EGRESS, "r0 = 0\n exit");
	struct bpf_link_info info = { 0 };

	xdp->ops->fill_info(xdp, &info);
	assert_int_equal(info.xdp.ifindex, 9);
	hook_dev_remove(b);
	xdp->ops->fill_info(xdp, &info);
	assert_int_equal(info.xdp.ifindex, 0);
	in->ops->fill_info(in, &info);
	assert_int_equal(info.tcx.ifindex, 0);
	object_put(&xdp->obj);
	object_put(&in->obj);
	object_put(&out->obj);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bare_device_passes_frames_as_they_are),
		TEST(frame_of_no_size_is_einval),
		TEST(xdp_pass_hands_on_what_it_rewrote),
		TEST(xdp_tx_sends_back),
		TEST(xdp_redirect_sends_by_the_other_device),
		TEST(xdp_verdicts_that_are_none_drop),
		TEST(one_xdp_link_per_device),
		TEST(tc_sees_the_vlan_tag_beside_the_packet),
		TEST(xdp_metadata_reaches_tc),
		TEST(tc_drop_drops),
		TEST(tc_redirect_meets_egress_programs_of_the_other_device),
		TEST(tc_redirect_into_a_device_meets_its_ingress),
		TEST(redirect_in_a_circle_ends),
		TEST(clones_leave_in_order),
		TEST(frame_longer_than_the_mtu_is_lost),
		TEST(removed_device_leaves_its_links_without_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
