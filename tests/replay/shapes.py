"""Building blocks for the cases' input.py."""
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")  # named, or scapy asks the network for them


def hello(name):
    """A TLS record with a ClientHello for the name."""
    name = name.encode()
    entry = b"\x00" + len(name).to_bytes(2, "big") + name
    server_name = b"\x00\x00" + (len(entry) + 2).to_bytes(2, "big") + len(entry).to_bytes(2, "big") + entry
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00" + len(server_name).to_bytes(2, "big") + server_name
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


def connection(name, ip=None, sport=40000):
    """IP packets of a connection up to its hello."""
    client, server = ip or (IP(src="10.1.2.3", dst="192.0.2.9"), IP(src="192.0.2.9", dst="10.1.2.3"))
    return [client / TCP(sport=sport, dport=443, flags="S", seq=100),
            server / TCP(sport=443, dport=sport, flags="SA", seq=500, ack=101),
            client / TCP(sport=sport, dport=443, flags="A", seq=101, ack=501),
            client / TCP(sport=sport, dport=443, flags="PA", seq=101, ack=501) / Raw(hello(name))]

