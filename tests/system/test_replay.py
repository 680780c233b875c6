"""`weir replay` on real captures: exit code, events that are JSON, frames that add up, labels that are right."""
import collections
import json
import os
import pathlib
import subprocess

import eve
import pytest
import truth
from test_captures import CAPTURES, FILES, ROWS

ROOT = pathlib.Path(__file__).parent.parent.parent
WEIR = os.environ.get("WEIR", ROOT / "bin" / "weir")
SHARED = pathlib.Path(os.environ.get("WEIR_SHARED", ROOT.parent / "shared"))
CORPUS = sorted((SHARED / "corpus" / "pcap").glob("*")) if (SHARED / "corpus" / "pcap").is_dir() else []


def replay(folder, *arguments):
    run = subprocess.run([WEIR, "replay", "--json", "-l", folder, *arguments], capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout), eve.read(folder / "eve.json")


def check_sums(summary, events, out):
    packets = summary["packets"]
    assert packets["received"] == packets["forwarded"] + sum(packets["dropped"].values())
    assert packets["held"] == 0
    assert sum(1 for _ in truth.frames(out)) == packets["forwarded"]
    assert sum(event["event_type"] == "flow" for event in events) == summary["flows"]["created"]
    assert summary["events"] == {"written": len(events), "lost": 0}


@pytest.mark.parametrize("capture", FILES, ids=lambda path: path.name)
def test_own_captures_add_up_and_are_named(capture, tmp_path):
    summary, events = replay(tmp_path, "-p", "none", "-o", tmp_path / "out.pcap", capture)
    check_sums(summary, events, tmp_path / "out.pcap")
    flows = {(e["proto"], e["src_ip"], e.get("src_port"), e["dest_ip"], e.get("dest_port")): e for e in events if e["event_type"] == "flow"}
    for row in (row for row in ROWS if row["pcap"] == capture.name):
        flow = flows[row["proto"], row["src"], int(row["sport"]), row["dst"], int(row["dport"])]
        wanted = {row["app"] if row["category"] != "other" else None}
        if "no-sni" in capture.name:
            wanted.add(None)  # only TLS 1.2 shows a certificate that may name it
        assert flow["weir"]["app"] in wanted, (row, flow["weir"])


def test_the_policy_that_ships_stops_every_barred_app_and_nothing_else(tmp_path):
    _, events = replay(tmp_path, *FILES)
    verdicts = collections.defaultdict(set)
    for event in (e for e in events if e["event_type"] == "flow"):
        verdicts[event["proto"], event["src_ip"], event.get("src_port"), event["dest_ip"]].add(event["weir"]["verdict"])
    for row in (row for row in ROWS if "no-sni" not in row["pcap"]):
        wanted = "drop" if row["category"] in ("messaging", "cloud-storage", "webmail") else "pass"
        assert wanted in verdicts[row["proto"], row["src"], int(row["sport"]), row["dst"]], row
    innocent = {(row["proto"], row["src"], int(row["sport"]), row["dst"]) for row in ROWS if row["category"] == "other"}
    barred = {(row["proto"], row["src"], int(row["sport"]), row["dst"]) for row in ROWS if row["category"] != "other"}
    assert all(verdicts[flow] == {"pass"} for flow in innocent - barred)


def test_two_runs_write_the_same_bytes(tmp_path):
    written = []
    for name in ("a", "b"):
        folder = tmp_path / name
        replay(folder, "-o", folder.with_suffix(".pcap"), *FILES)
        written.append((folder.with_suffix(".pcap").read_bytes(), (folder / "eve.json").read_bytes()))
    assert written[0] == written[1]


def test_verdicts_do_not_depend_on_the_number_of_workers(tmp_path):
    verdicts = []
    for workers in ("1", "2", "4"):
        _, events = replay(tmp_path / workers, "-w", workers, *FILES)
        verdicts.append(collections.Counter(
            (e["src_ip"], e.get("src_port"), e["dest_ip"], e["weir"]["app"], e["weir"]["verdict"]) for e in events if e["event_type"] == "flow"))
    assert verdicts[0] == verdicts[1] == verdicts[2]


@pytest.mark.parametrize("arguments, said", [
    (["-p", "/nonexistent.yaml"], "/nonexistent.yaml:1:1:"),
    (["--set", "flow.capacity=0"], "--set flow.capacity: '0' is no number"),
    (["--set", "nonsense=1"], "unknown key 'nonsense'"),
    (["-S", "/nonexistent.rules"], "/nonexistent.rules:1:1:"),
    (["--no-such-flag"], "--no-such-flag"),
])
def test_wrong_input_ends_with_2_and_starts_nothing(arguments, said, tmp_path):
    log = tmp_path / "log"
    run = subprocess.run([WEIR, "replay", "-l", log, *arguments, FILES[0]], capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert said in run.stderr
    assert not log.exists()


@pytest.mark.skipif(not CORPUS, reason="no corpus (WEIR_SHARED)")
def test_corpus_adds_up(tmp_path):
    failed = []
    for capture in CORPUS:
        try:
            check_sums(*replay(tmp_path, "-p", "none", "-o", tmp_path / "out.pcap", capture), tmp_path / "out.pcap")
        except (AssertionError, ValueError) as error:
            failed.append(f"{capture.name}: {error}")
    assert not failed, "\n".join(failed)
