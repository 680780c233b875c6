"""What inline.py puts between two memif ports: weir and Suricata with the same rules, in the same place, every thread of
each on CPU 0."""
import os
import re

import devices
import peers

LOADS = ["64", "imix", "1518", "connections"]
TABLE = 1 << 20  # flows that each has room for
POOL = 32767  # mbufs a port
RING_KIB = 1 << 18  # of events: connections that end within a second leave weir's table at once, and none may be lost

SURICATA_DPDK = """
threading:
  set-cpu-affinity: yes
  cpu-affinity: [{{management-cpu-set: {{cpu: []}}}}, {{worker-cpu-set: {{cpu: [0, 1], mode: exclusive}}}}]
dpdk:
  eal-params:
    {{proc-type: primary, no-huge: true, no-shconf: true, no-pci: true, no-telemetry: true, m: 1024, lcores: "0@0",
     file-prefix: {prefix}, vdev: ["{vdevs[0]}", "{vdevs[1]}"]}}
  interfaces:
    - {{interface: net_memif0, copy-iface: net_memif1, {port}}}
    - {{interface: net_memif1, copy-iface: net_memif0, {port}}}
"""
SURICATA_PORT = ("threads: 1, copy-mode: ips, promisc: true, multicast: false, mtu: 1500, checksum-checks: true, "
                 f"checksum-checks-offload: false, mempool-size: {POOL}, mempool-cache-size: 257, rx-descriptors: 1024, "
                 "tx-descriptors: 1024")


def threads_of(pid):
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def seconds_of_threads(pid):
    """CPU seconds by name of thread; those of the same name together."""
    seconds = {}
    for thread in threads_of(pid):
        with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8") as stat:
            name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
        user, system = rest.split()[11:13]
        seconds[name] = seconds.get(name, 0) + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return {name: used for name, used in sorted(seconds.items()) if used}


class Inline:
    """Of both. The options have `rules`, `names` and `hits` (peers.write_rules)."""
    eve, loads = True, LOADS

    def settle(self):
        """Suricata takes a CPU a worker or does not start, so its threads, and for the same measure weir's, are moved."""
        for thread in threads_of(self.program.process.pid):
            os.sched_setaffinity(thread, {devices.DEVICE_CPU})

    def check_events(self, begun, completed):
        """Each connection is in the log, with its alerts, as in the other's log: within 1 %, no fewer than completed and
        no more than began."""
        log = self.folder / "eve.json"
        counts = peers.events(self.folder) if log.exists() else dict.fromkeys(peers.EVE_TYPES, 0)
        least, most = self.expected(completed), self.expected(begun)
        for kind, count in counts.items():
            low, high = least.get(kind, 0), most.get(kind, 0)
            if count < low and peers.apart(count, low) or count > high and peers.apart(count, high):
                raise devices.Failed(f"{self.name}: {count} {kind} events, expected are {low} to {high}")
        return {kind: count for kind, count in counts.items() if count}

    def expected(self, connections):
        """Events by type."""
        if not self.eve:
            return {}
        numbers, hits = self.options.flows + connections, self.options.hits
        whole, rest = divmod(numbers, len(hits))
        return {"tls": numbers, "flow": numbers, "alert": whole * sum(hits) + sum(hits[:rest])}


class Weir(Inline, devices.Weir):
    def arguments(self):
        return ["-p", "none", "-S", self.options.rules, "--set", f"flow.capacity={TABLE}", "--set", f"ports.frames={2 * POOL}",
                "--set", f"telemetry.eve.ring_kib={RING_KIB}",
                *([] if self.eve else ["--set", "telemetry.eve.enabled=false"])]

    def start(self):
        super().start()
        self.settle()

    def cycles(self):
        return super().cycles() if self.eve else None

    def check_verdicts(self):
        """Every connection passed within its handshake: what was measured after it went by the fast path."""
        if not self.eve:
            return
        slow = 0
        number = re.compile(rb'"verdict_packet":(\d+)')
        with open(self.folder / "eve.json", "rb") as events:
            for line in events:
                if b'"event_type":"flow"' in line:
                    at = number.search(line)
                    slow += b'"verdict":"pass"' not in line or at is None or int(at[1]) > devices.HANDSHAKE_FRAMES
        if slow:
            raise devices.Failed(f"weir: {slow} flows did not pass in time")

    def created(self):
        return self.options.flows + self.begun

    def finish(self, begun, completed):
        self.begun = begun
        used = seconds_of_threads(self.program.process.pid)
        return {"threads": used, **self.check(), "events": self.check_events(begun, completed)}


class WeirQuiet(Weir):
    name, eve, loads = "weir, EVE off", False, ["connections"]


class Suricata(Inline, devices.Device):
    name = "suricata"
    settings = ()

    def start(self):
        yaml = self.folder / "suricata.yaml"
        yaml.write_text(peers.SURICATA_YAML.format(eve="yes" if self.eve else "no") +
                        SURICATA_DPDK.format(prefix=self.prefix(), vdevs=[self.vdev(0), self.vdev(1)], port=SURICATA_PORT))
        settings = [f"flow.hash-size={TABLE}", "flow.prealloc=100000", "logging.default-log-level=notice", *self.settings]
        words = ["suricata", "-c", yaml, "--dpdk", "-S", self.options.rules, "-l", self.folder]
        for setting in settings:
            words += ["--set", setting]
        self.program = devices.Program(words, self.log, self.options.nice, quiet=True)
        self.program.wait_for("Engine started")
        self.settle()

    def finish(self, begun, completed):
        used = seconds_of_threads(self.program.process.pid)
        code = self.program.stop(limit=60)
        if code != 0:
            raise self.program.failed(f"exit code {code}")
        wrong = [int(count) for count in re.findall(r"invalid chksum: (\d+)", self.log.read_text(errors="replace"))]
        if any(wrong):
            raise devices.Failed(f"suricata found {wrong} wrong checksums")
        return {"threads": used, "events": self.check_events(begun, completed)}


class SuricataBypass(Suricata):
    """The tuned one: what is encrypted is not looked at any more."""
    name = "suricata, bypass"
    settings = ("app-layer.protocols.tls.encryption-handling=bypass",)


class SuricataQuiet(Suricata):
    name, eve, loads = "suricata, EVE off", False, ["connections"]


class Plain:
    """Looks at nothing, so it is only flooded."""
    loads = LOADS

    def finish(self, *_):
        self.check()
        return {}


class Reflector(Plain, devices.Reflector):
    pass


class TestpmdIo(Plain, devices.TestpmdIo):
    loads = LOADS[:-1]
