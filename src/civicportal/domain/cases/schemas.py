"""Forms of transitions, and of the tracking pages.

Workflows of plugins use the first four as the ``schema`` of a transition. :func:`step_values` splits their values:
texts and pictures go to the history, everything else into the event's ``data``.
"""

from typing import TypedDict

import colander

from civicportal.domain.cases.attachments import MOST
from civicportal.domain.cases.references import reference_key
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import NumberWidget, TextAreaWidget
from civicportal.web.schema import (
    Choice,
    CleanText,
    Code,
    Flag,
    KeyList,
    Node,
    Option,
    RowId,
    StrictSchema,
    TrackingCode,
)
from civicportal.web.schema.base import bound

LONGEST_WORDS = 2000
FACES = (
    Option(value="1", label=_("Very bad"), icon="mood-cry"),
    Option(value="2", label=_("Bad"), icon="mood-sad"),
    Option(value="3", label=_("Fair"), icon="mood-empty"),
    Option(value="4", label=_("Good"), icon="mood-smile"),
    Option(value="5", label=_("Very good"), icon="mood-happy"),
)


class PublicAnswer(StrictSchema):
    """An answer to the citizen."""

    public_text = Node(
        CleanText(5, LONGEST_WORDS, multiline=True),
        title=_("Answer to the citizen"),
        description=_("The citizen reads this."),
    )


class Reason(StrictSchema):
    """The reason for a transition, visible to those concerned."""

    public_text = Node(
        CleanText(5, LONGEST_WORDS, multiline=True),
        title=_("Reason"),
        description=_("It is shown in the history of the request."),
    )


class RatingForm(StrictSchema):
    """A rating of one to five stars, and a comment."""

    stars = Node(Choice(FACES), title=_("Satisfaction"))
    words = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("What would have been better?"),
        missing="",
        widget=TextAreaWidget(rows=2),
    )


class Objection(StrictSchema):
    """The reason of a citizen's objection."""

    reason = Node(CleanText(5, LONGEST_WORDS, multiline=True), title=_("What is still wrong?"))


class CitizenNote(StrictSchema):
    """A citizen's addition to an open case."""

    words = Node(
        CleanText(0, LONGEST_WORDS, multiline=True),
        title=_("What would you like to add?"),
        description=_("Staff who handle the request read this."),
        missing="",
        widget=TextAreaWidget(rows=3),
    )
    photos = Node(KeyList(MOST), title=_("Pictures"), missing=())


class NotificationChoice(StrictSchema):
    """The choice to receive notifications of a case."""

    wanted = Node(Flag(), title=_("SMS at every change"), missing=False)


class PagePosition(StrictSchema):
    """Position in a list: the id of the last case shown."""

    before = Node(RowId(), missing=None)


class KnownCode(TrackingCode):
    """A tracking code, or the code of an earlier system where its cases were imported.

    ``bind(has_references=…)`` takes the function that returns whether any were. The value is the tracking code, or the
    other one as it is compared.
    """

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the code; raise :class:`colander.Invalid` for what is neither."""
        try:
            return str(super().read(node, text))
        except colander.Invalid:
            earlier = reference_key(text)
            if any(sign.isdigit() for sign in earlier) and bound(node, "has_references")():
                return earlier
            raise


class Follow(StrictSchema):
    """Tracking code and proof."""

    code = Node(
        KnownCode(),
        title=_("Tracking code"),
        description=_("Ten digits; spaces do not matter."),
        widget=NumberWidget(),
    )
    proof = Node(
        Code(4),
        title=_("Last four digits of your mobile, or the PIN"),
        description=_("The PIN was shown with the code when the request was sent without a name."),
        # Not marked as a one-time code, so that the browser neither offers one nor submits the form by itself.
        widget=NumberWidget(autocomplete="off"),
    )


class StepValues(TypedDict):
    """Arguments of ``CaseService.apply``."""

    public_text: str
    internal_text: str
    attachments: tuple[str, ...]
    data: Values


def step_values(values: Values) -> StepValues:
    """Return the arguments of ``CaseService.apply`` for the values of a transition's form.

    ``public_text``, ``internal_text`` and ``photos`` (attachment keys) are separate arguments.
    """
    own = {"public_text", "internal_text", "photos"}
    return {
        "public_text": values.get("public_text", ""),
        "internal_text": values.get("internal_text", ""),
        "attachments": tuple(values.get("photos", ())),
        "data": {name: value for name, value in values.items() if name not in own},
    }
