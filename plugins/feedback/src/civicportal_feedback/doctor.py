"""Findings about feedback."""

from collections.abc import Iterator

from civicportal.api.database import Work
from civicportal.api.kartable import KartableService
from civicportal.api.people import PeopleService
from civicportal.api.plugins import Finding
from civicportal_feedback.i18n import _
from civicportal_feedback.publications import PERMISSION, PublicationService
from civicportal_feedback.workflow import FEEDBACK

SHOWN = 10
"""Maximum codes in a finding."""


def findings(work: Work) -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    staff = {user.id: user for user, _unit_id in work.get(KartableService).addressees()}
    people = [work.get(PeopleService).identity(user) for user in staff.values()]
    if not any(person.permits(FEEDBACK.permission("work")) for person in people):
        yield Finding(
            level="error",
            place="roles",
            text=_("no one in any unit may answer messages, so all of them stay unanswered"),
            remedy=_("give a person a role with feedback:case:work under /admin/members"),
        )
    elif not any(person.permits(PERMISSION) for person in people):
        yield Finding(
            level="warning",
            place="roles",
            text=_("no one may publish answers, so “Heard and done” stays empty"),
            remedy=_(
                "give a person a role with ${permission} under /admin/members",
                mapping={"permission": PERMISSION},
            ),
        )
    codes = work.get(PublicationService).codes_naming_senders()
    if codes:
        yield Finding(
            level="error",
            place="publications",
            text=_(
                "${count} publications under “Heard and done” hold personal data: ${codes}",
                mapping={"count": len(codes), "codes": ", ".join(codes[:SHOWN])},
            ),
            remedy=_("open each, take out what is marked and publish it again, or hide it"),
        )
