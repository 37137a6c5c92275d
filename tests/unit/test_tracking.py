from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.util.i18n import persian_digits
from civicportal.util.tracking import InvalidTrackingCode, grouped, is_valid, new_code, normalize

codes = st.integers(0).map(lambda seed: new_code(Random(seed)))


def test_codes_differ_and_come_from_the_system() -> None:
    assert len({new_code() for _ in range(200)}) == 200


@given(codes)
def test_a_new_code_has_ten_digits_and_is_valid(code: str) -> None:
    assert len(code) == 10
    assert code.isascii()
    assert code.isdigit()
    assert code[0] != "0"
    assert is_valid(code)


@given(codes)
def test_every_single_wrong_digit_is_found(code: str) -> None:
    for place, right in enumerate(code):
        for digit in set("0123456789") - {right}:
            assert not is_valid(code[:place] + digit + code[place + 1 :])


@given(codes)
def test_every_swap_of_neighbours_is_found(code: str) -> None:
    for place in range(9):
        swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        assert swapped == code or not is_valid(swapped)


@given(codes, st.sampled_from([" ", "-", "\u2013", "  ", "\u200c", "\u200f"]))
def test_a_code_is_read_however_it_is_typed(code: str, gap: str) -> None:
    typed = grouped(code).replace(" ", gap)

    assert normalize(typed) == code
    assert normalize(f"\u202a{persian_digits(typed)}\u202c") == code
    assert normalize(code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))) == code


@pytest.mark.parametrize(
    "text", ["", "123", "0000000000", "405903127x", "५405903127", "10000000000000", "1234567890"]
)
def test_invalid_tracking_codes_are_refused(text: str) -> None:
    assert not is_valid(text)
    with pytest.raises(InvalidTrackingCode) as caught:
        normalize(text)
    assert caught.value.reason.domain == "civicportal"


def test_grouping() -> None:
    assert grouped("4059031274") == "405 903 1274"
