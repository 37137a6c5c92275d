"""Identity data of applicants: masked for viewers of the case, in full by right."""

from collections.abc import Iterator, Sequence
from datetime import date

from civicportal.api.cases import Case
from civicportal.api.database import Work
from civicportal.api.people import IdentityFact
from civicportal_meetings.i18n import _
from civicportal_meetings.models import MeetingRequest


def facts_of_identity(case: Case, work: Work) -> Sequence[IdentityFact]:
    """Return national code and birth date of the applicant."""
    request = work.session.get(MeetingRequest, case.id)
    return tuple(_facts(request, work)) if request else ()


def _facts(request: MeetingRequest, work: Work) -> Iterator[IdentityFact]:
    site = work.site
    if request.national_code:
        code = site.keys.decrypt(request.national_code)
        masked = site.country.mask_national_code(code)
        yield IdentityFact(title=_("National code"), masked=masked, value=code)
    if request.birth_date:
        born = date.fromisoformat(site.keys.decrypt(request.birth_date))
        written = site.calendar.format_date(born, "short", site.locale)
        year, slash, _rest = written.partition("/")
        yield IdentityFact(title=_("Birth date"), masked=f"{year}{slash}**/**", value=written)
