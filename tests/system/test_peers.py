"""perf/peers: when two logs are of the same work, and a moment of the whole comparison."""
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "perf/peers/peers.py"


@pytest.fixture(scope="module")
def peers():
    spec = importlib.util.spec_from_file_location("peers", PEERS)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counts(peers, **given):
    return dict.fromkeys(peers.EVE_TYPES, 0) | given


@pytest.mark.parametrize("weir, suricata, expected, named", [
    ({"tls": 1000, "flow": 1000}, {"tls": 991, "flow": 1000}, None, []),
    ({"tls": 1000, "flow": 1000}, {"tls": 980, "flow": 1000}, None, ["tls"]),
    ({"tls": 1000, "flow": 1000}, {"flow": 1000}, None, ["tls"]),                  # a type that only one has
    ({"alert": 5}, {"alert": 6}, None, ["alert"]),
    ({"tls": 900, "flow": 1000}, {"tls": 900, "flow": 1000}, {"tls": 1000, "flow": 1000}, ["tls"]),  # both lack some
    ({"flow": 1000}, {"flow": 1000}, {"tls": 1000, "flow": 1000}, ["tls"]),
    ({"tls": 1000, "flow": 1000}, {"tls": 1000, "flow": 1000}, {"tls": 1000, "flow": 1000}, []),
])
def test_logs_that_are_not_of_the_same_work_are_named_by_type(peers, weir, suricata, expected, named):
    lines = peers.differences({"weir": counts(peers, **weir), "suricata": counts(peers, **suricata)}, expected)
    assert [line.split(":")[0] for line in lines] == named


@pytest.mark.parametrize("version, named", [("tls12", "TLS 1.2"), ("tls13", "TLS 1.3")])
def test_a_made_connection_is_a_whole_handshake(peers, tmp_path, version, named):
    (tmp_path / "names").write_text("one.example.org\ntwo.example.org\n")
    subprocess.run([peers.MAKER, tmp_path / "made.pcap", version, "20", "6", tmp_path / "names"], check=True)
    subprocess.run([ROOT / "bin/weir", "replay", "-p", "none", "-l", tmp_path, "--json", tmp_path / "made.pcap"], check=True,
                   stdout=subprocess.DEVNULL)
    events = [json.loads(line) for line in (tmp_path / "eve.json").read_text().splitlines()]
    tls = [event["tls"] for event in events if event["event_type"] == "tls"]
    assert len(tls) == 20 and {event["version"] for event in tls} == {named}
    assert {event["sni"] for event in tls} == {"one.example.org", "two.example.org"}
    if version == "tls12":
        assert all(event["subject"].endswith(f"CN={event['sni']}") for event in tls)
        assert all(event["sni"] in event["subjectaltname"] for event in tls)
    flows = [event["flow"] for event in events if event["event_type"] == "flow"]
    assert [flow["pkts_toserver"] + flow["pkts_toclient"] for flow in flows] == [21] * 20
    assert {flow["state"] for flow in flows} == {"closed"}


@pytest.mark.skipif(not (shutil.which("suricata") and shutil.which("ndpiReader")), reason="needs Suricata and ndpiReader")
@pytest.mark.parametrize("load", ["short-tls", "short-tls12"])
def test_weir_and_suricata_write_the_same_events(load, tmp_path):
    result = tmp_path / "peers.json"
    done = subprocess.run([sys.executable, PEERS, "--rounds", "1", "--flows", "400", "--only", load, "--json", result],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    on, off = json.loads(result.read_text())
    assert on["events"]["weir"]["tls"] == on["events"]["suricata"]["tls"] == 400
    assert on["events"]["weir"]["alert"] == on["events"]["suricata"]["alert"] > 0
    assert set(off["cpu_s"]) == {"weir", "suricata", "ndpiReader"}
