"""The form of a new request, and what it asks for."""

from dataclasses import replace
from datetime import date
from typing import Any

import colander

from civicportal.api.database import Work
from civicportal.api.forms import (
    Choice,
    ChoiceCardsWidget,
    CityDate,
    CleanText,
    Flag,
    IdempotencyKey,
    KeyList,
    LegalId,
    ListOf,
    NationalCode,
    Node,
    Option,
    StrictSchema,
    Values,
)
from civicportal.api.organization import OrganizationService
from civicportal.api.submission import Caller
from civicportal_meetings.days import ANY, PARTS, office_days
from civicportal_meetings.i18n import _
from civicportal_meetings.services import Applicant, NewMeeting

MOST_COMPANIONS = 5
OLDEST = 120
"""Years."""
PARTIES = (
    Option(value="natural", label=_("For myself"), icon="user", tone="t"),
    Option(value="legal", label=_("For a company or institution"), icon="building", tone="b"),
)
#: The labels for an officer.
CALLER_PARTIES = (replace(PARTIES[0], label=_("In the citizen's own name")), PARTIES[1])
#: Fields of an organisation's representative only.
OF_LEGAL = ("organization", "legal_id", "position")
#: Fields that depend on the country.
OF_COUNTRY = ("national_code", "legal_id")


class NameList(CleanText):
    """Names, one per line; the value is a list."""

    def __init__(self, most: int) -> None:
        super().__init__(0, 80 * most, multiline=True)
        self.most = most

    def read(self, node: colander.SchemaNode, text: str) -> Any:
        """Return the names; raise :class:`colander.Invalid` for too many."""
        names = [line.strip() for line in super().read(node, text).splitlines() if line.strip()]
        if len(names) > self.most:
            raise colander.Invalid(
                node, _("At most ${count} people can come along.", mapping={"count": self.most})
            )
        return names


def _oldest(bindings: Values) -> date:
    today: date = bindings["today"]
    return today.replace(year=today.year - OLDEST, day=1)


def _born(node: colander.SchemaNode, value: date) -> None:
    bindings = node.bindings
    if not _oldest(bindings) <= value < bindings["today"]:
        raise colander.Invalid(node, _("This cannot be a birth date."))


class Submission(StrictSchema):
    """A request for a meeting. Bind ``today`` and ``days``."""

    key = Node(IdempotencyKey())
    subject = Node(
        CleanText(3, 100),
        title=_("Subject"),
        description=_("In a few words, for instance: building permit of a house."),
    )
    reason = Node(
        CleanText(20, 2000, multiline=True),
        title=_("Reason for the meeting"),
        description=_("What do you want to speak about, and what have you done about it so far?"),
    )
    photo_key = Node(
        KeyList(4),
        title=_("Pictures of documents"),
        description=_("They are made small on your telephone before they are sent."),
        missing=(),
    )
    party = Node(Choice(PARTIES), title=_("For whom do you come?"), widget=ChoiceCardsWidget())
    organization = Node(CleanText(2, 200), title=_("Name of the company or institution"))
    legal_id = Node(
        LegalId(),
        title=_("National id of the organisation"),
        description=_("The 11 digits of the certificate of registration."),
    )
    position = Node(CleanText(2, 100), title=_("What are you in it?"))
    name = Node(CleanText(3, 120), title=_("First and last name"), autocomplete="name")
    national_code = Node(NationalCode(), title=_("National code"))
    birth_date = Node(
        CityDate(),
        title=_("Birth date"),
        validator=_born,
        first=_oldest,
        last=lambda bindings: bindings["today"],
        example=date(1985, 3, 21),
    )
    consent = Node(
        Flag(),
        title=_("I agree that these data are used to prepare the meeting"),
        description=_("They are only needed at the entrance of the town hall."),
    )
    days = Node(
        ListOf(Choice(lambda bindings: bindings["days"]), max=7),
        title=_("Which days suit you?"),
        missing=(),
        widget=ChoiceCardsWidget(layout="row-x wr"),
    )
    part = Node(
        Choice(list(PARTS.items())),
        title=_("At which time of the day?"),
        missing=ANY,
        widget=ChoiceCardsWidget(layout="row-x wr"),
    )
    companions = Node(
        NameList(MOST_COMPANIONS),
        title=_("Who comes along?"),
        description=_("One name a line, at most five people."),
        missing=(),
        rows=3,
        counter=False,
    )

    def after_bind(self, _node: object, bindings: Values) -> None:
        """Remove the numbers that the site's country does not have."""
        if bindings["country"].code == "generic":
            for name in OF_COUNTRY:
                del self[name]

    def deserialize(self, cstruct: object = colander.null) -> Any:
        """Return the values; those of an organisation are required from its representative only."""
        asked = isinstance(cstruct, dict) and cstruct.get("party") == "legal"
        for name in OF_LEGAL:
            if name in self:
                self[name].missing = colander.required if asked else ""
        try:
            return super().deserialize(cstruct)
        finally:
            for name in OF_LEGAL:
                if name in self:
                    self[name].missing = colander.required


class Registration(Submission, Caller):
    """A request registered by an officer, with the applicant's name and identity."""

    def after_bind(self, node: object, bindings: Values) -> None:
        """Adapt the labels for an officer."""
        super().after_bind(node, bindings)
        self["reason"].description = _("What it is about, and what has been done about it so far.")
        self["consent"].title = _("The citizen agrees that these data are used to prepare the meeting")
        self["party"].typ = Choice(CALLER_PARTIES)
        self["party"].title = _("For whom does the citizen come?")
        self["position"].title = _("What is the citizen in it?")
        self["days"].title = _("Which days suit the citizen?")


def working_days(work: Work) -> dict[str, object]:
    """Return the bindings of the request schema, with the city's current working days."""
    calendar = work.get(OrganizationService).calendar
    return {"today": calendar.today(work.clock.now()), "days": office_days(calendar)}


def new_meeting(values: Values, *, owner: str, source: str = "web", idempotency_key: str = "") -> NewMeeting:
    """Return the request of a submitted form.

    :param owner: of its pictures.
    """
    return NewMeeting(
        subject=values["subject"],
        reason=values["reason"],
        applicant=Applicant(
            name=values["name"],
            party=values["party"],
            national_code=values.get("national_code", ""),
            birth_date=values["birth_date"],
            organization=values["organization"],
            legal_id=values.get("legal_id", ""),
            position=values["position"],
        ),
        suitable_days=values["days"],
        suitable_part="" if values["part"] == ANY else values["part"],
        companions=values["companions"],
        photos=values["photo_key"],
        owner=owner,
        source=source,
        idempotency_key=idempotency_key,
    )
