import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from civicportal.util.persian import DASHES, ZWNJ, alphabetical, compact, key, store

# Letters, marks, joiners, spaces and Latin letters that act on each other, beside any text at all.
persian = st.text(
    alphabet="آاأإٱبهةۀەہھیيىېئؤوءكڪک" + "\u0640\u064b\u064e\u0651\u0653\u0654\u0655\u0670\u06d6\u0301\u0323"
    "\u200b\u200c\u200d\u200e\u200f\u00ac\u00a0\u202f\ufeff \t\n\r" + "ﻓﺎﺿﻼﺏﷺ﷼ﹱۓۂ" + "۱٢3eEİΣ"
)
texts = persian | st.text()


@pytest.mark.parametrize(
    ("text", "stored", "folded"),
    [
        ("علي كريمي", "علی کریمی", "علی کریمی"),
        ("عَلِیِّ", "عَلِیِّ", "علی"),
        ("می‌روم", "می‌روم", "می روم"),
        ("می روم", "می روم", "می روم"),
        ("خانهٔ ما", "خانهٔ ما", "خانه ما"),
        ("خانۀ ما", "خانهٔ ما", "خانه ما"),
        ("ﻓﺎﺿﻼﺏ", "فاضلاب", "فاضلاب"),
        ("كتــاب", "کتاب", "کتاب"),
        ("۱۴۰۴/۹/۳", "۱۴۰۴/۹/۳", "1404/9/3"),
        ("٢٥", "٢٥", "25"),
        ("آسفالت", "آسفالت", "اسفالت"),
        ("اسفالت", "اسفالت", "اسفالت"),
        ("مسئول", "مسئول", "مسیول"),
        ("مسؤول", "مسؤول", "مسوول"),
        ("چراغ‌هاي پارك", "چراغ‌های پارک", "چراغ های پارک"),
        ("\u202bپل\u202c \u200fدوم\ufeff", "پل دوم", "پل دوم"),
        ("می\u200bروم", "می‌روم", "می روم"),
        ("می¬روم", "می‌روم", "می روم"),
        ("می\u200c\u200cروم", "می‌روم", "می روم"),
        ("کوچه\u00a0یاس", "کوچه یاس", "کوچه یاس"),
        ("\u200c کوچه \u200c\u200c یاس\u200c", "کوچه  یاس", "کوچه یاس"),
        ("سطر یک\nسطر دو", "سطر یک\nسطر دو", "سطر یک سطر دو"),
        ("  Bus  BRT ", "Bus  BRT", "bus brt"),
        ("شیء", "شیء", "شی"),
        ("", "", ""),
    ],
)
def test_the_two_levels(text: str, stored: str, folded: str) -> None:
    assert store(text) == stored
    assert key(text) == folded


@given(texts)
@example("ا\u0640\u0653")
@example("\u200c \u200cا")
def test_store_is_idempotent(text: str) -> None:
    assert store(store(text)) == store(text)


@given(texts)
@example("eء\u0301")
@example("İ\u0323")
def test_key_is_idempotent_and_sees_no_difference_after_store(text: str) -> None:
    assert key(key(text)) == key(text)
    assert key(store(text)) == key(text)


@given(texts)
def test_stored_texts_are_composed_and_trimmed(text: str) -> None:
    stored = store(text)

    assert unicodedata.is_normalized("NFC", stored)
    assert stored == stored.strip()
    assert stored.strip(ZWNJ) == stored
    assert not set(stored) & set("يىكۀ\u0640\u200e\u200f\ufeff")


@given(texts)
def test_a_key_has_single_spaces_and_no_joiner(text: str) -> None:
    assert key(text) == " ".join(key(text).split())
    assert ZWNJ not in key(text)


def test_compact_keeps_what_a_number_field_needs() -> None:
    assert compact("\u202a ۰۹۱۲ ٣٤٥\u200c-6789\u202c") == "0912345-6789"
    assert compact("405–903 1274", also=DASHES) == "4059031274"


def test_names_stand_in_the_order_of_the_persian_alphabet():
    names = [
        "آرش",
        "ابراهیم",
        "پیمان",
        "ثریا",
        "چنگیز",
        "زهرا",
        "ژاله",
        "سارا",
        "کامران",
        "گلنار",
        "لیلا",
        "نگار",
        "وحید",
        "هما",
        "یاس",
    ]
    assert sorted(set(names), key=alphabetical) == names


def test_two_spellings_stand_together_and_words_before_longer_ones():
    assert alphabetical("علي كريمي") == alphabetical("علی کریمی")
    assert alphabetical("علی رضایی") < alphabetical("علیرضا")
    assert sorted(["Beta", "alpha", "Gamma"], key=alphabetical) == ["alpha", "Beta", "Gamma"]
