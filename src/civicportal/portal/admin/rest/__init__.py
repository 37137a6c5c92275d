"""Units, categories and their questions in the API: reading them as they are written, and what their pages change.

Their lists are in :mod:`civicportal.domain.organization.rest`, what a new case is asked in
:mod:`civicportal.domain.questionnaires.rest`.
"""

from civicportal.portal.admin.rest import categories, choices, questions, units

OPERATIONS = (*units.OPERATIONS, *categories.OPERATIONS, *questions.OPERATIONS, *choices.OPERATIONS)
