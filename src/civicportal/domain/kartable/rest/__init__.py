"""Cases in the API."""

from civicportal.domain.kartable.rest.cases import OPERATIONS as CASES

OPERATIONS = (*CASES,)
