from scapy.layers.inet import TCP
from shapes import ETHER, connection, hello


def packets():
    *handshake, real = connection("web.whatsapp.com")
    decoy = real.copy()
    decoy[TCP].remove_payload()
    decoy = decoy / hello("an.decoy.example")
    decoy[TCP].chksum = 1
    return [ETHER / packet for packet in [*handshake, decoy, real]]
