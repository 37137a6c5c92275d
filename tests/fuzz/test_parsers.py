"""Every parser of external data with generated input: it answers or refuses as documented, and raises nothing else."""

import base64
import io
import json
import logging
import re
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, time, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import tomlkit
from civicportal_announcements.markup import plain_text, render_markup
from civicportal_reports.viewports import InvalidView, MapView
from civicportal_sms_ir.answers import read as read_answer
from civicportal_sms_ir.exchange import HttpResponse
from civicportal_sms_ir.records import UnexpectedResponse, every, pack_of, readable, received_of, record_of
from fuzz.generated import Source
from fuzz.trying import number_of, storable, try_all
from integration.authenticator import Authenticator
from pyramid.response import Response
from sqlalchemy import create_engine, text

from civicportal.api.notifications import SendError
from civicportal.core.crypto import Keys
from civicportal.core.installed import find_site
from civicportal.core.limits.challenges import Challenges, is_solved
from civicportal.core.limits.requesters import address_of, network_of
from civicportal.core.serving.proxies import trust_proxies
from civicportal.core.settings import read_settings
from civicportal.domain.accounts.relying_party import PasskeyRefused, RelyingParty, read_new, read_shown
from civicportal.domain.cases import query_parser
from civicportal.domain.cases.paging import Cursor
from civicportal.domain.cases.search_query import fts5_query, tsquery
from civicportal.domain.notifications import inbound, verdicts
from civicportal.domain.notifications.models import InboundMessage
from civicportal.domain.notifications.timing import pause
from civicportal.domain.statistics.named_periods import span_of
from civicportal.testing import FakeClock
from civicportal.tools.backup.archive import ArchiveReader, ArchiveWriter
from civicportal.tools.backup.errors import BackupError
from civicportal.tools.backup.manifest import read_manifest
from civicportal.tools.backup.sealing import check_signature
from civicportal.util import tracking
from civicportal.util.calendar import CityCalendar
from civicportal.util.calendar.dates import InvalidDate, parse_date, to_calendar
from civicportal.util.countries import COUNTRIES, InvalidMobile
from civicportal.util.errors import ConfigurationError
from civicportal.util.personal_data import Person, compose, find, salutation
from civicportal.web import csp_reports
from civicportal.web.flash import FlashSession
from civicportal.web.multipart import FormTooLarge, MalformedForm, close_form, read_multipart
from civicportal.web.request import Request
from civicportal.web.request_body import RequestRefused, keep_readable_cookies
from civicportal.web.request_checks import Rules, check
from civicportal.web.requests import locale_of, safe_next
from civicportal.web.schema import whole_number

Once = Callable[[Source], bool]
PARSERS: dict[str, Once] = {}
"""By the name of a parser what tries one input on it, and tells whether it was taken."""
KEYS = Keys(b"k" * 32, [b"k" * 32])
CLOCK = FakeClock()
CALENDAR = CityCalendar(
    kind="jalali", timezone=ZoneInfo("Asia/Tehran"), weekend=frozenset({4}), hours=(time(7, 30), time(14, 30))
)
SITE = SimpleNamespace(
    keys=KEYS,
    clock=CLOCK,
    limits=None,
    is_production=False,
    languages=("fa", "en"),
    locale="fa",
    language_cookie_name="lang",
)
MOBILES = ("09123456789", "+98 912 345 6789", "0098(0)912-345-6789", "+49 1512 3456789", "98912345678")
CODE = tracking.new_code(Random(1))
CODES = (CODE, tracking.grouped(CODE), "۴۰۵ ۹۰۳ ۱۲۷۴", "405-903-1274")
PERSONAL = (
    "سلام آقای رضا کریمی، پلاک ۱۲ واحد ۳، تلفن ۰۹۱۲۳۴۵۶۷۸۹ کد ملی ۰۴۹۹۳۷۰۸۹۹",
    "ایران ۱۲ - ۳۴۵ ب ۶۷، کد پستی ۱۱۹۳۶-۵۳۴۷۱",
    "Dear Mr Smith, +98 912 345 6789, apartment 12a",
)
PERSON = Person(
    names=("رضا کریمی",), mobile="+989123456789", national_code="0499370899", tracking_code="4059031274"
)


def parser(name: str) -> Callable[[Once], Once]:
    """Note a function that tries one input on a parser of this name."""

    def note(once: Once) -> Once:
        PARSERS[name] = once
        return once

    return note


def any_text(
    texts: tuple[str, ...], accepted: tuple[type[Exception], ...], read: Callable[[str], Any]
) -> Once:
    """Return what tries texts like these on a reader, which may refuse them only so."""

    def once(source: Source) -> bool:
        try:
            read(source.text(texts))
        except accepted:
            return False
        return True

    return once


# --- requests


def multipart_of(source: Source, boundary: str) -> bytes:
    parts = []
    for _ in range(source.below(6)):
        name = source.text(("body", "photo_key_files", "file", "csrf_token"))
        file = f'; filename="{source.text(("a.jpg", "../../x"))}"' if source.chance(0.3) else ""
        head = f'Content-Disposition: form-data; name="{name}"{file}\r\n'
        if source.chance(0.3):
            head += f"Content-Type: {source.text(('image/jpeg', 'text/plain; charset=utf-16', 'multipart/mixed'))}\r\n"
        if source.chance(0.1):
            head += f"Content-Transfer-Encoding: {source.text(('base64', '8bit'))}\r\n"
        parts.append(f"--{boundary}\r\n{head}\r\n{source.text(('چاله', '1'))}\r\n")
    return ("".join(parts) + f"--{boundary}--\r\n").encode("utf-8", "surrogatepass")


@parser("multipart forms")
def multipart(source: Source) -> bool:
    boundary = source.text(("----x1", "a" * 70)) if source.chance(0.2) else "----x1"
    body = source.bytes((multipart_of(source, "----x1" if source.chance(0.1) else boundary),))
    header = f"multipart/form-data; boundary={boundary}"
    if source.chance(0.2):
        header = source.text((header, 'multipart/form-data; boundary="----x1"; charset=x'))
    try:
        fields = read_multipart(io.BytesIO(body), len(body), header, most_parts=200)
    except (MalformedForm, FormTooLarge):
        return False
    for value in fields.values():
        if hasattr(value, "file"):
            value.file.close()
    return bool(fields)


RULES = Rules(hosts=frozenset({"localhost"}), upload_paths=("/upload",), wide_form_paths=("/wide",))
TYPES = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-8", "application/json",
    "application/csp-report", "application/reports+json", "multipart/form-data; boundary=----x1", "text/plain", "",
)  # fmt: skip
FORM = b"csrf_token=abc&body=%DA%86%D8%A7%D9%84%D9%87&lat=35.7&photo_key=AAAAAAAAAAAAAAAAAAAAAA&photo_key=b"


def header_of(text_: str) -> str:
    """Return a text as a server hands headers over: bytes in Latin-1 (PEP 3333), no line breaks."""
    text_ = re.sub("[\0\r\n]", "", text_)
    return text_.encode("utf-8", "surrogatepass").decode("latin-1")


def environ_of(source: Source) -> dict[str, Any]:
    kind = source.pick(TYPES)
    if kind.startswith("multipart"):
        body = source.bytes((multipart_of(source, "----x1"),))
    elif "json" in kind or "csp" in kind:
        body = source.bytes((as_json(source.json()),))
    else:
        body = source.bytes((FORM,))
    # A server hands over whole bodies: no announced length is longer.
    length = header_of(source.text(("x1", "-1", "1 2"))) if source.chance(0.05) else str(len(body))
    return {
        "REQUEST_METHOD": source.text(("POST",))
        if source.chance(0.05)
        else source.pick(("POST", "POST", "GET")),
        "SCRIPT_NAME": "",
        "PATH_INFO": header_of("/" + source.text(("kartable/4059031274", "upload", "wide", "healthz"))),
        "QUERY_STRING": header_of(source.text(("q=%DA%86&page=2&sort=newest", "next=/my", ""))),
        "HTTP_HOST": header_of(source.text(("localhost",))) if source.chance(0.1) else "localhost",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "CONTENT_TYPE": header_of(source.text((kind,))) if source.chance(0.2) else kind,
        "CONTENT_LENGTH": length,
        "HTTP_COOKIE": header_of(source.text(("lang=fa; cp=abc",))),
        "wsgi.input": io.BytesIO(body),
        "webob.is_body_seekable": True,
    }


@parser("the first check of a request: path, query, forms, JSON")
def first_check(source: Source) -> bool:
    request = Request(environ_of(source))
    request.registry = SimpleNamespace()
    try:
        check(request, RULES)
        look_at(request)
        return True
    except RequestRefused:
        return False
    finally:
        close_form(request)


def look_at(request: Request) -> None:
    """Read what has passed as views do: it can be read, and kept."""
    dict(request.cookies)
    assert storable(dict(request.GET))
    if request.method == "POST" and "json" in request.content_type and request.body:
        assert storable(request.json_body)
    elif request.method == "POST":
        assert storable(dict(request.POST))


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()


@parser("the way back: next")
def way_back(source: Source) -> bool:
    request = Request.blank(
        "/", POST={"next": storable_text(source.text(("/my/cases?sort=newest", "//evil.example", "/\\evil")))}
    )
    target = safe_next(request, "/")
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))
    # A header takes it.
    Response(location=target)
    return target != "/"


def storable_text(text_: str) -> str:
    """Return a text as the first check lets it through."""
    return text_.replace("\0", "").encode("utf-8", "ignore").decode()


@parser("X-Forwarded-For and X-Forwarded-Proto")
def forwarded(source: Source) -> bool:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environ)
        start("200 OK", [])
        return []

    environ = environ_of(source)
    addresses = (
        "203.0.113.9",
        "203.0.113.9, 10.0.0.5",
        "[2001:db8::1]:443",
        "::ffff:10.1.2.3",
        "fe80::1%eth0",
        "unknown",
    )
    environ["REMOTE_ADDR"] = source.pick(("10.0.0.5", "198.51.100.7", "::ffff:10.0.0.5", "", "unix:"))
    environ["HTTP_X_FORWARDED_FOR"] = header_of(source.text(addresses))
    environ["HTTP_X_FORWARDED_PROTO"] = header_of(source.text(("https", "http", "https, http")))
    answered: list[str] = []
    proxied(environ, lambda status, headers, exc_info=None: answered.append(status), application)
    assert answered[0][:3] in ("200", "400")
    place = seen.get("REMOTE_ADDR", "")
    assert storable(address_of(place))
    assert storable(network_of(place))
    return answered[0].startswith("200")


def proxied(environ: dict[str, Any], start: Any, application: Any) -> None:
    list(trust_proxies(application, ("10.0.0.0/24",))(environ, start))


@parser("reports of the content security policy")
def csp(source: Source) -> bool:
    report = {
        "document-uri": "https://x.example/a?b",
        "blocked-uri": "inline",
        "violated-directive": "script-src 'self'",
    }
    new = [
        {
            "type": "csp-violation",
            "body": {"documentURL": "https://[::1]:x/", "lineNumber": 3, "blockedURL": "data"},
        }
    ]
    sent = source.replaced(source.pick(({"csp-report": report}, new)))
    body = source.bytes((as_json(sent),)) if source.chance(0.3) else as_json(sent)
    reports = list(csp_reports._reports(csp_reports._read(body)))
    for one in reports:
        told = csp_reports._told(one)
        json.dumps(told)
        assert all(len(str(value)) < 200 for value in told.values())
    return bool(reports)


@parser("cookies: messages and language")
def cookies(source: Source) -> bool:
    payload = base64.urlsafe_b64encode(as_json({"": ["گفته"]})).decode()
    signed = f"{KEYS.mac('flash', payload).hex()}.{payload}"
    cookie = source.text(
        (f"cp_flash={signed}; lang=en", 'lang="fa"; cp_flash="a.b"', f"cp_flash={signed}", "lang=xx")
    )
    request = Request.blank("/", environ={"HTTP_COOKIE": header_of(cookie)})
    keep_readable_cookies(request)
    request.registry = SimpleNamespace(site=SITE)
    assert locale_of(request) in SITE.languages
    session = FlashSession(request)
    assert session.peek_flash() in ([], ["گفته"])
    return bool(session.peek_flash())


TICKET = Challenges(
    SimpleNamespace(keys=KEYS, clock=CLOCK, limits=SimpleNamespace(pressure=lambda _name: 0))
).issue("otp_send_site", "browser", "/login")


@parser("challenge tickets and answers")
def tickets(source: Source) -> bool:
    ticket = source.text((TICKET.ticket,))
    answer = source.text((".".join("123456789"[:1] * 8), "1.2.3.4.5.6.7.99999999999"))
    challenges = Challenges(SITE)
    again = challenges.again(ticket, "browser", "/login")
    assert again is None or ticket == TICKET.ticket
    # No one has worked, and no one has waited.
    assert not challenges.passes(ticket, answer, "browser", "/login", "203.0.113.9")
    assert not is_solved(TICKET.nonce, 40, answer)
    return again is not None


# --- what people type

PARSERS["tracking codes"] = any_text(
    CODES,
    (tracking.InvalidTrackingCode,),
    lambda typed: check_that(tracking.is_valid(tracking.normalize(typed))),
)
PARSERS["cursors and numbers of rows"] = any_text(
    ("after-1764410000000000-12", "before-0-1", "after-999999999999999999-9", "12"),
    (),
    lambda typed: cursor(typed),
)
PARSERS["times and office hours"] = any_text(
    ("07:30-14:30", "8:30", "24:00-25:00"), (ValueError,), CityCalendar.parse_hours
)
PARSERS["what a search looks for"] = lambda source: searched(source)


def check_that(is_so: bool) -> None:
    assert is_so


def cursor(typed: str) -> None:
    found = Cursor.parse(typed)
    assert found is None or Cursor.parse(str(found)) == found
    assert 0 <= whole_number(typed) < 10**15


@parser("mobiles, national codes, identifiers of organisations")
def numbers(source: Source) -> bool:
    typed, taken = source.text((*MOBILES, "0499370899", "10380284790")), False
    for country in COUNTRIES.values():
        country.is_national_code(typed)
        country.is_legal_id(typed)
        try:
            mobile = country.normalize_mobile(typed)
        except InvalidMobile:
            continue
        assert re.fullmatch(r"\+[1-9][0-9]{7,14}", mobile)
        assert country.normalize_mobile(mobile) == mobile
        assert mobile[-7:-4] not in country.mask_mobile(mobile)[3:-4]
        country.display_mobile(mobile)
        taken = True
    return taken


@parser("personal data in texts")
def personal_data(source: Source) -> bool:
    typed = storable_text(source.text(PERSONAL))
    for country in COUNTRIES.values():
        found = find(typed, PERSON, country)
        assert all(0 <= one.start < one.end <= len(typed) for one in found)
        assert all(before.end <= after.start for before, after in pairwise(found))
        assert 0 <= salutation(typed, PERSON, country) <= len(typed)
        compose(typed, PERSON, country, name="شهروند")
    return bool(found)


@parser("dates of both calendars")
def dates(source: Source) -> bool:
    typed, taken = source.text(("1405/09/03", "۱۴۰۵-۱۲-۳۰", "2026.11.24", "1403/12/30")), False
    for kind in ("jalali", "gregorian"):
        try:
            day = parse_date(kind, typed)
        except InvalidDate:
            continue
        assert parse_date(kind, "{:04}/{:02}/{:02}".format(*to_calendar(kind, day))) == day
        taken = True
    return taken


@parser("periods of figures")
def periods(source: Source) -> bool:
    span = span_of(
        source.text(("1405-08", "1405", "month", "9999-12", "0001")), None, None, CALENDAR, date(2026, 11, 29)
    )
    assert span.first is None or span.last is None or span.first <= span.last
    return span.first != date(2026, 10, 31)


@parser("parts of the map")
def map_view(source: Source) -> bool:
    try:
        view = MapView.of(
            {"bbox": source.text(("52.0,31.0,52.1,31.1",)), "zoom": source.text(("14", "1e308"))}
        )
    except InvalidView:
        return False
    assert 0 <= view.zoom <= 18
    return True


class Allowed(HTMLParser):
    """Holds HTML against what announcements may contain."""

    TAGS = frozenset({"p", "br", "strong", "em", "h2", "h3", "h4", "ul", "ol", "li", "blockquote", "a", "hr"})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS
        assert {name for name, _value in attrs} <= {"href", "rel"}
        address = dict(attrs).get("href") or ""
        scheme = re.match(r"[\x00-\x20]*([a-z][a-z0-9+.-]*):", address, re.IGNORECASE)
        assert scheme is None or scheme[1].lower() in ("http", "https", "mailto", "tel")


MARKUP = (
    "## عنوان\n\nمتن **پررنگ** و [پیوند](https://x.example/a)\n\n- یک\n- دو\n\n> نقل https://y.example/؟",
    "[a](javascript:alert(1)) <img src=x onerror=y> ![a](b) `c`\n\n    code\n***\n1. x",
)


@parser("markup of announcements")
def markup(source: Source) -> bool:
    typed = storable_text(source.text(MARKUP))[:10_000]
    Allowed().feed(render_markup(typed, base="https://portal.example/"))
    assert len(plain_text(typed, 100)) <= 101
    return True


INDEX = create_engine("sqlite://")


def searched(source: Source) -> bool:
    typed = storable_text(
        source.text(("چالهٔ خیابان", '"معابر شهری" ۱۲', "405903", "می‌خواهم «سطل زباله»", *CODES))
    )
    found = query_parser.read(typed[:200])
    if not found.terms:
        return False
    for people in (False, True):
        asked = fts5_query(found.terms, people=people)
        if len(ASKED) < 100_000:
            ASKED.append(tsquery(found.terms, people=people))
        with INDEX.begin() as connection:
            connection.execute(
                text("CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(search_text, people)")
            )
            connection.execute(
                text("SELECT rowid FROM words WHERE words MATCH :asked"), {"asked": asked}
            ).all()
    return True


ASKED: list[str] = []
"""What PostgreSQL would be asked: :func:`test_searches_can_be_asked_of_postgresql` does so."""


# --- messages

RECORD = {
    "messageId": 12, "mobile": 9123456789, "messageText": "لغو۱۱", "sendDateTime": 1764410000, "deliveryState": 1,
    "deliveryDateTime": 1764410005, "receivedDateTime": 1764410000, "packId": "x", "creationDateTime": 1764410000,
}  # fmt: skip


@parser("answers of the SMS provider, and messages of people in them")
def sms(source: Source) -> bool:
    sent = source.replaced({"status": 1, "message": "ok", "data": [RECORD, RECORD]}, MOBILES)
    content = as_json(sent) if source.chance(0.9) else source.bytes((as_json(sent),))
    headers = {
        "Retry-After": source.text(("120", "Wed, 21 Oct 2026 07:28:00 GMT")),
        "X-Rate-Limit-Reset": source.text(("2026-11-29T10:00:00+03:30",)),
    }
    try:
        data = read_answer(
            HttpResponse(code=source.pick((200, 200, 200, 429, 500)), headers=headers, content=content),
            CLOCK.now(),
        )
        messages = readable(received_of, data)
    except (SendError, UnexpectedResponse) as refused:
        wait = getattr(refused, "retry_after", None)
        assert pause(1, 0.5, wait) < timedelta(days=1)
        return False
    for message in messages:
        assert re.fullmatch("[0-9a-f]{64}", message.name)
        assert message.received_at.tzinfo is UTC
        assert storable(inbound._storable(message.text))
    for make in (record_of, pack_of):
        try:
            every(make, data)
        except UnexpectedResponse:
            continue
    return bool(messages)


@parser("words of inbound messages")
def words(source: Source) -> bool:
    message = InboundMessage(
        text=inbound._storable(source.text(("لغو۱۱", "«۱» 405 903 1274 خوب بود", "2. هنوز نه")))
    )
    assert message.word == message.word.strip()
    inbound._CODE.findall(message.text)
    verdict = verdicts.read(message.text, "1", "2")
    assert verdict is None or re.fullmatch("[0-9]{10}|", verdict.code)
    return verdict is not None


# --- passkeys

PARTY = RelyingParty(id="localhost", origin="http://localhost")
DEVICE = Authenticator()
CHALLENGE = b"c" * 32
OPTIONS = {
    "user": {"id": "dXNlcg"}, "rp": {"id": "localhost"}, "rpId": "localhost",
    "challenge": base64.urlsafe_b64encode(CHALLENGE).decode().rstrip("="),
}  # fmt: skip
MADE, SHOWN = DEVICE.create(OPTIONS), DEVICE.get(OPTIONS)
PUBLIC_KEY = read_new(MADE, CHALLENGE, PARTY).credential_public_key


@parser("answers of passkeys")
def passkeys(source: Source) -> bool:
    is_new = source.chance(0.5)
    answer = json.loads(MADE if is_new else SHOWN)
    for name in ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"):
        if name in answer["response"] and source.chance(0.3):
            raw = base64.urlsafe_b64decode(answer["response"][name] + "==")
            answer["response"][name] = base64.urlsafe_b64encode(source.bytes((raw,))).decode().rstrip("=")
    sent = json.dumps(source.replaced(answer)) if source.chance(0.5) else json.dumps(answer)
    try:
        if is_new:
            read_new(sent, CHALLENGE, PARTY)
        else:
            read_shown(sent, CHALLENGE, PARTY, PUBLIC_KEY)
    except PasskeyRefused:
        return False
    return True


# --- files of an operator


def archive() -> bytes:
    file = io.BytesIO()
    with ArchiveWriter(file, 0, lambda digest: digest) as writer:
        writer.add("manifest.json", io.BytesIO(MANIFEST))
        writer.add("database", io.BytesIO(b"x" * 600))
        writer.add("files/" + "A" * 22, io.BytesIO(b"y" * 100))
    return file.getvalue()


MANIFEST = as_json(
    {
        "format": 2, "made_at": "2026-11-29T10:00:00+00:00", "database": "sqlite", "versions": {"core": "1"},
        "revisions": {"core": "0024"}, "site_file": "a", "environment": {}, "secret_files": {}, "secret_mark": "b",
        "portal": "c", "server": 0, "pictures": "archive", "tables": {"users": [3, "d"]},
    }
)  # fmt: skip
#: Between the blocks of a tar lies nothing but zeros: a change falls into what is read.
ARCHIVE = archive().rstrip(b"\0") + bytes(1024)
HEADERS = [
    place for place in range(0, len(ARCHIVE) - 512, 512) if ARCHIVE[place + 257 : place + 262] == b"ustar"
]


@parser("archives of backups")
def archives(source: Source) -> bool:
    data = bytearray(ARCHIVE)
    for _ in range(source.below(4)):
        place = source.pick(HEADERS) + source.below(512)
        data[place] = source.below(256)
    if source.chance(0.7):
        # With the sum that a header carries of itself: it is read as it says.
        for place in HEADERS:
            head = bytes(data[place : place + 512])
            data[place + 148 : place + 156] = b"%06o\0 " % tarfile.calc_chksums(head)[0]
    elif source.chance(0.5):
        data = bytearray(source.bytes((bytes(data),)))

    def checked(signature: bytes, digest: bytes) -> None:
        if signature != digest:
            raise BackupError("not signed")

    try:
        ArchiveReader(io.BytesIO(data)).verify(lambda _number: None, checked)
    except BackupError:
        return False
    return True


@parser("manifests and signatures of backups")
def manifests(source: Source) -> bool:
    changed, taken = as_json(source.replaced(json.loads(MANIFEST))), False
    for content in (changed, source.bytes((MANIFEST,))):
        try:
            manifest = read_manifest(content)
        except BackupError:
            continue
        assert isinstance(manifest.format, int)
        assert isinstance(manifest.versions, dict)
        assert manifest.to_json()
        taken = True
    signature = as_json(source.replaced({"ed25519": "ab" * 64, "public_key": "cd" * 32}))
    for content in (signature, source.bytes((signature,))):
        with pytest.raises(BackupError):
            check_signature(content, b"digest", "cd" * 32)
    return taken


TOML = Path(find_site()).read_text(encoding="utf-8")
SITE_VALUES = tomlkit.parse(TOML).unwrap()
ENVIRON = {"SHAHREMAN_SECRET": "s" * 40, "SHAHREMAN_PII_KEYS": "p" * 40}


def site_files(folder: Path) -> Once:
    """Return what tries files of a site, written into a folder."""
    path = folder / "site.toml"

    def once(source: Source) -> bool:
        if source.chance(0.2):
            path.write_bytes(source.bytes((TOML.encode(),)))
        else:
            changed = {
                name: source.replaced(table) for name, table in SITE_VALUES.items() if not source.chance(0.02)
            }
            path.write_text(as_toml(changed), encoding="utf-8")
        try:
            read_settings(path, ENVIRON)
        except ConfigurationError:
            return False
        return True

    return once


def as_toml(values: dict[str, Any]) -> str:
    lines = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [
                f"[{name}]",
                *(f"{key_of(key)} = {toml_value(part)}" for key, part in value.items()),
                "",
            ]
        else:
            lines.insert(0, f"{key_of(name)} = {toml_value(value)}")
    return "\n".join(lines).encode("utf-8", "ignore").decode()


def key_of(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_of(key)} = {toml_value(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if value is None or isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value).replace("inf", "inf")
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "")


FILES_OF_A_SITE = "files of a site"


# --- the tests


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Let no input write into the log: a million lines are kept until the test ends."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.fault
@pytest.mark.parametrize("name", [*PARSERS, FILES_OF_A_SITE])
def test_a_parser_answers_or_refuses(name: str, tmp_path: Path) -> None:
    once = site_files(tmp_path) if name == FILES_OF_A_SITE else PARSERS[name]
    try_all(name, number_of(300, 1_000_000), once)


@pytest.mark.one_database("postgresql")
def test_searches_can_be_asked_of_postgresql(civic_session: Any, civic_database: str) -> None:
    ASKED.clear()
    for number in number_of(300, 100_000):
        searched(Source("searches of PostgreSQL", number))
    engine = create_engine(civic_session.new_database(civic_database))
    with engine.begin() as connection:
        for begin in range(0, len(ASKED), 1000):
            some = {"asked": ASKED[begin : begin + 1000]}
            connection.execute(
                text("SELECT max(numnode(asked::tsquery)) FROM unnest(CAST(:asked AS text[])) AS asked"), some
            )
    engine.dispose()
    assert ASKED
