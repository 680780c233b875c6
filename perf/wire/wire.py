#!/usr/bin/python3
"""weir and testpmd between two memif ports, each in the same place on CPU 0, a generator on CPU 1 (RFC 2544).

    perf/rig wire [--short] [--json FILE] [--rounds 3] [--seconds 1] [--sizes 64,594,1518] [--flows 10000] ...

Devices   weir            everything shipped is on; each flow first makes a TLS handshake and has passed
          testpmd io, testpmd 5tswap    DPDK's own, with the same memif arguments, mbufs and bursts
          reflector       one copy and nothing else: what the generator is able to
Trials    of each size, both directions, half IPv4 and half IPv6 (whose least frame has 84 bytes: headers and stamp):
          flood           as fast as it goes: frames a second that come out; busy cycles a frame
          throughput      the highest rate without a loss, and with 0.001 % of it at most; halving, and a rate that lost is
                          tried once more, the least of them three times, since the machine is virtual
          frame loss      at 120, 110, ... % of flood, until two rates in turn lose nothing
          latency         p50, p99, p99.9 at 50 % and 90 % of the device's own throughput, and at those of weir of the same
                          round; busy cycles a frame at the latter
          back-to-back    the most frames in a row, as fast as it goes, of which none is lost
Place     the host moves virtual CPUs: a trial counts while a cache line goes between the two and back within --near-ns
Pauses    a device that takes nothing for 50 us has no CPU: the generator's clock stands, pauses/s tells whose device pauses more
Mark      ~ CPUs were apart in some of its trials
          * the reflector's throughput (0.001 %) is not 1.3 times this one: the generator bound it, it does not count
Exit      0 measured; 1 a program failed, lost its flows or let nothing through; 2 usage, or a program is missing."""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import sys
import tempfile
import time

import devices

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = [devices.Weir, devices.TestpmdIo, devices.TestpmdSwap, devices.Reflector]
FEW = 1e-5  # of frames: 0.001 %
HEADROOM = 1.3
LEVELS = (50, 90)  # % of the throughput
REPEATS = 5  # of a trial in which the CPUs parted


class Bench:
    """One device with its generator: trials of one size."""
    tries = 2

    def __init__(self, device, generator, size, options):
        self.device, self.generator, self.size, self.options = device, generator, size, options
        self.trials, self.least_loss, self.reached = [], {}, {}  # of the rates that a search tried
        self.all_trials = []  # those that were repeated too
        self.repeated = 0

    def near(self):
        """Whether the CPUs share a cache, or do so within the time that one waits for it."""
        end = time.monotonic() + self.options.patience
        while devices.round_trip_ns(self.options) > self.options.near_ns > 0:
            if time.monotonic() > end:
                return False
            time.sleep(0.2)
        return True

    def ask(self, line, counting=False):
        """One trial while the CPUs are near each other, repeated if they were not at its end; `apart` if they never are."""
        for last in (False,) * REPEATS + (True,):
            near = self.near()
            before = self.device.cycles() if counting else None
            trial = self.generator.ask(line, 60 + 2 * self.options.seconds)
            after = self.device.cycles() if counting else None
            self.all_trials.append(trial)
            if trial["damaged"]:
                raise devices.Failed(f"{self.device.name} changed frames: {trial}")
            trial["apart"] = not near or devices.round_trip_ns(self.options) > self.options.near_ns > 0
            if not trial["apart"] or not near or last:
                break
            self.repeated += 1
        known = before and after and after[1] > before[1]
        trial.update(asked=line, busy_cycles=(after[0] - before[0]) / (after[1] - before[1]) if known else None)
        self.trials.append(trial)
        return trial

    def order(self, rate, seconds):
        return f"rate {self.size} {rate:.0f} {seconds}"

    def at(self, rate, seconds=None, counting=False):
        """One trial. `slow`: the generator itself did not keep the rate."""
        trial = self.ask(self.order(rate, seconds or self.options.seconds), counting)
        trial["loss"] = trial["lost"] / trial["offered"] if trial["offered"] else 1.0
        trial["slow"] = rate > 0 and trial["offered_pps"] < 0.98 * rate
        return trial

    def holds(self, rate, loss):
        """Whether no more than this share is lost in one of so many tries, and the generator kept the rate."""
        for _ in range(self.tries):
            trial = self.at(rate)
            lost = 1.0 if trial["slow"] else trial["loss"]
            self.least_loss[rate] = min(lost, self.least_loss.get(rate, 1.0))
            if lost <= loss:
                self.reached[rate] = max(self.rate_of(trial), self.reached.get(rate, 0.0))
                return True
        return False

    def rate_of(self, trial):
        return trial["offered_pps"]

    def throughput(self, flood, loss):
        """Halves between what an earlier search found to hold and not to hold. The least rate that did not hold is tried
        anew: one that the machine made fail would hide all above it."""
        most = 1.25 * flood

        def above(low):
            return min([rate for rate, least in self.least_loss.items() if least > loss and rate > low], default=most)

        low = max([rate for rate, least in self.least_loss.items() if least <= loss], default=0.0)
        while True:
            high = above(low)
            while high - low > self.options.resolution * flood:
                middle = (low + high) / 2
                if self.holds(middle, loss):
                    low = middle
                else:
                    high = middle
            if self.options.short or high == most or not self.holds(high, loss):
                return self.reached.get(low, 0.0)
            low = high

    def frame_loss(self, flood):
        rows, clean = [], 0
        for percent in range(120, 0, -10):
            trial = self.at(flood * percent / 100)
            rows.append({"percent": percent, "pps": trial["offered_pps"], "loss": trial["loss"], "slow": trial["slow"]})
            clean = clean + 1 if trial["lost"] == 0 else 0
            if clean == 2 or self.options.short:
                break
        return rows

    def back_to_back(self):
        low, high = 0, 1 << (12 if self.options.short else 20)
        while high - low > max(32, low // 16):
            middle = (low + high) // 2
            if any(self.ask(f"burst {self.size} {middle}")["lost"] == 0 for _ in range(2)):
                low = middle
            else:
                high = middle
        return low

    def latency(self, rate):
        trial = self.at(rate)
        return {"pps": trial["offered_pps"], "loss": trial["loss"], "slow": trial["slow"],
                **{key: trial[key] for key in ("p50_us", "p99_us", "p999_us", "max_us")}}

    def measure(self, weirs):
        """All trials of this size; `weirs`: the throughput of weir in this round, None for itself."""
        if self.at(20_000, 0.2)["received"] == 0:
            raise devices.Failed(f"{self.device.name} lets nothing through")
        flooded = self.at(0, counting=True)
        flood = flooded["received"] / flooded["seconds"]
        none = self.throughput(flood, 0.0)
        few = self.throughput(flood, FEW)
        own = none or few or flood
        weirs = weirs or own
        result = {"device": self.device.name, "size": self.size, "flood_pps": flood, "throughput_0_pps": none,
                  "throughput_0.001_pps": few, "frame_loss": self.frame_loss(flood),
                  "latency": {f"{level}": self.latency(own * level / 100) for level in LEVELS},
                  "latency_at_weirs": {f"{level}": self.latency(weirs * level / 100) for level in LEVELS},
                  "busy_cycles_flood": flooded["busy_cycles"], "busy_cycles": self.at(weirs * 0.9, counting=True)["busy_cycles"],
                  "back_to_back": self.back_to_back(), "reference_pps": weirs}
        for key in ("late", "reordered", "slips", "pauses", "paused_seconds", "seconds", "apart"):
            result[key] = sum(trial[key] for trial in self.trials)
        result["repeated"] = self.repeated
        if self.options.trials:
            result["trials"] = self.trials
        return result


def run_round(number, work, options, results):
    weirs = {}
    for kind in options.devices:
        device = kind(work / f"{number}-{kind.__name__}", options)
        with device, devices.Generator(device, options) as generator:
            generator.ask("establish")
            for size in options.sizes:
                result = Bench(device, generator, size, options).measure(weirs.get(size))
                result["round"] = number
                weirs.setdefault(size, result["reference_pps"])
                results.append(result)
                print(f"round {number}, {device.name}, {size}: {result['throughput_0.001_pps'] / 1e6:.3f} Mpps",
                      file=sys.stderr, flush=True)
            said = device.check()
        results[-1]["said"] = said


def spread(values):
    values = [value for value in values if value is not None]
    return {"median": statistics.median(values), "least": min(values), "most": max(values)} if values else None


def summarise(results, options):
    rows = []
    for size in options.sizes:
        by_name = {kind.name: [r for r in results if r["size"] == size and r["device"] == kind.name] for kind in options.devices}
        able = [r["throughput_0.001_pps"] for r in by_name.get("reflector", [])]
        for name, rounds in by_name.items():
            row = {"size": size, "device": name}
            for key in ("flood_pps", "throughput_0_pps", "throughput_0.001_pps", "busy_cycles_flood", "busy_cycles", "back_to_back"):
                row[key] = spread([r[key] for r in rounds])
            for key in ("latency", "latency_at_weirs"):
                row[key] = {level: {q: spread([r[key][level][q] for r in rounds]) for q in ("p50_us", "p99_us", "p999_us")}
                            for level in map(str, LEVELS)}
            row["pauses_per_s"] = spread([r["pauses"] / r["seconds"] for r in rounds])
            for key in ("apart", "repeated"):
                row[key] = sum(r[key] for r in rounds)
            row["generator_bound"] = bool(able) and name != "reflector" and (
                statistics.median(able) < HEADROOM * row["throughput_0.001_pps"]["median"])
            rows.append(row)
        for row in rows[-len(by_name):]:
            if row["device"] == "weir":
                row["beside"] = {other: beside(by_name["weir"], by_name[other]) for other in by_name if "testpmd" in other}
    return rows


def beside(weir, other):
    """Ratios and differences of one round each, weir to the other device."""
    pairs = list(zip(weir, other))
    return {
        "throughput_0": spread([a["throughput_0_pps"] / b["throughput_0_pps"] for a, b in pairs if b["throughput_0_pps"]]),
        "throughput_0.001": spread([a["throughput_0.001_pps"] / b["throughput_0.001_pps"] for a, b in pairs
                                    if b["throughput_0.001_pps"]]),
        **{key: spread([a[key] / b[key] for a, b in pairs if a[key] and b[key]]) for key in ("busy_cycles_flood", "busy_cycles")},
        "p99_added_us": {level: spread([a["latency_at_weirs"][level]["p99_us"] - b["latency_at_weirs"][level]["p99_us"]
                                        for a, b in pairs]) for level in map(str, LEVELS)}}


def show(rows):
    def number(value, unit=1.0, digits=3):
        return "-" if value is None else f"{value['median'] / unit:.{digits}f}"

    print(f"{'size device':<20} {'flood':>8} {'0 loss Mpps':>25} {'0.001 %':>25} {'cycles flood/90 %':>17} {'burst':>7} {'pauses/s':>8}"
          f"  us at weir's 50 %: p50/p99/p99.9, at 90 %")
    for row in rows:
        rates = [f"{number(row[key], 1e6)} ({row[key]['least'] / 1e6:.3f} .. {row[key]['most'] / 1e6:.3f})"
                 for key in ("throughput_0_pps", "throughput_0.001_pps")]
        latency = ["/".join(number(row["latency_at_weirs"][level][q], digits=1) for q in ("p50_us", "p99_us", "p999_us"))
                   for level in map(str, LEVELS)]
        cycles = "/".join(number(row[key], digits=0) for key in ("busy_cycles_flood", "busy_cycles"))
        name = row["device"] + "*" * row["generator_bound"] + "~" * (row["apart"] > 0)
        print(f"{row['size']:>4} {name:<15} {number(row['flood_pps'], 1e6):>8}"
              f" {rates[0]:>25} {rates[1]:>25} {cycles:>17} {number(row['back_to_back'], digits=0):>7} {number(row['pauses_per_s'], digits=1):>8}"
              f"  {latency[0]:>26} {latency[1]:>26}")
    for row in rows:
        for other, ratio in row.get("beside", {}).items():
            def text(value, digits=2):
                return "-" if value is None else f"{value['median']:.{digits}f} ({value['least']:.{digits}f} .. {value['most']:.{digits}f})"
            print(f"{row['size']:>4} weir / {other}: throughput {text(ratio['throughput_0'])}, at 0.001 % loss "
                  f"{text(ratio['throughput_0.001'])}, busy cycles {text(ratio['busy_cycles_flood'])}, at 90 % {text(ratio['busy_cycles'])}; p99 added at 50 % "
                  f"{text(ratio['p99_added_us']['50'], 1)} us, at 90 % {text(ratio['p99_added_us']['90'], 1)} us")


def machine():
    models = [line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    return {"cpu": models[:1], "cpus": os.cpu_count(), "kernel": os.uname().release, "load_average": os.getloadavg(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="perf/rig wire", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="some seconds: shows that it works, its figures mean nothing")
    parser.add_argument("--json", type=pathlib.Path, help="results into this file too")
    parser.add_argument("--trials", action="store_true", help="each trial into the JSON")
    parser.add_argument("--devices", type=lambda text: [kind for kind in KINDS if kind.name in text.split(",")], default=KINDS,
                        help="of: " + ", ".join(kind.name for kind in KINDS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a trial (RFC 2544: 60)")
    parser.add_argument("--resolution", type=float, default=0.005, help="of a throughput, as a share of flood")
    parser.add_argument("--sizes", type=lambda text: [int(part) for part in text.split(",")], default=[64, 594, 1518])
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--log2-slots", type=int, default=10, help="of a memif ring (the driver's default: 10)")
    parser.add_argument("--near-ns", type=float, default=200,
                        help="a line's way between the CPUs and back, at most, for a trial to count; 0: any")
    parser.add_argument("--patience", type=float, default=60, help="seconds that a trial waits for it")
    parser.add_argument("--nice", type=int, default=0, help="of all programs; below 0 where others run")
    parser.add_argument("--weir", type=pathlib.Path, default=ROOT / "build/release/dataplane/weir")
    parser.add_argument("--generator", type=pathlib.Path, default=ROOT / "build/release/perf/weir_wire_generator")
    parser.add_argument("--distance", type=pathlib.Path, default=ROOT / "build/release/perf/weir_cpu_distance")
    options = parser.parse_args(arguments)
    if options.short:
        options.near_ns = 0
        options.rounds, options.seconds, options.resolution, options.sizes, options.flows = 1, 0.05, 0.4, options.sizes[:1], 1000
    return options


def main():
    options = options_of(sys.argv[1:])
    for program in ("dpdk-testpmd", "stdbuf", options.weir, options.generator, options.distance):
        if shutil.which(str(program)) is None:
            print(f"wire: {program} is missing", file=sys.stderr)
            return 2
    if (os.cpu_count() or 1) < 2:
        print("wire: needs two CPUs", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    results = []
    with tempfile.TemporaryDirectory(prefix="weir-wire-") as folder:
        try:
            for number in range(options.rounds):
                run_round(number, pathlib.Path(folder), options, results)
        except devices.Failed as failed:
            print(f"wire: {failed}", file=sys.stderr)
            return 1
    rows = summarise(results, options)
    show(rows)
    if options.json:
        said = {"seconds": options.seconds, "rounds": options.rounds, "flows": options.flows, "log2_slots": options.log2_slots}
        options.json.write_text(json.dumps({"options": said, "machine": machine(), "summary": rows, "rounds": results}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
