"""The files of ``docs/deploy`` are taken by the programs they are written for; what runs in them is ours."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from portal import READY, free_port, running
from replication import or_skip
from senders import wait_until

from civicportal.app import create_app
from civicportal.cli import main
from civicportal.core.settings import S3Table
from civicportal.testing.postgres import TemporaryCluster
from civicportal.tools.server import LARGEST_BODY
from civicportal.web.headers import SECRET_PATHS

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


def test_only_the_service_user_reads_the_secrets_of_the_units() -> None:
    services = {name: text for name, text in UNITS.items() if name.endswith(".service")}
    assert len(services) == 3
    for text in services.values():
        assert "\nUser=civicportal\n" in text
        assert "\nEnvironmentFile=/etc/civicportal/secrets\n" in text
        assert re.search(r"^Environment=(?!CIVICPORTAL_SITE=|MALLOC_ARENA_MAX=)", text, re.MULTILINE) is None


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
    """Write the proxy's configuration as one file, with a certificate, into a folder; return the file."""
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
    text = re.sub(r"(access|error)_log /var/log/nginx/portal[^;]*;", "", text)
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


@contextmanager
def proxied(folder: Path, portal_port: int, **places: object) -> Iterator[tuple[int, int]]:
    """Run the proxy before what listens on a port; yield its ports for http and https."""
    http, https = free_port(), free_port()
    there = {
        "listen 80": f"listen 127.0.0.1:{http}",
        "listen 443": f"listen 127.0.0.1:{https}",
        "127.0.0.1:6543": f"127.0.0.1:{portal_port}",
        **places,
    }
    command = [needed("nginx"), "-c", proxy_files(folder, **there), "-g", "daemon off;"]
    with subprocess.Popen(command) as process:
        try:
            wait_until(lambda: talk(http, b"GET / HTTP/1.0\r\nHost: portal.example.org\r\n\r\n") is not None)
            yield http, https
        finally:
            process.terminate()


def talk(port: int, words: bytes, name: str = "") -> bytes | None:
    """Send bytes and return the whole response; None while no server listens. With a server name, over TLS."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=READY)
    except OSError:
        return None
    with connection:
        if name:
            connection = context().wrap_socket(connection, server_hostname=name)
        with connection:
            connection.sendall(words)
            heard = b""
            with suppress(ConnectionError):
                while piece := connection.recv(65536):
                    heard += piece
            return heard


def test_the_proxy_keeps_what_is_the_same_for_everybody_and_nothing_else(
    tmp_path: Path, civic_session
) -> None:
    migrate = civic_session.databases.migrate
    with running(tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", make_tables=migrate) as portal:
        portal.start()
        shown = "proxy_cache civicportal; add_header X-Kept $upstream_cache_status always;"
        with proxied(tmp_path, portal.port, **{"proxy_cache civicportal;": shown}) as (_http, port):
            wait_until(lambda: asked(port, "/healthz") is not None)
            assert [asked(port, "/") for _ in range(3)] == ["MISS", "HIT", "HIT"]
            # Signed-in people get their own page, and it is not cached.
            for _ in range(2):
                assert asked(port, "/", "cp=" + "x" * 43) == "MISS"
                assert asked(port, "/track") == "MISS"
            assert asked(port, "/") == "HIT"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was sent, in the place of a portal."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        body = f"{self.path} {length} {self.headers['X-Request-ID']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_words: object) -> None:
        pass


@contextmanager
def echoing(port: int) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", port), Echo) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def echo() -> Iterator[int]:
    with echoing(free_port()) as port:
        yield port


#: Lets openssl offer every version that the configuration does not forbid.
WEAK = "ssl_reject_handshake on; ssl_ciphers ALL:@SECLEVEL=0;"
HOST = b"Host: portal.example.org\r\nConnection: close\r\n"


def test_the_proxy_answers_to_the_name_of_the_portal_alone(tmp_path: Path, echo: int) -> None:
    with proxied(tmp_path, echo) as (http, https):
        own = talk(http, b"GET /a?b HTTP/1.1\r\n" + HOST + b"\r\n")
        assert own is not None
        assert b"Location: https://portal.example.org/a?b\r\n" in own
        assert talk(http, b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n") == b""
        assert talk(http, b"GET / HTTP/1.0\r\n\r\n") == b""
        # By https neither the name of the certificate nor that of the request may be another.
        with pytest.raises(ssl.SSLError):
            talk(https, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", "evil.example")
        other = b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        assert b"200 OK" not in (talk(https, other, "portal.example.org") or b"")
        assert b"200 OK" in (talk(https, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", "portal.example.org") or b"")


def test_two_seconds_after_a_node_is_back_the_other_may_fail(tmp_path: Path) -> None:
    """The proxy skips a node that did not answer; for that time only the other one is left."""
    back, other = free_port(), free_port()
    page = PAGE.read_text(encoding="utf-8")
    [nodes] = re.findall(r"```nginx\nupstream civicportal \{\s*server (.*?);\s*\}", page, re.DOTALL)
    for address, port in (("10.0.0.11:6543", back), ("10.0.0.12:6543", other)):
        assert address in nodes
        nodes = nodes.replace(address, f"127.0.0.1:{port}")
    tries = "proxy_next_upstream_tries 2;"
    places = {
        "127.0.0.1:6543": nodes,
        tries: f"{tries} add_header X-Node $upstream_addr always;",
        "rate=50r/s": "rate=9999r/s",
    }
    with proxied(tmp_path, other, **places) as (_http, https), ExitStack() as alive:

        def ask() -> tuple[str, str]:
            """Return the status of a page, and whom the proxy asked for it."""
            words = b"GET /track HTTP/1.1\r\n" + HOST + b"\r\n"
            answer = (talk(https, words, "portal.example.org") or b"").decode()
            return answer.split(" ")[1], re.findall(r"X-Node: (.*)\r", answer)[0]

        with echoing(other):
            wait_until(lambda: {ask() for _ in range(4)} == {("200", f"127.0.0.1:{other}")})
            alive.enter_context(echoing(back))
            until = time.monotonic() + 2
            while time.monotonic() < until:
                assert ask()[0] == "200"
        assert ask()[0] == "200"


def test_the_proxy_takes_large_bodies_where_pictures_are_sent(tmp_path: Path, echo: int) -> None:
    with proxied(tmp_path, echo) as (_http, https):

        def post(path: str, size: int) -> bytes:
            head = f"POST {path} HTTP/1.1\r\nContent-Length: {size}\r\n".encode() + HOST + b"\r\n"
            return (talk(https, head + b"x" * size, "portal.example.org") or b"").partition(b"\r\n")[0]

        for path in ("/uploads", "/reports/new", "/my/1234567890/answer", "/desk/feedback/new"):
            assert b" 200 " in post(path, 3 * 2**20), path
        for path in ("/track", "/newer", "/login"):
            assert b" 200 " in post(path, 2**20), path
            assert b" 413 " in post(path, 3 * 2**20), path


def test_the_proxy_knows_all_paths_that_carry_pictures(tmp_path: Path, civic_session) -> None:
    [pattern] = re.findall(r"location ~ (\S+) \{", FILES["nginx.conf"])
    migrate = civic_session.databases.migrate
    with running(tmp_path, f"sqlite:///{tmp_path / 'portal.db'}", make_tables=migrate) as portal:
        paths = create_app(portal.site).registry.settings["civicportal.upload_paths"]
    assert len(paths) > 8
    assert [path for path in paths if not re.search(pattern, path)] == []


@pytest.mark.parametrize(
    ("version", "answered"),
    [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)],
)
def test_the_proxy_takes_no_old_tls(tmp_path: Path, echo: int, version: str, answered: bool) -> None:
    """What openssl refuses by itself is let through here: the configuration alone must hold it."""
    old = context()
    # What this machine's library would refuse by itself must be refused by the proxy.
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = ssl.TLSVersion[version]
    with proxied(tmp_path, echo, **{"ssl_reject_handshake on;": WEAK}) as (_http, https):
        try:
            with (
                socket.create_connection(("127.0.0.1", https), timeout=READY) as connection,
                old.wrap_socket(connection, server_hostname="portal.example.org"),
            ):
                assert answered
        except (ssl.SSLError, ConnectionError):
            assert not answered


def test_the_proxy_hides_what_is_for_monitors(tmp_path: Path, echo: int) -> None:
    with proxied(tmp_path, echo) as (_http, https):

        def status(path: str) -> str:
            words = f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n"
            return (talk(https, words, "portal.example.org") or b"").split(b" ")[1].decode()

        hidden = ("/readyz", "/readyz/worker", "/metrics", "/metrics?name=up")
        assert {path: status(path) for path in hidden} == dict.fromkeys(hidden, "404")
        assert status("/healthz") == status("/") == "200"


def test_the_proxy_refuses_a_visitor_who_asks_too_much(tmp_path: Path, echo: int) -> None:
    slower = {
        "rate=50r/s": "rate=1r/m",
        "burst=200": "burst=20",
        "rate=10r/s": "rate=1r/m",
        "burst=50": "burst=5",
    }
    with proxied(tmp_path, echo, **slower) as (_http, https):

        def status(method: str) -> str:
            words = f"{method} / HTTP/1.1\r\nContent-Length: 0\r\n".encode() + HOST + b"\r\n"
            return (talk(https, words, "portal.example.org") or b"").split(b" ")[1].decode()

        assert [status("POST") for _ in range(8)] == ["200"] * 6 + ["429"] * 2
        assert [status("GET") for _ in range(8)][:3] == ["200"] * 3
        assert "429" in [status("GET") for _ in range(12)]


def test_the_proxy_logs_neither_tokens_nor_queries(tmp_path: Path, echo: int) -> None:
    token, log = "tOkEn_-" * 6 + "x", tmp_path / "access.log"
    kept = {
        "access_log /var/log/nginx/portal.access.log portal": f"access_log {log} portal",
        "error_log /var/log/nginx/portal.error.log": f"error_log {tmp_path / 'error.log'}",
    }
    paths = {
        f"/staff/reset/{token}": "/staff/reset/-",
        f"/staff/invite/{token}/code?x=1": "/staff/invite/-",
        # Of a link that was copied without its end the rest is a secret too.
        **{f"{path}/{token[:20]}": f"{path}/-" for path in SECRET_PATHS},
        "/track/1234567890?sms=1": "/track/-",
        f"/other/{token}/more": "/other/-",
        "/reports?q=words": "/reports",
        "/track": "/track",
    }
    with proxied(tmp_path, echo, **kept) as (_http, https):
        numbers = []
        for path in paths:
            answer = talk(https, f"GET {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n", "portal.example.org")
            assert answer is not None
            assert b" 200 " in answer
            numbers.append(answer.split()[-1].decode())
        wait_until(lambda: log.read_text().count(" 200 ") == len(paths))
    written = [line for line in log.read_text().splitlines() if " 200 " in line]
    assert [re.findall(r'"GET (\S+)"', line)[0] for line in written] == list(paths.values())
    # The portal is told the number of the line.
    assert [line.split()[-1] for line in written] == numbers
    assert "tOkEn" not in log.read_text()
    assert "words" not in log.read_text()


def context() -> ssl.SSLContext:
    """Return what takes the certificate of the test."""
    found = ssl.create_default_context()
    found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
    return found


def asked(port: int, path: str, cookie: str = "") -> str | None:
    """Return what the proxy says of a page that it was asked for: whether it had it; None while it does not answer."""
    connection = HTTPSConnection("portal.example.org", port, timeout=READY, context=context())
    # The name is told to the proxy; it listens on loopback.
    connection._create_connection = lambda _place, *more: socket.create_connection(("127.0.0.1", port), *more)
    try:
        connection.request(
            "GET", path, headers={"Host": "portal.example.org", **({"Cookie": cookie} if cookie else {})}
        )
        answer = connection.getresponse()
        answer.read()
    except ConnectionError:
        return None
    finally:
        connection.close()
    assert answer.status == 200
    return answer.getheader("X-Kept")


def test_the_proxy_lets_through_what_the_server_takes() -> None:
    assert "client_max_body_size 2m;" in FILES["nginx.conf"]
    assert f"client_max_body_size {LARGEST_BODY // 2**20}m;" in FILES["nginx.conf"]


def test_postgresql_takes_the_settings() -> None:
    text = FILES["postgresql.conf"]
    wanted = dict(re.findall(r"^(\w+) = '?([\w.]+)'?$", text, re.MULTILINE))
    assert len(wanted) == len(re.findall(r"^\w", text, re.MULTILINE)) > 8
    # Less memory than a server of a city has.
    or_skip(partial(TemporaryCluster, **{**wanted, "shared_buffers": "64MB"})).stop()
