"""Findings about texts: missing or too long messages, and missing translations."""

from collections.abc import Iterator
from gettext import GNUTranslations, NullTranslations
from typing import TYPE_CHECKING, Any

from translationstring import TranslationString

from civicportal.core.checks import Finding
from civicportal.core.translated import missing_translations
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.notifications.sms import SmsLength
from civicportal.domain.notifications.texts import TextService
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

SOURCE = "en"
"""The language of texts in the code."""


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    yield from _states(work.site)
    yield from _telephone(work.site)
    yield from _messages(work)
    yield from _own_wordings(work)
    yield from _untranslated(work.site)
    yield from _own_texts(work)


def _states(site: "Site") -> Iterator[Finding]:
    for kind in kinds_of(site).values():
        reached = {t.target for t in kind.workflow.transitions if t.notify}
        # A kind without notifications of transitions needs none for its initial state either.
        for state in sorted(reached | {kind.workflow.initial} if reached else ()):
            if f"{kind.name}.{state}" not in site.messages:
                yield Finding(
                    level="warning",
                    place=f"kind {kind.name}",
                    text=_("no message text for the state ${state}", mapping={"state": state}),
                )


def _telephone(site: "Site") -> Iterator[Finding]:
    if not site.branding.phone:
        yield Finding(
            level="warning",
            place="contact.phone",
            text=_("texts ask people to call the municipality, and it has no number"),
            remedy=_("write it under /admin/settings"),
        )


def _messages(work: "Work") -> Iterator[Finding]:
    texts = work.get(TextService)
    too_long = []
    for key, message in work.site.messages.items():
        sample = texts.sample(key)
        if not sample:
            yield Finding(
                level="error",
                place=f"message {key}",
                text=_("the text is empty"),
                remedy=_("write it under /admin/messages/texts"),
            )
        elif SmsLength.of(sample).parts > message.parts:
            too_long.append(key)
    # One finding: a long name of the city makes many of them too long at once.
    if too_long:
        yield Finding(
            level="warning",
            place="messages",
            text=_(
                "${count} texts need more SMS parts than allowed: ${keys}",
                mapping={"count": len(too_long), "keys": ", ".join(too_long)},
            ),
            remedy=_("shorten them under /admin/messages/texts, or site.short_name"),
        )


def _own_wordings(work: "Work") -> Iterator[Finding]:
    """Yield wordings of the site that were written before their flaws were refused, and those of no text."""
    texts, site = work.get(TextService), work.site
    own = texts.own_wordings()
    for key in sorted(own.keys() & site.messages.keys()):
        flaw = texts.flaw(key, own[key]) if own[key] else None
        if flaw is not None:
            yield Finding(
                level="warning",
                place=f"message {key}",
                text=_("the city's own wording does not work: ${flaw}", mapping={"flaw": flaw}),
                remedy=_("correct it under /admin/messages/texts"),
            )
    if unused := texts.unused_wordings():
        yield Finding(
            level="warning",
            place="messages",
            text=_(
                "the city's own wording is used by no message: ${keys}", mapping={"keys": ", ".join(unused)}
            ),
            remedy=_("compare its name with those under /admin/messages/texts, where it can be deleted"),
        )


def _untranslated(site: "Site") -> Iterator[Finding]:
    texts = sorted(set(_texts(site)))
    for language in site.languages:
        catalogues = list(_catalogues(site, language))
        missing = [text for text in texts if not any(one.gettext(text) for one in catalogues)]
        if language != SOURCE and missing:
            yield Finding(
                level="warning",
                place=f"language {language}",
                text=_(
                    "${count} texts are not translated, the first is “${text}”",
                    mapping={"count": len(missing), "text": missing[0]},
                ),
                remedy=_("add a catalogue to the plugin or to the package of the site"),
            )


def _own_texts(work: "Work") -> Iterator[Finding]:
    """Yield the site's own texts that lack a translation; their language is not offered to visitors."""
    site, connection = work.site, work.session.connection()
    for language in site.languages:
        keys = [f"{one.place} {one.key}" for one in missing_translations(site, connection, language)]
        if keys:
            yield Finding(
                level="warning",
                place=f"translations.{language}",
                text=_(
                    "the language is not offered to visitors: ${count} texts of the city have no translation: ${keys}",
                    mapping={"count": len(keys), "keys": ", ".join(keys)},
                ),
                remedy=_(
                    "write them under /admin, or in [translations.${language}]",
                    mapping={"language": language},
                ),
            )


def _texts(site: "Site") -> Iterator[str]:
    """Yield the titles of the plugins' objects."""
    named: list[Any] = [*site.permissions.values(), *site.messages.values(), *kinds_of(site).values()]
    for kind in kinds_of(site).values():
        named += [*kind.workflow.states, *kind.workflow.transitions]
    titles = [one.title for one in named]
    titles += [message.text for message in site.messages.values()]
    yield from (str(title) for title in titles if isinstance(title, TranslationString))


class _Nothing(NullTranslations):
    """The fallback for texts that no catalogue has."""

    def gettext(self, _message: str) -> str:
        return ""


def _catalogues(site: "Site", language: str) -> Iterator[GNUTranslations]:
    for folder in site.translation_dirs:
        for path in (folder / language / "LC_MESSAGES").glob("*.mo"):
            with path.open("rb") as file:
                catalogue = GNUTranslations(file)
            catalogue.add_fallback(_Nothing())
            yield catalogue
