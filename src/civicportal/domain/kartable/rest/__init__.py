"""Cases in the API."""

from civicportal.domain.kartable.rest.assignment import OPERATIONS as ASSIGNMENT
from civicportal.domain.kartable.rest.cases import OPERATIONS as CASES
from civicportal.domain.kartable.rest.contractors import OPERATIONS as CONTRACTORS
from civicportal.domain.kartable.rest.correction import OPERATIONS as CORRECTION
from civicportal.domain.kartable.rest.followed import OPERATIONS as FOLLOWED
from civicportal.domain.kartable.rest.inquiries import OPERATIONS as INQUIRIES
from civicportal.domain.kartable.rest.jobs import OPERATIONS as JOBS
from civicportal.domain.kartable.rest.notes import OPERATIONS as NOTES
from civicportal.domain.kartable.rest.notices import OPERATIONS as NOTICES
from civicportal.domain.kartable.rest.publication import OPERATIONS as PUBLICATION
from civicportal.domain.kartable.rest.ratings import OPERATIONS as RATINGS
from civicportal.domain.kartable.rest.steps import OPERATIONS as STEPS

OPERATIONS = (
    *CASES,
    *STEPS,
    *ASSIGNMENT,
    *CORRECTION,
    *NOTES,
    *INQUIRIES,
    *JOBS,
    *CONTRACTORS,
    *PUBLICATION,
    *RATINGS,
    *NOTICES,
    *FOLLOWED,
)
