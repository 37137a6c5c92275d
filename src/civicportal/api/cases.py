"""Kinds of cases, their workflows and services."""

from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.conversion import ConversionService
from civicportal.domain.cases.correction import Correction
from civicportal.domain.cases.counter_tables import CounterTable
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.links import LinkService
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, CaseLink
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.schemas import PublicAnswer, Reason
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import (
    CaseKind,
    Prefill,
    RoutingFact,
    State,
    Transition,
    Workflow,
)

__all__ = [
    "AccessService",
    "Attachment",
    "AttachmentService",
    "Case",
    "CaseChange",
    "CaseEvent",
    "CaseKind",
    "CaseLink",
    "CaseService",
    "ConversionService",
    "Correction",
    "CounterTable",
    "FollowUpService",
    "FollowerService",
    "LinkService",
    "Prefill",
    "PublicAnswer",
    "PublicHistory",
    "RatingService",
    "Reason",
    "RoutingFact",
    "State",
    "Transition",
    "Workflow",
    "kind_of",
]
