"""Kinds of cases, their workflows, and the services that read and change cases."""

from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.attachments import AttachmentService
from civicportal.domain.cases.changes import CaseChange
from civicportal.domain.cases.conversion import ConversionService, copy_pictures, not_converted
from civicportal.domain.cases.deadlines import promise as promise_deadline
from civicportal.domain.cases.errors import CannotUndo, PictureGone, Refused, StaleCase
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.guards import objection_in_time
from civicportal.domain.cases.history import PublicHistory, public_status
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.links import LinkService
from civicportal.domain.cases.measures import recounted
from civicportal.domain.cases.models import Attachment, Case, CaseEvent, CaseLink, Follower, Rating
from civicportal.domain.cases.proofs import fetch_own_or_proved
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.schemas import AfterPhoto, PublicAnswer, Reason, step_values
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.tallies import Tally
from civicportal.domain.cases.workflow import (
    OPEN_STAGES,
    STAGES,
    CaseKind,
    KnownFact,
    LinkKind,
    Prefill,
    State,
    Transition,
    UnknownTransition,
    Workflow,
)

__all__ = [
    "OPEN_STAGES",
    "STAGES",
    "AccessService",
    "AfterPhoto",
    "Attachment",
    "AttachmentService",
    "CannotUndo",
    "Case",
    "CaseChange",
    "CaseEvent",
    "CaseKind",
    "CaseLink",
    "CaseService",
    "ConversionService",
    "FollowUpService",
    "Follower",
    "FollowerService",
    "KnownFact",
    "LinkKind",
    "LinkService",
    "PictureGone",
    "Prefill",
    "PublicAnswer",
    "PublicHistory",
    "Rating",
    "RatingService",
    "Reason",
    "Refused",
    "StaleCase",
    "State",
    "Tally",
    "Transition",
    "UnknownTransition",
    "Workflow",
    "copy_pictures",
    "fetch_own_or_proved",
    "kind_of",
    "kinds_of",
    "not_converted",
    "objection_in_time",
    "promise_deadline",
    "public_status",
    "recounted",
    "step_values",
]
