"""Runs the case folders of tests/replay (their README says what a case is)."""
import importlib.util
import json
import pathlib
import subprocess
import sys

import eve
import pytest
import truth
import yaml
from scapy.utils import PcapWriter
from test_replay import WEIR

CASES = pathlib.Path(__file__).resolve().parents[1] / "replay"
RUNS = []
for folder in sorted(path.parent for path in CASES.glob("*/case.yaml")):
    case = yaml.safe_load((folder / "case.yaml").read_text())
    RUNS += [pytest.param(folder, {**case, **run}, id=f"{folder.name}-{number}" if number else folder.name)
             for number, run in enumerate(case.get("runs", [{}]))]


def captures_of(folder, case, tmp_path):
    if not (folder / "input.py").exists():
        return [(folder.parent / name).resolve() for name in case["captures"]]
    sys.path.insert(0, str(CASES))
    try:
        spec = importlib.util.spec_from_file_location("case_input", folder / "input.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(CASES))
    with PcapWriter(str(tmp_path / "input.pcap"), linktype=getattr(module, "LINKTYPE", 1)) as writer:
        for number, packet in enumerate(module.packets()):
            packet.time = 1_700_000_000 + number / 1000
            writer.write(packet)
    return [tmp_path / "input.pcap"]


def value_at(event, dotted):
    for key in dotted.split("."):
        if not isinstance(event, dict) or key not in event:
            return KeyError
        event = event[key]
    return event


def fits(value, expected):
    return value > int(expected[1:]) if isinstance(expected, str) and expected.startswith(">") else value == expected


@pytest.mark.parametrize("folder, case", RUNS)
def test_case(folder, case, tmp_path):
    expect = case["expect"]
    captures = captures_of(folder, case, tmp_path)
    words = [WEIR, "replay", "--json", "-l", tmp_path / "log", "-o", tmp_path / "out.pcap", *case.get("args", [])]
    words += ["-p", folder / "policy.yaml"] if (folder / "policy.yaml").exists() else []
    words += ["-S", folder / "x.rules"] if (folder / "x.rules").exists() else []
    run = subprocess.run([*words, *captures], capture_output=True, text=True, timeout=60)
    assert run.returncode == expect.get("exit", 0), run.stderr
    assert expect.get("stderr", "") in run.stderr
    if run.returncode != 0:
        return
    packets = json.loads(run.stdout)["packets"]
    for name, wanted in expect.get("packets", {}).items():
        if name == "dropped":
            for reason, number in packets["dropped"].items():
                assert fits(number, wanted.get(reason, 0)), (reason, number)
        else:
            assert fits(packets[name], wanted), packets
    events = eve.read(tmp_path / "log" / "eve.json")
    for wanted in expect.get("events", []):
        found = [e for e in events if all(value_at(e, key) == value for key, value in wanted["match"].items())]
        assert fits(len(found), wanted["count"]), (wanted, found)
    if expect.get("out") == "same":
        sent = [frame for capture in captures for frame in truth.frames(capture)]
        assert list(truth.frames(tmp_path / "out.pcap")) == sent


def test_every_folder_is_a_case():
    folders = [path for path in CASES.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(folders) == len({param.values[0] for param in RUNS}) and len(folders) >= 12
