import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicportal.domain.notifications.sms import SmsLength, utf16_len

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
    assert SmsLength.of(text).parts == parts


@pytest.mark.parametrize("text", ["ی", "۵", "\u200c", "«", "؟", "😀", "ç"])
def test_one_character_makes_the_whole_text_ucs2(text: str) -> None:
    assert SmsLength.of("code 123 " + text).encoding == "UCS2"


def test_units() -> None:
    assert SmsLength.of("") == SmsLength("GSM7", 0, 1)
    assert SmsLength.of("a^{}\\[~]|€\f") == SmsLength("GSM7", 21, 1)
    assert SmsLength.of("گزارش 😀") == SmsLength("UCS2", 8, 1)


def test_a_pair_is_not_split_between_parts() -> None:
    assert SmsLength.of("آ" * 66 + "😀" + "آ" * 66).parts == 3, "134 units would fit into two parts of 67"
    assert SmsLength.of("x" * 152 + "€" + "x" * 152).parts == 3, "306 septets would fit into two parts of 153"


@given(texts, st.text(max_size=3))
def test_a_longer_text_has_no_fewer_units_of_one_encoding(text: str, more: str) -> None:
    before, after = SmsLength.of(text), SmsLength.of(text + more)

    if before.encoding == after.encoding:
        assert (after.units, after.parts) >= (before.units, before.parts)


@given(texts, st.integers(0, 300))
def test_cutting_gives_the_longest_beginning_that_fits(text: str, limit: int) -> None:
    cut = SmsLength.cut(text, limit)

    assert text.startswith(cut)
    assert utf16_len(cut) <= limit
    assert cut == text or utf16_len(text[: len(cut) + 1]) > limit


@given(texts)
def test_utf16_length_is_what_the_encoding_says(text: str) -> None:
    assert utf16_len(text) == len(text.encode("utf-16-le")) // 2
