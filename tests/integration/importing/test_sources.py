"""Files as other programs write them, and as attackers do."""

import json
import random
import zipfile
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.portal.importing import ImportRefused, MappingError, sources
from civicportal.portal.importing.batches import read_mapping, suggest_mapping
from civicportal.portal.importing.moments import InvalidMoment, parse_moment
from civicportal.portal.importing.sources import SourceFile

from . import legacy

JSON_MAPPING = """
[source]
name = "app"

[cases]
kind = "reports"

[cases.columns]
key = "id"
created = "created"
status = "state"
category = "category"
history = "events"

[history.columns]
case = "id"
date = "at"
status = "state"
text = "answer"
"""


def workbook(path, rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_an_excel_file_is_read_like_a_csv_file(city, run, tmp_path):
    path = workbook(tmp_path / "requests.xlsx", [legacy.HEADERS, *legacy.CASES])
    assert run([path]).counts["cases"] == {"new": 4}


def test_cells_of_excel_are_numbers_and_moments(tmp_path):
    path = workbook(
        tmp_path / "a.xlsx",
        [
            ("key", "date", "n"),
            (98, datetime(2020, 3, 1, 8, 30, tzinfo=UTC).replace(tzinfo=None), 2.5),
            (None, None, None),
        ],
    )
    [row] = SourceFile(path).rows()
    assert row.values == {"key": "98", "date": "2020-03-01T08:30:00", "n": "2.5"}


def test_a_formula_is_not_computed(city, run, tmp_path):
    rows = [list(row) for row in legacy.CASES[:1]]
    rows[0][5] = '=HYPERLINK("https://example.com","x")'
    assert run([workbook(tmp_path / "requests.xlsx", [legacy.HEADERS, *rows])]).counts["cases"] == {"new": 1}
    with city.work(write=False) as work:
        assert work.session.scalars(select(Case.body)).all() == [""]


def test_json_lines_have_their_history_within(city, run, tmp_path):
    line = {"id": 7, "created": "2024-01-02T10:00:00+03:30", "state": "reviewed", "category": "lamp"}
    events = [
        {"at": "2024-01-03T10:00:00+03:30", "state": "in_review"},
        {"at": "2024-01-05T10:00:00+03:30", "state": "reviewed", "answer": "درست شد"},
    ]
    path = tmp_path / "app.jsonl"
    lines = [json.dumps({**line, "events": events}, ensure_ascii=False), "[1]", '{"id": ', ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    mapping = JSON_MAPPING.replace('kind = "reports"', 'kind = "reports"\nfiles = ["*.jsonl"]')
    mapping = mapping.replace("[history.columns]", '[history]\nfiles = ["none"]\n\n[history.columns]')
    assert run([path], mapping).counts["cases"] == {"new": 1, "rejected": 2}
    with city.work(write=False) as work:
        events = work.session.scalars(select(CaseEvent).order_by(CaseEvent.id)).all()
        assert [(event.after, event.public_text) for event in events] == [
            ("registered", ""),
            ("in_review", ""),
            ("reviewed", "درست شد"),
        ]


def test_json_with_half_a_letter_or_too_many_levels_stops_no_import(city, run, tmp_path):
    """A program that counts in 16 bits has cut a text within a smiling face."""
    line = {"id": 7, "created": "2024-01-02T10:00:00+03:30", "state": "reviewed", "category": "lamp"}
    events = [{"at": "2024-01-05T10:00:00+03:30", "state": "reviewed", "answer": "درست شد \ud83d"}]
    path = tmp_path / "app.jsonl"
    deep = json.dumps({**line, "id": "@"}).replace('"@"', "[" * 900 + "]" * 900)
    path.write_text("\n".join([json.dumps({**line, "events": events, "more \ud83d": "\ud83d"}), deep]))
    mapping = JSON_MAPPING.replace('kind = "reports"', 'kind = "reports"\nfiles = ["*.jsonl"]')
    mapping = mapping.replace("[history.columns]", '[history]\nfiles = ["none"]\n\n[history.columns]')
    assert run([path], mapping).counts["cases"] == {"new": 1, "rejected": 1}
    with city.work(write=False) as work:
        assert "درست شد ?" in work.session.scalars(select(CaseEvent.public_text)).all()


def test_a_bomb_is_refused(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<a>" * (20 << 20))
    with pytest.raises(ImportRefused, match="unpacks to"):
        SourceFile(path).headers()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"\x00\x01\x02", b"plain text"])
def test_what_is_no_workbook_is_refused(tmp_path, content):
    path = tmp_path / "a.xlsx"
    path.write_bytes(content)
    with pytest.raises(ImportRefused, match="no Excel file"):
        SourceFile(path).headers()


@pytest.mark.parametrize("content", [b"", b"\n", b"a,a\n1,2\n", b",,\n"])
def test_a_file_without_usable_headers_is_refused(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ImportRefused):
        SourceFile(path).headers()


def test_lines_that_cannot_be_read_are_named_and_the_others_are_there(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n1,2,3\n\n4\n" + b"x" * (sources.LONGEST_CELL + 1) + b",1\n5,6\x00\n")
    rows = list(SourceFile(path).rows())
    assert [(row.line, row.values.get("a"), bool(row.flaw)) for row in rows] == [
        (2, "1", False),
        (3, None, True),
        (5, "4", False),
        (6, None, True),
        (7, "5", False),
    ]


def test_random_bytes_never_break_a_source(tmp_path):
    rng = random.Random(3)
    for number in range(200):
        path = tmp_path / f"{number}.{rng.choice(('csv', 'jsonl', 'xlsx'))}"
        path.write_bytes(
            rng.choice((b"", b"a,b\n", b'{"a": 1}\n', b"PK\x03\x04")) + rng.randbytes(rng.randrange(300))
        )
        with suppress(ImportRefused):
            list(SourceFile(path).rows())


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("1398/02/03", "ymd", "2019-04-23 12:00"),
        ("۱۳۹۸/۲/۳ ۰۸:۱۵", "ymd", "2019-04-23 08:15"),
        ("98-02-03 ساعت 8:15:30", "ymd", "2019-04-23 08:15"),
        ("02/03/99", "mdy", "2020-04-22 12:00"),
        ("3/2/1398", "dmy", "2019-04-23 12:00"),
        ("04/02/03", "ymd", "2025-04-23 12:00"),
        ("13980203", "ymd", "2019-04-23 12:00"),
        ("2019-04-23", "ymd", "2019-04-23 12:00"),
        ("2019-04-23T08:15:00", "ymd", "2019-04-23 08:15"),
        ("2019-04-23T08:15:00Z", "ymd", "2019-04-23 12:45"),
    ],
)
def test_dates_of_both_calendars_are_read(site, text, order, expected):
    moment = parse_moment(text, order=order, calendar=site.calendar)
    assert f"{site.calendar.local(moment):%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "امروز",
        "1398/13/01",
        "1398/12/30",
        "0001/01/01",
        "9999/01/01",
        "0001-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999Z",
        "1398-02-03T10:00:00+03:30",
        "1398/02/03 25:00",
        "1398/02",
        "1/2/3/4",
    ],
)
def test_what_is_no_date_is_refused(site, text):
    with pytest.raises(InvalidMoment):
        parse_moment(text, order="ymd", calendar=site.calendar)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[source]", "[sources]\n[source]", "sources is unknown"),
        ('name = "سامانهٔ ۱۳۷"', 'name = ""', "write a name"),
        ('kind = "reports"', 'kind = "petition"', "none of"),
        ('key = "شماره درخواست"', 'keys = "x"', "keys is unknown"),
        ('created = ["تاریخ ثبت", "ساعت"]', "", "created must be mapped"),
        ('created = ["تاریخ ثبت", "ساعت"]', "created = 3", "is not a text"),
        ('kind = "reports"', 'kind = "reports"\nunattended = "perhaps"', "none of reject, list"),
        ('"history*"', '"requests*"', "belongs to"),
        ('"history*"', '"other*"', "no table"),
        ('body = "شرح درخواست"', 'body = "متن"', "there is no column 'متن'"),
        ("[cases.values.status]", "[cases.values.state]", "state is unknown"),
        ("[source]", "[source", "not TOML"),
        ("[source]", f"a = {'9' * 5000}\n[source]", "not TOML"),
    ],
)
def test_a_wrong_mapping_is_named(city, run, tmp_path, old, new, said):
    assert old in legacy.MAPPING
    with pytest.raises(MappingError, match=said):
        run(legacy.write(tmp_path / "old"), legacy.MAPPING.replace(old, new), apply=False)


def test_a_suggestion_is_a_mapping(city, tmp_path):
    [path, _history] = legacy.write(tmp_path / "old")
    text = suggest_mapping(city, path, "reports", most=40)
    found = read_mapping(city, text).section("cases")
    assert found.columns["code"] == ("کد پیگیری",)
    assert found.columns["lat"] == ("عرض جغرافیایی",)
    assert found.columns["mobile"] == ("تلفن همراه",)
    assert found.values["status"]["خاتمه یافته"] == ""
