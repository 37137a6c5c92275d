"""Moving in from another Open311 server: our own, of another site."""

import json
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from civicportal.cli import main
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, CaseReference
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing import ImportRefused
from civicportal.portal.importing.open311 import Open311Server, Open311Snapshot
from civicportal.testing.serving import Server

from .conftest import BODY, completed

pytestmark = pytest.mark.both_databases
KINDS = ("requests", "updates")


@pytest.fixture
def command(city, civic_environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def command(*arguments, code=0):
        result = CliRunner().invoke(main, ["--site", str(civic_environment.path), "import", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    return command


@pytest.fixture
def mapping(command, other):
    """The suggested mapping, completed by a person."""
    text = command("suggest", "--open311", other[1], "--kind", "reports")
    assert 'pothole = "" # چاله' in text
    Path("mapping.toml").write_text(completed(text), encoding="utf-8")
    return "mapping.toml"


def numbers(site):
    with site.work(write=False) as work:
        return [work.session.scalar(select(func.count()).select_from(table)) for table in (Case, Attachment)]


def test_requests_become_cases_with_dates_states_places_and_pictures(city, command, mapping, other):
    site, address, _codes = other
    said = command("check", "--open311", address, "--mapping", mapping, "--since", "2022-01-01")
    assert "cases: 3 new" in said
    assert numbers(city) == [0, 0]
    said = command("apply", "--open311", address, "--mapping", mapping, "--since", "2022-01-01")
    assert "cases: 3 new, 0 present, 0 changed, 0 rejected" in said
    assert numbers(city) == [3, 1]
    with site.work(write=False) as work:
        theirs = {str(one.id): one for one in work.session.scalars(select(Case))}
    with city.work(write=False) as work:
        organization = work.get(OrganizationService)
        for case, code in work.session.execute(
            select(Case, CaseReference.code).join(CaseReference, CaseReference.case_id == Case.id)
        ):
            their = theirs[code]
            assert case.created_at == their.created_at.replace(microsecond=0)
            assert (case.body, case.is_open, case.public) == (BODY, their.is_open, False)
            assert (
                organization.unit_key(case.unit_id) == "waste" if hasattr(organization, "unit_key") else True
            )
            assert case.place
        texts = set(work.session.scalars(select(CaseEvent.public_text)))
        assert "چاله پر شد" in texts
    again = command("apply", "--open311", address, "--mapping", mapping, "--since", "2022-01-01")
    assert "cases: 0 new, 3 present" in again
    assert numbers(city) == [3, 1]


def test_a_snapshot_is_kept_and_not_read_again(city, command, mapping, other):
    _site, address, _codes = other
    options = ("--open311", address, "--mapping", mapping, "--since", "2022-01-01", "--snapshot", "kept")
    command("check", *options)
    whole = sorted(Path("kept").glob("requests-*.jsonl"))
    lines = [json.loads(line) for path in whole for line in path.read_text("utf-8").splitlines()]
    assert len(lines) == 3
    assert [len(one["media"]) for one in lines].count(1) == 1
    # A window that was read is not asked for again; the last one, which goes on, is.
    first = whole[0]
    first.write_text("", encoding="utf-8")
    command("check", *options)
    assert first.read_text("utf-8") == ""
    shutil.rmtree("kept")


def test_a_picture_that_cannot_be_fetched_is_a_gap(city, command, mapping, other):
    site, address, _codes = other
    for key in list(site.storage.keys()):
        site.storage.delete(key)
    said = command("apply", "--open311", address, "--mapping", mapping, "--since", "2022-01-01")
    assert "cases: 3 new, 0 present, 0 changed, 0 rejected, 1 warning" in said
    assert numbers(city) == [3, 0]


def served(answer):
    """Serve the same answer to every request."""

    def app(environ, start_response):
        status, body = answer(environ)
        start_response(status, [("Content-Type", "application/json"), ("Retry-After", "0")])
        return [body]

    return Server(app)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[1]", b"<html>"])
def test_an_answer_that_is_none_is_named(city, tmp_path, body):
    server = served(lambda environ: ("200 OK", body))
    try:
        with (
            Open311Snapshot(city, Open311Server(address=server.address), tmp_path) as snapshot,
            pytest.raises(ImportRefused, match="is no answer of an Open311 server"),
        ):
            snapshot.services()
    finally:
        server.close()


def test_half_a_letter_in_an_answer_stops_no_reading(city, tmp_path, clock):
    at = clock.now() - timedelta(days=1)
    one = {"service_request_id": "7", "requested_datetime": at.isoformat(), "description": "چاله \ud83d"}
    rows = [{**one, "media_url": "https://city.example/\ud83d.png"}]
    server = served(lambda environ: ("200 OK", json.dumps(rows).encode()))
    try:
        with Open311Snapshot(city, Open311Server(address=server.address), tmp_path) as snapshot:
            [path, *_updates] = snapshot.read(at, lambda name, number: None)
    finally:
        server.close()
    assert json.loads(path.read_text("utf-8"))["description"] == "چاله ?"


def test_a_busy_server_is_asked_again_and_a_broken_one_named(city, tmp_path):
    answers = ["503 Busy", "429 Wait", "200 OK", *["500 Broken"] * 4]
    server = served(lambda environ: (answers.pop(0), b"[]"))
    try:
        with Open311Snapshot(city, Open311Server(address=server.address), tmp_path) as snapshot:
            assert snapshot.services() == []
            with pytest.raises(ImportRefused, match="answered with the status 500"):
                snapshot.services()
    finally:
        server.close()


@pytest.mark.parametrize("paged", [True, False])
def test_all_requests_of_a_window_are_read_with_pages_and_without(city, tmp_path, clock, paged):
    """A server without pages answers with a thousand at most."""
    begin = clock.now() - timedelta(days=80)
    every = [(begin + timedelta(minutes=30 * n), str(n)) for n in range(2300)]

    def answer(environ):
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        if "updates" in environ["PATH_INFO"]:
            return "404 Not Found", b"[]"
        first, last = (datetime.fromisoformat(query[f"{name}_date"]) for name in ("start", "end"))
        found = [(at, number) for at, number in every if first <= at <= last]
        begin, size = (int(query["page"]) - 1) * 500, 500
        found = found[begin : begin + size] if paged else found[:1000]
        rows = [{"service_request_id": number, "requested_datetime": at.isoformat()} for at, number in found]
        return "200 OK", json.dumps(rows).encode()

    server = served(answer)
    try:
        with Open311Snapshot(city, Open311Server(address=server.address), tmp_path) as snapshot:
            files = list(snapshot.read(begin - timedelta(days=100), lambda name, number: None))
    finally:
        server.close()
    lines = [json.loads(line) for path in files for line in path.read_text("utf-8").splitlines()]
    assert sorted(int(one["service_request_id"]) for one in lines) == list(range(2300))


def test_a_window_that_had_not_ended_is_read_again_when_it_has(city, tmp_path, clock):
    """A snapshot for a trial, and the one of the day on which the city moves."""
    begin = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=80)
    every = [begin + timedelta(days=day, hours=23) for day in range(100)]

    def answer(environ):
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        first, last = (datetime.fromisoformat(query[f"{name}_date"]) for name in ("start", "end"))
        found = [at for at in every if first <= at <= last] if query["page"] == "1" else []
        kind = "update_id" if "updates" in environ["PATH_INFO"] else "service_request_id"
        rows = [{kind: at.isoformat(), "service_request_id": at.isoformat()} for at in found]
        return "200 OK", json.dumps(rows).encode()

    def lines(until=None):
        with Open311Snapshot(city, Open311Server(address=server.address), tmp_path) as snapshot:
            files = list(snapshot.read(begin, lambda name, number: None, until))
        assert set(files) == set(tmp_path.glob("*.jsonl"))
        return [
            len(
                [line for path in files if what in path.name for line in path.read_text("utf-8").splitlines()]
            )
            for what in KINDS
        ]

    server = served(answer)
    try:
        assert lines(begin + timedelta(days=30)) == [30, 80]
        assert lines() == [80, 80]
        clock.advance(days=20)
        assert lines() == [100, 100]
    finally:
        server.close()


@pytest.mark.parametrize("address", ["http://169.254.169.254/v2", "http://10.0.0.1/", "ftp://a", "x"])
def test_only_allowed_addresses_are_read(city, tmp_path, address):
    with pytest.raises(ImportRefused):
        Open311Snapshot(city, Open311Server(address=address), tmp_path)


def test_files_or_a_server_are_named(command, mapping):
    assert "name files, or a server" in command("check", "--mapping", mapping, code=2)
