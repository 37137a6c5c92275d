"""Types of schemas: accepted and refused values."""

import unicodedata
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import colander
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.i18n import TranslationString

from civicportal.util import persian, tracking
from civicportal.util.calendar import CityCalendar
from civicportal.util.countries import get_country
from civicportal.web import schema as types

CALENDAR = CityCalendar(
    kind="jalali", timezone=ZoneInfo("Asia/Tehran"), weekend=frozenset({4}), hours=(time(7, 30), time(14, 30))
)


def node(typ: colander.SchemaType, **options: Any) -> colander.SchemaNode:
    return types.Node(typ, name="field", **options).bind(country=get_country("ir"), calendar=CALENDAR)


def read(typ: colander.SchemaType, sent: Any) -> Any:
    return node(typ).deserialize(sent)


def refusal(typ: colander.SchemaType, sent: Any) -> TranslationString:
    with pytest.raises(colander.Invalid) as caught:
        read(typ, sent)
    return caught.value.messages()[0]


SCALARS = {
    "text": types.CleanText(3, 50),
    "body": types.CleanText(3, 50, multiline=True),
    "password": types.Password(8),
    "identifier": types.Identifier(),
    "float": types.FiniteFloat(-90, 90),
    "int": types.BoundedInt(1, 99),
    "flag": types.Flag(),
    "mobile": types.Mobile(),
    "national code": types.NationalCode(),
    "legal id": types.LegalId(),
    "code": types.Code(6),
    "tracking code": types.TrackingCode(),
    "date": types.CityDate(),
    "time": types.ClockTime(),
    "key": types.Key(),
    "idempotency key": types.IdempotencyKey(),
    "choice": types.Choice(["a", "b"]),
    "list": types.ListOf(types.Choice(["a", "b"]), max=2),
    "keys": types.KeyList(2),
}
TEXT = st.text(st.characters(categories=None)) | st.from_regex(r"[+-]?[0-9۰-۹٠-٩_.,/ e\u200c-]{1,30}")
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("typ", SCALARS.values(), ids=SCALARS.keys())
@given(sent=JUNK)
def test_junk_is_refused_and_nothing_else_happens(typ: colander.SchemaType, sent: Any) -> None:
    messages: list[Any] = []
    try:
        assert read(typ, sent) is not colander.null
    except colander.Invalid as error:
        messages = error.messages()
    assert all(message.domain == "civicportal" for message in messages), "said in the portal's own words"


@given(sent=JUNK)
def test_junk_for_a_mapping_is_refused_and_nothing_else_happens(sent: Any) -> None:
    class Outer(types.StrictSchema):
        place = types.Place()
        note = types.Node(types.CleanText(), missing="")

    with pytest.raises(colander.Invalid):
        Outer().bind().deserialize(sent)


@given(sent=st.text(st.characters(categories=None), max_size=60))
def test_clean_text_is_stable_bounded_and_storable(sent: str) -> None:
    typ = types.CleanText(0, 40, multiline=True)
    try:
        text = read(typ, sent)
    except colander.Invalid:
        return
    assert read(typ, text) == text == persian.store(text)
    assert 0 < len(text) <= 40
    assert "\0" not in text
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  علي كريمي ", "علی کریمی"),
        ("می\u200cروم", "می\u200cروم"),
        ("\u202aسلام\u202c", "سلام"),
        ("دو\nخط", "دو خط"),
        ("بی\x07صدا", "بیصدا"),
        ("<b>خام</b>", "<b>خام</b>"),
    ],
)
def test_one_line_of_text(sent: str, kept: str) -> None:
    assert read(types.CleanText(), sent) == kept


def test_several_lines_keep_their_breaks() -> None:
    assert read(types.CleanText(multiline=True), "یک\r\nدو\rسه") == "یک\nدو\nسه"


@pytest.mark.parametrize("sent", ["الف\0ب", "الف\ud800ب"])
def test_text_that_no_database_takes_is_refused(sent: str) -> None:
    assert refusal(types.CleanText(), sent) == "The text holds characters that cannot be read."


def test_length_counts_characters_after_cleaning() -> None:
    typ = types.CleanText(3, 5)
    assert read(typ, "\u202a" * 20 + "سلامت" + " " * 20) == "سلامت"
    assert refusal(typ, "سلامتی").mapping == {"count": 5}
    assert refusal(typ, "سل").mapping == {"count": 3}
    assert refusal(typ, "a" * 100_000).mapping == {"count": 5}


@pytest.mark.parametrize("sent", ["", "  ", "\u202a\u202c", colander.null, None])
def test_nothing_readable_counts_as_not_filled_in(sent: Any) -> None:
    assert refusal(types.CleanText(), sent) == "Please fill in this field."


@pytest.mark.parametrize(
    ("sent", "value"), [("۳۵٫۷", 35.7), ("35.7", 35.7), ("-12", -12.0), (1, 1.0), (1.5, 1.5)]
)
def test_float(sent: Any, value: float) -> None:
    assert read(types.FiniteFloat(-90, 90), sent) == value


@pytest.mark.parametrize(
    "sent", ["nan", "inf", "1e3", "1_0", float("nan"), float("inf"), "91", 90.5, True, "0x1", "१"]
)
def test_no_float(sent: Any) -> None:
    refusal(types.FiniteFloat(-90, 90), sent)


@pytest.mark.parametrize(("sent", "value"), [("۱۲", 12), ("٣", 3), ("1٬000", 1000), (7, 7), ("+5", 5)])
def test_int(sent: Any, value: int) -> None:
    assert read(types.BoundedInt(1, 1000), sent) == value


@pytest.mark.parametrize("sent", ["1_0", "1.0", "9" * 30, "0", "1001", True, 1.0, "१"])
def test_no_int(sent: Any) -> None:
    refusal(types.BoundedInt(1, 1000), sent)


@pytest.mark.parametrize(
    "sent", ["09123456789", "+98 912 345 6789", "۰۹۱۲-۳۴۵-۶۷۸۹", "\u202a+989123456789\u202c"]
)
def test_mobile(sent: str) -> None:
    assert read(types.Mobile(), sent) == "+989123456789"
    assert node(types.Mobile()).serialize("+989123456789") == "09123456789"


def test_an_unbound_country_is_a_mistake_in_the_code() -> None:
    with pytest.raises(LookupError, match="country"):
        types.Node(types.Mobile(), name="mobile").deserialize("09123456789")


def test_codes() -> None:
    code = tracking.new_code()
    assert read(types.TrackingCode(), tracking.grouped(code)) == code
    assert read(types.Code(6), "۱۲۳ ۴۵۶") == "123456"
    assert read(types.NationalCode(), "۱۰۰۰۰۰۰۰۰۱") == "1000000001"
    assert refusal(types.Code(6), "12345").mapping == {"count": 6}
    assert read(types.LegalId(), "۱۰۳۸۰-۲۸۴۷۹۰") == "10380284790"
    refusal(types.NationalCode(), "1234567890")
    refusal(types.LegalId(), "10380285692")
    refusal(types.TrackingCode(), "1234567890")


def test_date_of_the_citys_calendar() -> None:
    assert read(types.CityDate(), "۱۴۰۵/۹/۳") == date(2026, 11, 24)
    assert read(types.CityDate(), date(2026, 11, 24)) == date(2026, 11, 24)
    assert node(types.CityDate()).serialize(date(2026, 11, 24)) == "۱۴۰۵/۰۹/۰۳"
    assert refusal(types.CityDate(), "2026/11/24") == "Enter the date in the Solar Hijri calendar."


@pytest.mark.parametrize("sent", ["08:30", "8:30", "۸:۳۰", " ۰۸:۳۰ ", "8.30", "٨:٣٠"])
def test_a_time_of_day_is_read_in_any_digits(sent: str) -> None:
    assert read(types.ClockTime(), sent) == time(8, 30)
    assert node(types.ClockTime()).serialize(time(8, 30)) == "08:30"


@pytest.mark.parametrize("sent", ["24:00", "8", "8:60", "08:3", "8:30:00", "-8:30", "ab:cd", "8:30 pm"])
def test_invalid_times_of_day_are_refused(sent: str) -> None:
    assert refusal(types.ClockTime(), sent) == "Please write the time like 08:30."


def test_choice_from_the_bindings() -> None:
    typ = types.Choice(lambda bindings: bindings["units"])
    bound = types.Node(typ, name="unit").bind(
        units=[("roads", "معابر"), types.Option(value="parks", label="پارک‌ها")]
    )
    assert bound.deserialize("parks") == "parks"
    assert [option.label for option in typ.options(bound)] == ["معابر", "پارک‌ها"]
    with pytest.raises(colander.Invalid):
        bound.deserialize("water")


def test_list_of_keys() -> None:
    one, two, three = (types.new_key() for _ in range(3))
    assert read(types.KeyList(3), [one, two, one]) == [one, two]
    assert read(types.KeyList(2), one) == [one]
    assert node(types.KeyList(2), missing=()).deserialize([]) == ()
    assert refusal(types.KeyList(2), [one, two, three]).mapping == {"count": 2}
    refusal(types.KeyList(2), ["../../etc/passwd"])


def test_password_is_kept_as_typed_and_never_shown() -> None:
    assert read(types.Password(8), " رمز عبور من ") == " رمز عبور من "
    assert node(types.Password()).serialize("secret") is colander.null


def test_a_strict_schema_names_unknown_fields() -> None:
    class Settings(types.StrictSchema):
        days = types.Node(types.BoundedInt(1, 30), missing=7)

    assert Settings().deserialize({}) == {"days": 7}
    with pytest.raises(colander.Invalid) as caught:
        Settings().deserialize({"days": 3, "role": "administrator"})
    assert caught.value.messages()[0].interpolate() == "Unknown fields: role"
    assert Settings().serialize({"days": 3, "role": "administrator"}) == {"days": "3"}


def test_a_place_needs_a_point_or_an_address() -> None:
    place = types.Place(name="place")
    assert place.deserialize({"lat": "35.7", "lon": "51.4"}) == {"lat": 35.7, "lon": 51.4, "address": ""}
    assert place.deserialize({"lat": "35.7", "address": "خیابان لاله"}) == {
        "lat": None,
        "lon": None,
        "address": "خیابان لاله",
    }
    with pytest.raises(colander.Invalid):
        place.deserialize({"lat": "35.7"})
    assert types.Place(name="place", missing=None).deserialize({}) is None


@pytest.mark.parametrize(
    ("text", "number"), [("12", 12), ("", 0), ("۱۲", 0), ("-1", 0), ("9" * 5000, 0), (None, 0)]
)
def test_a_number_of_a_hidden_field_is_read_or_nothing(text: object, number: int) -> None:
    assert types.whole_number(text) == number


def test_what_waits_for_the_bindings_is_resolved() -> None:
    def validator(_node: colander.SchemaNode, bindings: dict[str, Any]) -> colander.Range:
        return colander.Range(max=bindings["most"])

    number = types.Node(types.BoundedInt(0, 99), name="number", validator=colander.deferred(validator))
    with pytest.raises(colander.Invalid):
        number.bind(most=3).deserialize("4")
    assert number.bind(most=5).deserialize("4") == 4
    seen = []
    plain = types.Node(types.BoundedInt(0, 99), name="plain")
    plain.after_bind = lambda _node, bindings: seen.append(bindings["most"])
    plain.bind(most=7)
    assert seen == [7]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("علی\U000e0001\U000e0041", "علی"),
        ("ع" + "\u064e" * 60 + "لی", "ع" + "\u064e" * 4 + "لی"),
        ("x" + "\u0323\u0300" * 30, None),
        ("x" + "\u20dd\u200d" * 30, None),
        ("مُحَمَّد", "مُحَمَّد"),
        ("Việt 👨‍👩‍👧", "Việt 👨‍👩‍👧"),
    ],
)
def test_invisible_characters_and_stacked_marks_are_removed(typed, kept):
    node = colander.SchemaNode(types.CleanText(0, 200))
    value = node.deserialize(typed)
    if kept is not None:
        assert value == kept
    marks = longest = 0
    for sign in value:
        marks = marks + 1 if unicodedata.category(sign)[0] == "M" else marks if sign == "\u200d" else 0
        longest = max(longest, marks)
    assert longest <= 4
