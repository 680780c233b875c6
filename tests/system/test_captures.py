"""The committed captures are what their README and truth.tsv say: whole, small, and made by the clients named there."""
import csv
import pathlib

import pytest
import truth

CAPTURES = pathlib.Path(__file__).parent.parent / "captures"
ROWS = list(csv.DictReader((CAPTURES / "truth.tsv").open(), delimiter="\t"))
FILES = sorted(CAPTURES.glob("*.pcap"))


@pytest.mark.parametrize("capture", FILES, ids=lambda path: path.name)
def test_truth_names_each_flow_of_the_capture_once(capture):
    stated = [tuple(row[column] for column in truth.COLUMNS[1:]) for row in ROWS if row["pcap"] == capture.name]
    assert stated, f"{capture.name} has no row in truth.tsv"
    seen = [tuple(map(str, row)) for row in truth.truth_rows(capture)]
    assert [row[-8:] for row in seen] == stated


def test_truth_names_no_capture_that_is_missing():
    assert {row["pcap"] for row in ROWS} == {path.name for path in FILES}


def test_captures_are_small_enough_to_commit():
    assert all(path.stat().st_size < 2_000_000 for path in FILES)
