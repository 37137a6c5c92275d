"""Opinions of units about open messages, which inquiries ask for."""

from sqlalchemy import ColumnElement, and_, exists, select

from civicportal.api.cases import Case, Workflow
from civicportal.api.kartable import Referral
from civicportal_feedback.i18n import _

OPINIONS = {"waiting": _("Waits for an opinion"), "come": _("The opinion has come")}


def has_opinion(opinion: str) -> ColumnElement[bool]:
    """Return the condition for open messages with inquiries.

    :param opinion: one of :data:`OPINIONS`: with or without missing answers.
    """
    asked = select(Referral.id).where(Referral.case_id == Case.id, Referral.type == "inquiry")
    missing = exists(asked.where(Referral.closed_at.is_(None))).correlate(Case)
    come = missing if opinion == "waiting" else and_(exists(asked).correlate(Case), ~missing)
    return and_(Case.stage.in_(Workflow.OPEN_STAGES), come)
