"""What the manuals show is run: each policy, each rule, each command on events."""
import pathlib
import re
import subprocess

import pytest
from test_replay import ROOT, WEIR

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(name, kind):
    found = [text for word, text in BLOCK.findall((ROOT / "docs" / name).read_text()) if word == kind]
    assert found, f"docs/{name} shows no {kind}"
    return found


@pytest.mark.parametrize("text", blocks("policy.md", "yaml"))
def test_each_policy_of_the_manual_is_one(text, tmp_path):
    (tmp_path / "policy.yaml").write_text(text)
    run = subprocess.run([WEIR, "check", "-p", tmp_path / "policy.yaml"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("text", blocks("rules.md", "suricata"))
def test_each_rule_of_the_manual_is_one(text, tmp_path):
    (tmp_path / "x.rules").write_text(text)
    run = subprocess.run([WEIR, "check", "-S", tmp_path / "x.rules"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"ok: {len(text.splitlines())} rules")


@pytest.mark.parametrize("text", blocks("eve.md", "sh"))
def test_each_command_on_events_finds_something(text, tmp_path):
    captures = sorted((ROOT / "tests" / "captures").glob("*.pcap"))
    subprocess.run([WEIR, "replay", "-l", tmp_path, *captures], check=True, capture_output=True)
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout, run.stderr


def test_the_manual_lists_every_keyword_the_program_knows():
    source = (ROOT / "signatures" / "rule" / "keywords.cc").read_text()
    keywords = set(re.findall(r'Keyword\{\s*"([a-z_]+)"', source))
    names = (ROOT / "classifiers" / "metadata" / "buffer_id.h").read_text()
    keywords |= set(re.findall(r'X\(k\w+, "([a-z0-9_.]+)"\)', names)) - {"payload"}
    manual = set(re.findall(r"`([a-z0-9_.]+)`", (ROOT / "docs" / "rules.md").read_text()))
    assert len(keywords) > 50 and keywords - manual == set()


def test_the_facts_that_ship_pass_their_checker():
    run = subprocess.run([ROOT / "signatures" / "data" / "check_knowledge"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_the_rules_that_ship_are_what_the_names_say():
    run = subprocess.run([ROOT / "signatures" / "data" / "make_rules", "--check"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
