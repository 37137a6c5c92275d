"""Findings about announcements."""

from collections.abc import Iterator

from civicportal.api.database import Work
from civicportal.api.localization import search_key
from civicportal.api.plugins import Finding
from civicportal_announcements.i18n import _
from civicportal_announcements.schemas import settings_of

PLACE = "plugins.announcements.opt_out"


def findings(work: Work) -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    word = settings_of(work.site)["opt_out"]
    stop_words = work.site.country.stop_words
    if not word:
        yield Finding(
            level="warning",
            place=PLACE,
            text=_("texts to many people do not say how to unsubscribe"),
            remedy=_("write the word that the regulator asks for"),
        )
    elif not any(stop in search_key(word) for stop in stop_words):
        yield Finding(
            level="warning",
            place=PLACE,
            text=_("${word} is not a word that ends the announcements", mapping={"word": word}),
            remedy=_("these words end them: ${words}", mapping={"words": ", ".join(sorted(stop_words))}),
        )
