"""Texts of messages: the plugins' defaults, the site's wording, and placeholders."""

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from translationstring import TranslationString

from civicportal.core.messages import COMMON_FIELDS, MessageText
from civicportal.core.migration.state import sleeping
from civicportal.core.work import Service
from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.notifications.models import StoredText
from civicportal.domain.notifications.sms import SmsLength, utf16_len
from civicportal.util.i18n import _, localized_digits

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

LONGEST = 25
"""Maximum UTF-16 units of a value: templates of providers allow no more."""
#: The site's own names are truncated. With 24 the longest notification of a referral is one part.
_SHORTENED = {"UNIT": 24, "STATUS": LONGEST}
_WHOLE = frozenset({"CODE", "CODES", "TRACK", "SITE", "HOST", "PHONE"})
_FIELD = re.compile(r"\{([A-Z][A-Z0-9_]*)\}")
#: A link is the end of an address: an own wording needs all of it.
_ADDRESS = re.compile(r"\S*\{LINK\}")


class FieldTooLong(Refused):
    """A value is longer than the placeholder of a message allows."""

    def __init__(self, value: str) -> None:
        super().__init__(
            _(
                "The SMS has room for ${count} letters here: “${value}”. Please shorten it.",
                mapping={"count": LONGEST, "value": value},
            )
        )


def fill(text: str, fields: Mapping[str, str]) -> str:
    """Replace known placeholders in a text; unknown ones stay."""
    return _FIELD.sub(lambda match: fields.get(match[1], match[0]), text).strip()


def used_fields(text: str) -> set[str]:
    """Return the names in braces in a text."""
    return set(_FIELD.findall(text))


def brace_flaw(text: str, example: str) -> TranslationString | None:
    """Return what is wrong if a text has braces that are not around the name of a field.

    They would be sent as they are typed.

    :param example: the name of a field that the text may have.
    """
    rest = _FIELD.sub("", text)
    if "{" not in rest and "}" not in rest:
        return None
    return _(
        "Braces may only stand around the name of a field, such as ${field}.",
        mapping={"field": f"{{{example}}}"},
    )


def cut_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """Truncate names of units and statuses to the maximum of a placeholder.

    :raises FieldTooLong: for any other value that is too long, except codes, numbers and names of the site.
    """
    fitting = {
        name: SmsLength.cut(value, _SHORTENED[name]).strip() if name in _SHORTENED else value
        for name, value in fields.items()
    }
    for name, value in fitting.items():
        if name not in _WHOLE and utf16_len(value) > LONGEST:
            raise FieldTooLong(value)
    return fitting


def common_fields(site: "Site", locale: str | None = None) -> dict[str, str]:
    """Return the placeholders about the city.

    Its phone has a fallback text if there is no number.

    :param locale: a language of the site; its own if None.
    """
    return {
        "SITE": site.short_name,
        "HOST": urlsplit(site.public_url).hostname or "",
        "PHONE": site.branding.phone or str(site.localizer(locale).translate(_("the municipality"))),
    }


class TextService(Service):
    """The texts of messages: the site's wording, else the plugin's default."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.site = work.site
        self._stored: dict[str, dict[str, str]] = {}

    def wording(self, key: str, locale: str | None = None) -> str | None:
        """Return a text with its placeholders, or None for an unknown key."""
        proposed = self.site.messages.get(key)
        if proposed is None:
            return None
        locale = locale or self.site.locale
        stored = self._stored_in(locale).get(key)
        return stored if stored is not None else self.default(proposed, locale)

    def default(self, text: MessageText, locale: str | None = None) -> str:
        """Return the plugin's default, translated."""
        return str(self.site.localizer(locale).translate(text.text))

    def is_changed(self, key: str, locale: str | None = None) -> bool:
        """Return whether the site has its own wording."""
        return key in self._stored_in(locale or self.site.locale)

    def render(self, key: str, locale: str | None, fields: Mapping[str, str]) -> str | None:
        """Return a rendered text, or None for an unknown key.

        :param locale: a language of the site; its own if None.
        :param fields: those that the text does not list are ignored.
        """
        wording = self.wording(key, locale)
        return None if wording is None else fill(wording, self.values(key, fields, locale))

    def values(self, key: str, fields: Mapping[str, str], locale: str | None = None) -> dict[str, str]:
        """Return the values for a text, with the site's own.

        :param locale: a language of the site; its own if None.
        :raises FieldTooLong: when a value is longer than a field.
        """
        allowed = self.allowed(key)
        given = {**common_fields(self.site, locale), **fields}
        return cut_fields({name: value for name, value in given.items() if name in allowed})

    def allowed(self, key: str) -> frozenset[str]:
        """Return the placeholders that a text of this key may use."""
        return frozenset((*COMMON_FIELDS, *self.site.messages[key].fields))

    def unknown_fields(self, key: str, text: str) -> list[str]:
        """Return the unknown placeholders of a text.

        They would be sent in braces.
        """
        return sorted(used_fields(text) - self.allowed(key))

    def flaw(self, key: str, text: str) -> TranslationString | None:
        """Return what makes an own wording of a text unusable, or None.

        The page of the text, the seeds and the check of the site ask this.
        """
        if unknown := self.unknown_fields(key, text):
            names = " ".join(f"{{{name}}}" for name in unknown)
            return _("These fields cannot be used here: ${names}", mapping={"names": names})
        if stray := brace_flaw(text, "SITE"):
            return stray
        missing = self.missing_parts(key, text)
        return _missing_words(missing[0]) if missing else None

    def own_wordings(self) -> Mapping[str, str]:
        """Return the site's own wordings in its main language, also of texts that no plugin has any more."""
        return self._stored_in(self.site.locale)

    def unused_wordings(self) -> Mapping[str, str]:
        """Return the own wordings whose text no plugin has; those of plugins that are switched off are kept for them."""
        own = self.own_wordings()
        unknown = sorted(own.keys() - self.site.messages.keys())
        asleep = sleeping(self.site) if unknown else ()
        return {key: own[key] for key in unknown if key.partition(".")[0] not in asleep}

    def missing_parts(self, key: str, text: str) -> list[str]:
        """Return what a text of this key must contain and does not: fields, or an address that ends with one.

        Only what the text of the code contains is asked for, and only where the person learns it from no other
        message: a code, the codes to choose from, a link, and in the text for a new case the tracking code. In
        texts about a later change the tracking code is left to the site, since the person has it by then.
        """
        words = str(self.site.messages[key].text)
        fields = ["CODE", "CODES"]
        if key in {f"{kind.name}.{kind.workflow.initial}" for kind in kinds_of(self.site).values()}:
            fields.append("TRACK")
        asked = [f"{{{name}}}" for name in fields if name in used_fields(words)]
        return [part for part in (*asked, *_ADDRESS.findall(words)) if part not in text]

    def sample(self, key: str) -> str:
        """Return the site's text of a key with the longest usual values."""
        return fill(self.wording(key) or "", self.sample_values(key))

    def sample_values(self, key: str) -> dict[str, str]:
        """Return the longest usual values of a text's placeholders."""
        now, locale = self.work.clock.now(), self.site.locale
        translate = self.site.localizer().translate
        usual = {
            "CODE": "123456",
            "TRACK": "1234567890",
            "CODES": "1234567890 1234567890",
            "TOKEN": "1234",
            "COUNT": localized_digits("12", locale),
            "LATE": localized_digits("12", locale),
            "DATE": self.site.calendar.format_date(now, "short", locale),
            "TIME": self.site.calendar.format_time(now, locale),
            "UNIT": str(translate(_("Name of a unit of the greatest length"))),
            "NOTE": SmsLength.cut(str(translate(_("Some words of the greatest length"))), LONGEST),
            "STATUS": self._longest_status(key),
        }
        # What a kind of case says in fields of its own may be as long as a field.
        own = {name: "0" * LONGEST for name in self.site.messages[key].fields if name not in usual}
        return self.values(key, {**own, **common_fields(self.site), **usual})

    def save(self, key: str, text: str) -> None:
        """Save the site's wording of a text in its main language."""
        locale = self.site.locale
        self.work.session.merge(
            StoredText(key=key, locale=locale, text=text, updated_at=self.work.clock.now())
        )
        self._stored.pop(locale, None)

    def reset(self, key: str) -> None:
        """Restore the plugin's default."""
        row = self.work.session.get(StoredText, (key, self.site.locale))
        if row is not None:
            self.work.session.delete(row)
        self._stored.pop(self.site.locale, None)

    def _longest_status(self, key: str) -> str:
        kinds = kinds_of(self.site)
        kind = key.partition(".")[0]
        translate = self.site.localizer().translate
        names = [
            str(translate(one.public_status(state.name)))
            # Texts that belong to no kind of case, for instance the answer to a code, may use the placeholders of all.
            for one in ([kinds[kind]] if kind in kinds else kinds.values())
            for state in one.workflow.states
        ]
        return max(names, key=utf16_len, default="")

    def _stored_in(self, locale: str) -> dict[str, str]:
        if locale not in self._stored:
            self._stored[locale] = self.work.reference(f"texts:{locale}", partial(_read_stored, locale))
        return self._stored[locale]


def _missing_words(part: str) -> TranslationString:
    if part == "{TRACK}":
        return _("Without {TRACK} the person does not get the tracking code.")
    if part.endswith("{LINK}"):
        return _("Without ${address} the message does not contain the link.", mapping={"address": part})
    return _("Without ${field} the message does not contain the code.", mapping={"field": part})


def _read_stored(locale: str, session: Session) -> dict[str, str]:
    rows = session.execute(select(StoredText.key, StoredText.text).where(StoredText.locale == locale))
    return {row.key: row.text for row in rows}
