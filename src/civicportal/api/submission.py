"""Forms and API calls that open a case, for citizens and officers."""

from civicportal.domain.cases.on_behalf import Caller, NamedCaller, OnBehalfService
from civicportal.domain.cases.rest import case_operation
from civicportal.domain.cases.submission import CaseSubmission, case_form
from civicportal.domain.cases.views.registration import registration_form
from civicportal.domain.questionnaires.services import QuestionnaireService

__all__ = [
    "Caller",
    "CaseSubmission",
    "NamedCaller",
    "OnBehalfService",
    "QuestionnaireService",
    "case_form",
    "case_operation",
    "registration_form",
]
