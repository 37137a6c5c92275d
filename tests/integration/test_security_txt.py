"""``/.well-known/security.txt`` says whom to tell of a weakness, as RFC 9116 wants it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from civicportal.web.security_txt import PATH, contact_of


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    return {
        "site": {"languages": ["fa", "en"]},
        "contact": {"email": "it@city.example", "security": "https://city.example/weakness"},
    }


def test_security_txt_has_the_standard_fields(app: Any, clock: Any) -> None:
    answer = app.get(PATH, status=200)
    assert (answer.content_type, answer.charset) == ("text/plain", "utf-8")
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "https://city.example/weakness"
    assert fields["Preferred-Languages"] == "fa, en"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=30) < expires - clock.now() < timedelta(days=365)


def test_security_txt_expires_in_the_future(app: Any, clock: Any) -> None:
    first = app.get(PATH).text
    clock.advance(days=400)
    assert app.get(PATH).text != first


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ({"security": "soc@city.example"}, "mailto:soc@city.example"),
        ({"security": "mailto:soc@city.example", "email": "a@b.example"}, "mailto:soc@city.example"),
        ({"email": "a@b.example"}, "mailto:a@b.example"),
        ({"website": "https://city.example", "phone": "137"}, "https://city.example"),
        ({"website": "http://city.example", "phone": "+98 21 137"}, "tel:+9821137"),
        ({}, ""),
    ],
)
def test_the_address_is_the_best_there_is(contact: dict[str, str], address: str) -> None:
    assert contact_of(contact) == address
