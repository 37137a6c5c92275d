"""What is typed into a secret field is never shown again, kept or logged, whatever becomes of the form."""

import importlib
import logging
import pkgutil
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import colander
import pytest
from integration.routes import pages_of
from portal import Portal
from pyramid.scripting import prepare
from sign_in_forms import browsers_of
from sqlalchemy import LargeBinary, MetaData, select
from webtest import TestApp

from civicportal.app import Request, create_app
from civicportal.core.crypto import CannotDecrypt, new_token
from civicportal.core.limits import LimitExceeded
from civicportal.core.security import PagePermission
from civicportal.domain.accounts.models import Session
from civicportal.domain.accounts.schemas import StaffPassword
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.sessions import SessionService
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock, make_citizen, make_staff
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.forms.flat import leaves
from civicportal.web.schema import SECRET_FIELDS, Code, Secret, StrictSchema, TrackingCode

#: What no page, row or log line may hold. It has a blank, as words have.
MARK = "zq vwx secret mark"
WORDS = "چاله‌ای روبه‌روی مدرسه است"
PASSWORD = "سپیدار بلند کنار رود"
SOUNDS_SECRET = re.compile(r"\b(password|passphrase|pin|otp|totp|one-time|recovery|code of the app)\b", re.I)
#: Numbers that are no secrets: a second part opens what they name.
KNOWN_TO_OTHERS = (TrackingCode,)


def schemas(base: type = StrictSchema) -> Iterator[type]:
    for schema in base.__subclasses__():
        yield schema
        yield from schemas(schema)


def holds_secret(schema: type) -> bool:
    return any(isinstance(node.typ, Secret) for node in leaves(schema()))


@pytest.fixture(scope="module")
def portal(civic_session, civic_database, tmp_path_factory):
    """The example site with all its plugins, a citizen, an officer, and a browser for each."""
    site = Portal(
        tmp_path_factory.mktemp("secrets"),
        civic_session.new_database(civic_database),
        make_tables=civic_session.databases.migrate,
    ).site
    site.clock = FakeClock()
    with site.work() as work:
        work.get(SeedService).load()
        people = {"citizen": make_citizen(work), "staff": make_staff(work, "administrator", username="boss")}
        work.get(AccountService).set_password(people["staff"], PASSWORD)
    browsers, tokens = browsers_of(site, people)
    for package in ("civicportal", *(info.package for info in site.plugins)):
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not re.search(r"migrations|__main__|testing|pytest_plugin", module.name):
                importlib.import_module(module.name)
    yield {"site": site, "browsers": browsers, "tokens": tokens}
    site.engines.dispose()


def stored(site: Any) -> str:
    """All texts of the database, and what waits encrypted with the sessions."""
    tables = MetaData()
    with site.engines.read.connect() as connection:
        tables.reflect(connection)
        found = [
            str(value)
            for table in tables.sorted_tables
            for row in connection.execute(
                select(*(column for column in table.columns if not isinstance(column.type, LargeBinary)))
            )
            for value in row
        ]
    with site.work(write=False) as work:
        for row in work.session.scalars(select(Session)):
            found += opened(site, row.data)
    return "\n".join(found)


def opened(site: Any, value: Any) -> Iterator[str]:
    """The texts of a value that JSON can hold, decrypted where they are encrypted."""
    if isinstance(value, str):
        with suppress(CannotDecrypt):
            yield site.keys.decrypt(value)
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from opened(site, one)


def form_of(schema: Any, site: Any) -> BoundForm:
    request = prepare(Request.blank("/"), site.registry)["request"]
    told = {"today": site.clock.now().date(), "person": None, "transitions": (), "check_address": str}
    return BoundForm(request, schema, bindings=told)


def test_every_schema_with_a_secret_is_known(portal):
    found = [schema for schema in schemas() if holds_secret_safely(schema)]
    names = {node.name for schema in found for node in leaves(schema()) if isinstance(node.typ, Secret)}
    assert len(found) >= 10
    assert {"password", "present", "new", "again", "code", "proof"} <= names <= SECRET_FIELDS


def holds_secret_safely(schema: type) -> bool:
    try:
        return holds_secret(schema)
    except TypeError:  # a schema that wants arguments is made by its page
        return False


def test_a_refused_form_holds_none_of_its_secrets(portal):
    for schema in filter(holds_secret_safely, schemas()):
        form = form_of(schema(), portal["site"])
        sent = {}
        for node in leaves(form.schema):
            # Too long for a code, and no value at all for a choice: every form with a code is refused.
            sent[node.name] = MARK if isinstance(node.typ, Secret) else "x"
        with pytest.raises(FormInvalid):
            form.validate(multi({**sent, "unknown": "x"}))
        drawn = "".join(str(form[node.name].control()) for node in leaves(form.schema))
        assert MARK not in drawn, schema
        assert MARK not in repr([form.draft(), form.typed(), form.errors]), schema


def multi(values: dict[str, str]) -> Any:
    return Request.blank("/", POST=values).POST


def test_the_value_of_a_secret_does_not_show_itself_in_a_repr():
    values = StaffPassword().deserialize({"username": "boss", "password": MARK})
    assert values["password"] == MARK
    assert MARK not in repr(values)
    assert "739184" not in repr(Code(6).deserialize(colander.SchemaNode(Code(6)), "739184"))


def brought(token: str) -> dict[str, str]:
    return {"csrf_token": token, "note": WORDS, **dict.fromkeys(SECRET_FIELDS, MARK)}


def test_no_page_of_a_refused_request_gives_a_secret_back(portal, caplog):
    caplog.set_level(logging.DEBUG)
    site, given_back = portal["site"], 0
    for page in pages_of(site.registry):
        if "POST" not in page.methods or page.route == "logout":
            continue
        opened = site.registry.open_fields.get(page.route, ())
        for browser in portal["browsers"].values():
            form = {name: text for name, text in brought("0" * 64).items() if name not in opened}
            answer = browser.post(page.path(), form, headers={"Sec-Fetch-Site": "same-origin"}, status="*")
            assert MARK not in answer.text, page
            given_back += answer.status_int == 400 and WORDS in answer.text
    assert given_back > 100, "what was written beside them is given back"
    assert MARK not in stored(site)
    assert MARK not in caplog.text


def test_pending_forms_contain_no_secrets(portal, caplog):
    site, browser = portal["site"], TestApp(create_app(portal["site"]))
    with site.work() as work:
        token = work.get(SessionService).open("staff", make_staff(work, "administrator", username="away"))
    browser.set_cookie(site.cookie_name, token)
    site.clock.advance(minutes=31)
    csrf = site.keys.mac("csrf", token).hex()
    for page in pages_of(site.registry):
        if (
            "POST" in page.methods
            and page.permission != PagePermission.EVERYBODY
            and page.route != "kartable.bulk"
            # No session counts there.
            and not page.pattern.startswith(site.registry.api_prefixes)
        ):
            answer = browser.post(page.path(), brought(csrf), status=303)
            assert answer.location.startswith(("http://localhost/staff/login", "http://localhost/login"))
    kept = stored(site)
    assert WORDS in kept
    assert MARK not in kept
    assert MARK not in caplog.text


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/staff/login", {"username": "boss", "password": MARK}),
        ("/login/password", {"mobile": "09121234567", "password": MARK}),
        ("/track", {"code": "7604117508", "proof": "7391"}),
    ],
)
def test_too_many_attempts_give_no_secret_back(portal, monkeypatch, path, form):
    site, browser = portal["site"], TestApp(create_app(portal["site"]))
    token = new_token()
    browser.set_cookie(site.cookie_name, token)

    def refuse(*_parts: object, **_more: object) -> None:
        raise LimitExceeded("password_user", site.clock.now() + timedelta(minutes=5))

    for name in ("hit", "count_uses", "check"):
        monkeypatch.setattr(site.limits, name, refuse)
    secret = form.get("password") or form["proof"]
    answer = browser.post(path, {"csrf_token": site.keys.mac("csrf", token).hex(), **form}, status=429)
    values = [field.get("value", "") for field in answer.html.select("input")]
    assert secret not in values + [area.text for area in answer.html.select("textarea")]
    assert MARK not in answer.text


def test_fields_with_secret_names_have_a_secret_type(portal):
    open_ones = [
        f"{schema.__module__}.{schema.__name__}.{node.name}"
        for schema in schemas()
        for node in schema.__all_schema_nodes__
        if not isinstance(node.typ, (Secret, *KNOWN_TO_OTHERS))
        and not isinstance(node.typ, colander.Mapping)
        and (SOUNDS_SECRET.search(f"{node.name} {node.title}") or node.name in SECRET_FIELDS)
    ]
    assert not open_ones, "give them a secret type, or a name that no secret has"


def test_a_secret_field_on_a_route_that_calls_its_name_open_is_refused(portal):
    site = portal["site"]
    request = prepare(Request.blank("/kartable/bulk"), site.registry)["request"]
    request.matched_route = RouteOf("kartable.bulk")
    schema = next(s for s in schemas() if s.__name__ == "CodeEntry")
    with pytest.raises(LookupError, match=r"'code' is secret.*kartable\.bulk"):
        BoundForm(request, schema())


class RouteOf:
    """A matched route."""

    def __init__(self, name: str) -> None:
        self.name = name
