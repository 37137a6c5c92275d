"""The files that ``docs/scaling.md`` shows are taken by the programs they are written for."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from civicportal.settings import S3Table
from civicportal.testing.postgres import PostgresMissing, TemporaryCluster

PAGE = Path(__file__).parents[1] / "docs/scaling.md"
#: The shown files by their path, which stands in their first line.
FILES = dict(re.findall(r"```\w+\n# (/etc/\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))


def needed(program: str) -> str:
    found = shutil.which(program, path="/usr/sbin:/usr/bin:/bin:/usr/local/bin")
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


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = needed("systemd-analyze")
    units = {Path(path).name: text for path, text in FILES.items() if "/systemd/" in path}
    assert units.keys() == {"civicportal.socket", "civicportal.service", "civicportal-worker.service"}
    for name, text in units.items():
        # The program and its user are not there.
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", text).replace("User=civicportal\n", "")
        (tmp_path / name).write_text(text)
    said = run(analyze, "verify", "--man=no", *(tmp_path / name for name in units))
    assert [line for line in said.splitlines() if str(tmp_path) in line] == []


def test_nginx_takes_the_proxy(tmp_path: Path) -> None:
    nginx, openssl = needed("nginx"), needed("openssl")
    [text] = [text for path, text in FILES.items() if "/nginx/" in path]
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=portal.example.org", "-days", "2", "-nodes")
    run(openssl, "req", "-x509", "-newkey", "rsa:2048", "-keyout", key, "-out", certificate, *subject)
    text = text.replace("/etc/ssl/portal.pem", str(certificate)).replace("/etc/ssl/portal.key", str(key))
    whole = tmp_path / "nginx.conf"
    places = "".join(
        f"{what}_temp_path {tmp_path};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {places}\n{text}\n}}"
    )
    run(nginx, "-t", "-c", whole)


def test_postgresql_takes_the_settings() -> None:
    [text] = [text for path, text in FILES.items() if "/postgresql/" in path]
    wanted = dict(re.findall(r"^(\w+) = '?([\w.]+)'?$", text, re.MULTILINE))
    assert len(wanted) == len(re.findall(r"^\w", text, re.MULTILINE)) > 8
    try:
        # Less memory than a server of a city has.
        found = TemporaryCluster(**{**wanted, "shared_buffers": "64MB"})
    except PostgresMissing as missing:
        pytest.skip(str(missing))
    found.stop()
