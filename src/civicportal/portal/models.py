"""All tables of the core.

They are imported so that the metadata is complete.
"""

from civicportal.core.branding import models as branding
from civicportal.core.db import Base
from civicportal.core.jobs import JobRun
from civicportal.core.limits import LimitHit
from civicportal.core.reference import ReferenceStamp
from civicportal.domain.accounts import models as accounts
from civicportal.domain.audit import models as audit
from civicportal.domain.automation import models as automation
from civicportal.domain.cases import counter_models, referral, search_models
from civicportal.domain.cases import models as cases
from civicportal.domain.exports import models as exports
from civicportal.domain.kartable import models as kartable
from civicportal.domain.notifications import models as notifications
from civicportal.domain.organization import models as organization
from civicportal.domain.own_views import models as own_views
from civicportal.domain.ownership import models as ownership
from civicportal.domain.questionnaires import models as questionnaires
from civicportal.domain.tokens import models as tokens
from civicportal.domain.webhooks import models as webhooks
from civicportal.portal.admin import models as administration
from civicportal.portal.backups import models as backup
from civicportal.portal.help import models as questions
from civicportal.portal.importing import models as importing
from civicportal.portal.opendata import models as open_data
from civicportal.portal.worker.heartbeat import WorkerProcess
from civicportal.web.rest.models import RepeatableCall

__all__ = [
    "Base",
    "JobRun",
    "LimitHit",
    "ReferenceStamp",
    "RepeatableCall",
    "WorkerProcess",
    "accounts",
    "administration",
    "audit",
    "automation",
    "backup",
    "branding",
    "cases",
    "counter_models",
    "exports",
    "importing",
    "kartable",
    "notifications",
    "open_data",
    "organization",
    "own_views",
    "ownership",
    "questionnaires",
    "questions",
    "referral",
    "search_models",
    "tokens",
    "webhooks",
]
