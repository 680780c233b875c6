"""Chromium behind `weir run`: HTTP/3, and TCP where that fails."""
import base64
import hashlib
import shutil
import signal
import subprocess
import time

import netns
import pytest
import rig
import servers

CHROMIUM = shutil.which("chromium", path=netns.SEARCH)
pytestmark = [pytest.mark.skipif(netns.available() is not None, reason=str(netns.available())),
              pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (it is large: apt-get install chromium)")]
QUIC_NAME = "web.whatsapp.com"  # whose certificate the QUIC server shows to all


def key_hash(certificate):
    """The SHA-256 of a certificate's public key: Chromium takes no unknown authority over QUIC without it."""
    pipe = f"openssl x509 -in {certificate} -noout -pubkey | openssl pkey -pubin -outform der"
    return base64.b64encode(hashlib.sha256(subprocess.run(pipe, shell=True, check=True, capture_output=True).stdout).digest()).decode()


def visit(world, name, *options):
    """The page as the browser shows it, or its error page."""
    keys = ",".join(key_hash(world.authority.folder / "leaf" / f"{n}.crt") for n in (name, QUIC_NAME))
    run = world.client.run(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                           "--disable-component-update", "--disable-background-networking", "--no-first-run",
                           f"--user-data-dir={world.folder}/profile", "--timeout=8000",
                           f"--ignore-certificate-errors-spki-list={keys}", *options, "--dump-dom",
                           f"https://{name}/page.html", check=False, timeout=60)
    return run.stdout


def flows(events, app):
    return [(e["proto"], e["weir"]["verdict"]) for e in events if e["event_type"] == "flow" and e["weir"]["app"] == app]


def test_neither_http3_nor_the_fall_back_reaches_a_barred_name(tmp_path):
    world = rig.Rig(tmp_path)
    try:
        world.serve()
        servers.start_quic(world.server, world.authority, world.htdocs, world.log, name=QUIC_NAME)
        world.start("version: 1\ndefault: {action: pass}\n")
        force = "--origin-to-force-quic-on=web.whatsapp.com:443,www.debian.org:443"
        assert "lorem ipsum" in visit(world, "web.whatsapp.com", force)  # HTTP/3 works through the box
        assert "lorem ipsum" in visit(world, "web.whatsapp.com")         # and so does TCP
        (tmp_path / "policy.yaml").write_text(rig.POLICY.format(action="reject"))
        world.weir.send_signal(signal.SIGHUP)
        netns.wait_until(lambda: "reloaded" in (tmp_path / "run.err").read_text(), what="reload")
        time.sleep(0.3)
        assert "lorem ipsum" not in visit(world, "web.whatsapp.com", force)
        assert "lorem ipsum" not in visit(world, "web.whatsapp.com")
        assert "lorem ipsum" in visit(world, "www.debian.org", force)
        assert "lorem ipsum" in visit(world, "www.debian.org")
        summary, events = world.stop()
        rig.check_sums(summary)
        seen = flows(events, "WhatsApp")
        assert ("UDP", "pass") in seen and ("TCP", "pass") in seen  # before the reload
        assert ("UDP", "reject") in seen and ("TCP", "reject") in seen
    finally:
        world.close()
