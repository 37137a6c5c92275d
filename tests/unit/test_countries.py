from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.util.countries import COUNTRIES, Country, InvalidMobile, get_country
from civicportal.util.i18n import persian_digits

IRAN = get_country("ir")
GENERIC = get_country("generic")

KNOWN_CODES = (
    "0499370899 0790419904 0084575948 0963695398 0684159414 0067749828 4032152314 0076229645 "
    "0012345679 1234567891 2281234568 9876543210"
)
WRONG_CODES = "0499370898 1234567890 1111111111 0000000000 9999999999 049937089 04993708990 123-456789"
DEMO_CODES = (
    "1000000001 1000000011 1000000028 1000000036 1000000044 1000000052 1000000060 1000000079 1000000087 1000000095 "
    "1000000109 1000000117 1000000125 1000000133 1000000141 1000000151 1000000168 1000000176 1000000184 1000000192"
)


def test_countries_are_found_by_code() -> None:
    assert all(country.code == code for code, country in COUNTRIES.items())
    with pytest.raises(KeyError):
        get_country("atlantis")


@pytest.mark.parametrize(
    "text",
    [
        "09123456789",
        "9123456789",
        "989123456789",
        "+989123456789",
        "00989123456789",
        "+98 912 345 6789",
        "+98 0912 345 6789",
        "0912-345-6789",
        "(0912) 345 6789",
        "۰۹۱۲۳۴۵۶۷۸۹",
        "٠٩١٢٣٤٥٦٧٨٩",
        "\u202a+989123456789\u202c",
        "0912\u200c3456789",
    ],
)
def test_iranian_mobiles(text: str) -> None:
    assert IRAN.normalize_mobile(text) == "+989123456789"


@pytest.mark.parametrize(
    "text",
    [
        "0912345678",
        "091234567890",
        "08123456789",
        "02188888888",
        "+1 912 345 6789",
        "۰۹۱۲۳۴۵۶۷۸a",
        "",
        "०९१२३४५६७८९",
    ],
)
def test_invalid_iranian_mobiles_are_refused(text: str) -> None:
    with pytest.raises(InvalidMobile):
        IRAN.normalize_mobile(text)


def test_iranian_mobile_shown_and_masked() -> None:
    assert IRAN.display_mobile("+989123456789") == "09123456789"
    assert IRAN.mask_mobile("+989123456789") == "0912***6789"


@given(st.from_regex(r"\A\+989[0-9]{9}\Z"))
def test_displayed_mobiles_are_parsed_again(mobile: str) -> None:
    assert IRAN.normalize_mobile(IRAN.display_mobile(mobile)) == mobile
    assert IRAN.normalize_mobile(persian_digits(mobile)) == mobile


@pytest.mark.parametrize(
    "code",
    [
        *KNOWN_CODES.split(),
        *DEMO_CODES.split(),
        "۰۴۹۹۳۷۰۸۹۹",
    ],
)
def test_national_codes(code: str) -> None:
    assert IRAN.is_national_code(code)


@pytest.mark.parametrize(
    "code",
    [
        *WRONG_CODES.split(),
        "۰۴۹۹۳۷۰۸۹۸",
        "०४९९३७०८९९",
        "",
    ],
)
def test_invalid_national_codes_are_refused(code: str) -> None:
    assert not IRAN.is_national_code(code)


@given(st.from_regex(r"\A[0-9]{9}\Z"))
def test_nine_digits_have_at_most_one_check_digit(body: str) -> None:
    assert sum(IRAN.is_national_code(body + digit) for digit in "0123456789") == (len(set(body)) > 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10380284790", True),
        ("۱۰۳۸۰۲۸۴۷۹۰", True),
        ("10380285692", False),
        ("1038028479", False),
        ("10300000000", False),
        ("", False),
    ],
)
def test_legal_ids(text: str, expected: bool) -> None:
    assert IRAN.is_legal_id(text) is expected


def test_national_code_masked() -> None:
    assert IRAN.mask_national_code("0499370899") == "049*****99"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 3, 21), "1 Farvardin"),
        (date(2026, 4, 2), "13 Farvardin"),
        (date(2026, 6, 4), "14 Khordad"),
        (date(2027, 2, 11), "22 Bahman"),
        (date(2025, 3, 20), "30 Esfand of the leap year 1403"),
    ],
)
def test_fixed_holidays_of_iran(day: date, name: str) -> None:
    assert day in IRAN.fixed_holidays, name


@pytest.mark.parametrize("day", [date(2026, 3, 25), date(2026, 11, 24), date(2027, 3, 19)])
def test_ordinary_days_of_iran(day: date) -> None:
    assert day not in IRAN.fixed_holidays


@pytest.mark.parametrize("text", ["+49 151 2345-6789", "0049 (151) 23456789", "+۴۹۱۵۱۲۳۴۵۶۷۸۹"])
def test_generic_mobiles(text: str) -> None:
    assert GENERIC.normalize_mobile(text) == "+4915123456789"


@pytest.mark.parametrize("text", ["015123456789", "+0151234567", "+1234567", "+1234567890123456", "+49x", ""])
def test_a_generic_mobile_needs_its_country_code(text: str) -> None:
    with pytest.raises(InvalidMobile):
        GENERIC.normalize_mobile(text)


def test_generic_country_knows_no_codes() -> None:
    assert GENERIC.display_mobile("+4915123456789") == "+4915123456789"
    assert GENERIC.mask_mobile("+4915123456789") == "+49***6789"
    assert not GENERIC.is_national_code("0499370899")
    assert not GENERIC.is_legal_id("10380284790")
    assert GENERIC.mask_national_code("A1234567") == "*****67"
    assert date(2026, 3, 21) not in GENERIC.fixed_holidays


@pytest.mark.parametrize("country", COUNTRIES.values())
def test_an_error_says_why(country: Country) -> None:
    with pytest.raises(InvalidMobile) as caught:
        country.normalize_mobile("x")
    assert caught.value.reason.domain == "civicportal"
