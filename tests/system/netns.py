"""Hosts as network namespaces: create, join by veth pairs, run programs in them, and leave nothing behind."""
import os
import pathlib
import shutil
import signal
import subprocess
import time

# Programs that stand outside the PATH of a plain user.
SEARCH = os.pathsep.join(["/usr/sbin", "/sbin", os.environ.get("PATH", "/usr/bin:/bin")])


def available():
    """Why namespaces cannot be used here, or None when they can."""
    if os.geteuid() != 0:
        return "needs root (network namespaces)"
    for tool in ("ip", "ethtool", "tcpdump"):
        if not shutil.which(tool, path=SEARCH):
            return f"needs {tool} (scripts/setup)"
    probe = subprocess.run(["ip", "netns", "add", "weir-probe"], capture_output=True)
    subprocess.run(["ip", "netns", "del", "weir-probe"], capture_output=True)
    return None if probe.returncode == 0 else "network namespaces are not permitted here"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Namespace:
    """One host. Every program started here is stopped by close(), which also removes the namespace."""

    def __init__(self, name):
        self.name = name
        self.processes = []
        subprocess.run(["ip", "netns", "del", name], capture_output=True)  # what a killed run left
        ip("netns", "add", name)
        self.run("ip", "link", "set", "lo", "up")
        # Addresses are usable at once, and no router or neighbour chatter of the kernel's own mixes into captures.
        for key in ("accept_dad", "router_solicitations", "accept_ra"):
            for scope in ("all", "default"):
                self.run("sysctl", "-qw", f"net.ipv6.conf.{scope}.{key}=0")

    def _argv(self, words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, check=True, timeout=60, text=True, **options):
        """Runs to the end; the result has stdout and stderr."""
        return subprocess.run(self._argv(words), check=check, timeout=timeout, capture_output=True, text=text,
                              env={**os.environ, "PATH": SEARCH}, **options)

    def start(self, *words, log=None, **options):
        """Starts a program in its own process group; output goes to the file `log`."""
        out = open(log, "ab") if log else subprocess.DEVNULL
        process = subprocess.Popen(self._argv(words), stdin=options.pop("stdin", subprocess.DEVNULL), stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   env={**os.environ, "PATH": SEARCH, **options.pop("env", {})}, **options)
        if log:
            out.close()
        self.processes.append(process)
        return process

    def stop(self, process, sig=signal.SIGTERM, timeout=10):
        """Stops one program and returns its exit code; SIGKILL when it does not end by itself."""
        if process.poll() is None:
            os.killpg(process.pid, sig)
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process in self.processes:
            self.processes.remove(process)
        return process.returncode

    def resolver(self, address):
        """The name server that programs of this host use."""
        folder = pathlib.Path("/etc/netns") / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "resolv.conf").write_text(f"nameserver {address}\noptions attempts:1 timeout:2\n")

    def hosts(self, addresses):
        """What programs of this host resolve without asking anybody: {name: [address, ...]}."""
        folder = pathlib.Path("/etc/netns") / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hosts").write_text("".join(f"{a} {name}\n" for name, all_of in addresses.items() for a in all_of))

    def close(self):
        for process in list(self.processes):
            self.stop(process, timeout=3)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)
        shutil.rmtree(pathlib.Path("/etc/netns") / self.name, ignore_errors=True)


def join(left, left_name, right, right_name, mtu=1500, plain_right=False, plain_left=False):
    """A veth pair between two hosts, offloads off so that every frame is what a wire would carry.

    plain_right, plain_left: that end belongs to a dataplane or a relay: no IPv6, no ARP, promiscuous.
    """
    subprocess.run(["ip", "-n", left.name, "link", "del", left_name], capture_output=True)
    ip("link", "add", left_name, "mtu", str(mtu), "netns", left.name, "type", "veth", "peer", "name", right_name,
       "mtu", str(mtu), "netns", right.name)
    for host, name in ((left, left_name), (right, right_name)):
        for feature in ("tso", "gso", "gro", "tx", "rx", "sg", "txvlan", "rxvlan"):
            host.run("ethtool", "-K", name, feature, "off", check=False)
    for host, name, plain in ((left, left_name, plain_left), (right, right_name, plain_right)):
        if plain:
            host.run("sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
            host.run("ip", "link", "set", name, "arp", "off", "promisc", "on")
    for host, name in ((left, left_name), (right, right_name)):
        host.run("ip", "link", "set", name, "up")


def wait_until(condition, timeout=10.0, what="condition"):
    """Polls until condition() is true and returns its value; raises TimeoutError with `what`."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} not seen in {timeout} s")
        time.sleep(0.02)
