"""The schema of events: what weir writes fits it, and what is broken does not."""
import copy
import json
import subprocess

import eve
import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap
from test_captures import FILES
from test_replay import ROOT, WEIR, replay

RULES = """\
alert dns any any -> any any (msg:"a question"; dns.query; content:"whatsapp"; sid:1;)
alert http any any -> any any (msg:"a request"; http.host; content:"debian"; sid:2; metadata: created_at 2026_11_01;)
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    folder = tmp_path_factory.mktemp("eve")
    (folder / "more.rules").write_text(RULES)
    over_budget(folder / "long.pcap")
    _, written = replay(folder, "-s", folder / "more.rules", "--set", "readers.http_head_bytes=1024", *FILES,
                        folder / "long.pcap")
    return written


def over_budget(path):
    """A request whose head is longer than the reader may keep."""
    client, server = (IP(src=a, dst=b) for a, b in (("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")))
    there, back = {"sport": 40000, "dport": 80}, {"sport": 80, "dport": 40000}
    head = b"GET / HTTP/1.1\r\nX: " + b"x" * 1400
    frames = [client / TCP(**there, flags="S", seq=1), server / TCP(**back, flags="SA", seq=1, ack=2),
              client / TCP(**there, flags="A", seq=2, ack=2), client / TCP(**there, flags="PA", seq=2, ack=2) / head]
    wrpcap(str(path), [Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / frame for frame in frames])


def test_every_type_of_event_is_written_and_fits(events):
    assert {e["event_type"] for e in events} == {"flow", "alert", "drop", "tls", "quic", "dns", "http", "exception", "stats"}


def test_both_directions_of_a_flow_have_one_community_id(events):
    by_flow = {}
    for event in events:
        if "flow_id" in event:
            by_flow.setdefault(event["flow_id"], set()).add(event["community_id"])
    assert len(by_flow) > 50 and all(len(ids) == 1 for ids in by_flow.values())


@pytest.mark.parametrize("kind", ["flow", "alert", "drop", "tls", "quic", "dns", "http", "exception", "stats"])
def test_a_broken_event_does_not_fit(events, kind):
    good = next(e for e in events if e["event_type"] == kind)
    assert eve.CHECKER.defects(json.dumps(good)) == []
    for breaks in (lambda e: e.pop("timestamp"), lambda e: e.update(timestamp="yesterday"), lambda e: e.update(more=1),
                   lambda e: e.pop(kind), lambda e: e[kind].update(unheard_of=1)):
        bad = copy.deepcopy(good)
        breaks(bad)
        assert eve.CHECKER.defects(json.dumps(bad)), bad


def test_the_command_names_file_line_and_defect(tmp_path):
    (tmp_path / "eve.json").write_text('{"event_type": "stats"}\nno json\n')
    run = subprocess.run([ROOT / "scripts" / "validate_eve", tmp_path / "eve.json"], capture_output=True, text=True)
    assert run.returncode == 1
    assert f"{tmp_path}/eve.json:1: $: 'timestamp' is a required property" in run.stdout
    assert f"{tmp_path}/eve.json:2: no JSON" in run.stdout


def test_a_full_disk_is_told_and_costs_no_packet(tmp_path):
    """/dev/full refuses every write: the run fails with the reason, and says how many events were lost."""
    log = tmp_path / "log"
    log.mkdir()
    (log / "eve.json").symlink_to("/dev/full")
    run = subprocess.run([WEIR, "replay", "-l", log, "-o", tmp_path / "out.pcap", *FILES], capture_output=True, text=True)
    assert run.returncode == 1 and "No space left on device" in run.stderr
    assert (tmp_path / "out.pcap").stat().st_size > 100_000
