"""Correction of a request: the kind of applicant."""

from collections.abc import Iterator

from translationstring import TranslationString

from civicportal.api.cases import Case, CaseService, Correction
from civicportal.api.database import Work
from civicportal.api.forms import Choice, CleanText, Node, StrictSchema, Values
from civicportal_meetings.i18n import _
from civicportal_meetings.models import MeetingRequest

PARTIES = {"natural": _("Natural person"), "legal": _("Legal person")}
#: Lines of the history by the corrected kind of applicant.
CORRECTED_TO = {
    "natural": _("Applicant corrected from “Legal person” to “Natural person”"),
    "legal": _("Applicant corrected from “Natural person” to “Legal person”"),
}


class PartyCorrection(StrictSchema):
    """The kind of applicant."""

    party = Node(Choice(list(PARTIES.items())), title=_("Applicant"))
    organization = Node(CleanText(0, 200), title=_("Name of the company or institution"), missing="")


def initial(values: Values, _work: Work) -> Values:
    """Return the applicant as the form shows it."""
    return {"party": values["party"], "organization": values["organization"]}


def apply(case: Case, values: Values, work: Work) -> None:
    """Write the kind of applicant; a natural person has no organisation, and no position in one."""
    request: MeetingRequest = work.get(CaseService).detail(case)
    request.party = values["party"]
    if request.party == "natural":
        request.organization = request.legal_id = request.position = ""
    elif not values["organization"]:
        Correction.refuse("organization", _("Write the name of the company or institution."))
    else:
        request.organization = values["organization"]


def people(case: Case, work: Work) -> tuple[str, str]:
    """Return the names by which a request is found."""
    request: MeetingRequest = work.get(CaseService).detail(case)
    return request.name, request.organization


def lines(_before: Values, after: Values, _work: Work) -> Iterator[TranslationString]:
    """Yield the change of the applicant."""
    if "party" in after:
        yield CORRECTED_TO[after["party"]]
    if "organization" in after:
        yield _("Company or institution corrected")


CORRECTION = Correction(
    schema=PartyCorrection,
    columns=("party", "organization", "legal_id", "position"),
    initial=initial,
    apply=apply,
    lines=lines,
    people=people,
)
