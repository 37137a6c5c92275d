"""The inbox of staff: referrals, routing, ready texts, undo."""

from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.job_work import JobWorkService
from civicportal.domain.kartable.ready_texts import ReadyTextService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.kartable.types import RoutingTarget

__all__ = ["JobWorkService", "KartableService", "ReadyTextService", "Referral", "RoutingTarget"]
