"""Detection and removal of personal data in texts.

Pure functions of a text, the known data of the person, and the patterns of the country.
:class:`~civicportal.domain.cases.public_texts.PublicTexts` uses them to decide what may be public.

A **name** is found in every spelling that ``persian.key`` folds together, with its words separated by a space, a ZWNJ
or nothing, in any order. Two adjacent words of it, or one after a title ("آقای رضایی"), always match. A
single word other than the first is *uncertain*: a family name may be an ordinary word (کارگر, صالحی), so an officer
can declare that it is not a name here. A given name alone does not identify a person.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from civicportal.util.countries.base import Country, InvalidMobile
from civicportal.util.countries.personal import SEPARATOR, Kind, PersonalText
from civicportal.util.i18n import _, latin_digits
from civicportal.util.persian import Word, words

KINDS = {
    "name": _("name of the sender"),
    "mobile": _("mobile number"),
    "national_code": _("national code"),
    "plate": _("number plate of a vehicle"),
    "address": _("number of a house or flat, or postal code"),
    "tracking_code": _("tracking code"),
}
LONGEST_SALUTATION = 14
"""Words."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """The known data of a text's sender.

    A text must not identify the person; all of it is optional.

    :ivar names: each as it is stored, first name first.
    :ivar mobile: E.164.
    :ivar national_code: ASCII digits.
    :ivar tracking_code: of the case.
    """

    names: tuple[str, ...] = ()
    mobile: str = ""
    national_code: str = ""
    tracking_code: str = ""


@dataclass(frozen=True, order=True)
class PersonalDatum:
    """Personal data in a text.

    :ivar start: index of its first character in the text.
    :ivar end: index after its last character.
    :ivar word: the word that an officer may declare not to be a name, folded by ``persian.key``; empty if certain.
    """

    start: int
    end: int
    kind: Kind
    word: str = ""


def find(
    text: str, person: Person, country: Country, *, allowed: Collection[str] = ()
) -> list[PersonalDatum]:
    """Return the personal data in a text, in order and without overlaps.

    :param allowed: keys of uncertain words that are not names here.
    """
    own = country.personal_text
    found = [
        *_numbers(text, person, country),
        *(finding for name in person.names for finding in _names(text, name, own)),
    ]
    return _merged(finding for finding in found if not finding.word or finding.word not in allowed)


def salutation(text: str, person: Person, country: Country) -> int:
    """Return the index after the salutation; 0 if there is none.

    A salutation consists only of titles, greetings and words of the name, and ends with punctuation or a line break.
    """
    own = country.personal_text
    names = {word.key for name in person.names for word in words(name)}
    telling = own.titles | own.greetings | names
    allowed = telling | own.degrees | own.courtesies
    found = list(words(text))[: LONGEST_SALUTATION + 1]
    begins = 0
    for place, word in enumerate(found):
        if word.key not in allowed:
            break
        following = found[place + 1].start if place + 1 < len(found) else len(text)
        gap = text[word.end : following]
        if following == len(text) or re.search(r"[.,:;!\n،؛]", gap):
            begins = following
    return begins if any(word.key in telling for word in found if word.start < begins) else 0


def compose(text: str, person: Person, country: Country, *, name: str, allowed: Collection[str] = ()) -> str:
    """Return a text without salutation, names and numbers of a person.

    :param name: replacement for the name, for instance "the citizen".
    """
    begins = salutation(text, person, country)
    pieces, behind = [], begins
    for finding in find(text, person, country, allowed=allowed):
        if finding.end <= begins:
            continue
        pieces += [text[behind : max(finding.start, behind)], name if finding.kind == "name" else "…"]
        behind = finding.end
    return "".join([*pieces, text[behind:]]).strip()


# -- numbers ------------------------------------------------------------------------------------------------


def _numbers(text: str, person: Person, country: Country) -> Iterator[PersonalDatum]:
    plain = latin_digits(text)
    for kind, pattern in country.personal_text.patterns:
        for match in pattern.finditer(plain):
            if _is_one(kind, match.group(), country):
                yield PersonalDatum(match.start(), match.end(), kind)
    for kind, number in _own_numbers(person, country):
        digits = number.lstrip("0")
        if len(digits) < 7:
            continue
        for match in re.finditer(f"{SEPARATOR}{{0,3}}".join(digits) + r"(?!\d)", plain):
            yield PersonalDatum(match.start(), match.end(), kind)


def _own_numbers(person: Person, country: Country) -> Iterator[tuple[Kind, str]]:
    if person.mobile:
        yield "mobile", "".join(filter(str.isdigit, country.display_mobile(person.mobile)))
    yield "national_code", person.national_code
    yield "tracking_code", person.tracking_code


def _is_one(kind: Kind, written: str, country: Country) -> bool:
    digits = re.sub(SEPARATOR, "", written)
    if kind == "national_code":
        return country.is_national_code(digits)
    if kind != "mobile":
        return True
    try:
        country.normalize_mobile(digits)
    except InvalidMobile:
        return False
    return True


# -- names --------------------------------------------------------------------------------------------------


def _names(text: str, name: str, own: PersonalText) -> Iterator[PersonalDatum]:
    # "Citizen 12" is a title and a number: neither identifies anyone, and both occur in many texts.
    parts = [word.key for word in words(name) if not word.key.isdigit()]
    parts = [part for part in parts if part not in own.titles | own.degrees]
    if not parts:
        return
    certain, single = _spellings(parts), set(parts)
    uncertain = set(parts[1:] or parts)
    found = list(words(text))
    for place in range(len(found)):
        end = _longest(found, place, certain)
        if end:
            yield _finding(found, place, end, own)
        elif end := _longest(found, place, single, joined=True):
            titled = _titled(found, place, end, own)
            word = _key(found[place:end])
            if titled or word in uncertain:
                yield _finding(found, place, end, own, "" if titled else word)


def _spellings(parts: Sequence[str]) -> set[str]:
    """Return the joined spellings of adjacent words of a name."""
    orders = [[*parts[turn:], *parts[:turn]] for turn in range(len(parts))]
    return {
        "".join(order[start:end])
        for order in orders
        for start in range(len(order))
        for end in range(start + 2, len(order) + 1)
    }


def _longest(found: Sequence[Word], place: int, wanted: set[str], *, joined: bool = False) -> int:
    """Return the index after the longest matching run of words.

    It is 0 for none.

    :param joined: accept only a ZWNJ between the words of the run.
    """
    longest, written = 0, ""
    for end in range(place, len(found)):
        if joined and end > place and not found[end].joined:
            break
        written += found[end].key
        if written in wanted:
            longest = end + 1
        if not any(one.startswith(written) for one in wanted):
            break
    return longest


def _finding(found: Sequence[Word], place: int, end: int, own: PersonalText, word: str = "") -> PersonalDatum:
    """Return the finding, with the titles before the name."""
    while place and found[place - 1].key in own.titles | own.degrees:
        place -= 1
    return PersonalDatum(found[place].start, found[end - 1].end, "name", word)


def _titled(found: Sequence[Word], place: int, end: int, own: PersonalText) -> bool:
    before = place - 1
    while before >= 0 and found[before].key in own.degrees:
        before -= 1
    behind = found[end].key if end < len(found) else ""
    return (before >= 0 and found[before].key in own.titles) or behind in own.courtesies


def _key(run: Sequence[Word]) -> str:
    return "".join(word.key for word in run)


def _merged(found: Iterable[PersonalDatum]) -> list[PersonalDatum]:
    """Merge overlapping findings; the result is certain if either is."""
    merged: list[PersonalDatum] = []
    for finding in sorted(found):
        last = merged[-1] if merged else None
        if last is None or finding.start >= last.end:
            merged.append(finding)
            continue
        # The kind is that of the certain finding, else of the longer one.
        ranked = max((last, finding), key=lambda one: (not one.word, one.end - one.start))
        word = last.word if last.word and finding.word else ""
        merged[-1] = PersonalDatum(last.start, max(last.end, finding.end), ranked.kind, word)
    return merged
