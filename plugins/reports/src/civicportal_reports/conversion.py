"""Conversion of a case of another kind to a report."""

from collections.abc import Sequence

from civicportal.api.cases import Case, ConversionService
from civicportal.api.database import Work
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict
from civicportal_reports.places import Location
from civicportal_reports.services import NewReport, ReportService
from civicportal_reports.workflow import KIND


def make_report(
    work: Work,
    source: Case,
    category: str,
    location: Location,
    *,
    urgent: bool,
    photos: Sequence[str],
    owner: str,
    version: int | None = None,
) -> Case:
    """Open a report with words and citizen of a case, and close this one.

    :param source: locked, of :meth:`~civicportal.api.cases.ConversionService.source`.
    :param category: its key.
    :param photos: keys of the copied pictures.
    :param owner: their uploader.
    :param version: of the case, from the form.
    :raises Conflict: when the category has gone, or the case was changed since the form was made.
    """
    found = work.get(OrganizationService).category(KIND, category)
    if found is None:
        raise Conflict("the category of a report has gone")
    new = NewReport(
        category=found,
        location=location,
        body=source.body,
        urgent=urgent,
        photos=photos,
        owner=owner,
        source=source.source,
    )
    made = work.get(ReportService).make_for(source.citizen_id, new)
    work.get(ConversionService).finish(source, made, version=version)
    return made
