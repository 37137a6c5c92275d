"""The four types of messages."""

from dataclasses import dataclass

from translationstring import TranslationString

from civicportal.api.forms import Option
from civicportal_feedback.i18n import _


@dataclass(frozen=True, kw_only=True)
class Type:
    """A type of message.

    :ivar about: its title with the unit it is about.
    :ivar published: introduction of a published one, without a name.
    """

    name: str
    title: TranslationString
    about: TranslationString
    published: TranslationString
    icon: str
    tone: str


TYPES = {
    one.name: one
    for one in (
        Type(
            name="suggestion",
            title=_("Suggestion"),
            about=_("Suggestion about ${unit}"),
            published=_("Suggestion of a citizen"),
            icon="bulb",
            tone="t",
        ),
        Type(
            name="criticism",
            title=_("Criticism"),
            about=_("Criticism about ${unit}"),
            published=_("Criticism of a citizen"),
            icon="mood-sad",
            tone="a",
        ),
        Type(
            name="complaint",
            title=_("Complaint"),
            about=_("Complaint about ${unit}"),
            published=_("Complaint of a citizen"),
            icon="thumb-down",
            tone="r",
        ),
        Type(
            name="thanks",
            title=_("Thanks"),
            about=_("Thanks for ${unit}"),
            published=_("Thanks of a citizen"),
            icon="thumb-up",
            tone="g",
        ),
    )
}
CARDS = [Option(value=one.name, label=one.title, icon=one.icon, tone=one.tone) for one in TYPES.values()]
TITLES = [(one.name, one.title) for one in TYPES.values()]
