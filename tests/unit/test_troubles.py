"""Stored reasons of failed messages, shown in the reader's language."""

from importlib.resources import files

import pytest
from pyramid.i18n import make_localizer

from civicportal.core.messages import GatewayMisconfigured, LookupFailed, TransientFailure
from civicportal.domain.notifications.troubles import LONGEST, keep, localized_reason
from civicportal.util.i18n import _

PERSIAN = make_localizer("fa", [str(files("civicportal") / "locale")])
NOBODY = _("no plugin sends by ${transport}", mapping={"transport": "pigeon"})


@pytest.mark.parametrize(
    ("words", "english"),
    [
        ("as it came", "as it came"),
        ("", ""),
        ('["half of', '["half of'),
        ("[1, 2]", "[1, 2]"),
        ('["a", 2]', '["a", 2]'),
        ("7", "7"),
        (_("the worker was lost while sending"), "the worker was lost while sending"),
        (NOBODY, "no plugin sends by pigeon"),
        (_("because: ${error}", mapping={"error": NOBODY}), "because: no plugin sends by pigeon"),
        (_("HTTP ${code}", mapping={"code": 403}), "HTTP 403"),
    ],
)
def test_what_is_kept_can_be_told(words, english):
    assert localized_reason(keep(words)) == english


def test_a_reason_is_shown_in_the_language_of_its_reader():
    assert localized_reason(keep(NOBODY), PERSIAN) == "هیچ افزونه‌ای از راه pigeon پیامک نمی‌فرستد"
    nested = _("${error}!", mapping={"error": NOBODY})
    assert localized_reason(keep(nested), PERSIAN) == "هیچ افزونه‌ای از راه pigeon پیامک نمی‌فرستد!"


@pytest.mark.parametrize(
    "words",
    [
        "blacklisted 09121234567",
        _("blacklisted ${mobile}", mapping={"mobile": "09121234567"}),
        _("${error}", mapping={"error": _("blacklisted ${mobile}", mapping={"mobile": "09121234567"})}),
    ],
)
def test_a_number_is_hidden(words):
    assert "1234567" not in keep(words)
    assert localized_reason(keep(words)) == "blacklisted 0912***4567"


def test_what_is_too_long_is_cut_and_readable():
    long = keep(_("it says ${words}", mapping={"words": "a" * 400}))
    assert len(long) == LONGEST
    assert localized_reason(long).startswith("it says aaa")


def test_errors_carry_their_words_and_say_them_in_english():
    error = GatewayMisconfigured(NOBODY)
    assert (error.words, str(error)) == (NOBODY, "no plugin sends by pigeon")
    outer = LookupFailed(_("because: ${error}", mapping={"error": error.words}))
    assert str(outer) == "because: no plugin sends by pigeon"
    assert (str(TransientFailure("later", 7)), TransientFailure("later", 7).retry_after) == ("later", 7)
