"""What the manuals show is run: each policy, each rule, each command on events, the steps that add an app."""
import os
import pathlib
import re
import shutil
import subprocess

import eve
import pytest
from test_replay import ROOT, WEIR, replay

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


@pytest.fixture(name="copy")
def a_checkout_with_data_of_its_own(tmp_path):
    """bin/weir and signatures/data; weir takes the data of the checkout that its program lies in."""
    shutil.copytree(ROOT / "signatures" / "data", tmp_path / "signatures" / "data")
    (tmp_path / "bin").mkdir()
    shutil.copy(os.path.realpath(WEIR), tmp_path / "bin" / "weir")
    return tmp_path


CHATS = ROOT / "tests" / "captures" / "http-curl.pcap"


def follow(copy, text):
    text = text.replace("/tmp/parley", str(copy / "log"))
    environment = {**os.environ, "PATH": f"{copy / 'bin'}:{os.environ['PATH']}", "CAPTURE": str(CHATS)}
    return subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=copy / "signatures" / "data", env=environment,
                          capture_output=True, text=True)


def apps_of(events):
    return {(e["src_ip"], e["src_port"]): e["weir"].get("app") for e in events if e["event_type"] == "flow"}


def test_an_app_is_added_as_the_manual_says_and_nothing_else_changes(copy, tmp_path):
    before = apps_of(replay(tmp_path / "before", "-p", "none", CHATS)[1])
    for text in blocks("add-an-app.md", "sh"):
        run = follow(copy, text)
        assert run.returncode == 0 and "warning" not in run.stderr, run.stdout + run.stderr
    labelled = [line for line in run.stdout.splitlines() if '"certain"' in line]
    assert labelled and "Parley" not in before.values()
    (tmp_path / "weir-log").mkdir()
    subprocess.run([copy / "bin" / "weir", "replay", "-p", "none", "-l", tmp_path / "weir-log", CHATS], check=True, capture_output=True)
    after = apps_of(eve.read(tmp_path / "weir-log" / "eve.json"))
    changed = {flow for flow in before if before[flow] != after[flow]}
    assert changed and {after[flow] for flow in changed} == {"Parley"} and {before[flow] for flow in changed} == {None}


@pytest.mark.parametrize("row, told", [
    ("Parley\tname\t.co.uk\tprobable\tx\t", "is a public suffix"),
    ("Parley\tname\t.google.com\tprobable\tx\t", "must never be labelled as a whole"),
    ("Parley\tname\tx.whatsapp.com\tprobable\tx\t", "lies below .whatsapp.com of WhatsApp"),
    ("Parley\tname\t.whatsapp.com\tprobable\tx\t", "stands at"),
    ("Parley\tname\texample\tprobable\tx\t", "is no name of two labels"),
    ("Parley\tname\t.parley.example\tprobable\t\t", "no source"),
    ("Parley\taddress\t10.0.0.0/8\tprobable\tx\t", "is too broad"),
    ("Dropbox\tname\t.parley.example\tprobable\tx\t", "is no app of category messaging"),
])
def test_a_row_that_labels_too_much_does_not_pass_the_third_step(copy, row, told):
    data = copy / "signatures" / "data"
    with (data / "apps.tsv").open("a") as apps, (data / "facts" / "messaging.tsv").open("a") as facts:
        apps.write("Parley\tmessaging\n")
        facts.write(row + "\n")
    run = subprocess.run([data / "check_knowledge"], capture_output=True, text=True)
    assert run.returncode == 1 and told in run.stdout, run.stdout
