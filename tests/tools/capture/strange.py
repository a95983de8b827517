# SPDX-License-Identifier: BSD-2-Clause
"""Frames of protocols that examples/traffic.pcap has none of, for test_lines.py."""

import struct

A, B = bytes((10, 77, 0, 1)), bytes((224, 0, 0, 5))
A6, B6 = b"\xfe\x80" + bytes(13) + b"\1", b"\xff\2" + bytes(13) + b"\5"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(protocol, body, options=b"", target=B, ttl=1):
    def head(total):
        return struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, 0xc0, 20 + len(options) + len(body), 7, 0, ttl, protocol,
                           total, A, target) + options
    return head(checksum(head(0))) + body


def ip6(protocol, body):
    return struct.pack(">IHBB16s16s", 6 << 28, len(body), protocol, 1, A6, B6) + body


def summed(body, at):
    """The body with its Internet checksum at that place."""
    return body[:at] + struct.pack(">H", checksum(body[:at] + b"\0\0" + body[at + 2:])) + body[at + 2:]


def frame(kind, body, target=b"\1\0\x5e\0\0\5"):
    return target + b"\2\0\0\0\0\1" + struct.pack(">H", kind) + body


def llc(body, target=b"\1\x80\xc2\0\0\0"):
    return target + b"\2\0\0\0\0\1" + struct.pack(">H", len(body)) + body + bytes(max(0, 46 - len(body)))


UDP = struct.pack(">HHHH", 1000, 17007, 12, 0) + b"abcd"


def stp():
    bridge = struct.pack(">H6s", 0x8000, b"\2\0\0\0\0\1")
    root = struct.pack(">H6s", 0x1001, b"\2\0\0\0\0\2")
    times = struct.pack(">HHHH", 0x0100, 20 << 8, 2 << 8, 15 << 8)
    for flags in 0, 1, 0x80:
        yield struct.pack(">HBBB", 0, 0, 0, flags) + root + struct.pack(">I", 4) + bridge + b"\x80\1" + times
    for flags in 0x3c, 0x7e, 0x0e, 0xff:
        yield struct.pack(">HBBB", 0, 2, 2, flags) + root + struct.pack(">I", 4) + bridge + b"\x80\1" + times + b"\0"
    yield struct.pack(">HBB", 0, 0, 0x80)
    yield struct.pack(">HBB", 0, 5, 2)
    region = b"region one".ljust(32, b"\0") + struct.pack(">H", 3) + bytes(range(16))
    for n in 0, 2:
        instances = b"".join(struct.pack(">BH6sIBBB", 0x7c, 0x8000 + i, b"\2\0\0\0\0\3", 200000, 0x80, 0x70, 19) for i in range(n))
        body = b"\0" + region + struct.pack(">I", 5) + bridge + b"\x14" + instances
        multiple = root + struct.pack(">I", 4) + bridge + b"\x80\1" + times + b"\0" + struct.pack(">H", len(body)) + body
        for version in 3, 4:
            yield struct.pack(">HBBB", 0, version, 2, 0x3c) + multiple
        bridging = b"\0" + region + b"\xb8\0\x12\x34\0\7" + bytes(8) + bytes(range(20))
        yield struct.pack(">HBBB", 0, 4, 2, 0x3c) + multiple + struct.pack(">H", len(bridging)) + bridging
        yield struct.pack(">HBBB", 0, 3, 0, 0x3c) + multiple
        yield struct.pack(">HBBB", 0, 3, 2, 0x3c) + multiple[:-16 * n - 3]


def lldp_tlv(kind, body):
    return struct.pack(">H", kind << 9 | len(body)) + body


def lldp():
    first = lldp_tlv(1, b"\4\2\0\0\0\0\1") + lldp_tlv(2, b"\5eth0") + lldp_tlv(3, b"\0\x78")
    yield first + lldp_tlv(0, b"")
    yield first + lldp_tlv(4, b"port") + lldp_tlv(5, b"switch one") + lldp_tlv(6, b"some system") + \
        lldp_tlv(7, b"\0\x14\0\4") + lldp_tlv(8, b"\5\1" + A + b"\2\0\0\0\3\0") + lldp_tlv(0, b"")
    yield lldp_tlv(1, b"\7host") + lldp_tlv(2, b"\3\2\0\0\0\0\1") + lldp_tlv(3, b"\1\0") + \
        lldp_tlv(127, b"\0\x80\xc2\1\0\5") + \
        lldp_tlv(127, b"\0\x12\x0f\4\5\xee") + lldp_tlv(127, b"\1\2\3\4xyz") + lldp_tlv(9, b"what") + lldp_tlv(0, b"")
    yield lldp_tlv(1, b"\5\1" + A) + lldp_tlv(2, b"\7port 7") + lldp_tlv(3, b"\0\1") + lldp_tlv(0, b"")


def sctp_chunk(kind, flags, body):
    return struct.pack(">BBH", kind, flags, 4 + len(body)) + body + b"\0" * (-len(body) % 4)


def sctp():
    head = struct.pack(">HHII", 5000, 36412, 0x11223344, 0)
    init = struct.pack(">IIHHI", 0xaabbccdd, 106496, 10, 65535, 77)
    yield head + sctp_chunk(1, 0, init)
    yield head + sctp_chunk(1, 0, init + struct.pack(">HH4s", 5, 8, A) + struct.pack(">HHHH", 12, 6, 5, 0) +
                            struct.pack(">HH", 0x8000, 4) + struct.pack(">HH", 0xc000, 4))
    yield head + sctp_chunk(2, 0, init + struct.pack(">HH", 7, 8) + b"cook")
    yield head + sctp_chunk(10, 0, b"cookiecookie")
    yield head + sctp_chunk(11, 0, b"")
    for flags in 3, 2, 1, 0, 7:
        yield head + sctp_chunk(0, flags, struct.pack(">IHHI", 77, 1, 2, 0) + b"hello")
    yield head + sctp_chunk(0, 3, struct.pack(">IHHI", 77, 1, 2, 46) + b"hello") + sctp_chunk(0, 3, struct.pack(">IHHI", 78, 1, 3, 46) + b"hi")
    yield head + sctp_chunk(3, 0, struct.pack(">IIHH", 77, 106496, 0, 0))
    yield head + sctp_chunk(3, 0, struct.pack(">IIHHHHI", 77, 106496, 1, 1, 2, 3, 70))
    yield head + sctp_chunk(4, 0, struct.pack(">HH", 1, 12) + b"heartbea")
    yield head + sctp_chunk(5, 0, struct.pack(">HH", 1, 12) + b"heartbea")
    yield head + sctp_chunk(6, 0, b"")
    yield head + sctp_chunk(6, 1, struct.pack(">HH", 12, 8) + b"why?")
    yield head + sctp_chunk(7, 0, struct.pack(">I", 77))
    yield head + sctp_chunk(8, 0, b"")
    yield head + sctp_chunk(9, 0, struct.pack(">HH", 1, 8) + struct.pack(">HH", 5, 0))
    yield head + sctp_chunk(14, 0, b"")
    yield head + sctp_chunk(12, 0, struct.pack(">I", 5))
    yield head + sctp_chunk(192, 0, struct.pack(">I", 5))
    yield head + sctp_chunk(200, 0, b"abcd")
    yield head


def ospf_packet(kind, body, auth=0, data=bytes(8)):
    packet = struct.pack(">BBH4s4sHH", 2, kind, 24 + len(body), A, bytes((0, 0, 0, 1)), 0, auth)
    return summed(packet + body, 12)[:16] + data + body


def ospf_lsa(kind, body, age=5):
    return struct.pack(">HBB4s4sIHH", age, 2, kind, bytes((10, 0, 0, kind)), A, 0x80000001, 0x1234, 20 + len(body)) + body


def ospf():
    hello = struct.pack(">4sHBBI4s4s", bytes((255, 255, 255, 0)), 10, 2, 1, 40, A, bytes(4))
    yield ospf_packet(1, hello)
    yield ospf_packet(1, hello + bytes((10, 77, 0, 9)) + bytes((10, 77, 0, 8)), 1, b"password")
    yield ospf_packet(1, hello, 2, struct.pack(">HBBI", 0, 1, 16, 9)) + bytes(16)
    yield ospf_packet(2, struct.pack(">HBBI", 1500, 2, 7, 1000))
    yield ospf_packet(3, b"".join(struct.pack(">I4s4s", n, bytes((10, 0, 0, n)), A) for n in (1, 2, 3, 4, 5, 7)))
    yield ospf_packet(6, b"")
    yield ospf_packet(2, struct.pack(">HBBI", 1500, 2, 0, 1000) + b"".join(lsa[:20] for lsa in ospf_lsas()))
    yield ospf_packet(5, b"".join(lsa[:20] for lsa in ospf_lsas()))


    for lsas in [[lsa] for lsa in ospf_lsas()] + [[lsa for lsa in ospf_lsas() if lsa[20:22] != b"\0\2"]]:  # behind a link tcpdump reads on
        yield ospf_packet(4, struct.pack(">I", len(lsas)) + b"".join(lsas))
    yield ospf_packet(4, struct.pack(">I", 2) + ospf_lsas()[0])
    signals = struct.pack(">HHHHIHH20s", 0x1234, 9, 1, 4, 3, 2, 20, bytes(20))
    yield ospf_packet(1, hello[:6] + b"\x12" + hello[7:]) + signals
    yield ospf_packet(2, struct.pack(">HBBI", 0, 0x52, 7, 1000)) + signals
    yield ospf_packet(3, struct.pack(">I4s4s", 10, b"\1\0\0\7", A))
    yield b"\7" + ospf_packet(1, hello)[1:]
    yield ospf_packet(1, hello, 7)
    yield ospf_packet(1, hello) + b"abc"


def tlv(kind, body):
    return struct.pack(">HH", kind, len(body)) + body + bytes(-len(body) % 4)


def ospf_lsas():
    mask, megabit = bytes((255, 255, 255, 0)), struct.pack(">f", 1250000)
    links = b"".join(struct.pack(">4s4sBBH", A, mask, kind, 0, 10) for kind in (1, 2, 3, 4))
    link = tlv(1, b"\2") + tlv(2, A) + tlv(3, A) + tlv(4, B) + tlv(5, b"\0\0\0\5") + tlv(6, megabit) + tlv(7, megabit) + \
        tlv(8, megabit * 8) + tlv(9, b"\0\0\0\x10") + tlv(11, A + B) + tlv(14, b"\6\0\0\0") + tlv(15, b"\1\2\0\0" + megabit * 8) + \
        tlv(17, b"\1\0\0\0" + megabit * 2) + tlv(99, b"abcde") + tlv(16, A + B)  # tcpdump loses its way behind that one
    opaque = [struct.pack(">HBBBBBB4sIHH", 5, 2, kind, what, 0, 0, 9, A, 0x80000001, 0x1234, 20 + len(body)) + body for kind, what, body in
              ((10, 1, tlv(1, A)), (10, 1, tlv(2, link)), (9, 1, tlv(2, tlv(3, b"abc"))), (9, 1, tlv(1, b"ab")), (11, 1, tlv(5, b"abcd")),
               (9, 3, tlv(1, b"\0\0\0\x78") + tlv(2, b"\1") + tlv(3, A) + tlv(9, b"abcd")), (9, 3, tlv(1, b"ab")),
               (10, 4, tlv(1, b"\0\0\0\x3f") + tlv(8, b"abcd")), (10, 4, tlv(1, b"ab")), (10, 9, b"what is it"))]
    return [ospf_lsa(1, struct.pack(">BBH", 0, 0, 1) + struct.pack(">4s4sBBH", A, bytes((255, 255, 255, 0)), 3, 0, 10)),
            ospf_lsa(1, struct.pack(">BBH", 3, 0, 4) + links), ospf_lsa(1, struct.pack(">BBH", 0, 0, 1) + links[:9] + b"\7" + links[10:12]),
            ospf_lsa(1, struct.pack(">BBH4s4sBBHBBH", 0, 0, 1, A, mask, 3, 1, 10, 2, 0, 77)), ospf_lsa(4, bytes(4) + struct.pack(">I", 0x02000014)),
            ospf_lsa(6, struct.pack(">I4sI4sI4s", 1, A, 2, A, 3, A)), ospf_lsa(99, b"abcd"),
            ospf_lsa(7, mask + struct.pack(">I4s4s", 0x01ffffff, A, A)), *opaque,
            ospf_lsa(2, bytes((255, 255, 255, 0)) + A), ospf_lsa(3, bytes((255, 255, 255, 0)) + struct.pack(">I", 20)),
            ospf_lsa(5, bytes((255, 255, 0, 0)) + struct.pack(">I4sI", 0x80000014, bytes(4), 0))]


def ospf3():
    hello = struct.pack(">IBBBBHH4s4s", 5, 1, 0, 0, 0x13, 10, 40, A, bytes(4))
    for kind, body in (1, hello), (1, hello + B), (2, struct.pack(">BBBBHBBI", 0, 0, 0, 0x13, 1500, 0, 7, 1000)), (9, b""):
        yield ospf3_packet(kind, body)
    yield ospf3_packet(1, hello, 7, A)
    lsas = list(ospf3_lsas())
    heads = b"".join(lsa[:20] for lsa in lsas)
    yield ospf3_packet(2, struct.pack(">IHBBI", 0x13, 1500, 0, 7, 1000) + heads)
    yield ospf3_packet(5, heads)
    yield ospf3_packet(5, heads[:-3])
    yield ospf3_packet(3, b"".join(struct.pack(">HH4s4s", 0, kind, A, A) for kind in (0x2001, 0x4005, 0x8008, 0x6009)))
    for some in [[lsa] for lsa in lsas] + [lsas]:
        yield ospf3_packet(4, struct.pack(">I", len(some)) + b"".join(some))
    trailer = struct.pack(">HHHHII16s", 1, 32, 0, 5, 1, 2, b"x" * 16)
    signals = struct.pack(">HHHHI", 0x1234, 12, 1, 4, 3)
    signed = struct.pack(">IIHH4s4s", 5, 0x01000613, 10, 40, A, bytes(4))
    yield ospf3_packet(1, signed) + signals + trailer
    yield ospf3_packet(1, signed) + signals
    yield ospf3_packet(1, hello) + trailer
    yield ospf3_packet(1, hello) + b"\0\2" + trailer[2:]
    yield ospf3_packet(1, hello) + trailer[:9]
    yield b"\4" + ospf3_packet(1, hello)[1:]


def ospf3_packet(kind, body, instance=0, area=bytes(4)):
    return struct.pack(">BBH4s4sHBB", 3, kind, 16 + len(body), A, area, 0, instance, 0) + body


def ospf3_lsas():
    prefix = struct.pack(">BBH", 64, 0, 10) + bytes(range(8))
    odd = struct.pack(">BBH", 33, 0x3a, 0) + bytes(range(8))
    links = b"".join(struct.pack(">BBHIII", kind, 0, 10, 1, 2, 3) for kind in (1, 2, 4))
    for kind, body in ((0x2001, struct.pack(">I", 0x03000013) + links), (0x2001, struct.pack(">IBBHIII", 0x13, 9, 0, 10, 1, 2, 3)),
                       (0x2002, struct.pack(">I", 0x13) + A + A), (0x2003, struct.pack(">I", 20) + prefix),
                       (0x2003, struct.pack(">I", 20) + odd + b"\0\0\0\0"), (0x4005, struct.pack(">I", 0x80000014) + prefix),
                       (0x4005, struct.pack(">I", 0x03000014) + prefix[:2] + b"\0\0" + prefix[4:] + A6 + A),
                       (0x4005, struct.pack(">I", 20) + prefix[:2] + b"\x20\1" + prefix[4:] + A),
                       (8, struct.pack(">I16sI", 0x01000013, A6, 2) + prefix + odd), (0x2009, struct.pack(">HHII", 1, 0x2001, 0, 7) + prefix),
                       (11, tlv(1, b"\0\0\0\x78")), (10, tlv(1, A)), (0x2004, b"abcdefgh"), (0x2003, struct.pack(">IBBH", 20, 200, 0, 0)),
                       (0x2002, b"ab")):
        yield struct.pack(">HH4s4sIHH", 5, kind, A, A, 0x80000001, 0x1234, 20 + len(body)) + body


def vrrp():
    yield summed(struct.pack(">BBBBBBH4s8s", 0x21, 51, 100, 1, 0, 1, 0, A, bytes(8)), 6)
    yield summed(struct.pack(">BBBBBBH4s4s8s", 0x21, 51, 0, 2, 1, 3, 0, A, bytes((10, 77, 0, 3)), b"secret\0\0"), 6)
    yield struct.pack(">BBBBBBH4s", 0x31, 51, 255, 1, 0, 100, 0, A)
    yield struct.pack(">BBBBBBH4s8s", 0x21, 51, 100, 1, 9, 1, 0x1234, A, bytes(8))
    yield struct.pack(">BBBBBBH4s8s", 0x25, 51, 100, 1, 9, 1, 0x1234, A, bytes(8))


def igmp():
    group = bytes((239, 1, 2, 3))
    for kind, code, where in ((0x11, 0, bytes(4)), (0x11, 100, bytes(4)), (0x11, 50, group), (0x12, 0, group), (0x16, 0, group),
                              (0x17, 0, group), (0x99, 0, group), (0x15, 0, group)):
        yield summed(struct.pack(">BBH4s", kind, code, 0, where), 2)
    yield struct.pack(">BBH4s", 0x16, 0, 0x1234, group)
    for code in 100, 200:
        yield summed(struct.pack(">BBH4sBBH", 0x11, code, 0, bytes(4), 2, 125, 0), 2)
    yield summed(struct.pack(">BBH4sBBH", 0x11, 10, 0, group, 0x0a, 125, 0), 2)
    yield summed(struct.pack(">BBH4sBBH4s4s", 0x11, 10, 0, group, 2, 125, 2, A, B), 2)
    yield summed(struct.pack(">BBHHH", 0x22, 0, 0, 0, 1) + struct.pack(">BBH4s", 4, 0, 0, group), 2)
    yield summed(struct.pack(">BBHHH", 0x22, 0, 0, 0, 2) + struct.pack(">BBH4s", 4, 0, 0, group) +
                 struct.pack(">BBH4s4s4s", 1, 0, 2, group, A, bytes((10, 77, 0, 3))), 2)
    yield summed(struct.pack(">BBHHH", 0x22, 0, 0, 0, 1) + struct.pack(">BBH4s", 9, 0, 0, group), 2)
    yield summed(struct.pack(">BBHHH", 0x22, 0, 0, 0, 2) + struct.pack(">BBH4s", 3, 0, 0, group), 2)


def mpls():
    inner = ip(17, UDP)
    for labels in ((16,), (3,), (0,), (1,), (16, 17), (16, 0), (100000, 16, 17)):
        stack = b"".join(struct.pack(">I", label << 12 | 5 << 9 | (i + 1 == len(labels)) << 8 | 64)
                         for i, label in enumerate(labels))
        yield stack + inner
        yield stack + ip6(17, UDP)
    yield struct.pack(">I", 16 << 12 | 1 << 8 | 64) + b"\x99what is this"
    yield struct.pack(">I", 2 << 12 | 1 << 8 | 64) + ip6(17, UDP)


def pppoe():
    for code in 9, 7, 0x19, 0x65, 0xa7, 0x33:
        tags = struct.pack(">HH", 0x101, 0) + struct.pack(">HH", 0x102, 3) + b"ac1" + struct.pack(">HH", 0x103, 4) + b"\1\2\3\4"
        yield 0x8863, struct.pack(">BBHH", 0x11, code, 0, len(tags)) + tags
    yield 0x8863, struct.pack(">BBHH", 0x21, 9, 5, 0)
    for protocol, body in ((0x21, ip(17, UDP)), (0x57, ip6(17, UDP)), (0x1234, b"abcdef")):
        yield 0x8864, struct.pack(">BBHHH", 0x11, 0, 7, 2 + len(body), protocol) + body


def gre():
    inner = ip(17, UDP)
    for flags, fields in ((0, b""), (0x2000, struct.pack(">I", 9)), (0x1000, struct.pack(">I", 8)), (0x8000, struct.pack(">HH", 7, 0)),
                          (0xb000, struct.pack(">HHII", 7, 0, 9, 8))):
        yield struct.pack(">HH", flags, 0x800) + fields + inner
    yield struct.pack(">HH", 0, 0x86dd) + ip6(17, UDP)
    yield struct.pack(">HH", 0, 0x8847) + struct.pack(">I", 16 << 12 | 1 << 8 | 64) + inner
    yield struct.pack(">HH", 0, 0x1234) + b"abcd"
    yield struct.pack(">HHHHII", 0x3081, 0x880b, 20, 5, 1, 2) + b"\xff\3\0\x21" + inner
    yield struct.pack(">HH", 5, 0x800) + inner


def ppp_control():
    for protocol, body in ((0xc021, struct.pack(">BBHBBHBBI", 1, 1, 14, 1, 4, 1492, 5, 6, 99)),
                           (0xc021, struct.pack(">BBHI", 9, 3, 8, 7)), (0x8021, struct.pack(">BBHBB4s", 1, 1, 10, 3, 6, A))):
        yield 0x8864, struct.pack(">BBHHH", 0x11, 0, 7, 2 + len(body), protocol) + body


def frames():
    """Those whose lines are tcpdump's with every flag."""
    for body in stp():
        yield llc(b"\x42\x42\3" + body)
    for body in (b"\xaa\xaa\3\0\0\0\x08\0" + ip(17, UDP), b"\xf0\xf0\x7f", b"\6\6\3" + ip(17, UDP), b"\x42\x43\3ab",
                 b"\4\5\1\2abc", b"\4\4\x43abc"):
        yield llc(body)
    for body in lldp():
        yield frame(0x88cc, body, b"\1\x80\xc2\0\0\x0e")
    for body in mpls():
        yield frame(0x8847, body)
    for kind, body in pppoe():
        yield frame(kind, body)
    for protocol, packets in ((132, sctp()), (112, vrrp()), (2, igmp()), (47, gre())):
        for body in packets:
            yield frame(0x800, ip(protocol, body, ttl=255 if protocol == 112 else 1))
    for body in sctp():
        yield frame(0x86dd, ip6(132, body))
    for body in ospf():
        yield frame(0x800, ip(89, body))
    for body in ospf3():
        yield frame(0x86dd, ip6(89, body))
    yield frame(0x800, ip(50, struct.pack(">II", 0x1000, 7) + b"x" * 40))
    yield frame(0x800, ip(51, struct.pack(">BBHII", 17, 4, 0, 0x1000, 7) + bytes(12) + UDP))
    yield frame(0x86dd, ip6(50, struct.pack(">II", 0x1000, 7) + b"x" * 40))
    for total in 0, 0x1234, 0xe01b:
        yield frame(0x800, ip(17, UDP[:6] + struct.pack(">H", total) + UDP[8:]))
    for kind in 0x88b5, 0x9001:
        yield frame(kind, b"\0\1\2\3\4\5\6\7some bytes of it")
    for version in 0x55, 0x05, 0x60:
        yield frame(0x800, bytes([version]) + bytes(40))


def outlines():
    """Those of which only the line without -v is."""
    for kind, body in ppp_control():
        yield frame(kind, body)


def cuts():
    """Frames cut off at every byte, with their lengths."""
    for each in (frame(0x88cc, body) for body in lldp()), (frame(0x8847, body) for body in mpls()), \
            (frame(kind, body) for kind, body in pppoe()), (frame(0x800, ip(132, body)) for body in sctp()), \
            (frame(0x800, ip(112, body)) for body in vrrp()), (frame(0x800, ip(2, body)) for body in igmp()), \
            (frame(0x800, ip(47, body)) for body in gre()), (frame(0x800, ip(89, body)) for body in ospf()), \
            (frame(0x86dd, ip6(89, body)) for body in ospf3()), \
            (llc(b"\x42\x42\3" + body) for body in stp()):
        for whole in each:
            for length in range(14, len(whole)):
                yield whole[:length], len(whole)
