"""What is put to the test by wire.py: programs that forward between two memif sockets, on CPU 0, and the generator on
CPU 1. Each is a context manager; whatever happens inside, its process is gone afterwards."""
import ctypes
import json
import os
import pathlib
import re
import selectors
import shutil
import signal
import subprocess
import time

DEVICE_CPU, GENERATOR_CPU = 0, 1
START_S, STOP_S = 60, 20
LIBC, PR_SET_PDEATHSIG = ctypes.CDLL(None), 1
HANDSHAKE_FRAMES = 8  # what `establish` sends of each connection


class Failed(Exception):
    """A program did not do what it must; the text says which, and what it wrote."""


class Program:
    """A process with its stdout by lines and its stderr in a file."""

    def __init__(self, words, log, nice=0, quiet=False):
        self.name, self.log = pathlib.Path(str(words[0])).name, log
        with open(log, "wb") as errors:
            self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stderr=errors,
                                            stdout=errors if quiet else subprocess.PIPE, start_new_session=True,
                                            preexec_fn=lambda: self.prepare(nice))
        self.buffer = b""

    @staticmethod
    def prepare(nice):
        """In the child: it ends with its parent, however that ends."""
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        os.nice(nice)

    def say(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise self.failed("is gone") from error

    def line(self, limit):
        """The next line of stdout, within so many seconds."""
        end = time.monotonic() + limit
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.buffer:
                if not selector.select(max(0, end - time.monotonic())):
                    raise self.failed(f"said nothing for {limit:.0f} s")
                more = os.read(self.process.stdout.fileno(), 65536)
                if not more:
                    raise self.failed("ended")
                self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace")

    def wait_for(self, text):
        """Until the file of its stderr has the text."""
        end = time.monotonic() + START_S
        while text not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise self.failed(f"did not come to say '{text}'")
            time.sleep(0.05)

    def failed(self, what):
        return Failed(f"{self.name} {what}: {self.log.read_text(errors='replace')[-2000:]}")

    def stop(self, how=signal.SIGTERM, limit=STOP_S):
        """Its exit code; it is killed where it does not end by itself."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        return self.process.wait()


class Device:
    """Forwards between the sockets `inside` and `outside` of a folder of its own."""

    def __init__(self, folder, options):
        self.folder, self.options, self.program = folder, options, None
        folder.mkdir(parents=True)
        self.inside, self.outside = folder / "inside.sock", folder / "outside.sock"
        self.log = folder / "device.log"

    def vdev(self, number):
        socket = (self.inside, self.outside)[number]
        return f"net_memif{number},role=server,rsize={self.options.log2_slots},socket={socket},socket-abstract=no"

    def prefix(self):
        return f"weir-wire-{os.getpid()}"

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.program:
            self.program.stop()
        shutil.rmtree(pathlib.Path("/var/run/dpdk") / self.prefix(), ignore_errors=True)

    def cycles(self):
        """Cycles with something to do and frames received until now, nothing being under way; None: it does not count."""
        return None

    def check(self):
        """Ends it; what it says about the run, as a dict. Failed: it was wrong."""
        self.program.stop()
        return {}


class Reflector(Device):
    name = "reflector"

    def start(self):
        self.program = Program([self.options.generator, self.inside, self.outside, "--reflect", "--cpu", DEVICE_CPU],
                               self.log, self.options.nice)


class Testpmd(Device):
    mode = ""
    CYCLES = re.compile(r"total cycles=(\d+) / total \S+ packets=(\d+)")

    def start(self):
        self.program = Program(
            ["stdbuf", "-oL", "dpdk-testpmd", f"--lcores=0@{GENERATOR_CPU},1@{DEVICE_CPU}", "--no-huge", "--no-shconf", "--no-pci",
             "--no-telemetry", "-m", "512", f"--file-prefix={self.prefix()}", f"--vdev={self.vdev(0)}", f"--vdev={self.vdev(1)}",
             "--", "-i", f"--forward-mode={self.mode}", "--auto-start", "--record-core-cycles", "--total-num-mbufs=16384",
             "--burst=32"], self.log, self.options.nice)
        while not self.program.line(START_S).startswith("Logical Core"):
            pass

    def cycles(self):
        self.program.say("show fwd stats all")
        found = None
        # The prompt that echoes the next command stands behind all that this one prints.
        self.program.say("show lcores")
        while not (line := self.program.line(10)).startswith("Logical cores"):
            found = self.CYCLES.search(line) or found
            if "Bad arguments" in line or "Command not found" in line:
                break
        return found and (int(found[1]), int(found[2]))

    def check(self):
        self.program.say("quit")
        self.program.process.wait(STOP_S)
        return super().check()


class TestpmdIo(Testpmd):
    name, mode = "testpmd io", "io"


class TestpmdSwap(Testpmd):
    name, mode = "testpmd 5tswap", "5tswap"


class Weir(Device):
    name = "weir"
    STATS_MS = 1000

    def arguments(self):
        """Beside the configuration."""
        return []

    def start(self):
        config = self.folder / "weir.yaml"
        config.write_text(f"""\
version: 1
instance: {self.prefix()}
ports: {{pairs: [{{inside: "{self.vdev(0)}", outside: "{self.vdev(1)}"}}]}}
workers: {{count: 1, cpus: "{DEVICE_CPU}"}}
eal: {{huge_pages: false, memory_mb: 512}}
telemetry: {{stats_interval_ms: {self.STATS_MS}, eve: {{dir: {self.folder}}}}}
""")
        self.summary = self.folder / "summary.json"
        words = [self.options.weir, "run", "--json", "-c", config, *self.arguments()]
        self.program = Program(["sh", "-c", f"exec \"$@\" >'{self.summary}'", "sh", *words], self.log, self.options.nice)
        self.program.name = "weir"
        self.program.wait_for("forwarding")

    def cycles(self):
        """Of the first stats event that was written after the call."""
        eve = self.folder / "eve.json"
        start = eve.stat().st_size if eve.exists() else 0
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(self.STATS_MS / 4000)
            if not eve.exists():
                continue
            with open(eve, "rb") as events:
                events.seek(start)
                for line in events.read().splitlines(keepends=True):
                    if b'"event_type":"stats"' in line and line.endswith(b"\n"):
                        stats = json.loads(line)["stats"]["weir"]
                        return stats["busy_cycles"], stats["rx_packets"]
        raise self.program.failed("wrote no stats event")

    def created(self):
        """Flows that it must have seen."""
        return self.options.flows

    def check(self):
        code = self.program.stop()
        if code != 0:
            raise self.program.failed(f"exit code {code}")
        summary = json.loads(self.summary.read_text())
        dropped = {reason: count for reason, count in summary["packets"]["dropped"].items() if count}
        if set(dropped) - {"tx_full"} or summary["flows"]["created"] != self.created() or summary["events"]["lost"]:
            raise Failed(f"weir did not pass what it was sent: dropped {dropped}, {summary['flows']}, {summary['events']}")
        self.check_verdicts()
        return {"packets": summary["packets"], "flows": summary["flows"]}

    def check_verdicts(self):
        """Each flow passed within its handshake, so that all that was measured went by the fast path."""
        with open(self.folder / "eve.json", encoding="utf-8") as events:
            flows = [json.loads(line)["weir"] for line in events if '"event_type":"flow"' in line]
        slow = [flow for flow in flows if flow["verdict"] != "pass" or flow["verdict_packet"] > HANDSHAKE_FRAMES]
        if len(flows) != self.options.flows or slow:
            raise Failed(f"weir: {len(flows)} flow events, {len(slow)} did not pass in time: {slow[:1]}")


def round_trip_ns(options):
    """How far apart the two CPUs stand at this moment: see distance.cc."""
    done = subprocess.run([options.distance, str(GENERATOR_CPU), str(DEVICE_CPU)], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise Failed(f"{options.distance}: CPUs {GENERATOR_CPU} and {DEVICE_CPU} are not to be had")
    return json.loads(done.stdout)["round_trip_ns"]


class Generator:
    """Connected to a device; each call is one line to it and one back."""

    def __init__(self, device, options, *more):
        self.program = Program([options.generator, device.inside, device.outside, "--flows", options.flows, "--log2-slots",
                                options.log2_slots, "--cpu", GENERATOR_CPU, *more], device.folder / "generator.log", options.nice)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.stop()

    def ask(self, line, limit=60):
        self.program.say(line)
        return json.loads(self.program.line(limit))
