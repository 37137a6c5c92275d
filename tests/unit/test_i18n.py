from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import civicportal
from civicportal.core.translations import make_localizer
from civicportal.util.i18n import (
    InvalidInput,
    _,
    format_number,
    is_persian,
    latin_digits,
    listed,
    localized_digits,
    ngettext,
    persian_digits,
    say,
    text_direction,
)


def test_texts_belong_to_the_one_translation_domain() -> None:
    assert _("Sign in").domain == "civicportal"


def test_an_input_error_keeps_its_translatable_reason() -> None:
    error = InvalidInput(_("Too ${what}.", mapping={"what": "long"}))

    assert isinstance(error, ValueError)
    assert error.reason.interpolate() == "Too long."


def test_texts_and_numbers_within_a_text_are_said_in_its_language() -> None:
    class Upper:
        locale_name = "fa"

        def translate(self, text: object) -> str:
            return _(str(text).upper(), mapping=getattr(text, "mapping", None)).interpolate()

    words = _("${N} works on ${TOPIC}, unit_2.", mapping={"N": 12, "TOPIC": _("orders")})
    assert say(words, Upper()) == "۱۲ WORKS ON ORDERS, UNIT_2."
    assert say(words) == "12 works on orders, unit_2."
    assert say("Ali") == "Ali"


@pytest.mark.parametrize(
    ("number", "locale", "words"),
    [
        (1, None, "1 day left"),
        (3, None, "3 days left"),
        (0, "en", "0 days left"),
        (1, "en", "1 day left"),
        (1, "fa", "۱ روز مانده"),
        (3, "fa", "۳ روز مانده"),
    ],
)
def test_a_text_has_the_form_of_its_number(number: int, locale: str | None, words: str) -> None:
    localizer = make_localizer(locale, [Path(civicportal.__file__).parent / "locale"]) if locale else None
    assert say(ngettext("${n} day left", "${n} days left", number), localizer) == words


@pytest.mark.parametrize(
    ("locale", "expected"), [("fa", True), ("fa_IR", True), ("fa-IR", True), ("en", False), ("fab", False)]
)
def test_is_persian(locale: str, expected: bool) -> None:
    assert is_persian(locale) is expected


def test_digits_of_each_script() -> None:
    assert persian_digits("12 ٣٤ ۵۶ x") == "۱۲ ۳۴ ۵۶ x"
    assert persian_digits("سرور Open311 با 12 خدمت (v2)، 3km") == "سرور Open311 با ۱۲ خدمت (v2)، 3km"
    assert persian_digits("12:30، 0912***45 و 4-7، +98 21") == "۱۲:۳۰، ۰۹۱۲***۴۵ و ۴-۷، +۹۸ ۲۱"
    assert latin_digits("12 ٣٤ ۵۶ x") == "12 34 56 x"
    assert localized_digits("12 ٣٤ ۵۶", "fa") == "۱۲ ۳۴ ۵۶"
    assert localized_digits("12 ٣٤ ۵۶", "en") == "12 34 56"


@pytest.mark.parametrize("digit", ["५", "５", "𝟓", "²"])
def test_digits_of_other_scripts_are_not_made_ascii(digit: str) -> None:
    assert latin_digits(digit) == digit


@given(st.text(alphabet="0123456789 x/-"))
def test_latin_digits_undo_persian_digits(text: str) -> None:
    assert latin_digits(persian_digits(text)) == text


@pytest.mark.parametrize(
    ("number", "fa", "en"),
    [
        (0, "۰", "0"),
        (999, "۹۹۹", "999"),
        (1234.5, "۱٬۲۳۴٫۵", "1,234.5"),
        (1234567.5, "۱٬۲۳۴٬۵۶۷٫۵", "1,234,567.5"),
        (Decimal("165.30"), "۱۶۵٫۳۰", "165.30"),
        (-1200, "-۱٬۲۰۰", "-1,200"),
    ],
)
def test_numbers(number: int | float | Decimal, fa: str, en: str) -> None:
    assert format_number(number, "fa") == fa
    assert format_number(number, "en") == en


@pytest.mark.parametrize(
    ("locale", "direction"),
    [
        ("fa", "rtl"),
        ("fa_IR", "rtl"),
        ("ar", "rtl"),
        ("ckb-IQ", "rtl"),
        ("en", "ltr"),
        ("tr", "ltr"),
        ("far", "ltr"),
    ],
)
def test_the_direction_of_a_language(locale: str, direction: str) -> None:
    assert text_direction(locale) == direction


def test_names_stand_in_a_row_with_the_comma_of_the_language() -> None:
    assert listed(["Ada", "Miles"], "en") == "Ada, Miles"
    assert listed(["سارا", "محمد"], "fa") == "سارا، محمد"
