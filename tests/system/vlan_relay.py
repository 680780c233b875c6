#!/usr/bin/python3
"""Stands in for 802.1Q devices, which this kernel may lack: a TAP whose frames travel tagged on a real device.

    vlan_relay.py TAP DEVICE TPID:VID[,TPID:VID...]      outermost tag first, TPID in hex

Creates TAP and relays until killed: what the host sends by TAP leaves by DEVICE with the tags; what comes in on DEVICE
with exactly these tags goes to TAP without them, all else is ignored. AF_PACKET hands the outer tag over beside the
frame (PACKET_AUXDATA), with its TPID.
"""
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def open_device(name):
    device = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    device.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    device.bind((name, 3))
    return device


def receive(device):
    """A frame as it was on the wire, its outer tag put back; None for what this host sent itself."""
    frame, extras, _, address = device.recvmsg(65536, 256)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, data in extras:
        if (level, kind) != (SOL_PACKET, PACKET_AUXDATA):
            continue
        status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", data)
        if status & TP_STATUS_VLAN_VALID:
            tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
            frame = frame[:12] + struct.pack(">HH", tpid, tci) + frame[12:]
    return frame


def main():
    name, device_name, tags = sys.argv[1:]
    tagged = b"".join(struct.pack(">HH", int(tpid, 16), int(vid)) for tpid, vid in (t.split(":") for t in tags.split(",")))
    tap, device = open_tap(name), open_device(device_name)
    while True:
        for ready in select.select([tap, device], [], [])[0]:
            if ready == tap:
                frame = os.read(tap, 65536)
                device.send(frame[:12] + tagged + frame[12:])
            else:
                frame = receive(device)
                if frame and frame[12:12 + len(tagged)] == tagged:
                    os.write(tap, frame[:12] + frame[12 + len(tagged):])


if __name__ == "__main__":
    main()
