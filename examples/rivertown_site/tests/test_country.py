"""Riverland: its numbers and its holidays."""

from datetime import date

import pytest
from rivertown_site.country import Riverland

from civicportal.api.localization import Country, InvalidMobile

HERE = Riverland()


@pytest.mark.parametrize(
    "typed",
    ["0712345678", "0712 345 678", "(0712) 345-678", "+999712345678", "00999 712 345 678", "۰۷۱۲۳۴۵۶۷۸"],
)
def test_a_mobile_is_read_as_people_write_it(typed):
    assert HERE.normalize_mobile(typed) == "+999712345678"


@pytest.mark.parametrize(
    "typed", ["", "712345678", "0812345678", "07123456789", "09123456789", "+989123456789"]
)
def test_what_is_no_mobile_is_refused(typed):
    with pytest.raises(InvalidMobile):
        HERE.normalize_mobile(typed)


def test_a_mobile_is_shown_and_hidden():
    country: Country = HERE
    assert country.display_mobile("+999712345678") == "0712345678"
    assert country.mask_mobile("+999712345678") == "0712***678"
    assert country.normalize_mobile(country.mobile_example)


def test_it_has_holidays_and_no_codes_of_people():
    assert date(2026, 12, 25) in HERE.fixed_holidays
    assert date(2026, 12, 24) not in HERE.fixed_holidays
    assert not HERE.is_national_code("0499370899")
    assert not HERE.is_legal_id("14003151622")
