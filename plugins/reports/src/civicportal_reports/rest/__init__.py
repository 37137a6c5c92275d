"""Reports in the API."""

from civicportal_reports.rest.areas import OPERATIONS as AREAS
from civicportal_reports.rest.conversion import OPERATIONS as CONVERSION
from civicportal_reports.rest.submission import OPERATIONS as SUBMISSION

OPERATIONS = (*SUBMISSION, *CONVERSION, *AREAS)
