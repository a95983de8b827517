# SPDX-License-Identifier: BSD-2-Clause
"""Frames of what UDP and TCP carry, for test_lines.py."""

import struct

from strange import A, A6, B, UDP, frame, ip, ip6, summed


def udp(port, body, source=40000):
    return frame(0x800, ip(17, struct.pack(">HHHH", source, port, 8 + len(body), 0) + body, ttl=9))


def tcp(port, body, options=b"", flags=0x18):
    options += b"\1" * (-len(options) % 4)
    return frame(0x800, ip(6, struct.pack(">HHIIBBHHH", 40000, port, 7, 9, (20 + len(options)) // 4 << 4, flags, 100, 0, 0) + options + body))


def bootp(op, options, hops=0, mac=b"\1\6", flags=0, addresses=bytes(16), names=bytes(192)):
    return struct.pack(">B2sBIHH", op, mac, hops, 0x1234 * (hops > 0), hops, flags) + addresses + b"\2\0\0\0\0\1" + bytes(10) + names + options


def dhcp():
    def option(tag, body):
        return bytes((tag, len(body))) + body
    cookie = b"c\x82Sc"
    yield bootp(1, cookie + option(53, b"\1") + option(61, b"\1\2\0\0\0\0\1") + option(55, bytes((1, 3, 6, 200, 15, 119))) + option(12, b"host") + b"\xff")
    yield bootp(2, cookie + option(53, b"\5") + option(54, A) + option(51, b"\0\0\x0e\x10") + option(1, b"\xff\xff\xff\0") +
                option(3, A + B) + option(6, A) + option(15, b"example.org") + option(121, b"\x10\x0a\1" + A + b"\0" + A) + b"\0\0\xff", 2,
                flags=0x8000, addresses=A * 4, names=b"server".ljust(64, b"\0") + b"boot/file".ljust(128, b"\0"))
    odd = [(53, b"\x63"), (52, b"\3"), (52, b""), (46, b"\x08"), (46, b"\3x"), (81, b"\5\1\2name"), (81, b"\xf0\0\0n"), (81, b"a"),
           (61, b"\0text"), (61, b""), (61, b"\x30ab"), (82, b"\1\3abc\2\1x\7\2yz"), (82, b"\1\x20a"), (121, b"ab"), (121, b"\x21" + A + A), (121, b"\x20" + A + b"ab"),
           (249, b"\x18\x0a\1\2" + A), (77, b"\3abc\2de"), (77, b"\0a"), (77, b"\x09a"), (77, b"a"), (19, b"\1\0\7"), (21, A + B + A), (2, b"\xff\xff\xf1\xf0"),
           (25, b"\0\5\0\6\7"), (224, b"abc"), (225, b"ab"), (226, b"abcd"), (43, b"\1\2\3"), (56, b"m\1g\xe9"), (12, b""), (3, b"ab")]
    for tag, body in odd:
        yield bootp(2, cookie + option(tag, body) + b"\xff")
    yield bootp(2, cookie + b"".join(option(tag, body) for tag, body in odd))
    yield bootp(1, b"CMU\0" + b"\3\0\0\0" + A * 8)
    yield bootp(1, b"CMU\0" + bytes(4) + A * 2 + bytes(24))
    yield bootp(3, b"abcd", mac=b"\6\5")
    yield bootp(1, bytes(4))
    yield bootp(2, cookie, names=b"x" * 192)


def ntp():
    times = struct.pack(">IIIIIIII", 0xe1000000, 5, 0xe1000001, 0x80000000, 0xe1000002, 7, 0xe1000000, 0xffffffff)
    for first in 0x1b, 0x23, 0x24, 0x25, 0x61, 0xe4, 0xa0:
        yield struct.pack(">BBbbII4s", first, 2, 6, -20, 0x10000, 0x8000, A) + times
    for stratum in 0, 1, 15, 16, 62, 63:
        yield struct.pack(">BBbbII4s", 0x24, stratum, -6, -20, 0, 0x12345678, b"GPS\0") + bytes(16) + times[16:]
    for poll in 31, 32, -31, -32, 127:
        yield struct.pack(">BBbbII4s", 0x24, 2, poll, 0, 0, 0, A) + times[::-1] + b"x" * (4, 20, 24, 8, 40)[poll % 5]
    yield b"\x24" + bytes(20)
    for control, count, data in (0x81, 0, b""), (0x62, 4, b"abcd"), (0x02, 9, b"abcd"):
        yield struct.pack(">BBHHHHH", 0x16, control, 7, 0x615, 3, 4, count) + data
    yield b"\x16\1"
    yield b"\x17\1abcdefgh"


def ike():
    """Without -v: what its payloads hold is not shown."""
    for cookie, version, exchange, flags, message in ((bytes(8), 0x10, 2, 0, 0), (b"responde", 0x10, 4, 1, 0), (b"responde", 0x10, 32, 3, 5), (bytes(8), 0x20, 34, 8, 0),
                                                      (b"responde", 0x20, 35, 0x28, 1), (b"responde", 0x20, 99, 0x38, 1), (bytes(8), 0x30, 2, 0, 0)):
        yield struct.pack(">8s8sBBBBII", b"initiate", cookie, 0, version, exchange, flags, message, 28)


def tunnels():
    inner = frame(0x800, ip(17, UDP))
    for port in 4789, 8472:
        yield port, b"\x08\0\0\0\0\0\x64\0" + inner
        yield port, b"\0\0\0\x07\0\0\x64\0" + inner
        yield port, b"\x08\0"
    for kind, body in (1, ip(17, UDP)), (2, ip6(17, UDP)), (3, inner), (9, inner):
        yield 4790, bytes((0x0f, 0, 0, kind, 0, 0, 0x64, 0)) + body
    yield 4790, bytes(8) + b"x"
    yield 4790, b"abc"
    for kind, body in (0x6558, inner), (0x800, ip(17, UDP)), (0x86dd, ip6(17, UDP)), (0x1234, b"abcd"):
        yield 6081, struct.pack(">BBHI", 0, 0, kind, 0x64 << 8) + body
    options = struct.pack(">HBB4sHBB", 0x102, 0x80, 1, b"abcd", 7, 1, 0)
    yield 6081, struct.pack(">BBHI", 3, 0xc1, 0x6558, 0x64 << 8 | 9) + options + inner
    yield 6081, struct.pack(">BBHI", 3, 0, 0x6558, 0) + options[:8] + b"\xff\xff\1\x1f" + inner
    yield 6081, struct.pack(">BBHI", 40, 0, 0x6558, 0) + b"abc"
    yield 6081, struct.pack(">BBHI", 0x40, 0, 0x6558, 0) + b"abc"
    yield 6081, b"abc"
    yield 6635, struct.pack(">I", 16 << 12 | 1 << 8 | 64) + ip(17, UDP)
    for body in b"\xff", b"\0\0\0\7\0\0\0\1some bytes", b"\0\0\0\7\0\0\0\1", b"ab":
        yield 4500, body


def udp6(port, body):
    return frame(0x86dd, ip6(17, struct.pack(">HHHH", 40000, port, 8 + len(body), 0) + body))


def dhcp6():
    def option(kind, body=b""):
        return struct.pack(">HH", kind, len(body)) + body
    name = b"\7example\3org\0"
    lease = A6 + struct.pack(">II", 300, 600)
    values = [(1, b"\0\1\0\1\0\0\0\5\2\0\0\0\0\1"), (2, b"\0\3\0\1\2\0\0\0\0\1"), (1, b"\0\2" + bytes(range(9))), (1, b"\0\4" + bytes(16)),
              (3, struct.pack(">III", 1, 2, 3) + option(5, lease) + option(5, lease + option(13, b"\0\2no"))), (4, b"\0\0\0\7" + option(5, lease)),
              (25, struct.pack(">III", 1, 2, 3) + option(26, struct.pack(">IIB", 5, 6, 56) + A6)), (6, b"\0\x17\0\x18\1\x0f"), (7, b"\xff"), (8, b"\0\5"),
              (11, b"\2\1\0" + bytes(8)), (11, b"\2\1\0" + bytes(8) + b"re" + bytes(20)), (11, b"\2\1\1" + bytes(12)), (11, b"\3\1\0" + bytes(8) + b"\1" + bytes(16)),
              (11, b"\3\2\0" + bytes(8) + b"\2" + bytes(16)), (11, b"\3\2\0" + bytes(8) + b"\7" + bytes(16)), (11, b"\5\2\0" + bytes(8)), (12, A6), (13, b"\0\0"),
              (13, b"\0\x0a"), (13, b"\0\x63"), (13, b"\1\0"), (14, b""), (15, b"ab"), (18, b"eth0"), (18, bytes(20)), (19, b"\5"), (19, b"\x0b"), (19, b"\7"), (20, b""),
              (21, name), (22, A6), (23, A6 * 2), (24, name + b"\1a\0"), (32, b"\0\0\1\0"), (37, b"\0\0\0\7remote"), (38, b"subscriber id"), (39, b"\0\1a"), (41, b"EST5EDT"),
              (44, b"\1" + A6 + option(6, b"\0\1")), (44, b"\2" + A6), (44, b"\7" + A6), (45, option(5, lease)), (46, b"\0\0\0\1"), (47, A6 + b"abcd"), (56, option(1, A6)),
              (56, option(2, b"ab") + option(9, b"")), (56, option(3, name)), (64, name), (64, b"\x30a\0"), (112, b"http://x"), (999, b"ab"),
              (1, b"\0"), (1, b"\0\1\0"), (3, b"abc"), (5, b"abc"), (6, b"abc"), (7, b""), (8, b"a"), (11, b"a"), (13, b"a"), (19, b""), (22, b"abc"), (26, b"a"), (32, b"a"),
              (37, b"a"), (44, b"a"), (47, b"a"), (56, b"a"), (64, b"a"), (41, b"a")]
    for kind in (1, 2, 7, 11, 99):
        yield struct.pack(">I", kind << 24 | 0xabc) + option(8, b"\0\0")
    for kind, body in values:
        yield struct.pack(">I", 3 << 24 | 0xabc) + option(kind, body)
    message = struct.pack(">I", 1 << 24 | 0xabc) + option(8, b"\0\0")
    for kind in 12, 13:
        yield struct.pack(">BB", kind, 0) + A6 + A6 + option(18, b"port") + option(9, message)
    yield struct.pack(">I", 1 << 24 | 0xabc) + option(8, b"\0\0")[:3]
    yield struct.pack(">I", 1 << 24 | 0xabc) + struct.pack(">HH", 8, 9) + b"ab"


def routes():
    one, two = struct.pack(">16sHBB", bytes(16), 0, 0, 16), struct.pack(">16sHBB", A6, 7, 64, 3)
    for body in b"\1\1\0\0" + one, b"\1\1\0\0" + one + two, b"\1\1\0\0" + two, b"\2\1\0\0" + one + two, b"\2\1\0\0" + one[:7], b"\7\1\0\0", b"\1\2\0\0", b"\1\1":
        yield 521, body
    for op, state, hello, hold, mark in (0, 16, 3, 10, 0), (1, 4, 60, 90, 0), (2, 8, 0, 255, 9), (9, 7, 3, 10, 0):
        yield 1985, struct.pack(">BBBBBBBB8s4s", 0, op, state, hello, hold, 100, 1, mark, b"cisco", A)
    yield 1985, b"\1" + bytes(19)


def dns():
    def name(text):
        return b"".join(bytes((len(label),)) + label for label in text.encode().split(b".") if label) + b"\0"

    def question(text, kind, class_=1):
        return name(text) + struct.pack(">HH", kind, class_)

    def record(text, kind, data, ttl=3600, class_=1):
        return (name(text) if isinstance(text, str) else text) + struct.pack(">HHIH", kind, class_, ttl, len(data)) + data

    def message(flags, *sections, body=b""):
        return struct.pack(">HHHHHH", 7, flags, *(len(s) for s in sections)) + b"".join(b"".join(s) for s in sections) + body
    ask, pointer = question("www.example.org", 1), b"\xc0\x0c"
    for kind in (*range(1, 49), 49, 99, 104, 249, 250, 251, 252, 253, 254, 255, 256, 1000):
        yield message(0x100, [question("a.b", kind)], [], [], [])
        if kind == 38:  # A6, given up by RFC 6563: no more than its name
            continue
        yield message(0x8180, [question("a.b", 1)], [record("c", kind, b"\0\0\0\0\0\5\1a\0" + bytes(20))], [], [])
    for class_ in 1, 3, 4, 254, 255, 9, 0x8001, 0x80ff:
        yield message(0x100, [question("a", 1, class_)], [], [], [])
        yield message(0x8180, [], [record("a", 1, A, 5, class_)], [], [])
    data = [(1, A), (28, A6), (2, name("ns.x")), (5, pointer), (12, b"\3abc" + pointer), (6, name("ns.x") + name("me.x") + struct.pack(">IIIII", 1, 2, 3, 4, 5)),
            (15, b"\0\x0a" + name("mx.x")), (16, b"\5hello\5wor\xe9d"), (16, b""), (33, struct.pack(">HHH", 1, 2, 443) + name("srv.x")), (39, name("d.x")),
            (256, struct.pack(">HH", 1, 2) + b"http://x"), (250, name("hmac") + bytes(6) + struct.pack(">HH", 300, 4) + b"abcd" + struct.pack(">HHH", 7, 0, 0)),
            (13, b"\1a\1b"), (46, bytes(30)), (48, bytes(9))]
    for kind, body in data:
        yield message(0x8180, [ask], [record(pointer, kind, body)], [], [])
        yield message(0x8580, [ask], [record(pointer, kind, body, 700000)], [record("ns", 2, name("n"), 40000000)], [record("x", 1, A, 0)])
    yield message(0x8180, [ask], [record(pointer, kind, body, 90061) for kind, body in data], [], [])
    opts = [(10, bytes(range(8))), (10, bytes(range(24))), (10, b"abc"), (3, b"id"), (8, b"\0\1\x18\0\x0a\1\2"), (8, b"\0\2\x20\0\x20\1\x0d\xb8"), (8, b"\0\1\x21\0"), (8, b"\0\1"),
            (8, b"\0\3\0\0"), (11, b"\0\x64"), (11, b"a"), (9, b"\0\0\0\5"), (9, b""), (9, b"a"), (12, bytes(9)), (14, b"\0\1\0\2"), (14, b"a"), (5, b"\x08\x0d\x63"), (6, b"\1\2\x63"),
            (7, b"\1\2"), (99, b"abc"), (99, b""), (1, bytes(18)), (16, b"\0\1")]
    for option, body in opts:
        yield message(0x120, [ask], [], [], [record("", 41, struct.pack(">HH", option, len(body)) + body, 0, 1232)])
    for ttl in 0, 0x8000, 0x01000000, 0x07008000, 0x02000000, 0x10000000:
        yield message(0x8180, [ask], [], [], [record("", 41, b"", ttl, 4096)])
        yield message(0x8183, [ask], [record(pointer, 1, A)], [], [record("", 41, struct.pack(">HH", 10, 8) + bytes(8) + struct.pack(">HH", 3, 0), ttl, 512)])
    for flags in (0x110, 0x120, 0x140, 0x900, 0x1000, 0x2800, 0x480, 0x200, 0x0003, 0x7900, 0x8000, 0x8405, 0x860b, 0x8380, 0x83b0, 0xa800, 0x900f):
        yield message(flags, [ask], [], [], [])
        yield message(flags, [], [record("a", 1, A)], [record("b", 2, name("c"))], [record("d", 28, A6)])
        yield message(flags, [ask, ask], [record("a", 1, A)] * 2, [], [])
    for body in (b"\xc0\x0c\0\1\0\1", b"\xc0\xff\0\1\0\1", b"\x80a\0\0\1\0\1", b"\0\0\1\0\1", b"\x3f" + b"x" * 63 + b"\0\0\1\0\1", (b"\x3f" + b"x" * 63) * 5 + b"\0\0\1\0\1", b"", b"\5abc"):
        yield message(0x100, [b""], [], [], [], body=body)
        yield message(0x8100, [b""], [], [], [], body=body)
        yield message(0x8100, [], [b""], [], [], body=body)
    yield b"\0\1\0"


def discovery():
    def option(kind, body):
        return struct.pack(">BB", kind, (len(body) + 2) // 8) + body

    def message(kind, body):
        head = struct.pack(">BBH", kind, 0, 0) + body
        total = struct.pack(">16s16sIBBBB", A6, bytes(16), len(head), 0, 0, 0, 58) + head
        return frame(0x86dd, struct.pack(">IHBB16s16s", 6 << 28, len(head), 58, 255, A6, bytes(16)) + summed(total, 42)[40:])
    mac, prefix = option(1, b"\2\0\0\0\0\1"), struct.pack(">BBIII16s", 64, 0xe0, 2592000, 0xffffffff, 0, A6)
    options = [mac, option(2, b"\2\0\0\0\0\1"), option(3, prefix), option(3, b"\x40\0" + prefix[2:]), option(5, struct.pack(">HI", 0, 1500)),
               option(7, struct.pack(">HI", 0, 1000)), option(8, struct.pack(">HHH", 0, 1, 2)), option(24, struct.pack(">BBI8s", 64, 8, 600, A6)),
               option(24, struct.pack(">BBI", 0, 0x18, 0xffffffff)), option(24, struct.pack(">BBI16s", 128, 0x10, 1, A6)), option(25, struct.pack(">HI16s16s", 0, 300, A6, A6)),
               option(31, struct.pack(">HI", 0, 300) + b"\7example\3org\0\1a\0"), option(4, bytes(6) + bytes(range(40))), option(14, b"\1\2\3\4\5\6")]
    for flags in 0, 0x80, 0xc8, 0x78, 0x12:
        yield message(134, struct.pack(">BBHII", 64, flags, 1800, 0, 1000))
    for each in options:
        yield message(134, struct.pack(">BBHII", 64, 0, 1800, 0, 0) + each)
    yield message(134, struct.pack(">BBHII", 64, 0, 1800, 0, 0) + b"".join(options))
    yield message(134, struct.pack(">BBHII", 64, 0, 1800, 0, 0) + b"\1\0abcdef")
    yield message(133, bytes(4) + mac)
    yield message(135, bytes(4) + A6 + mac)
    yield message(136, b"\xe0\0\0\0" + A6 + options[1])
    yield message(137, bytes(4) + A6 + A6 + options[1] + options[12])
    for kind in 128, 129:
        yield message(kind, b"\0\1\0\2abcd")
    yield message(2, struct.pack(">I", 1280) + ip6(17, UDP))


def small():
    for body in (b"\0\1file\0octet\0", b"\0\2file\0netascii\0tsize\x000\0blksize\x001428\0", b"\0\3\0\1data", b"\0\4\0\1", b"\0\5\0\1not found\0",
                 b"\0\5\0\x63what\0", b"\0\5\0\1", b"\0\6tsize\x005\0", b"\0\7x", b"\0", b"\0\1", b"\0\1file", b"\0\1file\0", b"\0\1file\0oct", b"\0\3\0", b"\0\6\0\0a"):
        yield 69, body
    for body in b"<34>Oct 11 su: failed", b"<191>1 - x\x01\xe9", b"<999>x", b"<>", b"<1234>x", b"<3x", b"no", b"<13>":
        yield 514, body
    for body in b"INVITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", b"SIP/2.0 200 OK\r\n", b"what is it\r\n", b"BYE sip:a@b SIP/2.0":
        yield 5060, body


def texts():
    for port, bodies in ((80, (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nbody", b"HTTP/1.1 404 Not Found\r\n", b"GET /without-an-end", b"binary\x01\n", b"get / http\n",
                               b"GET /" + b"x" * 300 + b" HTTP/1.0\r\n", b"PROPFIND / HTTP/1.1\r\nA: b", b"GET\r\n", b" GET\r\n", b"HTTP/1.1 20 x\r\n")),
                         (25, (b"220 mail ready\r\n", b"MAIL FROM:<a>\r\nRCPT TO:<b>\r\n", b"DATA")), (21, (b"USER anonymous\r\n", b"230\tok\n")),
                         (554, (b"OPTIONS rtsp://x RTSP/1.0\r\nCSeq: 1\r\n", b"RTSP/1.0 200 OK\r\n", b"$\0\0\1")), (43, (b"example.org\r\n", b"% no match")),
                         (22, (b"SSH-2.0-OpenSSH_9\r\n", b"SSH-2.0-other\n", b"SSH-2.0", b"\0\0\1\2", b"SS")), (8080, (b"POST /x HTTP/1.1\r\n",))):
        for body in bodies:
            yield tcp(port, body)


def options():
    key, short = bytes(range(8)), bytes(range(16))
    for flags, body in ((2, b"\1\x81"), (2, b"\0\x81" + key), (0x10, b"\1\x01" + key * 2), (0x10, b"\1\1" + key * 2 + b"\0\5"), (2, b"\2\1"), (2, b"\1\1abc"),
                        (2, b"\x11\7" + key), (0x12, b"\x10\7" + key + b"\0\0\0\5"), (0x10, b"\x10\7" + bytes(range(20))), (0x10, b"\x10\7" + key),
                        (0x10, b"\x20\1\0\0\0\7"), (0x10, b"\x20\x1f" + key + key + b"\0\0\0\1\0\x20\x12\x34"), (0x10, b"\x20\5\0\0\0\7\0\0\0\7\0\0\0\1\0\x20"),
                        (0x10, b"\x20\4abc"), (2, b"\x20\0"), (0x10, b"\x31\2" + A), (0x10, b"\x30\2" + A + b"\x1f\x90"), (0x10, b"\x30\2" + A + key),
                        (0x10, b"\x30\2" + A + b"\x1f\x90" + key), (0x10, b"\x30\2" + A6), (0x10, b"\x36\2" + A6 + b"\x1f\x90"), (0x10, b"\x34\2" + A6 + key),
                        (0x10, b"\x39\2" + A6 + b"\x1f\x90" + key), (0x10, b"\x30\2ab"), (0x10, b"\x40\1\2"), (0x10, b"\x40"), (0x10, b"\x51"), (0x10, b"\x50\7"),
                        (0x10, b"\x60\0" + key), (0x10, b"\x70\0" + key), (0x10, b"\x60\0"), (0x10, b"\x80\0"), (0x10, b"\xf0"), (0x10, b"")):
        yield tcp(9, b"", bytes((30, 2 + len(body))) + body, flags)
    for kind, body in ((34, b""), (34, b"abcd"), (34, b"abc"), (34, short), (254, b"\xf9\x89"), (254, b"\xf9\x89abcd"), (254, b"\xab\xcd12"), (254, b"a"), (253, b"ab"),
                       (29, b"\5\6" + short[:12]), (29, b"\5\6"), (29, b"\5"), (28, b"\0\x79"), (28, b"\0\x78"), (28, b"\0\x78a"), (20, b"\x12\5"), (20, b"\x12\5a"),
                       (13, b"abcd"), (19, short[:3]), (19, short), (77, b"abcd")):
        yield tcp(9, b"", bytes((kind, 2 + len(body))) + body)
    yield tcp(9, b"reset\1because\xe9", flags=4)


def frames():
    for port, bodies in (67, dhcp()), (123, ntp()):
        for body in bodies:
            yield udp(port, body, port)
    for port, body in (*tunnels(), *small()):
        yield udp(port, body)
    yield from discovery()
    for body in dns():
        yield udp(53, body)
        yield udp(5353, body, 5353)
        yield tcp(53, struct.pack(">H", len(body)) + body)
    for body in b"\0", b"\0\x20abcdefghijkl":
        yield tcp(53, body)
    for body in dhcp6():
        yield udp6(547, body)
    for port, body in routes():
        yield udp6(port, body) if port == 521 else udp(port, body)
    yield from texts()
    yield from options()


def outlines():
    for body in ike():
        yield udp(500, body, 500)
        yield udp(4500, bytes(4) + body)
    for code in 1, 2, 40, 99:
        yield udp(1812, struct.pack(">BBH16s", code, 7, 26, bytes(range(16))) + b"\1\6user")
    for command, version in (1, 1), (2, 2), (9, 2), (1, 0):
        yield udp(520, struct.pack(">BBHHH4s4s4sI", command, version, 0, 2, 0, A, bytes(4), bytes(4), 1), 520)
    yield tcp(179, b"\xff" * 16 + b"\0\x13\4")


def cuts():
    options_of_tcp = set(options())
    for whole in frames():
        if whole in options_of_tcp or whole[36:38] == b"\0\x35":  # of an option that is cut off tcpdump shows the bytes there are
            continue
        for length in range(34, len(whole)):
            yield whole[:length], len(whole)
