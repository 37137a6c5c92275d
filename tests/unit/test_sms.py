import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.domain.notifications.sms import SmsLength, cut_units, sms_parts, utf16_len

texts = st.text(max_size=400) | st.text(alphabet="xآ😀€", max_size=400)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("آ" * 70, 1),
        ("آ" * 71, 2),
        ("آ" * 134, 2),
        ("آ" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
    ],
)
def test_parts_at_the_limits(text: str, parts: int) -> None:
    assert sms_parts(text).parts == parts


@pytest.mark.parametrize("text", ["ی", "۵", "\u200c", "«", "؟", "😀", "ç"])
def test_one_character_makes_the_whole_text_ucs2(text: str) -> None:
    assert sms_parts("code 123 " + text).encoding == "UCS2"


def test_units() -> None:
    assert sms_parts("") == SmsLength("GSM7", 0, 1)
    assert sms_parts("a^{}\\[~]|€\f") == SmsLength("GSM7", 21, 1)
    assert sms_parts("گزارش 😀") == SmsLength("UCS2", 8, 1)


def test_a_pair_is_not_split_between_parts() -> None:
    assert sms_parts("آ" * 66 + "😀" + "آ" * 66).parts == 3, "134 units would fit into two parts of 67"
    assert sms_parts("x" * 152 + "€" + "x" * 152).parts == 3, "306 septets would fit into two parts of 153"


@given(texts, st.text(max_size=3))
def test_a_longer_text_has_no_fewer_units_of_one_encoding(text: str, more: str) -> None:
    before, after = sms_parts(text), sms_parts(text + more)

    if before.encoding == after.encoding:
        assert (after.units, after.parts) >= (before.units, before.parts)


@given(texts, st.integers(0, 300))
def test_cutting_gives_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    cut = cut_units(text, limit)

    assert text.startswith(cut)
    assert utf16_len(cut) <= limit
    assert cut == text or utf16_len(text[: len(cut) + 1]) > limit


@given(texts)
def test_utf16_length_is_what_the_encoding_says(text: str) -> None:
    assert utf16_len(text) == len(text.encode("utf-16-le")) // 2
