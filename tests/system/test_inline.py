"""`weir run` between real clients and servers: what must pass does, what is barred does not, frames add up."""
import collections
import hashlib
import time

import names
import netns
import pytest
import rig
import truth
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether

pytestmark = pytest.mark.skipif(netns.available() is not None, reason=str(netns.available()))
BIG = 100_000_000
MIRROR_POLICY = """\
version: 1
rules:
  - name: watched
    match: {app: [Signal]}
    action: pass
    mirror: soc
  - name: barred-and-watched
    match: {app: [WhatsApp]}
    action: reject
    mirror: soc
default: {action: pass}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = rig.Rig(tmp_path_factory.mktemp("inline"))
    try:
        made.serve()
        with open(made.htdocs / "big.bin", "wb") as big:
            block = hashlib.sha512(b"weir").digest() * 15625  # 1 MB
            for i in range(BIG // len(block)):
                big.write(block[i % 64:] + block[:i % 64])
        yield made
    finally:
        made.close()


@pytest.fixture
def running(world):
    """Starts weir by policy (and settings); whatever the test leaves running is ended."""
    yield world.start
    if world.weir.poll() is None:
        world.box.stop(world.weir)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def flows_of(events, app):
    return [e for e in events if e["event_type"] == "flow" and e["weir"]["app"] == app]


def test_a_download_of_100_mb_is_the_same_bytes(world, running, tmp_path):
    running("drop")
    got = world.curl("www.debian.org", path="big.bin", out=tmp_path / "big.bin", limit=120)
    assert got.returncode == 0, got.stderr
    assert digest(tmp_path / "big.bin") == digest(world.htdocs / "big.bin")
    summary, events = world.stop()
    rig.check_sums(summary)
    flow, = (e for e in events if e["event_type"] == "flow" and e.get("dest_port") == 443)
    assert flow["flow"]["bytes_toclient"] > BIG and flow["weir"]["verdict"] == "pass"


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_reject_resets_a_barred_name_within_100_ms(world, running, tmp_path, family):
    running("reject")
    took = []
    with world.recorded(world.server, tmp_path / "server.pcap", "tcp", "port", "443"):
        for _ in range(3):  # the shortest: the machine is shared
            got = world.curl("web.whatsapp.com", family)
            assert got.returncode == 35, got  # reset while TLS was negotiated
            _, connected, _, total = map(float, got.stdout.split())
            took.append(total - connected)
        assert world.curl("notwhatsapp.com", family).returncode == 0
    assert min(took) < 0.1
    assert not holds(tmp_path / "server.pcap", b"web.whatsapp.com")
    assert holds(tmp_path / "server.pcap", b"notwhatsapp.com")  # the capture can show a name
    summary, events = world.stop()
    rig.check_sums(summary)
    assert summary["packets"]["injected"] == 2 * 3
    flows = flows_of(events, "WhatsApp")
    assert len(flows) == 3
    assert {(f["weir"]["verdict"], f["weir"]["evidence"]) for f in flows} == {("reject", "tls.sni web.whatsapp.com")}


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_drop_lets_a_barred_name_time_out(world, running, tmp_path, family):
    running("drop")
    with world.recorded(world.server, tmp_path / "server.pcap", "tcp", "port", "443"):
        got = world.curl("drive.google.com", family, limit=3)
        assert world.curl("fonts.googleapis.com", family).returncode == 0
    assert got.returncode == 28, got  # curl's time-out
    assert not holds(tmp_path / "server.pcap", b"drive.google.com")
    summary, events = world.stop()
    rig.check_sums(summary)
    # Of this family: a client that an earlier test cut off may still send its hello again.
    mine = [flow for flow in flows_of(events, "GoogleDrive") if (":" in flow["src_ip"]) == (family == "-6")]
    assert [flow["weir"]["verdict"] for flow in mine] == ["drop"]
    assert summary["packets"]["injected"] == 0 and summary["packets"]["dropped"]["policy"] > 0


def test_http3_of_a_barred_name_and_its_fallback_to_tcp_are_stopped(world, running):
    import servers
    running("reject")
    quic = servers.start_quic(world.server, world.authority, world.htdocs, world.log, port=8443)
    try:
        assert world.quic("www.google.com", 8443)
        assert not world.quic("web.whatsapp.com", 8443)
        assert world.curl("web.whatsapp.com").returncode == 35
        assert world.curl("www.google.com").returncode == 0
    finally:
        world.server.stop(quic)
    summary, events = world.stop()
    rig.check_sums(summary)
    assert {flow["proto"] for flow in flows_of(events, "WhatsApp")} == {"TCP", "UDP"}
    assert {flow["weir"]["verdict"] for flow in flows_of(events, "WhatsApp")} == {"reject"}


def test_the_mirror_port_gets_exactly_the_frames_of_mirrored_flows(world, running, tmp_path):
    running(MIRROR_POLICY)
    with world.recorded(world.watcher, tmp_path / "mirror.pcap"), \
            world.recorded(world.client, tmp_path / "client.pcap", "tcp", "port", "443"):
        assert world.curl("chat.signal.org", "-4").returncode == 0
        assert world.curl("www.debian.org", "-4").returncode == 0
        assert world.curl("web.whatsapp.com", "-4").returncode == 35
    summary, events = world.stop()
    rig.check_sums(summary)
    expected = []
    for app in ("Signal", "WhatsApp"):
        flow, = flows_of(events, app)
        assert flow["weir"]["mirrored"]
        frames = [f for f in frames_of(tmp_path / "client.pcap") if port_of(f, flow["src_port"])]
        if app == "WhatsApp":  # the client has weir's own reset too, which nobody else has
            frames = [f for f in frames if not is_reset_from_server(f)]
            assert flow["flow"]["pkts_toserver"] + flow["flow"]["pkts_toclient"] == len(frames)
        expected += frames[flow["weir"]["verdict_packet"] - 1:]
    mirrored = [f for f in frames_of(tmp_path / "mirror.pcap")]
    assert collections.Counter(mirrored) == collections.Counter(expected)
    assert summary["packets"]["mirrored"] == len(mirrored) and summary["packets"]["mirror_dropped"] == 0


def test_what_is_no_ip_and_pings_and_neighbours_pass(world, running, tmp_path):
    for host in (world.client, world.server):
        host.run("ip", "neigh", "flush", "dev", "eth0", check=False)
    running("drop")
    lldp = bytes.fromhex("0180c200000e02000000000188cc" "0207040200000000010403057765697206020078" "0000") + bytes(20)
    stp = bytes.fromhex("0180c2000000020000000001002642420300000000008000020000000001000000008000020000000001800100001400"
                        "02000f00") + bytes(8)
    with world.recorded(world.server, tmp_path / "server.pcap"):
        for family, address in (("-4", names.SERVER4), ("-6", names.SERVER6)):
            assert "2 received" in world.client.run("ping", family, "-c", "2", "-i", "0.2", address).stdout
        for frame in (lldp, stp):
            send_frame(world.client, frame)
    seen = list(frames_of(tmp_path / "server.pcap"))
    assert lldp in seen and stp in seen
    assert any(f[12:14] == b"\x08\x06" for f in seen)  # ARP
    assert any(f[12:14] == b"\x86\xdd" and f[54] == 135 for f in seen)  # neighbour solicitation
    summary, _ = world.stop()
    rig.check_sums(summary)
    assert sum(summary["packets"]["dropped"].values()) == 0


def test_sigterm_during_a_download_ends_with_counters_that_add_up(world, running, tmp_path):
    running("drop")
    curl = world.client.start("curl", "-s", "--limit-rate", "20M", "--max-time", "20", "--cacert", world.folder / "ca.pem",
                              "-o", tmp_path / "part.bin", "https://www.debian.org/big.bin")
    netns.wait_until(lambda: (tmp_path / "part.bin").exists() and (tmp_path / "part.bin").stat().st_size > 5_000_000)
    began = time.monotonic()
    summary, events = world.stop()
    assert time.monotonic() - began < 3
    world.client.stop(curl)
    rig.check_sums(summary)
    flow, = (e for e in events if e["event_type"] == "flow" and e.get("dest_port") == 443)
    assert flow["flow"]["reason"] == "shutdown"
    assert events[-1]["event_type"] == "stats"


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_judge_as_one_does(world, running, workers):
    running("reject", workers=workers)
    for name in ("web.whatsapp.com", "mail.google.com", "mega.nz"):
        assert world.curl(name).returncode == 35, name
    for name in ("www.debian.org", "www.google.com", "login.live.com", "notwhatsapp.com"):
        assert world.curl(name).returncode == 0, name
    summary, events = world.stop()
    rig.check_sums(summary)
    assert {f["weir"]["app"]: f["weir"]["verdict"] for f in events if f["event_type"] == "flow" and f["weir"]["app"]} == {
        "WhatsApp": "reject", "Gmail": "reject", "MEGA": "reject"}


def test_sighup_loads_the_policy_again_and_a_broken_one_changes_nothing(world, running):
    import signal
    running("reject")
    assert world.curl("web.whatsapp.com").returncode == 35
    said = lambda words: netns.wait_until(lambda: words in (world.folder / "run.err").read_text(), what=words)
    (world.folder / "policy.yaml").write_text("version: 1\nrules: 7\n")
    world.weir.send_signal(signal.SIGHUP)
    said("not reloaded: generation 1 stays")
    assert world.curl("web.whatsapp.com").returncode == 35
    (world.folder / "policy.yaml").write_text("version: 1\ndefault: {action: pass}\n")
    world.weir.send_signal(signal.SIGHUP)
    said("reloaded: generation 2")
    time.sleep(0.3)
    assert world.curl("web.whatsapp.com").returncode == 0
    _, events = world.stop()
    assert [(f["weir"]["verdict"], f["weir"]["generation"]) for f in flows_of(events, "WhatsApp")] == [
        ("reject", 1), ("reject", 1), ("pass", 2)]


@pytest.mark.parametrize("settings, code, said", [
    (["ports.buffer=64000"], 1, "no memory for"),
    (["eal.arguments=--no-such-argument"], 2, "DPDK does not start"),
    (["workers.count=2", "ports.max_frame=10240", "ports.frames=1024"], 2, "2 transmit queues are wanted"),
    (["simulate.tcp_budget=4"], 2, "simulate.*: packets have numbers in replay only"),
    (["workers.cpus=1-"], 2, "--set workers.cpus: '1-' is no list of CPUs"),
])
def test_what_cannot_run_says_why_and_starts_nothing(world, settings, code, said):
    config = world.folder / "wrong.yaml"
    config.write_text("""\
version: 1
ports: {pairs: [{inside: "net_af_packet0,iface=inside", outside: "net_af_packet1,iface=outside"}], max_frame: 64000}
eal: {huge_pages: false, memory_mb: 128}
telemetry: {eve: {enabled: false}}
""")
    words = [word for setting in settings for word in ("--set", setting)]
    run = world.box.run(rig.WEIR, "run", "-c", config, *words, check=False)
    assert run.returncode == code and said in run.stderr, run.stderr


@pytest.mark.parametrize("text, said", [
    ("version: 1\n", "no ports"),
    ("version: 1\nports: {pairs: [{inside: \"net_af_packet0,iface=nowhere\", outside: net_null0}]}\n"
     "eal: {huge_pages: false}\n", "no port 'net_af_packet0'"),
    ("version: 1\nports: {pairs: [{inside: a}]}\n", "wrong.yaml:2:17: a pair needs two different devices"),
])
def test_ports_that_are_none_end_with_2(world, text, said):
    config = world.folder / "wrong.yaml"
    config.write_text(text + f"telemetry: {{eve: {{dir: {world.folder}/none}}}}\n")
    run = world.box.run(rig.WEIR, "run", "-c", config, check=False)
    assert run.returncode == 2 and said in run.stderr, run.stderr


def test_a_sink_of_events_that_fails_stops_no_packet_and_is_told(world, running):
    log_dir = world.folder / "full"
    log_dir.mkdir(exist_ok=True)
    (log_dir / "eve.json").unlink(missing_ok=True)
    (log_dir / "eve.json").symlink_to("/dev/full")
    running("reject", settings=[f"telemetry.eve.dir={log_dir}"])
    assert world.curl("www.debian.org").returncode == 0
    assert world.curl("web.whatsapp.com").returncode == 35
    assert world.box.stop(world.weir) == 1
    assert "No space left on device" in (world.folder / "run.err").read_text()


def test_a_client_that_answers_in_its_servers_name_is_not_believed(world, running):
    """It would settle bytes that never arrive: every end is on one side of the box."""
    running("drop")
    syn = Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / IP(src=names.CLIENT4, dst=names.SERVER4) / TCP(
        sport=41999, dport=9, seq=1000, flags="S")
    answer = Ether(src="02:00:00:00:00:01", dst="ff:ff:ff:ff:ff:ff") / IP(src=names.SERVER4, dst=names.CLIENT4) / TCP(
        sport=9, dport=41999, seq=5000, ack=1001, flags="SA")
    with world.recorded(world.server, world.folder / "forged.pcap", "tcp port 41999"):
        send_frame(world.client, bytes(syn))
        send_frame(world.client, bytes(answer))
    summary, events = world.stop()
    rig.check_sums(summary)
    assert summary["packets"]["dropped"]["wrong_side"] == 1
    assert not any(frame[47] == 0x12 and frame[34:36] == b"\0\x09" and frame[42:46] == (1001).to_bytes(4, "big")
                   and frame[38:42] == (5000).to_bytes(4, "big") for frame in frames_of(world.folder / "forged.pcap"))
    assert [e["exception"]["trigger"] for e in events if e["event_type"] == "exception"] == ["wrong_side"]


def holds(capture, name):
    return any(name in frame for frame in frames_of(capture))


def port_of(frame, port):
    return frame[12:14] == b"\x08\x00" and port in (int.from_bytes(frame[34:36], "big"), int.from_bytes(frame[36:38], "big"))


def is_reset_from_server(frame):
    return frame[47] & 4 != 0 and int.from_bytes(frame[34:36], "big") == 443


def send_frame(host, frame):
    host.run("/usr/bin/python3", "-c", "import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); "
             "s.bind(('eth0', 0)); s.send(bytes.fromhex(sys.argv[1]))", frame.hex())


def frames_of(capture):
    return (frame for _, frame in truth.frames(capture))
