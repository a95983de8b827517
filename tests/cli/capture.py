# SPDX-License-Identifier: BSD-2-Clause
"""Captures read and written without libpcap, and what the example programs must say about one: the
independent twin that tests/cli compares skep with."""

import struct
from collections import Counter

MAGIC_NS = 0xA1B23C4D
ETH_IP, ETH_VLAN, ETH_IPV6 = 0x0800, 0x8100, 0x86DD


class Packet:
    def __init__(self, time_ns, data, wire_bytes):
        self.time_ns, self.data, self.wire_bytes = time_ns, data, wire_bytes


def read(path):
    """(link type, packets) of a little-endian capture of either precision."""
    with open(path, "rb") as file:
        blob = file.read()
    magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", blob)
    unit = 1 if magic == MAGIC_NS else 1000
    at, packets = 24, []
    while at < len(blob):
        seconds, part, kept, wire = struct.unpack_from("<IIII", blob, at)
        packets.append(Packet(seconds * 10**9 + part * unit, blob[at + 16:at + 16 + kept], wire))
        at += 16 + kept
    return link, packets


def write(path, packets, link=1):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", MAGIC_NS, 2, 4, 0, 0, 262144, link))
        for p in packets:
            file.write(struct.pack("<IIII", p.time_ns // 10**9, p.time_ns % 10**9, len(p.data),
                                   p.wire_bytes) + p.data)


def u16(data, at):
    return struct.unpack_from(">H", data, at)[0]


def protocols(packets):
    """(ethertype, ip protocol) -> [packets, bytes], as examples/protocols.bpf.c counts."""
    counts = {}
    for p in packets:
        kind, protocol = u16(p.data, 12), 0
        if kind == ETH_IP and len(p.data) >= 34:
            protocol = p.data[23]
        if kind == ETH_IPV6 and len(p.data) >= 54:
            protocol = p.data[20]
        entry = counts.setdefault((kind, protocol), [0, 0])
        entry[0] += 1
        entry[1] += len(p.data)
    return counts


def port_filter(packets, port, prefix_bits=24):
    """Verdicts, drops and blocklist of examples/portfilter.bpf.c."""
    verdicts, blocked, drops = [], {}, Counter()
    mask = (0xFFFFFFFF << (32 - prefix_bits)) & 0xFFFFFFFF
    for p in packets:
        d = p.data
        if len(d) < 34 or u16(d, 12) != ETH_IP:
            verdicts.append("XDP_PASS")
            continue
        source = struct.unpack_from(">I", d, 26)[0] & mask
        ports = 14 + (d[14] & 15) * 4
        verdict = "XDP_PASS"
        if source in blocked:
            blocked[source][1] += 1
            drops["from_blocked"] += 1
            verdict = "XDP_DROP"
        elif d[23] in (6, 17) and not u16(d, 20) & 0x1FFF:
            if len(d) < ports + 8:
                drops["cut_short"] += 1
                verdict = "XDP_DROP"
            elif u16(d, ports + 2) == port:
                drops["to_port"] += 1
                blocked[source] = [d[26:30], 0]
                verdict = "XDP_DROP"
        verdicts.append(verdict)
    return verdicts, drops, blocked


def ip_lengths(packets, hook):
    """Records of examples/iplen.bpf.c. At the hook the first tag has been taken off the packet."""
    records = []
    for number, p in enumerate(packets, 1):
        d, vlan, at, length = p.data, 0, 12, len(p.data)
        for _ in range(2 if hook else 1):
            if u16(d, at) == ETH_VLAN or (hook and at == 12 and u16(d, at) == 0x88A8):
                vlan = u16(d, at + 2) & 0xFFF
                at += 4
                if hook and at == 16:
                    length -= 4
        if u16(d, at) == ETH_IP and len(d) >= at + 22:
            records.append((number, u16(d, at + 4), d[at + 10], d[at + 11], vlan, length))
    return records
