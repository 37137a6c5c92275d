"""Schemas of forms and URLs."""

from civicportal.api.cases import Workflow
from civicportal.api.forms import (
    Choice,
    ChoiceCardsWidget,
    CityDate,
    CleanText,
    Flag,
    IdempotencyKey,
    KeyList,
    Node,
    Option,
    StrictSchema,
)
from civicportal.api.lists import CaseFilters, SearchFields, StatisticsFields
from civicportal.api.statistics import PeriodFields
from civicportal.api.submission import NamedCaller
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import CARDS, TITLES
from civicportal_feedback.opinions import OPINIONS

NAMED, ANONYMOUS = "named", "anonymous"
SENDERS = [
    Option(
        value=NAMED,
        label=_("With my name"),
        hint=_("Every step comes by SMS, and the answer stands among my requests."),
    ),
    Option(
        value=ANONYMOUS,
        label=_("Without my name"),
        hint=_("No one learns who I am. I read the answer with a tracking code and a PIN; I get no SMS."),
    ),
]


class MessageFields(StrictSchema):
    """A new message, by any sender."""

    key = Node(IdempotencyKey())
    type = Node(Choice(CARDS), title=_("What is it?"), widget=ChoiceCardsWidget(layout="type-cards"))
    unit = Node(
        Choice("units"),
        title=_("Which part is it about?"),
        missing=None,
        empty=_("In general, or I do not know"),
    )
    body = Node(
        CleanText(10, 2000, multiline=True),
        title=_("Your message"),
        description=_("Leave out names and numbers of other people."),
        rows=6,
    )
    photo_key = Node(KeyList(4), title=_("Pictures"), missing=())
    consent = Node(
        Flag(),
        title=_("The city may show my message and its answer to everybody"),
        description=_("Without my name, in the words of public relations, under “Heard and done”."),
        missing=False,
    )


class Submission(MessageFields):
    """A message written by its sender."""

    sender = Node(Choice(SENDERS), title=_("Who sends it?"), widget=ChoiceCardsWidget(layout="vstack-2"))


class Registration(MessageFields, NamedCaller):
    """A message registered by an officer; without a mobile it has no citizen."""

    def after_bind(self, _node: object, _bindings: object) -> None:
        """Adapt the labels for an officer."""
        self["body"].title = _("What the citizen says")
        self["consent"].title = _("The citizen agrees that message and answer may be shown to everybody")
        self["consent"].description = _("Without a name, in the words of public relations.")


class Wording(StrictSchema):
    """The public texts of message and answer."""

    heard = Node(
        CleanText(10, 300),
        title=_("Heard"),
        description=_("What the citizen said, without anything that tells who they are."),
        rows=3,
    )
    done = Node(
        CleanText(10, 1000, multiline=True),
        title=_("Done"),
        description=_("What the municipality has done about it."),
        rows=5,
    )


class DeskFields(SearchFields):
    """The main filters of messages."""

    type = Node(Choice(TITLES), title=_("Kind of message"), missing=None, empty=_("Every kind"))
    stage = Node(
        Choice([("open", _("Still open")), *Workflow.STAGES.items()]),
        title=_("Stage"),
        missing=None,
        empty=_("Every stage"),
    )
    status = Node(Choice("states"), title=_("Status"), missing=None, empty=_("Every status"))
    unit = Node(Choice("units"), title=_("About the unit"), missing=None, empty=_("All units"))
    source = Node(
        Choice(list(CaseFilters.SOURCES.items())), title=_("Came by"), missing=None, empty=_("Every way")
    )
    opinion = Node(
        Choice([*OPINIONS.items()]),
        title=_("Opinion of a unit"),
        missing=None,
        empty=_("Whether asked or not"),
    )
    first_day = Node(CityDate(), title=_("From"), missing=None)
    last_day = Node(CityDate(), title=_("Until"), missing=None, after="first_day")
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)


class DeskFilters(StatisticsFields, DeskFields):
    """Filters of the list, in its URL."""


class StatisticsSchema(DeskFilters, PeriodFields):
    """Filters of statistics."""
