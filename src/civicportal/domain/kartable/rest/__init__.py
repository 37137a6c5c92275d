"""Cases in the API."""

from civicportal.domain.kartable.rest.cases import OPERATIONS as CASES
from civicportal.domain.kartable.rest.inquiries import OPERATIONS as INQUIRIES
from civicportal.domain.kartable.rest.jobs import OPERATIONS as JOBS
from civicportal.domain.kartable.rest.notes import OPERATIONS as NOTES
from civicportal.domain.kartable.rest.publication import OPERATIONS as PUBLICATION
from civicportal.domain.kartable.rest.ratings import OPERATIONS as RATINGS
from civicportal.domain.kartable.rest.steps import OPERATIONS as STEPS

OPERATIONS = (*CASES, *STEPS, *NOTES, *INQUIRIES, *JOBS, *PUBLICATION, *RATINGS)
