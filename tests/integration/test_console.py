"""The console transport for developers: a code can be read in the terminal, and never in the log."""

import logging

import pytest

from civicportal.domain.accounts.otp import OtpService
from civicportal.domain.notifications.delivery import deliver_once
from civicportal.testing import mark_alive

CITIZEN = "+989000000001"


@pytest.fixture
def civic_settings():
    return {"site": {"languages": ["fa", "en"]}, "notifications": {"transport": "console"}}


def ask(site, locale):
    mark_alive(site)
    with site.work() as work:
        challenge = work.get(OtpService).ask("login", CITIZEN, "a browser", locale=locale)
        digits = site.keys.otp_code(challenge.nonce)
    deliver_once(site, "codes")
    return digits


@pytest.mark.parametrize(("locale", "words"), [("", "کد ورود"), ("fa", "کد ورود"), ("en", "Sign-in code")])
def test_the_terminal_shows_what_would_be_sent(site, capsys, caplog, locale, words):
    caplog.set_level(logging.DEBUG)
    digits = ask(site, locale)
    shown = capsys.readouterr().err
    assert f"{words}: {digits}" in shown
    assert CITIZEN[3:] not in shown
    assert digits not in caplog.text


def test_a_demo_has_phones_instead(site, capsys, monkeypatch):
    monkeypatch.setattr(site, "mode", "demo")
    digits = ask(site, "fa")
    assert digits not in capsys.readouterr().err
