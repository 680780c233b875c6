"""`weir run` over other links than a plain Ethernet of 1500 bytes: VLAN, QinQ, jumbo frames, TAP ports."""
import hashlib
import pathlib

import names
import netns
import pytest
import rig
import truth

pytestmark = pytest.mark.skipif(netns.available() is not None, reason=str(netns.available()))
needs_tap = pytest.mark.skipif(not pathlib.Path("/dev/net/tun").exists(), reason="needs /dev/net/tun")
RELAY = pathlib.Path(__file__).with_name("vlan_relay.py")


def make(folder, **options):
    made = rig.Rig(folder, **options)
    with open(made.htdocs / "middle.bin", "wb") as middle:
        middle.write(hashlib.shake_256(b"weir").digest(8_000_000))
    return made


def download(world, name, *options):
    out = world.folder / "got.bin"
    out.unlink(missing_ok=True)
    got = world.curl(name, *options, path="middle.bin", out=out, limit=30)
    return got.returncode == 0 and out.read_bytes() == (world.htdocs / "middle.bin").read_bytes()


def judge(world):
    """Innocent names come through whole, barred ones do not; the events."""
    assert download(world, "www.debian.org", "-4")
    assert download(world, "www.google.com", "-6")
    assert world.curl("web.whatsapp.com", "-4").returncode == 35
    assert world.curl("mail.google.com", "-6").returncode == 35
    summary, events = world.stop()
    rig.check_sums(summary)
    stopped = [e for e in events if e["event_type"] == "flow" and e["weir"]["verdict"] == "reject"]
    assert sorted(e["weir"]["app"] for e in stopped) == ["Gmail", "WhatsApp"]
    return summary, events


@needs_tap
@pytest.mark.parametrize("tags, vlan", [("8100:40", [40]), ("88a8:7,8100:40", [7, 40])])
def test_tagged_frames_are_judged_and_leave_with_their_tags(tmp_path, tags, vlan):
    world = make(tmp_path)
    try:
        tag_everything(world.client, tags, names.CLIENT4, names.CLIENT6, world.log)
        tag_everything(world.server, tags, names.SERVER4, names.SERVER6, world.log)
        for family, via in (("-4", names.SERVER4), ("-6", names.SERVER6)):
            world.client.run("ip", family, "route", "replace", "default", "via", via, "dev", "tagged0")
        world.serve()
        world.start("reject")
        _, events = judge(world)
        assert {tuple(e["vlan"]) for e in events if e["event_type"] == "flow" and e.get("dest_port") == 443} == {tuple(vlan)}
    finally:
        world.close()


def tag_everything(host, tags, address4, address6, log):
    """The host's addresses move from eth0 to a device whose frames travel tagged."""
    for family in ("-4", "-6"):
        host.run("ip", family, "addr", "flush", "dev", "eth0", "scope", "global")
    host.start("/usr/bin/python3", RELAY, "tagged0", "eth0", tags, log=log)
    netns.wait_until(lambda: host.run("ip", "link", "show", "tagged0", check=False).returncode == 0, what="tagged0")
    host.run("ip", "link", "set", "tagged0", "mtu", "1400", "up")
    host.run("ip", "addr", "add", f"{address4}/24", "dev", "tagged0")
    host.run("ip", "addr", "add", f"{address6}/64", "dev", "tagged0", "nodad")


@pytest.mark.parametrize("workers", [1, 2])
def test_fragments_over_af_packet_are_judged_whole_and_leave_as_they_came(tmp_path, workers):
    world = make(tmp_path)
    try:
        world.start("reject", workers=workers)
        with world.recorded(world.server, tmp_path / "server.pcap"):
            for family, address in (("-4", names.SERVER4), ("-6", names.SERVER6)):
                assert "2 received" in world.client.run("ping", family, "-c", "2", "-i", "0.2", "-s", "8000", address).stdout
        summary, _ = world.stop()
        rig.check_sums(summary)
        assert sum(summary["packets"]["dropped"].values()) == 0
        fragments = [frame for _, frame in truth.frames(tmp_path / "server.pcap") if frame[12:14] == b"\x08\x00"]
        assert len(fragments) == 2 * 2 * 6 and all(len(frame) <= 1514 for frame in fragments)
    finally:
        world.close()


def test_jumbo_frames_over_af_packet(tmp_path):
    world = make(tmp_path, mtu=9000)
    try:
        world.serve()
        world.start("reject")
        assert "1 received" in world.client.run("ping", "-c", "1", "-s", "8972", "-M", "do", names.SERVER4).stdout
        summary, _ = judge(world)
        assert summary["bytes"]["received"] / summary["packets"]["received"] > 2000  # large frames did travel
    finally:
        world.close()


@needs_tap
def test_tap_ports(tmp_path):
    world = make(tmp_path, tap=True)  # DPDK 22.11's driver sends no frame above 1522 bytes
    try:
        world.start("reject", devices=["net_tap0,iface=inside", "net_tap1,iface=outside", "net_null0"])
        world.serve()
        judge(world)
    finally:
        world.close()


def test_jumbo_frames_in_several_buffers_over_memif(tmp_path):
    """Three boxes in a row joined by memif. The one in the middle judges, and its 2048-byte buffers make a jumbo frame a
    chain of mbufs; those beside it only take the frames from veth to memif. (memif's own slots hold a whole frame:
    DPDK 22.11 leaves stale chain flags in its descriptors.)"""
    world = make(tmp_path, mtu=9000)
    try:
        world.serve()
        world.start("reject", settings=["ports.buffer=2048"],
                    devices=[memif(0, "server", tmp_path / "in.sock"), memif(1, "server", tmp_path / "out.sock"), "net_null0"])
        start_front(world, "inside", tmp_path / "in.sock")
        start_front(world, "outside", tmp_path / "out.sock")
        netns.wait_until(lambda: world.client.run("ping", "-c", "1", "-W", "1", names.SERVER4, check=False).returncode == 0)
        assert "1 received" in world.client.run("ping", "-c", "1", "-s", "8972", "-M", "do", names.SERVER4).stdout
        summary, _ = judge(world)
        assert summary["bytes"]["received"] / summary["packets"]["received"] > 2000  # large frames did travel
        assert sum(port["unusable"] for port in summary["ports"]) == 0
    finally:
        world.close()


def memif(number, role, socket):
    return f"net_memif{number},role={role},socket={socket},socket-abstract=no,bsize=10240"


def start_front(world, name, socket):
    config = world.folder / f"{name}.yaml"
    config.write_text(f"""\
version: 1
instance: {name}
ports:
  pairs: [{{inside: "net_af_packet0,iface={name}", outside: "{memif(0, 'client', socket)}"}}]
workers: {{idle_sleep_us: 50}}
eal: {{huge_pages: false, memory_mb: 512}}
telemetry: {{eve: {{enabled: false, dir: {world.folder}/{name}}}}}
""")
    log = world.folder / f"{name}.log"
    world.box.start(rig.WEIR, "run", "-c", config, "-p", "none", log=log)
    netns.wait_until(lambda: "forwarding" in log.read_text(), what=f"the {name} box")
