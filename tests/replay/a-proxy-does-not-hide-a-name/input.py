from scapy.layers.inet import IP, TCP
from scapy.packet import Raw
from shapes import ETHER, connection, hello


def packets():
    frames = []
    for sport, target in ((40001, "web.whatsapp.com"), (40002, "192.0.2.77")):
        *handshake, first = connection("unused.example", sport=sport)
        request = f"CONNECT {target}:443 HTTP/1.1\r\nHost: {target}:443\r\n\r\n".encode()
        first[TCP].remove_payload()
        answer = b"HTTP/1.1 200 OK\r\n\r\n"
        frames += [*handshake, first / Raw(request),
                   IP(src="192.0.2.9", dst="10.1.2.3") / TCP(sport=443, dport=sport, flags="PA", seq=501, ack=101 + len(request)) / Raw(answer),
                   IP(src="10.1.2.3", dst="192.0.2.9") / TCP(sport=sport, dport=443, flags="PA", seq=101 + len(request), ack=501 + len(answer))
                   / Raw(hello("web.whatsapp.com"))]
    return [ETHER / frame for frame in frames]
