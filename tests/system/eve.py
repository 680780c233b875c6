"""Reads eve.json strictly: each line must fit docs/eve-schema.json."""
import importlib.machinery
import importlib.util
import json
import pathlib

_PATH = str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "validate_eve")
_LOADER = importlib.machinery.SourceFileLoader("validate_eve", _PATH)
validate_eve = importlib.util.module_from_spec(importlib.util.spec_from_loader("validate_eve", _LOADER))
_LOADER.exec_module(validate_eve)
CHECKER = validate_eve.Checker()


def read(path):
    """The events of a file; AssertionError with the first offences if one does not fit."""
    lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    defects = [f"{path}:{number}: {defect}" for number, line in enumerate(lines, 1) for defect in CHECKER.defects(line)]
    assert not defects, "\n".join(defects[:10])
    return [json.loads(line) for line in lines]
