#!/usr/bin/python3
"""weir beside Suricata 7 and ndpiReader: the same captures and the same rules, offline, CPU time of the whole process.

    perf/peers/peers.py [--install] [--rounds 5] [--flows 50000] [--only LOAD] [--json FILE]

Loads     short-tls    FLOWS TLS 1.3 connections of 21 frames, 200 server names, 62 rules on names (weir_capture_maker)
          short-tls12  the same in TLS 1.2, where the server's certificates stand in clear text
          mixed        the captures of ../shared/corpus (WEIR_SHARED), the same rules; left out where there are none
Each load runs with EVE on (the event types that both have: alert, tls, dns, http, quic, flow; JA3 and JA4 on in weir,
JA3 in Suricata, whose 7.0 writes no JA4) and with EVE off in both (and no fingerprint in either: no rule asks). Programs take turns, ROUNDS times.
Printed   CPU seconds (user + system, children included), median and spread; then the median of the ratios of one round,
          with start-up (the same command on one connection) taken off both sides: peer / weir.
--install Suricata from bookworm-backports and libndpi-bin, with lists of their own: the machine's sources stay as they are.
Fair      with EVE on, both logs of a made load must hold the same types of events, each as often as the other's and as
          the load has it, within 1 %. Of mixed, where the programs cut traffic into flows and transactions by rules of
          their own, the counts are printed and differences named.
Exit      0 measured; 1 a program failed or the logs differ; 2 usage, or a program is missing."""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("WEIR_SHARED", ROOT.parent / "shared"))
MAKER = ROOT / "build/release/perf/weir_capture_maker"
RULES = 62
EVE_TYPES = ["alert", "tls", "dns", "http", "quic", "flow"]
NAMES = 200
APART = 0.01  # how far two counts of the same may be from each other
MADE = {"short-tls": "tls13", "short-tls12": "tls12"}

SURICATA_YAML = """%YAML 1.1
---
vars: {{address-groups: {{HOME_NET: any, EXTERNAL_NET: any}}}}
classification-file: /etc/suricata/classification.config
reference-config-file: /etc/suricata/reference.config
logging: {{default-log-level: error, outputs: [{{console: {{enabled: yes}}}}]}}
stats: {{enabled: no}}
outputs:
  - eve-log:
      enabled: {eve}
      filetype: regular
      filename: eve.json
      community-id: true
      types: [alert, {{tls: {{extended: yes, ja3: yes}}}}, dns, http, quic, flow]
flow: {{memcap: 2gb}}
stream: {{memcap: 2gb, reassembly: {{memcap: 2gb}}}}
app-layer:
  protocols:
    tls: {{enabled: yes, ja3-fingerprints: {eve}}}
    dns: {{tcp: {{enabled: yes}}, udp: {{enabled: yes}}}}
    http: {{enabled: yes}}
    http2: {{enabled: yes}}
    quic: {{enabled: yes}}
"""


def install(work):
    sources = work / "sources.list"
    sources.write_text("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                       "http://deb.debian.org/debian bookworm-backports main\n")
    (work / "lists/partial").mkdir(parents=True)
    apt = ["apt-get", "-o", f"Dir::Etc::sourcelist={sources}", "-o", f"Dir::State::lists={work / 'lists'}"]
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    subprocess.run([*apt, "update"], check=True, env=env)
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", "-t", "bookworm-backports", "suricata"], check=True,
                   env=env)
    subprocess.run([*apt, "install", "-y", "--no-install-recommends", "libndpi-bin"], check=True, env=env)


def barred_names():
    rows = [row.split("\t") for path in sorted((ROOT / "signatures/data/facts").glob("*.tsv"))
            for row in path.read_text().splitlines() if row and not row.startswith("#")]
    names = [row[2] for row in rows if row[1] == "name" and row[3] != "support"]
    return [name for name in names if name.startswith(".")][:RULES]


def write_rules(work):
    """The rules on names, the names, and how many rules each name matches: flow i has name i modulo NAMES."""
    barred = barred_names()
    rules = work / "names.rules"
    rules.write_text("".join(
        f'alert tls any any -> any any (msg:"name {name}"; tls.sni; dotprefix; content:"{name}"; nocase; endswith; '
        f'sid:{1000 + i}; rev:1;)\n' for i, name in enumerate(barred)))
    names = work / "names.txt"
    names.write_text("".join(f"www{i}.example.org\n" for i in range(NAMES - len(barred))) +
                     "".join(f"a{name}\n" for name in barred))
    # A rule is for the name and what is below it, so that some names match two.
    return rules, names, [sum(f".{name}".endswith(rule) for rule in barred) for name in names.read_text().split()]


def write_inputs(work, flows):
    rules, names, hits = write_rules(work)
    made = {}
    for load, version in MADE.items():
        for what, count in ((load, flows), (f"{load}-one", 1)):
            made[what] = work / f"{what}.pcap"
            subprocess.run([MAKER, made[what], version, str(count), "6", names], check=True)
    alerts = sum(hits[flow % NAMES] for flow in range(flows))
    return rules, made, {"alert": alerts, "tls": flows, "flow": flows}


def commands(work, rules, captures, eve):
    """What each program is called with, by its name."""
    yaml = work / f"suricata-{eve}.yaml"
    yaml.write_text(SURICATA_YAML.format(eve="yes" if eve else "no"))
    out = {name: work / "out" / name for name in ("weir", "suricata")}
    for folder in out.values():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    weir = [ROOT / "bin/weir", "replay", "-p", "none", "-S", rules, "-k", "none", "-l", out["weir"], "--json"]
    if not eve:
        weir += ["--set", "telemetry.eve.enabled=false"]
    source = listed = captures[0]
    if len(captures) > 1:  # Suricata reads a folder, but follows no links in it; ndpiReader a list
        source = work / "captures"
        source.mkdir(exist_ok=True)
        for capture in captures:
            if not (source / capture.name).exists():
                shutil.copyfile(capture, source / capture.name)
        listed = work / "captures.txt"
        listed.write_text("".join(f"{capture}\n" for capture in captures))
    programs = {
        "weir": [*weir, *captures],
        "suricata": ["suricata", "-c", yaml, "--runmode", "single", "-S", rules, "-k", "none", "-l", out["suricata"],
                     "-r", source],
    }
    if not eve:
        programs["ndpiReader"] = ["ndpiReader", "-q", "-i", listed]
    return programs, out


def cpu_seconds(command):
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        if status != 0:
            errors.seek(0)
            sys.exit(f"peers: {command[0]} failed: {errors.read().decode(errors='replace')[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def events(folder):
    counts = dict.fromkeys(EVE_TYPES, 0)
    with open(folder / "eve.json", encoding="utf-8") as lines:
        for line in lines:
            start = line.find('"event_type":"') + 14
            kind = line[start:line.find('"', start)]
            if kind in counts:
                counts[kind] += 1
    return counts


def apart(one, other):
    return abs(one - other) > APART * max(one, other)


def differences(counts, expected=None):
    """What makes the comparison unfair, one a line: counts by event type of each program, and what the load has."""
    lines = []
    (left, ours), (right, theirs) = counts.items()
    for kind in EVE_TYPES:
        if apart(ours[kind], theirs[kind]):
            lines.append(f"{kind}: {left} wrote {ours[kind]}, {right} {theirs[kind]}")
        elif expected is not None and apart(ours[kind], expected.get(kind, 0)):
            lines.append(f"{kind}: both wrote about {ours[kind]}, the load has {expected.get(kind, 0)}")
    return lines


def measure(work, rules, load, captures, one, rounds, eve):
    times, starts = {}, {}
    for turn in range(rounds):
        for seconds, source in ((starts, [one]), (times, captures)):
            programs, out = commands(work, rules, source, eve)
            order = list(programs.items())
            for name, command in order[turn % len(order):] + order[:turn % len(order)]:
                seconds.setdefault(name, []).append(cpu_seconds(command))
    result = {"load": load, "eve": eve, "cpu_s": times, "start_s": starts, "ratio": {}}
    if eve:
        result["events"] = {name: events(folder) for name, folder in out.items()}
    for name in times:
        if name != "weir":
            net = [(a - b) / max(c - d, 1e-3)
                   for a, b, c, d in zip(times[name], starts[name], times["weir"], starts["weir"])]
            result["ratio"][name] = {"median": statistics.median(net), "least": min(net), "most": max(net)}
    return result


def show(result):
    print(f"\n{result['load']}, EVE {'on' if result['eve'] else 'off'}")
    for name in sorted(result["cpu_s"], key=["weir", "suricata", "ndpiReader"].index):
        seconds = result["cpu_s"][name]
        print(f"  {name:<11} {statistics.median(seconds):7.2f} s  ({min(seconds):.2f} .. {max(seconds):.2f})"
              f"  start-up {statistics.median(result['start_s'][name]):.2f} s", end="")
        if "events" in result and name in result["events"]:
            print("  " + " ".join(f"{kind} {n}" for kind, n in result["events"][name].items() if n), end="")
        print()
    for name, ratio in result["ratio"].items():
        print(f"  {name} / weir: {ratio['median']:.1f}  ({ratio['least']:.1f} .. {ratio['most']:.1f})")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--flows", type=int, default=50000)
    parser.add_argument("--only", choices=[*MADE, "mixed"])
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-peers-") as folder:
        work = pathlib.Path(folder)
        if options.install:
            install(work)
        for program in ("suricata", "ndpiReader", MAKER, ROOT / "bin/weir"):
            if shutil.which(str(program)) is None:
                print(f"peers: {program} is missing (--install for Suricata and ndpiReader, scripts/build for ours)",
                      file=sys.stderr)
                return 2
        rules, made, expected = write_inputs(work, options.flows)
        loads = {**{load: [made[load]] for load in MADE},
                 "mixed": sorted(p for p in (SHARED / "corpus/pcap").glob("*") if p.suffix in (".pcap", ".pcapng", ".cap"))}
        results, unfair = [], []
        for load, captures in loads.items():
            if not captures or options.only not in (None, load):
                continue
            for eve in (True, False):
                one = made[f"{load if load in MADE else 'short-tls'}-one"]
                results.append(measure(work, rules, load, captures, one, options.rounds, eve))
                show(results[-1])
                if eve:
                    lines = differences(results[-1]["events"], expected if load in MADE else None)
                    print("".join(f"  differs: {line}\n" for line in lines), end="")
                    unfair += [f"{load}: {line}" for line in lines if load in MADE]
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n")
    for line in unfair:
        print(f"peers: not the same work: {line}", file=sys.stderr)
    return 1 if unfair else 0


if __name__ == "__main__":
    sys.exit(main())
