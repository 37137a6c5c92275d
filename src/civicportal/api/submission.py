"""Forms that open a case, for citizens and officers."""

from civicportal.domain.cases.on_behalf import Caller, NamedCaller, registration_form
from civicportal.domain.cases.submission import CaseSubmission, case_form

__all__ = ["Caller", "CaseSubmission", "NamedCaller", "case_form", "registration_form"]
