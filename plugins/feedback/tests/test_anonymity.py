"""What an anonymous message leaves behind: no table knows session, address, browser or person."""

import io
import json

import pytest
from civicportal_feedback.models import Feedback
from PIL import Image
from sqlalchemy import MetaData, select
from webtest import Upload

from civicportal.api.cases import Attachment, Case
from civicportal.testing import owner_of

BODY = "مأمور با مغازه‌دار سالخورده برخورد نامناسبی داشت."
KEPT = "form:/feedback/new"
ADDRESS = "203.0.113.77"
BROWSER = "Brave-Test-Browser/9"
#: Filled before the message was sent, about a signed-in person: the session and its last use.
BEFORE = {"sessions", "users"}


def picture():
    data = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(data, "PNG")
    return [Upload("photo.png", data.getvalue(), "image/png")]


def send(app, **values):
    headers = {"User-Agent": BROWSER}
    environ = {"REMOTE_ADDR": ADDRESS}
    page = app.get("/feedback/new", headers=headers, extra_environ=environ, status=200)
    form = page.forms[next(i for i, f in page.forms.items() if "body" in f.fields)]
    for name, value in {"type": "complaint", "body": BODY, "sender": "anonymous", **values}.items():
        form[name] = value
    return form.submit(headers=headers, extra_environ=environ, status=200)


def everything(site):
    """Return (table, row as text) of every row of every table."""
    with site.work(write=False) as work:
        metadata = MetaData()
        metadata.reflect(work.session.connection())
        return [
            (table.name, json.dumps(dict(row._mapping), default=str, ensure_ascii=False))
            for table in metadata.sorted_tables
            for row in work.session.execute(select(table))
        ]


def traces(site, *words):
    return [(table, word) for table, row in everything(site) for word in words if word and word in row]


@pytest.fixture
def the_case(site):
    def find():
        with site.work(write=False) as work:
            case = work.session.scalars(select(Case).join(Feedback, Feedback.case_id == Case.id)).one()
            return case, work.session.scalars(select(Attachment)).all()

    return find


def test_a_visitor_leaves_none(city, app, site, the_case):
    send(app, photo_key_files=picture())
    token = app.cookies[site.cookie_name].strip('"')
    case, photos = the_case()
    assert (case.citizen_id, len(photos)) == (None, 1)
    assert traces(site, ADDRESS, BROWSER, token, owner_of(token)) == []
    assert [table for table, _row in everything(site) if table == "sessions"] == []


def test_a_signed_in_sender_leaves_none(city, app, site, sign_in, the_case):
    token = sign_in(city.citizen)
    send(app, photo_key_files=picture())
    case, photos = the_case()
    assert [(photo.user_id, photo.owner) for photo in photos] == [(None, "")]
    found = traces(
        site,
        ADDRESS,
        BROWSER,
        owner_of(token),
        city.citizen.name,
        city.citizen.mobile,
        case.idempotency_key[10:],
    )
    assert {table for table, _word in found} <= BEFORE | {"cases"}
    assert [word for table, word in found if table == "cases"] == [case.idempotency_key[10:]]
    mine = [
        table
        for table, row in everything(site)
        if any(
            json.loads(row).get(name) == city.citizen.user_id
            for name in ("user_id", "citizen_id", "actor_id")
        )
    ]
    assert set(mine) <= BEFORE


def test_a_form_that_waited_for_a_name_is_forgotten(city, app, site, the_case):
    page = app.get("/feedback/new")
    form = page.forms[next(i for i, f in page.forms.items() if "body" in f.fields)]
    form["type"], form["body"] = "thanks", BODY
    assert "/login" in form.submit(status=303).location
    assert traces(site, KEPT) == [("sessions", KEPT)]
    send(app)
    assert traces(site, KEPT) == []


def test_no_log_line_tells_it(city, app, site, caplog):
    with caplog.at_level("DEBUG", logger="civicportal"):
        send(app)
    assert ADDRESS not in caplog.text
