"""The truth of the test network's captures: which app each flow belongs to, by the server it went to."""
import pathlib
import socket
import struct

import names

COLUMNS = ("pcap", "proto", "src", "sport", "dst", "dport", "app", "category", "evidence")
PROTOCOLS = {6: "TCP", 17: "UDP"}


def frames(path):
    """(timestamp in seconds, frame bytes) of a little-endian pcap file."""
    data = pathlib.Path(path).read_bytes()
    magic, = struct.unpack_from("<I", data)
    if magic not in (0xA1B2C3D4, 0xA1B23C4D):
        raise ValueError(f"{path}: not a little-endian pcap file")
    unit = 1e-6 if magic == 0xA1B2C3D4 else 1e-9
    offset = 24
    while offset + 16 <= len(data):
        seconds, fraction, length, _ = struct.unpack_from("<IIII", data, offset)
        yield seconds + fraction * unit, data[offset + 16:offset + 16 + length]
        offset += 16 + length


def flow_tuple(frame):
    """(protocol, source, source port, destination, destination port) of a TCP or UDP frame, else None."""
    ethertype, = struct.unpack_from("!H", frame, 12)
    if ethertype == 0x0800:
        header = (frame[14] & 15) * 4
        protocol = frame[23]
        source, destination = (socket.inet_ntop(socket.AF_INET, frame[i:i + 4]) for i in (26, 30))
        transport = 14 + header
    elif ethertype == 0x86DD:
        protocol = frame[20]
        source, destination = (socket.inet_ntop(socket.AF_INET6, frame[i:i + 16]) for i in (22, 38))
        transport = 54
    else:
        return None
    if protocol not in PROTOCOLS:
        return None
    sport, dport = struct.unpack_from("!HH", frame, transport)
    return PROTOCOLS[protocol], source, sport, destination, dport


def truth_rows(path):
    """One row a flow, in the order the flows began; the source is the side that spoke first."""
    rows = {}
    for _, frame in frames(path):
        key = flow_tuple(frame)
        if key is None:
            continue
        protocol, source, sport, destination, dport = key
        if key in rows or (protocol, destination, dport, source, sport) in rows:
            continue
        name = names.name_of(destination)
        if dport == 53:
            app, category, evidence = *names.OTHER, "ran: DNS client"
        elif name is None:
            app, category, evidence = *names.OTHER, "ran: no named server"
        else:
            app, category, evidence = *names.label(name), f"ran: client of {name}"
        rows[key] = (pathlib.Path(path).name, protocol, source, str(sport), destination, str(dport), app, category,
                     evidence)
    return list(rows.values())


def write_truth(folder, paths):
    lines = ["\t".join(COLUMNS)]
    for path in paths:
        if path.exists():
            lines += ["\t".join(row) for row in truth_rows(path)]
    (pathlib.Path(folder) / "truth.tsv").write_text("\n".join(lines) + "\n")
