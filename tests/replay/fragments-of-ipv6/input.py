from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, fragment6
from shapes import ETHER, connection


def packets():
    frames = []
    ends = IPv6(src="2001:db8::1", dst="2001:db8:f::9"), IPv6(src="2001:db8:f::9", dst="2001:db8::1")
    for sport, name in ((40001, "web.whatsapp.com"), (40002, "www.innocent.example")):
        *handshake, hello = connection(name, ends, sport)
        frames += handshake
        payload = hello.payload
        whole = ends[0] / IPv6ExtHdrFragment(id=sport) / payload
        frames += reversed(fragment6(whole, 120))
    return [ETHER / frame for frame in frames]
