"""client host - weir run - server host, and a host behind the mirror port; every one a network namespace."""
import contextlib
import json
import os
import pathlib
import signal
import textwrap
import time

import eve
import netns
import servers
from make_captures import configure_client, configure_server

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = pathlib.Path(os.environ.get("WEIR", ROOT / "bin" / "weir"))
PREFIX = os.environ.get("WEIR_NETNS", "weir-run")  # of the hosts' names: another one for each checkout that tests at once

POLICY = """\
version: 1
rules:
  - name: barred
    match: {{category: [messaging, cloud-storage, webmail]}}
    action: {action}
    min_confidence: probable
default: {{action: pass}}
"""


class Rig:
    """The hosts and what serves on them. The box forwards nothing until start()."""

    def __init__(self, folder, mtu=1500, tap=False):
        self.folder = pathlib.Path(folder)
        self.mtu, self.tap = mtu, tap
        self.log = self.folder / "programs.log"
        self.htdocs = self.folder / "htdocs"
        self.htdocs.mkdir(parents=True, exist_ok=True)
        (self.htdocs / "page.html").write_text("<p>" + "lorem ipsum " * 800 + "</p>\n")
        self.hosts = contextlib.ExitStack()
        self.client, self.box, self.server, self.watcher = (self._host(n) for n in ("client", "box", "server", "mirror"))
        self.weir = None
        self.captures = []
        if not tap:  # whose devices come with weir's start
            self._cable()

    def _cable(self):
        mtu = self.mtu
        netns.join(self.client, "eth0", self.box, "inside", mtu, plain_right=True)
        netns.join(self.server, "eth0", self.box, "outside", mtu, plain_right=True)
        netns.join(self.watcher, "eth0", self.box, "mirror", mtu, plain_right=True)
        configure_client(self.client, "eth0")
        configure_server(self.server, "eth0")

    def _host(self, name):
        host = netns.Namespace(f"{PREFIX}-{name}")
        self.hosts.callback(host.close)
        return host

    def close(self):
        self.hosts.close()

    def serve(self, http3=False, verbose=False):
        self.authority = servers.Authority(self.folder)
        servers.start_dns(self.server, self.folder, self.log)
        servers.start_web(self.server, self.folder, self.authority, self.htdocs, self.log, http3=http3, verbose=verbose)

    # --- the box

    def start(self, policy, workers=1, settings=(), devices=None):
        """Starts `weir run` and returns when it forwards.

        `policy`: an action for barred apps, a whole policy, "none", or None for the policy that ships.
        """
        log_dir = self.folder / f"log-{time.monotonic_ns()}"
        policy_file = self.folder / "policy.yaml"
        if policy not in (None, "none"):
            policy_file.write_text(POLICY.format(action=policy) if "\n" not in policy else policy)
        queues = f",qpairs={workers}" if workers > 1 else ""
        inside, outside, mirror = devices or [
            f"net_af_packet{i},iface={name}{queues}" for i, name in enumerate(("inside", "outside", "mirror"))]
        config = self.folder / "weir.yaml"
        config.write_text(textwrap.dedent(f"""\
            version: 1
            ports:
              pairs:
                - {{inside: "{inside}", outside: "{outside}"}}
              mirror: "{mirror}"
            workers: {{count: {workers}, idle_sleep_us: 50}}
            eal: {{huge_pages: false, memory_mb: 512}}
            telemetry: {{eve: {{dir: {log_dir}}}}}
            """))
        out = self.folder / "run.err"
        out.unlink(missing_ok=True)
        words = [WEIR, "run", "--json", "-c", config]
        if policy is not None:
            words += ["-p", policy if policy == "none" else policy_file]
        for setting in settings:
            words += ["--set", setting]
        self.log_dir, self.out = log_dir, self.folder / "summary.json"
        quoted = " ".join(f"'{w}'" for w in words)
        self.weir = self.box.start("sh", "-c", f"exec {quoted} >'{self.out}' 2>'{out}'")
        try:
            netns.wait_until(lambda: "forwarding" in out.read_text() if out.exists() else False, 20, "weir forwarding")
        except TimeoutError as error:
            raise AssertionError(out.read_text()) from error
        if self.tap:
            self._take_taps()
        return self

    def _take_taps(self):
        """A TAP of weir's becomes the other hosts' only device: what they send, weir receives."""
        for name, host, configure in (("inside", self.client, configure_client), ("outside", self.server, configure_server)):
            netns.ip("-n", self.box.name, "link", "set", name, "netns", host.name)
            host.run("ip", "link", "set", name, "name", "eth0", "mtu", str(self.mtu), "up")
            configure(host, "eth0")

    def stop(self, sig=signal.SIGTERM):
        """Ends weir; its exit code, its summary and its events."""
        code = self.box.stop(self.weir, sig)
        errors = (self.folder / "run.err").read_text()
        assert code == 0, errors
        return json.loads(self.out.read_text()), eve.read(self.log_dir / "eve.json")

    # --- watching and asking

    @contextlib.contextmanager
    def recorded(self, host, path, *expression):
        """What passes the host's device while the block runs."""
        path.unlink(missing_ok=True)
        tcpdump = host.start("tcpdump", "-i", "eth0", "-w", path, "-s", "0", "-U", "--immediate-mode", "-Z", "root",
                             *expression, log=self.folder / "tcpdump.log")
        netns.wait_until(path.exists, what="tcpdump's file")
        time.sleep(0.3)
        yield
        time.sleep(0.4)
        host.stop(tcpdump)

    def curl(self, name, *options, path="page.html", out="/dev/null", limit=5):
        """The finished process; its stdout is 'CODE connect appconnect total' in seconds."""
        return self.client.run("curl", "-sS", "--max-time", limit, "--cacert", self.folder / "ca.pem", "-o", out, "-w",
                               "%{http_code} %{time_connect} %{time_appconnect} %{time_total}", *options,
                               f"https://{name}/{path}", check=False, timeout=limit + 30)

    def quic(self, name, port=443):
        """Whether a page came over HTTP/3 (ngtcp2)."""
        got = self.folder / "quic-got"
        got.mkdir(exist_ok=True)
        page = got / "page.html"
        page.unlink(missing_ok=True)
        self.client.run("gtlsclient", "-q", "--no-quic-dump", "--no-http-dump", "--timeout=3s", f"--download={got}",
                        "--exit-on-all-streams-close", name, port, f"https://{name}/page.html", check=False, timeout=20)
        return page.exists() and page.read_bytes() == (self.htdocs / "page.html").read_bytes()


def check_sums(summary):
    """rx = forwarded + dropped + held at the workers, at the ports, and by the drivers' own counters."""
    packets = summary["packets"]
    assert packets["received"] == packets["forwarded"] + sum(packets["dropped"].values()) and packets["held"] == 0
    pair = [port for port in summary["ports"] if "mirror" not in port["device"]]
    assert sum(port["received"] - port["unusable"] for port in pair) == packets["received"]
    assert sum(port["sent"] for port in pair) == packets["forwarded"] + packets["injected"]
    if not any("memif" in port["device"] for port in pair):  # starts counting anew with its link
        for way in ("received", "sent"):
            assert [port[f"driver_{way}"] for port in pair] == [port[way] for port in pair]
    assert summary["flows"]["created"] == summary["flows"]["ended"]
