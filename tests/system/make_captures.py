#!/usr/bin/python3
"""Makes the captures in tests/captures with real clients and servers, on this machine only.

    make_captures.py [-o DIR] [NAME ...]     needs root; without names: all, and truth.tsv is written anew

A client host and a server host (network namespaces) are joined by a veth pair without offloads; the server has one
address for each test name, dnsmasq resolves them, Caddy, OpenSSL and ngtcp2 serve them. tcpdump records at the client's
end. The truth of a flow is what was run: the name whose server it went to, and DNS is DNS.
"""
import argparse
import contextlib
import pathlib
import shutil
import sys
import tempfile
import time

import names
import netns
import servers
from truth import truth_rows, write_truth

ROOT = pathlib.Path(__file__).resolve().parents[2]
GET = "GET /small.txt HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n"


class Pair:
    """A client and a server on one link, with every server of the tests started."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.log = self.folder / "servers.log"
        self.htdocs = self.folder / "htdocs"
        self.htdocs.mkdir()
        (self.htdocs / "small.txt").write_text("weir test file\n" * 20)
        (self.htdocs / "page.html").write_text("<p>" + "lorem ipsum " * 800 + "</p>\n")
        self.hosts = contextlib.ExitStack()
        self.client = netns.Namespace("weir-cap-client")
        self.hosts.callback(self.client.close)
        self.server = netns.Namespace("weir-cap-server")
        self.hosts.callback(self.server.close)
        netns.join(self.client, "eth0", self.server, "eth0")
        configure_client(self.client, "eth0")
        configure_server(self.server, "eth0")
        self.authority = servers.Authority(self.folder)
        servers.start_dns(self.server, self.folder, self.log)
        self.web = servers.start_web(self.server, self.folder, self.authority, self.htdocs, self.log)
        self.ca = self.folder / "ca.pem"

    def close(self):
        self.hosts.close()

    @contextlib.contextmanager
    def recorded(self, path):
        """Everything on the link during the block goes to the file."""
        tcpdump = self.client.start("tcpdump", "-i", "eth0", "-w", path, "-s", "0", "-U", "--immediate-mode", "-Z",
                                    "root", "not", "arp", "and", "not", "icmp6", log=self.folder / "tcpdump.log")
        netns.wait_until(path.exists, what="tcpdump's file")
        time.sleep(0.3)
        yield
        time.sleep(0.5)
        self.client.stop(tcpdump)

    def curl(self, name, *options, path="page.html", scheme="https"):
        return self.client.run("curl", "-sS", "--max-time", "10", "--cacert", self.ca, "-o", "/dev/null", *options,
                               f"{scheme}://{name}/{path}")

    def s_client(self, name, *options, servername=True, port=443, sends=None):
        sni = ["-servername", name] if servername else ["-noservername"]
        # The input stays open for a moment after the request, so that session tickets arrive.
        return self.client.run("sh", "-c", '(cat; sleep 0.4) | "$@"', "sh", "openssl", "s_client", "-connect",
                               f"{name}:{port}", *sni, "-CAfile", self.ca, "-quiet", "-no_ign_eof", *options,
                               input=sends or GET.format(name), timeout=20)

    def quic(self, name, *options, port=443):
        return self.client.run("gtlsclient", "-q", "--no-quic-dump", "--no-http-dump", "--timeout=5s",
                               "--exit-on-all-streams-close", *options, name, port, f"https://{name}/page.html",
                               timeout=20)


def configure_client(host, device, mtu=1500):
    """Addresses and default routes of the client's side."""
    host.run("ip", "addr", "add", f"{names.CLIENT4}/24", "dev", device)
    host.run("ip", "addr", "add", f"{names.CLIENT6}/64", "dev", device, "nodad")
    host.run("ip", "route", "add", "default", "via", names.SERVER4)
    host.run("ip", "route", "add", "default", "via", names.SERVER6)
    host.resolver(names.SERVER4)


def configure_server(host, device):
    """The server's own address, and one of each family for every test name."""
    host.run("ip", "addr", "add", f"{names.SERVER4}/24", "dev", device)
    host.run("ip", "addr", "add", f"{names.SERVER6}/64", "dev", device, "nodad")
    batch = "".join(f"addr add {names.address4(n)}/32 dev lo\naddr add {names.address6(n)}/128 dev lo nodad\n"
                    for n in names.NAMES)
    host.run("ip", "-batch", "-", input=batch)


def dns(pair):
    for name in ("web.whatsapp.com", "example.org", "mail.google.com", "notwhatsapp.com"):
        pair.client.run("dig", f"@{names.SERVER4}", name, "A")
        pair.client.run("dig", f"@{names.SERVER6}", name, "AAAA", "+nocookie")
    pair.client.run("dig", f"@{names.SERVER4}", "drive.google.com", "A", "+tcp")
    pair.client.run("dig", f"@{names.SERVER6}", "www.debian.org", "AAAA", "+tcp", "+dnssec")
    pair.client.run("dig", f"@{names.SERVER4}", "no-such-name.example", "A", "+noedns")


def curl_http11_tls12(pair):
    for name in ("web.whatsapp.com", "drive.google.com", "www.google.com", "notwhatsapp.com", "login.live.com"):
        pair.curl(name, "-4", "--http1.1", "--tls-max", "1.2")


def curl_http11_tls13(pair):
    for name in ("g.whatsapp.net", "onedrive.live.com", "mail.yahoo.com", "whatsapp.com.example.net", "www.yahoo.com"):
        pair.curl(name, "-4", "--http1.1", "--tlsv1.3")


def curl_http2_tls12(pair):
    for name in ("chat.signal.org", "outlook.live.com", "www.microsoft.com", "s3.amazonaws.com"):
        pair.curl(name, "-4", "--http2", "--tls-max", "1.2")


def curl_http2_tls13(pair):
    for name in ("web.telegram.org", "client.dropbox.com", "mail.google.com", "example.org", "fonts.googleapis.com"):
        pair.curl(name, "-4", "--http2", "--tlsv1.3")


def curl_ipv6(pair):
    for name in ("web.whatsapp.com", "g.api.mega.co.nz", "mail.proton.me", "www.debian.org", "web-whatsapp-com.example.org"):
        pair.curl(name, "-6")


def curl_cleartext(pair):
    for name in ("szshort.weixin.qq.com", "www.qq.com", "mail.163.com", "intranet.example.com"):
        pair.curl(name, "-4", "--http1.1", scheme="http")
    pair.curl("www.baidu.com", "-6", scheme="http")


def curl_h2c(pair):
    """HTTP/2 in clear: with prior knowledge (this curl cannot ask twice then), and two requests after an upgrade."""
    for name, how in (("szshort.weixin.qq.com", "--http2-prior-knowledge"), ("www.qq.com", "--http2-prior-knowledge"),
                      ("mail.163.com", "--http2"), ("intranet.example.com", "--http2")):
        again = [] if "prior" in how else ["-o", "/dev/null", f"http://{name}/small.txt"]
        pair.curl(name, "-4", how, *again, scheme="http")


def curl_every_app(pair):
    for index, name in enumerate(names.APPS):
        pair.curl(name, "-4" if index % 2 else "-6", path="small.txt")


def curl_every_innocent(pair):
    for index, name in enumerate(names.INNOCENT):
        pair.curl(name, "-6" if index % 2 else "-4", path="small.txt")


def curl_keepalive(pair):
    for name in ("app.box.com", "www.gstatic.com"):
        pair.curl(name, "-4", "--http1.1", "-o", "/dev/null", f"https://{name}/small.txt")


def wget_tls(pair):
    for name in ("pan.baidu.com", "discord.com", "telegram.org.example.net", "mydropbox.com"):
        pair.client.run("wget", "-q", "-T", "10", "-t", "1", f"--ca-certificate={pair.ca}", "-O", "/dev/null",
                        f"https://{name}/page.html")


def python_ssl(pair):
    program = ("import sys, urllib.request, ssl; c = ssl.create_default_context(cafile=sys.argv[1])\n"
               "for n in sys.argv[2:]: urllib.request.urlopen('https://%s/page.html' % n, context=c, timeout=10).read()")
    pair.client.run("/usr/bin/python3", "-c", program, pair.ca, "api.pcloud.com", "mail.qq.com", "amega.nz")


def openssl_versions(pair):
    for name in ("web.threema.ch", "www.google.com"):
        for version in ("-tls1_2", "-tls1_3"):
            pair.s_client(name, "-4", version)


def openssl_no_sni(pair):
    """The name is only in the DNS answer before, and, with TLS 1.2, in the certificate."""
    servers_at_443(pair, "katalk.kakao.com", [("-4", "-tls1_2"), ("-4", "-tls1_3")], servername=False)


def openssl_resumption(pair):
    session = pair.folder / "session.pem"
    for name in ("edge-chat.messenger.com", "www.debian.org"):
        for version in ("-tls1_2", "-tls1_3"):
            session.unlink(missing_ok=True)
            pair.s_client(name, "-4", version, "-sess_out", session)
            pair.s_client(name, "-4", version, "-sess_in", session)


def openssl_early_data(pair):
    session, request = pair.folder / "early.pem", pair.folder / "early.txt"
    for name in ("mmg.whatsapp.net", "example.org"):
        request.write_text(GET.format(name))
        session.unlink(missing_ok=True)
        servers_at_443(pair, name, [("-4", "-tls1_3", "-sess_out", session),
                                    ("-4", "-tls1_3", "-sess_in", session, "-early_data", request)],
                       options=("-early_data", "-tls1_3"), web=False)


def openssl_hello_retry(pair):
    """The client's first key share is refused: HelloRetryRequest and a second ClientHello."""
    for name in ("obs.line-apps.com", "intranet.example.com"):
        servers_at_443(pair, name, [("-4", "-tls1_3", "-groups", "P-256:X448")],
                       options=("-tls1_3", "-groups", "X448"))


def servers_at_443(pair, name, clients, options=(), servername=True, web=True):
    """Runs clients against an openssl s_server in Caddy's place."""
    pair.server.stop(pair.web)
    server = servers.start_s_server(pair.server, pair.authority, 443, pair.log, name, options, web)
    try:
        for arguments in clients:
            pair.s_client(name, *arguments, servername=servername)
    finally:
        pair.server.stop(server)
        pair.web = servers.start_web(pair.server, pair.folder, pair.authority, pair.htdocs, pair.log)


@contextlib.contextmanager
def quic_server(pair, *options):
    server = servers.start_quic(pair.server, pair.authority, pair.htdocs, pair.log, options=options)
    try:
        yield
    finally:
        pair.server.stop(server)


def quic_v1(pair):
    with quic_server(pair):
        for name in ("web.whatsapp.com", "drive.google.com", "www.google.com", "notwhatsapp.com"):
            pair.quic(name)


def quic_v2(pair):
    with quic_server(pair):
        for name in ("mail.google.com", "onedrive.live.com", "example.org", "www.microsoft.com"):
            pair.quic(name, "--version=v2draft", "--other-versions=v2draft,v1")


def quic_compatible_versions(pair):
    """Starts as v1 and moves to v2 in the handshake (RFC 9368)."""
    with quic_server(pair, "--preferred-versions=v2draft,v1"):
        for name in ("chat.signal.org", "s3.amazonaws.com"):
            pair.quic(name, "--preferred-versions=v2draft,v1", "--other-versions=v2draft,v1")


def quic_resumption(pair):
    session, parameters = pair.folder / "quic.session", pair.folder / "quic.tp"
    with quic_server(pair):
        for name in ("mega.nz", "login.live.com"):
            session.unlink(missing_ok=True)
            for _ in range(2):
                pair.quic(name, f"--session-file={session}", f"--tp-file={parameters}")


def quic_retry(pair):
    """The server validates the address by a Retry packet: a second Initial with a token and other keys."""
    with quic_server(pair, "--validate-addr"):
        for name in ("client.dropbox.com", "fonts.googleapis.com"):
            pair.quic(name)


# file name -> what is run; the order is the order of truth.tsv.
CAPTURES = {
    "dns-dig": dns,
    "http-curl": curl_cleartext,
    "http2-clear-curl": curl_h2c,
    "tls12-http11-curl": curl_http11_tls12,
    "tls13-http11-curl": curl_http11_tls13,
    "tls12-http2-curl": curl_http2_tls12,
    "tls13-http2-curl": curl_http2_tls13,
    "tls13-ipv6-curl": curl_ipv6,
    "tls13-keepalive-curl": curl_keepalive,
    "tls-apps-curl": curl_every_app,
    "tls-innocent-curl": curl_every_innocent,
    "tls-wget": wget_tls,
    "tls-python": python_ssl,
    "tls-openssl": openssl_versions,
    "tls-no-sni-openssl": openssl_no_sni,
    "tls-resumption-openssl": openssl_resumption,
    "tls-early-data-openssl": openssl_early_data,
    "tls-hello-retry-openssl": openssl_hello_retry,
    "quic-v1-ngtcp2": quic_v1,
    "quic-v2-ngtcp2": quic_v2,
    "quic-v1-to-v2-ngtcp2": quic_compatible_versions,
    "quic-resumption-ngtcp2": quic_resumption,
    "quic-retry-ngtcp2": quic_retry,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=pathlib.Path, default=ROOT / "tests/captures")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CAPTURES))
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(CAPTURES)
    if unknown:
        parser.error(f"unknown capture: {', '.join(sorted(unknown))}")
    reason = netns.available()
    if reason:
        print(f"make_captures: {reason}", file=sys.stderr)
        return 1
    arguments.out.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp(prefix="weir-captures-")
    pair = Pair(folder)
    try:
        for name in arguments.names or CAPTURES:
            path = arguments.out / f"{name}.pcap"
            path.unlink(missing_ok=True)
            with pair.recorded(path):
                CAPTURES[name](pair)
            print(f"{path.name}: {path.stat().st_size} bytes, {len(truth_rows(path))} flows", flush=True)
    except Exception:
        print(pair.log.read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        pair.close()
        shutil.rmtree(folder, ignore_errors=True)
    write_truth(arguments.out, [arguments.out / f"{name}.pcap" for name in CAPTURES])
    return 0


if __name__ == "__main__":
    sys.exit(main())
