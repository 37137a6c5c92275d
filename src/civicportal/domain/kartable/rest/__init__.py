"""Cases in the API."""

from civicportal.domain.kartable.rest.cases import OPERATIONS as CASES
from civicportal.domain.kartable.rest.notes import OPERATIONS as NOTES
from civicportal.domain.kartable.rest.ratings import OPERATIONS as RATINGS
from civicportal.domain.kartable.rest.steps import OPERATIONS as STEPS

OPERATIONS = (*CASES, *STEPS, *NOTES, *RATINGS)
