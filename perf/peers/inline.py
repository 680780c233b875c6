#!/usr/bin/python3
"""weir and Suricata inline between two memif ports, one CPU for all of each, a generator on the other CPU.

    perf/rig inline [--short] [--json FILE] [--rounds 3] [--seconds 0.3] [--loads 64,imix,1518,connections] ...

Devices   weir, suricata        62 rules on names in both (those of peers.py) and nothing else, EVE on
          suricata, bypass      tuned: encryption-handling bypass, what is encrypted is not looked at any more
          weir, suricata, EVE off    for connections only; of established flows neither writes anything
          testpmd io            DPDK's own, which looks at nothing: what the links themselves cost; flooded, not connections
          reflector             one copy and nothing else: what the generator is able to; flooded only
Loads     64, imix, 1518        frames of 10,000 TLS 1.3 connections whose whole handshake went through before, half IPv4,
                                half IPv6, both directions alike: records in sequence, at 64 bytes acknowledgements
          connections           whole TLS 1.3 connections of 11 frames from SYN to the last ACK, each frame sent when the one
                                that it answers came out; 200 names
Trials    flood                 as fast as it goes, connections so many at once, best of three: what comes out a second, and the
                                CPU's cycles each, since a flooded CPU does nothing else
          0, 0.001 %, 0.1 %     what came out a second at the highest rate of which no more is lost; halving, and a rate that
                                lost more is tried again, three times in all: the machine is virtual, and the host takes
                                a CPU for a millisecond now and then. A connection is lost where one of its frames is, or
                                where it was due while --at-once others were under way
Ratios    of one round each; "link off": of the cycles when flooded, the least of testpmd io's rounds taken off both
Fair      events of both logs are counted and must be those that the load has, within 1 %; the same ring, pool and table;
          logs go to memory (/dev/shm), where there is enough
Exit      0 measured; 1 a program failed, its log lacks events or it lets nothing through; 2 usage; 77 a program is missing."""
import argparse
import fcntl
import json
import os
import pathlib
import shutil
import signal
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "perf/wire"))
import devices  # noqa: E402
import inline_devices as inline  # noqa: E402
import peers  # noqa: E402
import wire  # noqa: E402

LOADS = inline.LOADS
LOSSES = {"0": 0.0, "0.001 %": 1e-5, "0.1 %": 1e-3}
KINDS = [inline.Weir, inline.Suricata, inline.SuricataBypass, inline.WeirQuiet, inline.SuricataQuiet, inline.TestpmdIo,
         inline.Reflector]
PAIRS = [(inline.Weir, inline.Suricata), (inline.Weir, inline.SuricataBypass), (inline.WeirQuiet, inline.SuricataQuiet)]
HEADROOM = 1.3
FLOODS = 3
LINKLESS = "flood, link off"  # cycles of testpmd io, which only moves frames over the links, taken off both


class Bench(wire.Bench):
    """One device with its generator: trials of one load."""
    tries = 3

    def rate_of(self, trial):
        """What came out: what lay waiting when the trial ended does not count whole. Time in which the device took nothing
        counts (wire.py's clock stands then): Suricata's two workers take turns on their CPU."""
        seconds = trial["busy_seconds"] + trial.get("paused_seconds", 0.0)
        return trial["received"] / seconds if seconds else 0.0

    def order(self, rate, seconds):
        if self.size == "connections":
            return f"connect {rate:.0f} {seconds} {self.options.at_once}"
        return super().order(rate, seconds)

    def measure(self, ticks):
        if self.at(2_000, 0.2)["received"] == 0:
            raise devices.Failed(f"{self.device.name} lets nothing through")
        floods = [self.at(0, counting=True) for _ in range(FLOODS)]
        flood, own = max((self.rate_of(trial), trial["busy_cycles"] or 0) for trial in floods)
        if flood == 0:
            raise devices.Failed(f"{self.device.name} lets nothing through when it is flooded")
        result = {"device": self.device.name, "load": self.size, "flood": flood, "cycles": ticks / flood}
        if own and self.size != "connections":
            result["busy_cycles"] = own  # by the device's own count, where it has one
        if isinstance(self.device, inline.Inline):
            result.update({loss: self.throughput(flood, share) for loss, share in LOSSES.items()})
        for key in ("late", "reordered", "slips"):
            result[key] = sum(trial[key] for trial in self.trials)
        if self.options.trials:
            result["trials"] = self.trials
        return result


class Turn:
    """A lock on a file, given up between devices once it was held for long, so that others on this machine get theirs."""
    LONG_S = 40

    def __init__(self, path):
        self.path, self.file, self.since = path, None, 0.0

    def take(self):
        if self.path and self.file is None:
            self.file = open(self.path, "a", encoding="utf-8")
            fcntl.flock(self.file, fcntl.LOCK_EX)
            self.since = time.monotonic()

    def may_end(self):
        if self.file and time.monotonic() - self.since > self.LONG_S:
            self.file.close()
            self.file = None


def stolen():
    """Seconds that the host took from the device's CPU until now."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{devices.DEVICE_CPU} "):
            return int(line.split()[8]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def memory():
    """A folder that no disk is behind, if there is one: logs are some hundred MB a device."""
    try:
        return "/dev/shm" if shutil.disk_usage("/dev/shm").free > 4 << 30 else None
    except OSError:
        return None


def run_device(kind, folder, options, number, results):
    loads = [load for load in options.loads if load in kind.loads]
    if not loads:
        return
    before = stolen()
    device = kind(folder, options)
    begun = completed = 0
    with device, devices.Generator(device, options, "--names", options.names) as generator:
        ticks = generator.ask("establish")["ticks_per_second"]
        for load in loads:
            bench = Bench(device, generator, load, options)
            results.append({"round": number, **bench.measure(ticks)})
            if load == "connections":
                begun += sum(trial["offered"] - trial["refused"] for trial in bench.all_trials)
                completed += sum(trial["received"] for trial in bench.all_trials)
            print(f"round {number}, {device.name}, {load}: {results[-1]['flood']:.0f}/s", file=sys.stderr, flush=True)
        results[-1]["said"] = device.finish(begun, completed)
        results[-1]["stolen_s"] = stolen() - before
    shutil.rmtree(folder)


def summarise(results, options):
    rows, ratios = [], []
    keys = ["flood", "cycles", "busy_cycles", *LOSSES]
    for load in options.loads:
        rounds = {kind.name: [r for r in results if r["load"] == load and r["device"] == kind.name] for kind in options.kinds}
        able = statistics.median(r["flood"] for r in rounds["reflector"]) if rounds.get("reflector") else None
        for name, each in rounds.items():
            if each:
                row = {"load": load, "device": name, **{key: wire.spread([r.get(key) for r in each]) for key in keys}}
                row["generator_bound"] = bool(able and name != "reflector" and able < HEADROOM * row["flood"]["median"])
                rows.append(row)
        for ours, theirs in PAIRS:
            pairs = list(zip(rounds.get(ours.name, []), rounds.get(theirs.name, [])))
            if pairs:
                ratios.append({"load": load, "devices": [ours.name, theirs.name],
                               **{key: wire.spread([a[key] / b[key] for a, b in pairs if a.get(key) and b.get(key)])
                                  for key in ["flood", *LOSSES]},
                               LINKLESS: linkless(pairs, rounds.get("testpmd io"))})
    return rows, ratios


def linkless(pairs, link):
    if not link:
        return None
    cost = min(r["cycles"] for r in link)  # what others do on the machine only adds
    return wire.spread([(b["cycles"] - cost) / (a["cycles"] - cost) for a, b in pairs if a["cycles"] > cost])


def show(rows, ratios):
    def text(value, unit, digits):
        if value is None:
            return "-"
        median, least, most = (f"{value[key] / unit:.{digits}f}" for key in ("median", "least", "most"))
        return f"{median} ({least} .. {most})"

    print(f"{'load':<12}{'device':<19}{'flood, k/s':>26}{'0 loss':>26}{'0.001 %':>26}{'0.1 %':>26}{'cycles':>9}{'busy':>7}")
    for row in rows:
        name = row["device"] + ("*" if row["generator_bound"] else "")
        rates = "".join(f"{text(row[key], 1e3, 1):>26}" for key in ("flood", *LOSSES))
        cycles = "".join(f"{'-' if row[key] is None else format(row[key]['median'], '.0f'):>{width}}"
                         for key, width in (("cycles", 9), ("busy_cycles", 7)))
        print(f"{row['load']:<12}{name:<19}{rates}{cycles}")
    print()
    for row in ratios:
        name = " / ".join(row["devices"])
        print(f"{row['load']:<12}{name:<34}" + "".join(f"{key} {text(row[key], 1, 2):<24}" for key in ("flood", *LOSSES, LINKLESS)))


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="perf/rig inline", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="some seconds: shows that it works, its figures mean nothing")
    parser.add_argument("--json", type=pathlib.Path, help="results into this file too")
    parser.add_argument("--trials", action="store_true", help="each trial into the JSON")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.3, help="of a trial")
    parser.add_argument("--resolution", type=float, default=0.02, help="of a rate, as a share of flood")
    parser.add_argument("--loads", type=lambda text: text.split(","), default=LOADS)
    parser.add_argument("--devices", type=lambda text: text.split("/"), help="a/b: of those that the first lines name, only these")
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--at-once", type=int, default=2048, help="connections under way, at most; half the slots of a ring")
    parser.add_argument("--log2-slots", type=int, default=12, help="of a memif ring, at most 14")
    parser.add_argument("--near-ns", type=float, default=200,
                        help="a line's way between the CPUs and back, at most, for a trial to count; 0: any")
    parser.add_argument("--patience", type=float, default=60, help="seconds that a trial waits for it")
    parser.add_argument("--nice", type=int, default=0, help="of all programs; below 0 where others run")
    parser.add_argument("--lock", type=pathlib.Path, help="a file that is locked (flock) for a minute or two at a time")
    parser.add_argument("--weir", type=pathlib.Path, default=ROOT / "build/release/dataplane/weir")
    parser.add_argument("--generator", type=pathlib.Path, default=ROOT / "build/release/perf/weir_wire_generator")
    parser.add_argument("--distance", type=pathlib.Path, default=ROOT / "build/release/perf/weir_cpu_distance")
    options = parser.parse_args(arguments)
    if set(options.loads) - set(LOADS):
        parser.error(f"loads are {', '.join(LOADS)}")
    if options.at_once > 1 << options.log2_slots >> 1:
        parser.error("--at-once is more than half the slots of a ring")
    options.kinds = [kind for kind in KINDS if kind.name in (options.devices or [kind.name])]
    if len(options.kinds) < len(set(options.devices or [])):
        parser.error(f"devices are {' / '.join(kind.name for kind in KINDS)}")
    if options.short:
        options.near_ns = 0
        options.rounds, options.seconds, options.resolution, options.flows = 1, 0.1, 0.5, 1000
        options.at_once = 512
        options.loads, options.kinds = ["imix", "connections"], [inline.Weir, inline.Suricata]
    return options


def main():
    options = options_of(sys.argv[1:])
    for program in ("suricata", options.weir, options.generator, options.distance):
        if shutil.which(str(program)) is None:
            print(f"inline: {program} is missing (perf/peers/peers.py --install for Suricata)", file=sys.stderr)
            return 77
    if (os.cpu_count() or 1) < 2:
        print("inline: needs two CPUs", file=sys.stderr)
        return 77
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    results, code = [], 0
    with tempfile.TemporaryDirectory(prefix="weir-inline-", dir=memory()) as folder:
        work = pathlib.Path(folder)
        options.rules, options.names, options.hits = peers.write_rules(work)
        turn = Turn(options.lock)
        try:
            for number in range(options.rounds):
                first = number % len(options.kinds)
                for kind in options.kinds[first:] + options.kinds[:first]:
                    turn.take()
                    run_device(kind, work / f"{number}-{kind.__name__}", options, number, results)
                    turn.may_end()
        except devices.Failed as failed:
            print(f"inline: {failed}", file=sys.stderr)
            code = 1
    rows, ratios = summarise(results, options)
    show(rows, ratios)
    if options.json:
        said = {key: getattr(options, key) for key in ("seconds", "rounds", "resolution", "flows", "log2_slots", "at_once")}
        options.json.write_text(json.dumps({"options": said, "machine": wire.machine(), "summary": rows, "ratios": ratios,
                                            "failed": code != 0, "rounds": results}, indent=1) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
