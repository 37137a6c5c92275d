"""Guards of transitions for all kinds."""

from typing import TYPE_CHECKING

from translationstring import TranslationString

from civicportal.domain.cases.models import Case
from civicportal.domain.cases.ratings import WINDOW
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.work import Work


def objection_in_time(case: Case, work: "Work") -> TranslationString | None:
    """Allow citizens to reopen a case while its closing can be rated, and staff at any time."""
    if not work.actor.is_citizen or case.closed_at is None:
        return None
    if work.clock.now() - case.closed_at < WINDOW:
        return None
    return _("It was closed too long ago. Please send a new request.")
