"""Random disguises as captures: no end host reads a blocked name, no innocent frame is missing, at any number of workers."""
import collections
import csv
import os
import pathlib
import subprocess

import eve
import pytest
import truth

ROOT = pathlib.Path(__file__).parent.parent.parent
WEIR = os.environ.get("WEIR", ROOT / "bin" / "weir")
SHARED = pathlib.Path(os.environ.get("WEIR_SHARED", ROOT.parent / "shared"))
CASES = pathlib.Path(os.environ.get("WEIR_DISGUISE_CASES", ROOT / "build" / "release" / "tests" / "disguise" / "disguise_cases"))
COUNT = 200


@pytest.fixture(scope="module")
def captures(tmp_path_factory):
    if not CASES.is_file():
        pytest.skip(f"{CASES} is not built")
    folder = tmp_path_factory.mktemp("disguises")
    subprocess.run([CASES, "--out", folder, "--count", str(COUNT)], check=True, timeout=120)
    return folder


def names(captures):
    with open(captures / "cases.tsv", newline="", encoding="utf-8") as rows:
        return [row[0] for row in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_the_independent_checker_finds_no_leak_and_no_false_stop(captures):
    checker = SHARED / "tools" / "evasion_check.py"
    if not checker.is_file():
        pytest.skip(f"{checker} is not here (WEIR_SHARED)")
    run = subprocess.run(["/usr/bin/python3", checker, "--weir", WEIR, "--captures", captures], capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(names(captures)) > COUNT


def passage(capture, rules, workers, folder):
    """What became of a capture: flows' verdicts, and which frames left."""
    folder.mkdir()
    run = subprocess.run([WEIR, "replay", "-S", rules, "-p", "none", "-l", folder, "-o", folder / "out.pcap", "-w", str(workers), capture],
                         capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    flows = collections.Counter((e["proto"], e["src_ip"], e.get("src_port"), e["dest_ip"], e.get("dest_port"), e["weir"]["verdict"])
                                for e in eve.read(folder / "eve.json") if e["event_type"] == "flow")
    return flows, collections.Counter(frame for _, frame in truth.frames(folder / "out.pcap"))


def test_one_two_and_four_workers_judge_alike(captures, tmp_path):
    for name in names(captures)[::4]:
        alone = passage(captures / f"{name}.pcap", captures / "evade.rules", 1, tmp_path / f"{name}-1")
        for workers in (2, 4):
            shared = passage(captures / f"{name}.pcap", captures / "evade.rules", workers, tmp_path / f"{name}-{workers}")
            assert shared == alone, (name, workers)
