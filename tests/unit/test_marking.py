"""What a search has found is marked in the text as it was written."""

import itertools
import random
import re

import pytest

from civicportal.domain.cases.marking import AROUND, marked, snippet, spans
from civicportal.domain.cases.query_parser import read
from civicportal.util.persian import folded, words


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("چراغ‌هاي پارك لاله", "پارک", "چراغ‌هاي <mark>پارك</mark> لاله"),
        ("چراغ‌هاي پارك لاله", "چراغ", "<mark>چراغ‌هاي</mark> پارك لاله"),
        ("چراغ‌هاي پارك لاله", "چراغها", "<mark>چراغ‌هاي</mark> پارك لاله"),
        ("سنگ فرش و سنگفرش", "سنگ‌فرش", "<mark>سنگ فرش</mark> و <mark>سنگفرش</mark>"),
        ("عَلِیِّ رضايي", "علی رضائی", "<mark>عَلِیِّ</mark> <mark>رضايي</mark>"),
        ("كتــابِ من", "کتا", "<mark>كتــابِ</mark> من"),
        ("پلاک ۱۲ و ۱۲۷۴", "12", "پلاک <mark>۱۲</mark> و ۱۲۷۴"),
        ("کوچهٔ یاس، یاس کوچه", "«یاس کوچه»", "کوچهٔ یاس، <mark>یاس کوچه</mark>"),
        ("<b>چاله</b> & گودال", "چاله", "&lt;b&gt;<mark>چاله</mark>&lt;/b&gt; &amp; گودال"),
        ("هیچ", "چاله", "هیچ"),
        ("هیچ", "", "هیچ"),
    ],
)
def test_marks(text, typed, shown):
    assert str(marked(text, typed)) == shown


def test_no_letter_is_lost_or_marked_twice():
    rng = random.Random(3)
    letters = "ابچكيی ‌ۀَـ۱2<&،\n"
    for _number in range(300):
        text = "".join(rng.choice(letters) for _letter in range(40))
        typed = "".join(rng.choice(letters) for _letter in range(4))
        plain = re.sub("</?mark>", "", str(marked(text, typed)))
        assert plain == str(marked(text, ""))
        found = spans(text, read(typed))
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))
        assert all(folded(text[start:end]) for start, end in found)


def test_a_snippet_surrounds_the_first_thing_found():
    text = "الف " * 50 + "چالهٔ بزرگ " + "ب " * 100
    shown = str(snippet(text, "چاله"))
    assert shown.startswith("… الف")
    assert shown.endswith("ب …")
    assert "<mark>چالهٔ</mark> بزرگ" in shown
    assert len(shown) < 2 * AROUND + 60
    assert str(snippet("چاله", "چاله")) == "<mark>چاله</mark>"
    assert not snippet(text, "گودال")


def test_the_words_of_a_text_are_those_of_its_key():
    rng = random.Random(5)
    letters = "اآبچكيیئةءۀهٔ ‌ـَِ۱2ﻓﺎ.،-Aé"
    for _number in range(500):
        text = "".join(rng.choice(letters) for _letter in range(30))
        for word in words(text):
            assert word.key.strip()
            assert word.key in folded(text).split()
            assert 0 <= word.start < word.end <= len(text)
