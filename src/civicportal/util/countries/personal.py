"""Patterns of personal data in a country's texts: titles before names, greetings, numbers of people."""

import re
from dataclasses import dataclass
from typing import Literal

from civicportal.util.persian import key

Kind = Literal["name", "mobile", "national_code", "plate", "address", "tracking_code"]
SEPARATOR = r"[\s\u200b-\u200f\u202a-\u202e\u2066-\u2069\u00ac\ufeff()\[\]./\\_\-\u2010-\u2015\u2212]"
"""Separators that people write between the digits of a number."""


def spaced(pattern: str, most: int = 3) -> str:
    """Return a pattern with optional separators in place of each ``~``.

    :param most: maximum number of separator characters.
    """
    return pattern.replace("~", f"{SEPARATOR}{{0,{most}}}")


@dataclass(frozen=True, kw_only=True)
class PersonalText:
    """Patterns that identify a person in the texts of a country.

    :ivar titles: words before a name, as ``persian.key`` folds them, after which even a common word is a name.
    :ivar degrees: words before a name that also occur in street names, such as "Doctor"; they are not part of a name.
    :ivar courtesies: words after a name.
    :ivar greetings: other words of a salutation.
    :ivar patterns: kind and pattern of numbers, for texts in ASCII digits. A match of ``mobile`` or
        ``national_code`` counts only if the country accepts it as valid.
    """

    titles: frozenset[str] = frozenset()
    degrees: frozenset[str] = frozenset()
    courtesies: frozenset[str] = frozenset()
    greetings: frozenset[str] = frozenset()
    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = ()


ENGLISH = PersonalText(
    titles=frozenset({"mr", "mrs", "ms", "miss", "mx", "sir", "madam"}),
    degrees=frozenset({"dr", "prof", "doctor", "professor"}),
    courtesies=frozenset({"esq"}),
    greetings=frozenset({"dear", "hello", "hi", "good", "morning", "afternoon", "evening", "citizen", "and"}),
    patterns=(
        # ITU-T E.164 with + or 00.
        ("mobile", re.compile(spaced(r"(?<!\d)(?:\+|00)~[1-9](?:~\d){7,14}(?!\d)"))),
        ("address", re.compile(r"\b(?:apartment|apt|flat)\b\.?\s*(?:no\.?\s*)?\d+[a-z]?\b", re.IGNORECASE)),
        ("address", re.compile(r"\b(?:house|door)\s+(?:number|no\.?)\s*\d+[a-z]?\b", re.IGNORECASE)),
    ),
)
"""For countries without their own patterns."""

_LETTER = (
    "(?:الف|بی|پی|تی|جیم|دال|سین|شین|صاد|طا|عین|قاف|کاف|گاف|لام|میم|نون|واو|ژ|معلولین"
    "|[ابپتثجدزسشصطعفقکكگلمنوهیيDSds])"
)
_TWO, _THREE = r"\d~\d", r"\d~\d~\d"
#: The four parts of an Iranian number plate (two digits, a letter, three digits, two digits of the province).
_PLATES = (
    f"{_TWO}~{_LETTER}~{_THREE}~(?:ایران~)?{_TWO}",
    f"{_THREE}~{_LETTER}~{_TWO}~(?:ایران~)?{_TWO}",
    f"ایران~{_TWO}~{_TWO}~{_LETTER}~{_THREE}",
    f"ایران~{_TWO}~{_THREE}~{_LETTER}~{_TWO}",
    f"{_TWO}~ایران~{_THREE}~{_LETTER}~{_TWO}",
    f"{_TWO}~ایران~{_TWO}~{_LETTER}~{_THREE}",
)
_NUMBER = (
    r"(?:\d+(?:\s*[/-]\s*\d+)?|(?:یک|دو|سه|چهار|پنج|شش|هفت|هشت|نه|ده|یازده|دوازده|سیزده|چهارده|پانزده|شانزده|هفده"
    r"|هجده|نوزده|بیست|سی|چهل|پنجاه|شصت|هفتاد|هشتاد|نود|صد)(?!\w))"
)


def _keys(text: str) -> frozenset[str]:
    return frozenset(map(key, text.split()))


IRAN = PersonalText(
    titles=frozenset(
        "آقای آقا خانم جناب سرکار بانو دوشیزه شهروند همشهری برادر خواهر".replace("آ", "ا").split()
    ),
    degrees=_keys("دکتر مهندس استاد حاج حاجی سید سیده شهید کربلایی سرهنگ سرگرد تیمسار"),
    courtesies=_keys("جان عزیز گرامی محترم ارجمند محترمه بزرگوار آقا خانم"),
    greetings=_keys(
        "سلام با درود عرض ادب احترام و علیکم خدمت وقت روز صبح عصر بخیر خیر به بر شما هموطن مشترک متقاضی"
    ),
    patterns=(
        # 0912…, 912…, +98 912…, 0098 (0) 912…
        ("mobile", re.compile(spaced(r"(?<!\d)(?:(?:\+|0~0)?~9~8~)?(?:0~)?9(?:~\d){9}(?!\d)"))),
        ("national_code", re.compile(spaced(r"(?<!\d)\d(?:~\d){9}(?!\d)"))),
        *(("plate", re.compile(spaced(rf"(?<!\d){plate}(?!\d)"))) for plate in _PLATES),
        ("address", re.compile(rf"(?<!\w)(?:پلاک|واحد)[\s\u200c:]*(?:شمار[هۀ][ٔی\s\u200c:]*)?{_NUMBER}")),
        ("address", re.compile(r"(?<!\w)کد[\s\u200c]*پستی[\s\u200c:]*\d[\d\s\u200c-]{3,}\d")),
        ("address", re.compile(r"(?<!\d)[13-9]{4}[1-9]-\d{5}(?!\d)")),
    ),
)
