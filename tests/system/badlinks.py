"""The rig with a bad link on each side of the box, and small segments: what a real network does at its worst.

    client - wire - box - wire - server        wire: a host with two devices and tests/support/relay between them

Both wires impair both directions, so what reaches the box was lost, overtaken, repeated or damaged, and so is what the
box forwarded: retransmissions come when weir is ahead of the receiver, and when it is behind.
"""
import collections
import json
import os
import pathlib
import re
import signal
import time

import names
import netns
import rig

RELAY = pathlib.Path(os.environ.get("WEIR_BUILD_DIR", rig.ROOT / "build" / "release")) / "tests/support/relay/weir_relay"
SIDES = ("inside", "outside")
MSS = 88
# Each way of each wire, so a round trip meets all of it four times: no less than the figures.
IMPAIRMENTS = {"lose": 0.05, "hold": 0.25, "duplicate": 0.02, "corrupt": 0.01}


class BadLinks(rig.Rig):
    """Serves TLS 1.2 and 1.3 (HTTP/1.1 and 2, TCP) and HTTP/3 (UDP) at port 443 of every name's address."""

    def _cable(self):
        self.wires = {side: self._host(f"wire-{side}") for side in SIDES}
        for side, host in zip(SIDES, (self.client, self.server)):
            netns.join(host, "eth0", self.wires[side], "far", plain_right=True)
            netns.join(self.wires[side], "near", self.box, side, plain_left=True, plain_right=True)
        netns.join(self.watcher, "eth0", self.box, "mirror", plain_right=True)
        rig.configure_client(self.client, "eth0")
        rig.configure_server(self.server, "eth0")
        self._small_segments()
        self._know_each_other()
        self._know_the_names()

    def _small_segments(self):
        """Both ends announce the smallest MSS that Linux takes, by the route's advmss."""
        for family, via in (("-4", names.SERVER4), ("-6", names.SERVER6)):
            self.client.run("ip", family, "route", "replace", "default", "via", via, "dev", "eth0", "advmss", MSS)
        for family, client in (("-4", f"{names.CLIENT4}/32"), ("-6", f"{names.CLIENT6}/128")):
            self.server.run("ip", family, "route", "replace", client, "dev", "eth0", "advmss", MSS)

    def _know_each_other(self):
        """Permanent neighbours: nobody's loss of ARP is to look like weir's fault."""
        def address(host):
            return json.loads(host.run("ip", "-j", "link", "show", "eth0").stdout)[0]["address"]
        for host, peer, addresses in ((self.client, self.server, (names.SERVER4, names.SERVER6)),
                                      (self.server, self.client, (names.CLIENT4, names.CLIENT6))):
            for one in addresses:
                host.run("ip", "neigh", "replace", one, "lladdr", address(peer), "dev", "eth0", "nud", "permanent")

    def _know_the_names(self):
        """Without DNS, whose questions for barred names are stopped too."""
        self.client.hosts({n: [names.address4(n), names.address6(n)] for n in names.NAMES})
        for family, address in (("-4", names.address4), ("-6", names.address6)):
            (self.folder / f"hosts{family}").write_text("".join(f"{address(n)} {n}\n" for n in names.NAMES))

    def http3(self, name, family, path, patience, *options):
        """ngtcp2's client, finished. It cannot be told a family (and sends no name with an address): the only addresses
        it finds are of that family. Its first time-out doubles each time: from 1 s, a few losses take a minute."""
        script = 'mount --bind "$1" /etc/hosts && shift && exec timeout "$@"'
        return self.client.run("sh", "-c", script, "sh", self.folder / f"hosts{family}", patience, "gtlsclient", "--no-quic-dump",
                               "--no-http-dump", f"--timeout={patience}s", f"--handshake-timeout={patience}s",
                               "--exit-on-all-streams-close", "--initial-rtt=50ms", *options, name, 443, f"https://{name}/{path}",
                               check=False, timeout=patience + 30)

    def serve_all(self):
        self.serve(verbose=True)
        self.quic_log = self.folder / "quic.log"
        leaf = self.authority.folder / "leaf" / "example.org"
        self.server.start("gtlsserver", "--initial-rtt=50ms", "--no-quic-dump", "--no-http-dump", "-d", self.htdocs, "*", 443,
                          f"{leaf}.key", f"{leaf}.crt", log=self.quic_log)
        netns.wait_until(lambda: rig.servers.listening(self.server, 443, "u"), what="gtlsserver")

    # --- the wires

    def impair(self, seed, **impairments):
        """Both wires begin to carry frames."""
        words = [word for name, share in (impairments or IMPAIRMENTS).items() for word in (f"--{name}", share)]
        self.relays = {}
        for number, side in enumerate(SIDES):
            out, err = self.folder / f"relay-{side}.json", self.folder / f"relay-{side}.err"
            argv = " ".join(map(str, [RELAY, *words, "--seed", seed + number]))
            ends = "far near" if side == "inside" else "near far"  # right is to the server
            process = self.wires[side].start("sh", "-c", f"exec {argv} {ends} >'{out}' 2>'{err}'")
            netns.wait_until(lambda: err.exists() and "relaying" in err.read_text(), what="relay")
            self.relays[side] = (process, out)

    def cut(self):
        """Both wires end; {side: {"right": counters, "left": counters}}, right is the way to the server."""
        found = {}
        for side, (process, out) in self.relays.items():
            assert self.wires[side].stop(process, signal.SIGTERM) == 0
            found[side] = json.loads(out.read_text())
        time.sleep(0.3)  # what left a wire is taken by weir
        return found

    # --- what the servers saw

    def hellos(self, since=0):
        """{name: ClientHellos that reached the TLS server}."""
        seen = collections.Counter()
        for line in self._log(self.log, since):
            if '"name":"tls_get_certificate"' in line:
                seen[json.loads(line)["data"]["client_hello"]["ServerName"]] += 1
        return seen

    def requests(self, since=0):
        """{name: requests, so application data of a complete handshake, that reached the TLS server}."""
        return collections.Counter(json.loads(line)["request"]["host"] for line in self._log(self.log, since)
                                   if '"msg":"handled request"' in line)

    def quic_handshakes(self, since=0):
        """{name: QUIC handshakes that the server completed}, by the address that the client asked."""
        seen, address = collections.Counter(), None
        for line in self._log(self.quic_log, since):
            found = re.match(r"Received packet: local=\[([^\]]+)\]", line)
            if found:
                address = found[1]
            elif "QUIC handshake has completed" in line:
                seen[names.name_of(address)] += 1
        return seen

    @staticmethod
    def _log(path, since):
        with open(path, "rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace").splitlines()

    def rss_kb(self):
        status = pathlib.Path(f"/proc/{self.weir.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])
