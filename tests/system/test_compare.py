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


STEADY = [1.0] * 5


@pytest.mark.parametrize("base, here, slower", [
    (STEADY, [0.90, 0.91, 0.92, 0.90, 0.91], True),   # all agree
    (STEADY, [0.94, 0.95, 0.94, 0.95, 0.94], False),  # within seven percent
    (STEADY, [0.70, 0.80, 0.90, 1.10, 1.20], False),  # the median alone is noise
    ([1.0, 1.0, 1.0, 1.0, 0.66], [0.85, 0.86, 0.88, 0.90, 0.86], True),    # the base slow in one round
    ([53.0, 51.0, 52.0, 50.0, 48.0], [28.0, 22.0, 38.0, 27.0, 53.0], False),  # as fast as the base where memory lay well
    (STEADY[:3], [0.50, 0.50, 0.50], False),          # too few rounds
])
def test_slower_is_what_most_rounds_and_the_best_agree_on(compare, base, here, slower):
    assert compare.is_slower(list(zip(base, here))) is slower


def test_what_the_base_lacks_is_new_and_is_not_slower(compare, capsys):
    rows = compare.report([({"old": 1e6, "both": 1e6}, {"new": 1.0, "both": 0.8e6})] * 5)
    assert {row["name"]: row["state"] for row in rows} == {"both": "slower", "new": "new", "old": "gone"}
    assert "SLOWER" in capsys.readouterr().out
