"""Real servers for the tests: an own CA with a leaf for each name, DNS, HTTPS, TLS and QUIC."""
import datetime
import pathlib
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import names
from netns import wait_until


class Authority:
    """A certificate authority in a folder: ca.pem, and leaf/NAME.pem (certificate and key in one file)."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        (self.folder / "leaf").mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weir test authority")])
        self.ca = self._sign(self.name, self.key.public_key(),
                             [(x509.BasicConstraints(ca=True, path_length=0), True)])
        (self.folder / "ca.pem").write_bytes(self.ca.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, public_key, extensions):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(days=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=90))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())

    def leaf(self, name):
        """Writes and returns leaf/NAME.pem; NAME.crt and NAME.key beside it for programs that want two files."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key(), [
            (x509.SubjectAlternativeName([x509.DNSName(name)]), False),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)])
        chain = certificate.public_bytes(serialization.Encoding.PEM) + (self.folder / "ca.pem").read_bytes()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                                   serialization.NoEncryption())
        path = self.folder / "leaf" / f"{name}.pem"
        path.write_bytes(chain + secret)
        path.with_suffix(".crt").write_bytes(chain)
        path.with_suffix(".key").write_bytes(secret)
        return path


def listening(host, port, kind):
    """Whether something on the host listens; kind is 't' (TCP) or 'u' (UDP)."""
    return f":{port} " in host.run("ss", f"-H{kind}ln").stdout.replace("\n", " \n")


def start_dns(host, folder, log):
    """dnsmasq answers A and AAAA of every test name, over UDP and TCP."""
    hosts = pathlib.Path(folder) / "hosts"
    hosts.write_text("".join(f"{names.address4(n)} {n}\n{names.address6(n)} {n}\n" for n in names.NAMES))
    process = host.start("dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", f"--addn-hosts={hosts}",
                         "--user=root", "--conf-file=/dev/null", f"--pid-file={folder}/dnsmasq.pid",
                         "--local=/#/", log=log)
    wait_until(lambda: listening(host, 53, "u"), what="dnsmasq")
    return process


def start_web(host, folder, authority, htdocs, log, http3=False, verbose=False):
    """Caddy: HTTP (1.1 and 2) on 80, HTTPS (1.1 and 2, HTTP/3 on request) on 443 with the leaf of the name asked for.

    verbose: each ClientHello and each request is a line of JSON in the log.
    """
    for name in names.NAMES:
        if not (authority.folder / "leaf" / f"{name}.pem").exists():
            authority.leaf(name)
    protocols = "h1 h2 h2c h3" if http3 else "h1 h2 h2c"
    config = pathlib.Path(folder) / "Caddyfile"
    debug, requests = ("debug", "log") if verbose else ("", "")
    config.write_text(f"""{{
    {debug}
    admin off
    auto_https off
    default_sni example.org
    servers {{
        protocols {protocols}
    }}
}}
https:// {{
    tls {{
        load {authority.folder}/leaf
    }}
    {requests}
    root * {htdocs}
    file_server
}}
http:// {{
    root * {htdocs}
    file_server
}}
""")
    environment = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    process = host.start("caddy", "run", "--adapter", "caddyfile", "--config", config, log=log, env=environment)
    wait_until(lambda: listening(host, 443, "t"), what="caddy")
    return process


def start_quic(host, authority, htdocs, log, name="example.org", port=443, options=()):
    """ngtcp2's HTTP/3 server: QUIC v1 and v2, 0-RTT; one certificate for all names (clients do not verify)."""
    leaf = authority.folder / "leaf" / f"{name}.pem"
    if not leaf.exists():
        authority.leaf(name)
    process = host.start("gtlsserver", *options, "--quiet", "--no-quic-dump", "--no-http-dump", "-d", htdocs, "*", port,
                         leaf.with_suffix(".key"), leaf.with_suffix(".crt"), log=log)
    wait_until(lambda: listening(host, port, "u"), what="gtlsserver")
    return process


def start_s_server(host, authority, port, log, name="example.org", options=(), web=True):
    """openssl s_server with the leaf of one name: a status page over HTTP (web), or silent (early data needs that)."""
    leaf = authority.folder / "leaf" / f"{name}.pem"
    if not leaf.exists():
        authority.leaf(name)
    mode = ["-www"] if web else ["-quiet"]
    # A silent server ends when its input does; the pipe stays open as long as the process object.
    process = host.start("openssl", "s_server", "-accept", port, "-cert", leaf.with_suffix(".crt"), "-key",
                         leaf.with_suffix(".key"), *mode, *options, log=log, stdin=subprocess.PIPE)
    wait_until(lambda: listening(host, port, "t"), what="openssl s_server")
    return process
