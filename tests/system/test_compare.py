"""How perf/compare tells a slower benchmark from noise."""
import importlib.machinery
import importlib.util
import pathlib

import pytest

PATH = pathlib.Path(__file__).resolve().parents[2] / "perf" / "compare"


@pytest.fixture(scope="module")
def compare():
    loader = importlib.machinery.SourceFileLoader("compare", str(PATH))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


@pytest.mark.parametrize("ratios, slower", [
    ([0.90, 0.91, 0.92, 0.90, 0.91], True),   # all agree
    ([0.94, 0.95, 0.94, 0.95, 0.94], False),  # within seven percent
    ([0.70, 0.80, 0.90, 1.10, 1.20], False),  # the median alone is noise
    ([0.85, 0.86, 0.88, 0.99, 1.30], True),   # one round the other way
    ([0.50, 0.50, 0.50], False),              # too few rounds
])
def test_slower_is_what_most_rounds_agree_on(compare, ratios, slower):
    assert compare.is_slower(ratios) is slower


def test_what_the_base_lacks_is_new_and_is_not_slower(compare, capsys):
    rows = compare.report([({"old": 1e6, "both": 1e6}, {"new": 1.0, "both": 0.8e6})] * 5)
    assert {row["name"]: row["state"] for row in rows} == {"both": "slower", "new": "new", "old": "gone"}
    assert "SLOWER" in capsys.readouterr().out
