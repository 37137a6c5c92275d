"""The files of ``docs/deploy`` are taken by the programs they are written for; what runs in them is ours."""

import os
import re
import shutil
import ssl
import subprocess
import tomllib
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from click.testing import CliRunner
from portal import READY, free_port, running
from senders import wait_until

from civicportal.cli import main
from civicportal.server import LARGEST_BODY
from civicportal.settings import S3Table
from civicportal.testing.postgres import PostgresMissing, TemporaryCluster

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/scaling.md"
#: Their texts by their names; each begins with where it goes.
FILES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs/deploy").iterdir()}
UNITS = {name: text for name, text in FILES.items() if Path(name).suffix in (".service", ".socket", ".timer")}


def needed(program: str) -> str:
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_table_of_the_bucket_is_one() -> None:
    [text] = re.findall(r"```toml\n(\[s3\].*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    table = tomllib.loads(text)["s3"]
    assert all(table[key].keys() == {"env"} for key in ("access_key", "secret_key"))
    S3Table().deserialize({**table, "access_key": "a", "secret_key": "b"})


def test_each_file_says_where_it_goes_and_is_shown() -> None:
    page = (ROOT / "docs/use/production.md").read_text(encoding="utf-8")
    for name, text in FILES.items():
        assert re.match(r"(#!/bin/sh\n)?# /(etc|usr/local/sbin)/\S+\n", text), name
        assert f"(../deploy/{name})" in page


def test_the_units_run_commands_that_there_are() -> None:
    wanted = {
        command
        for text in UNITS.values()
        for command in re.findall(r"/srv/civicportal/bin/civicportal (\w+)", text)
    }
    assert wanted == {"serve", "worker", "backup"}
    for command in wanted:
        assert CliRunner().invoke(main, [command, "--help"]).exit_code == 0


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = needed("systemd-analyze")
    for name, text in UNITS.items():
        # The program and its user are not there.
        text = re.sub(r"/srv/civicportal/bin/civicportal", "/bin/true", text).replace(
            "User=civicportal\n", ""
        )
        (tmp_path / name).write_text(text)
    said = run(analyze, "verify", "--man=no", *(tmp_path / name for name in UNITS))
    assert [line for line in said.splitlines() if str(tmp_path) in line] == []


def test_nobody_else_reads_the_secrets_of_the_units() -> None:
    services = {name: text for name, text in UNITS.items() if name.endswith(".service")}
    assert len(services) == 3
    for text in services.values():
        assert "\nUser=civicportal\n" in text
        assert "\nEnvironmentFile=/etc/civicportal/secrets\n" in text
        assert re.search(r"^Environment=(?!CIVICPORTAL_SITE=)", text, re.MULTILINE) is None


def test_the_command_has_the_secrets_and_the_rights_of_the_services(tmp_path: Path) -> None:
    needed("runuser")
    if os.geteuid():
        pytest.skip("only root becomes another user")
    text = FILES["civicportal.sh"]
    (tmp_path / "secrets").write_text("PORTAL_SECRET='$HOME & more'\n")
    places = {
        "/srv/civicportal/bin/civicportal": "/bin/sh",
        "/etc/civicportal/secrets": str(tmp_path / "secrets"),
        "/var/lib/civicportal": "/",
        "-u civicportal": "-u nobody",
    }
    for place, there in places.items():
        assert place in text
        text = text.replace(place, there)
    said = run(
        "/bin/sh", "-c", text, "civicportal", "-c", 'id -un; pwd; echo "$CIVICPORTAL_SITE $PORTAL_SECRET"'
    )
    assert said == "nobody\n/\n/etc/civicportal/site.toml $HOME & more\n"


def proxy_files(folder: Path, **places: object) -> Path:
    """Write the proxy's configuration as one file, with a certificate, in a folder of the test's own; return the file."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ("-subj", "/CN=portal.example.org", "-days", "2", "-nodes")
    request = ("req", "-x509", "-newkey", "rsa:2048", "-keyout", key, "-out", certificate, *subject)
    run(needed("openssl"), *request)
    text = FILES["nginx.conf"]
    there = {
        "/etc/ssl/portal.pem": certificate,
        "/etc/ssl/portal.key": key,
        "/var/cache/nginx/civicportal": folder / "cache",
        **places,
    }
    for place, other in there.items():
        assert place in text
        text = text.replace(place, str(other))
    folders = "".join(
        f"{what}_temp_path {folder};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = folder / "nginx.conf"
    user = "user root; " if os.geteuid() == 0 else ""
    whole.write_text(
        f"{user}pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {folders}\n{text}\n}}"
    )
    return whole


def test_nginx_takes_the_proxy(tmp_path: Path) -> None:
    nginx = needed("nginx")
    # It tries the ports, and those below 1024 are root's.
    places = {f"listen {port}": f"listen 127.0.0.1:{free_port()}" for port in (80, 443)}
    run(nginx, "-t", "-c", proxy_files(tmp_path, **places))


def test_the_proxy_keeps_what_is_the_same_for_everybody_and_nothing_else(tmp_path: Path) -> None:
    nginx, port = needed("nginx"), free_port()
    with running(tmp_path, f"sqlite:///{tmp_path / 'portal.db'}") as portal:
        portal.start()
        places = {
            "listen 80;": f"listen 127.0.0.1:{free_port()};",
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "127.0.0.1:6543": f"127.0.0.1:{portal.port}",
            "proxy_cache civicportal;": "proxy_cache civicportal; add_header X-Kept $upstream_cache_status always;",
        }
        whole = proxy_files(tmp_path, **places)
        with subprocess.Popen([nginx, "-c", whole, "-g", "daemon off;"]) as process:
            try:
                wait_until(lambda: asked(port, "/healthz") is not None)
                assert [asked(port, "/") for _ in range(3)] == ["MISS", "HIT", "HIT"]
                # Who is somebody gets a page of their own, and leaves none behind.
                for _ in range(2):
                    assert asked(port, "/", "cp=" + "x" * 43) == "MISS"
                    assert asked(port, "/track") == "MISS"
                assert asked(port, "/") == "HIT"
            finally:
                process.terminate()


def asked(port: int, path: str, cookie: str = "") -> str | None:
    """Return what the proxy says of a page that it was asked for: whether it had it; None while it does not answer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = HTTPSConnection("127.0.0.1", port, timeout=READY, context=context)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.read()
    except ConnectionError:
        return None
    finally:
        connection.close()
    assert answer.status == 200
    return answer.getheader("X-Kept")


def test_the_proxy_lets_through_what_the_server_takes() -> None:
    assert f"client_max_body_size {LARGEST_BODY // 2**20}m;" in FILES["nginx.conf"]


def test_postgresql_takes_the_settings() -> None:
    text = FILES["postgresql.conf"]
    wanted = dict(re.findall(r"^(\w+) = '?([\w.]+)'?$", text, re.MULTILINE))
    assert len(wanted) == len(re.findall(r"^\w", text, re.MULTILINE)) > 8
    try:
        # Less memory than a server of a city has.
        found = TemporaryCluster(**{**wanted, "shared_buffers": "64MB"})
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    found.stop()
