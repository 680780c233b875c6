from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import GRE, Dot1AD, Dot1Q
from scapy.layers.vxlan import VXLAN
from shapes import ETHER, connection


def packets():
    ends = [("198.51.100.1", "198.51.100.2"), ("198.51.100.2", "198.51.100.1")]
    wrappers = [
        lambda packet, way: ETHER / Dot1Q(vlan=40) / packet,
        lambda packet, way: ETHER / Dot1AD(vlan=7) / Dot1Q(vlan=40) / packet,
        lambda packet, way: ETHER / IP(src=ends[way][0], dst=ends[way][1]) / GRE() / packet,
        lambda packet, way: ETHER / IP(src=ends[way][0], dst=ends[way][1]) / packet,
        lambda packet, way: ETHER / IP(src=ends[way][0], dst=ends[way][1]) / UDP(sport=5555, dport=4789, chksum=0)
        / VXLAN(vni=9, flags="Instance") / ETHER / packet,
    ]
    frames = []
    for number, wrap in enumerate(wrappers):
        for packet in connection("web.whatsapp.com", sport=41000 + number):
            frames.append(wrap(packet, 0 if packet.src == "10.1.2.3" else 1))
    return frames
