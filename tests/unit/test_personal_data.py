"""Personal data is found in texts however it is written, and ordinary texts are left alone."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.util.countries import get_country
from civicportal.util.i18n import persian_digits
from civicportal.util.persian import ZWNJ
from civicportal.util.personal_data import Person, PersonalDatum, compose, find, salutation

IRAN, GENERIC = get_country("ir"), get_country("generic")
DATA = Path(__file__).parents[2] / "examples/shahreman_site/src/shahreman_site/data/demo"
GIVEN = (
    "علی",
    "محمدرضا",
    "سارا",
    "فاطمه",
    "امیرحسین",
    "مریم",
    "کیان",
    "یاسمن",
    "زهره",
    "بهروز",
    "آرش",
    "رؤیا",
)
FAMILY = (
    "رضایی",
    "کریمی",
    "حسینی نژاد",
    "کاظمی",
    "نیک‌خو",
    "یگانه",
    "مؤذنی",
    "شکیبا",
    "پورکاظم",
    "صالحی",
    "اکبری کیا",
)
TITLES = ("آقای", "خانم", "جناب آقای", "سرکار خانم", "جناب آقای دکتر", "آقای مهندس", "شهروند")
WORDS = st.lists(
    st.sampled_from(
        [
            "چاله",
            "آسفالت",
            "دیروز",
            "ترمیم",
            "گردید،",
            "شد.",
            "و",
            "در",
            "خیابان",
            "باران",
            "بررسی\nهمکاران",
            "(پیمانکار)",
            "است؛",
        ]
    ),
    max_size=6,
).map(" ".join)
#: One letter as different keyboards write it.
LETTERS = {"ی": "یيى", "ک": "کك", "ه": "هة", "ؤ": "ؤو", "آ": "آا", "ا": "اأإ"}
MARKS = ("", "", "", "", "\u0640", "\u064e", "\u0650", "\u0651", "\u200f")
GAPS = (" ", "  ", ZWNJ, "\u00a0", "\n", f" {ZWNJ}", "")
DIGITS = ("0123456789", "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩")
BETWEEN = ("", "", "", " ", "-", ".", ZWNJ, " - ", "/", "(", ") ")


@st.composite
def spelled(draw: Any, text: str) -> str:
    """A word or name in a possible spelling."""
    letters = []
    for letter in text:
        if letter in " \u200c":
            letters.append(draw(st.sampled_from(GAPS)))
            continue
        letters.append(draw(st.sampled_from(LETTERS.get(letter, letter))))
        letters.append(draw(st.sampled_from(MARKS)))
    return "".join(letters)


@st.composite
def dotted(draw: Any, digits: str) -> str:
    """A number with signs between its digits, in any digits."""
    script = draw(st.sampled_from(DIGITS))
    signs = [draw(st.sampled_from(BETWEEN)) for _digit in digits[1:]] + [""]
    written = [script[int(digit)] if digit.isdigit() else digit for digit in digits]
    return "".join(part for pair in zip(written, signs, strict=True) for part in pair)


def embedded(draw: Any, part: str) -> tuple[str, int, int]:
    before, behind = draw(WORDS), draw(WORDS)
    text = f"{before} {part} {behind}"
    return text, len(before) + 1, len(before) + 1 + len(part)


def covers(found: list[PersonalDatum], kind: str, start: int, end: int) -> bool:
    """Return whether what was found lies over a part of the text, but for marks at its end."""
    return any(one.kind == kind and one.start <= start and one.end >= end - 2 for one in found)


@given(st.data())
def test_a_full_name_is_found_in_every_spelling(data: Any) -> None:
    given_name, family = data.draw(st.sampled_from(GIVEN)), data.draw(st.sampled_from(FAMILY))
    pair = data.draw(st.permutations((given_name, family)))
    written = data.draw(spelled(" ".join(pair)))
    text, start, end = embedded(data.draw, written)
    found = find(text, Person(names=(f"{given_name} {family}",)), IRAN)
    assert covers(found, "name", start, end), (text, found)
    assert not any(one.word for one in found), "there is no doubt about a full name"


@given(st.data())
def test_a_family_name_is_found_and_with_a_title_without_doubt(data: Any) -> None:
    given_name, family = data.draw(st.sampled_from(GIVEN)), data.draw(st.sampled_from(FAMILY))
    title = data.draw(st.sampled_from((*TITLES, "")))
    gap = data.draw(st.sampled_from((" ", "  ", ZWNJ)))
    written = f"{title}{gap}" * bool(title) + data.draw(spelled(family.replace(" ", ZWNJ)))
    text, start, end = embedded(data.draw, written)
    found = find(text, Person(names=(f"{given_name} {family}",)), IRAN)
    assert covers(found, "name", start, end), (text, found)
    if title:
        assert not any(one.word for one in found)


@given(st.data(), st.from_regex(r"9[0-9]{9}", fullmatch=True))
def test_any_mobile_is_found(data: Any, number: str) -> None:
    prefix = data.draw(st.sampled_from(("0", "", "98", "+98", "0098", "+980")))
    text, start, end = embedded(data.draw, data.draw(dotted(prefix + number)))
    assert covers(find(text, Person(), IRAN), "mobile", start + prefix.startswith("+"), end), text


def national_code(nine: str) -> str:
    remainder = sum(int(digit) * (10 - place) for place, digit in enumerate(nine)) % 11
    return nine + str(remainder if remainder < 2 else 11 - remainder)


@given(
    st.data(),
    st.from_regex(r"[0-8][0-9]{8}", fullmatch=True).map(national_code).filter(IRAN.is_national_code),
)
def test_any_national_code_is_found(data: Any, code: str) -> None:
    text, start, end = embedded(data.draw, data.draw(dotted(code)))
    assert covers(find(text, Person(), IRAN), "national_code", start, end), text


@given(st.data(), st.from_regex(r"[1-9][0-9] [بجدسصطقلمنوهی] [0-9]{3} [1-9][0-9]", fullmatch=True))
def test_a_number_plate_is_found(data: Any, plate: str) -> None:
    two, letter, three, province = plate.split()
    gap = data.draw(st.sampled_from((" ", "", "-", f" {ZWNJ}")))
    orders = (
        (two, letter, three, province),
        (two, letter, three, "ایران", province),
        ("ایران", province, two, letter, three),
        ("ایران", province, three, letter, two),
        (province, "ایران", three, letter, two),
    )
    written = gap.join(data.draw(st.sampled_from(orders)))
    written = data.draw(st.sampled_from((str, persian_digits)))(written)
    text, start, end = embedded(data.draw, written)
    assert covers(find(text, Person(), IRAN), "plate", start, end), text


@pytest.mark.parametrize(
    "written",
    [
        "پلاک ۱۲",
        "پلاک12",
        "پلاک شمارهٔ ۱۲",
        "پلاک: ۱۲",
        "پلاک ۱۲/۱",
        "پلاک دوازده",
        "واحد ۳",
        "واحد سه",
        "کد پستی ۱۲۳۴۵۶۷۸۹۰",
        "کدپستی: ۱۲۳۴۵-۶۷۸۹۰",
        "13579-24680",
    ],
)
def test_the_number_of_an_address_is_found(written: str) -> None:
    found = find(f"روبه‌روی {written} است", Person(), IRAN)
    assert [one.kind for one in found] == ["address"]


PERSON = Person(
    names=("سید علی رضایی",),
    mobile="+989123456789",
    national_code="0499370899",
    tracking_code="1234567897",
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("شماره 499370899 است", "national_code"),
        ("کد 1234-567-897 را", "tracking_code"),
        ("شمارهٔ ۹۱۲۳۴۵۶۷۸۹", "mobile"),
        ("علی آقا آمدند", "name"),
        ("رضاییِ عزیز", "name"),
    ],
)
def test_what_is_the_persons_own_is_found(text: str, kind: str) -> None:
    assert [one.kind for one in find(text, PERSON, IRAN)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "جلسه ۱۴۰۳/۰۹/۱۲ ساعت ۰۹:۳۰ تا ۱۲:۱۵ برگزار شد.",
        "با ۱۳۷ یا ۰۲۱-۵۵۵۱۲۳۴ تماس بگیرید.",
        "۱۰ و ۲۰۰ متر آسفالت شد؛ ۱۲۰۰ متر مانده است.",
        "واحد خدمات شهری و واحدهای دیگر بررسی کردند.",
        "مسجد امام علی و خیابان علی آباد",
        "پلاک خودرو خوانا نبود.",
        "اعتبار ۲۵۰۰۰۰۰۰۰۰ ریال تخصیص یافت",
    ],
)
def test_a_text_that_identifies_no_one_is_unchanged(text: str) -> None:
    assert find(text, PERSON, IRAN) == []


def test_an_ordinary_word_can_be_allowed_and_a_name_cannot() -> None:
    person = Person(names=("حسن کارگر",))
    text = "سه کارگر در محل هستند. آقای کارگر هم آمد."
    words = [one.word for one in find(text, person, IRAN)]
    assert words == ["کارگر", ""]
    assert [one.word for one in find(text, person, IRAN, allowed=["کارگر"])] == [""]


@pytest.mark.parametrize(
    ("text", "composed"),
    [
        ("جناب آقای رضایی، سلام. مشکل رفع شد.", "مشکل رفع شد."),
        ("علی رضائی گرامی، با سلام\nاز پیشنهاد شما سپاسگزاریم.", "از پیشنهاد شما سپاسگزاریم."),
        ("با سلام و احترام\n\nشهروند گرامی؛ چاله ترمیم شد.", "چاله ترمیم شد."),
        ("سلام؛ آقای رضایی را دیدیم.", "شهروند را دیدیم."),
        ("با شمارهٔ ۰۹۱۲۳۴۵۶۷۸۹ تماس گرفتیم.", "با شمارهٔ … تماس گرفتیم."),
        ("با بررسی انجام‌شده، مشکل رفع شد.", "با بررسی انجام‌شده، مشکل رفع شد."),
        ("چاله ترمیم شد.", "چاله ترمیم شد."),
    ],
)
def test_a_text_is_composed_without_salutation_and_name(text: str, composed: str) -> None:
    assert compose(text, PERSON, IRAN, name="شهروند") == composed


@given(st.data())
def test_nothing_is_found_in_what_was_composed(data: Any) -> None:
    name = data.draw(spelled("علی رضایی"))
    number = data.draw(dotted("09123456789"))
    text, _start, _end = embedded(data.draw, f"{name} {data.draw(WORDS)} {number}")
    said = compose(text, PERSON, IRAN, name="شهروند")
    assert find(said, PERSON, IRAN) == [], said


def test_english_texts_are_read_too() -> None:
    person = Person(names=("Ann Miller",), mobile="+4915123456789")
    text = "Dear Mrs Miller,\nthe lamp beside flat 4 works. Call 0049 151 2345 6789. ann MILLER said so."
    assert [one.kind for one in find(text, person, GENERIC)] == ["name", "address", "mobile", "name"]
    assert salutation(text, person, GENERIC) == text.index("the lamp")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value.split()) > 3:
        yield value
    elif isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def test_few_ordinary_texts_are_refused() -> None:
    """Every text of the demonstration against every one of its people."""
    tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in DATA.glob("*.toml")}
    people = [f"{one['first_name']} {one['last_name']}" for one in tables.pop("citizens")["citizens"]]
    tables.pop("staff")
    found = [text for text in texts(list(tables.values())) if "{NAME}" not in text]
    by_names = [
        (text[one.start : one.end], name)
        for name in people
        for text in found
        for one in find(text, Person(names=(name,)), IRAN)
        if one.kind == "name"
    ]
    by_numbers = {text[one.start : one.end] for text in found for one in find(text, Person(), IRAN)}
    assert len(people) * len(found) > 4_000
    assert by_names == [("روشن", "سپیده روشن")], "one of 4,660 pairs, and an officer may say that it is none"
    assert by_numbers == {"09123456789", "پلاک ۴۵"}


@pytest.mark.parametrize("name", ["شهروند ۱", "شهروند 12", "آقای ۳", "۴"])
def test_a_title_and_a_number_are_not_a_name(name: str) -> None:
    text = "شهروند گرامی، ۱ و ۱۲ سطل در خیابان ۳ و ۴ پر است."
    assert find(text, Person(names=(name,)), IRAN) == []
