"""Messages by other software."""

import pytest
from sqlalchemy import select

from civicportal.api.cases import Case
from civicportal.testing.tokens import token_for

BODY = {"type": "suggestion", "unit": "bus", "body": "پیشنهاد می‌کنم در ایستگاه‌ها نیمکت بگذارید."}
KEY = "0123456789abcdef"


@pytest.fixture
def call(site, app, city):
    """Send a message with the token of the citizen."""
    token = token_for(site, city.citizen, "cases:write", "cases:read")

    def call(body, *, status=201):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": KEY}
        return app.post_json("/api/v1/feedback", body, headers=headers, status=status)

    return call


def test_a_citizen_sends_a_message_once(site, city, call):
    first = call(BODY)
    assert call(BODY).json == first.json
    with site.work(write=False) as work:
        [case] = work.session.scalars(select(Case)).all()
    assert (case.code, case.source, case.citizen_id) == (first.json["code"], "api", city.citizen.user_id)


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"type": "praise"}, "#/type"),
        ({"unit": "nowhere"}, "#/unit"),
        ({"body": "کم"}, "#/body"),
        ({"x": 1}, "#/x"),
    ],
)
def test_what_is_wrong_is_named(call, changed, pointer):
    assert [one["pointer"] for one in call({**BODY, **changed}, status=422).json["errors"]] == [pointer]
