"""The core's own hook implementations.

The kartable is called first in every change of a case, the notifications last.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from civicportal.core.plugins import hookimpl
from civicportal.web.request import Request

if TYPE_CHECKING:
    from translationstring import TranslationString

    from civicportal.core.checks import Finding
    from civicportal.core.jobs import Job
    from civicportal.core.messages import Message, MessageText, Receipt, Reply
    from civicportal.core.security import Permission
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.cases.changes import CaseChange
    from civicportal.domain.cases.models import Case
    from civicportal.domain.exports.types import ExportDefinition
    from civicportal.domain.notifications.models import InboundMessage
    from civicportal.portal.opendata.datasets import OpenDataset
    from civicportal.util.countries import Country
    from civicportal.web.items import DashboardWidget, NavigationItem, Panel

# Imports are inside the functions: assembling a site must not import every domain before its models are known.


def prepare(site: "Site") -> None:
    """Put on a new site what higher packages collect from the plugins.

    :raises ConfigurationError: when what the plugins bring cannot work.
    """
    from civicportal.domain.cases.kinds import collect_kinds
    from civicportal.domain.webhooks.events import events_of
    from civicportal.portal.models import Base
    from civicportal.portal.opendata.datasets import collect_datasets

    site.metadata = Base.metadata
    collect_kinds(site)
    events_of(site)
    collect_datasets(site)


def implementations() -> "Mapping[type[Any], type[Any]]":
    """Return the core's implementations of declared services."""
    from civicportal.core.site import Ownership
    from civicportal.core.work import EventPublisher
    from civicportal.domain.accounts.messages import AccountMessages
    from civicportal.domain.accounts.programs import ProgramRights
    from civicportal.domain.cases.opening import PlacementService
    from civicportal.domain.kartable.routing import RoutingService
    from civicportal.domain.notifications.account_messages import OutboxAccountMessages
    from civicportal.domain.ownership.services import PortalOwnership
    from civicportal.domain.tokens.services import ClientRights
    from civicportal.domain.webhooks.services import WebhookService

    return {
        AccountMessages: OutboxAccountMessages,
        EventPublisher: WebhookService,
        Ownership: PortalOwnership,
        PlacementService: RoutingService,
        ProgramRights: ClientRights,
    }


@hookimpl(specname="case_changed", tryfirst=True)
def follow_in_kartable(change: "CaseChange", work: "Work") -> None:
    """Update the referrals."""
    from civicportal.domain.kartable.services import KartableService

    work.get(KartableService).follow(change)


@hookimpl(specname="case_changed", trylast=True)
def queue_notifications(change: "CaseChange", work: "Work") -> None:
    """Queue the notifications."""
    from civicportal.domain.notifications.services import NotificationService

    work.get(NotificationService).case_changed(change)


@hookimpl(specname="case_changed", trylast=True)
def queue_events(change: "CaseChange", work: "Work") -> None:
    """Queue the events for other software."""
    from civicportal.domain.webhooks.services import WebhookService

    work.get(WebhookService).case_changed(change)


@hookimpl(specname="case_changed", trylast=True)
def queue_automations(change: "CaseChange", work: "Work") -> None:
    """Queue runs of the automations that wait for such a change."""
    from civicportal.domain.automation.services import AutomationService

    work.get(AutomationService).case_changed(change)


@hookimpl
def portal_restored(work: "Work") -> "Iterable[str]":
    """Pause the webhooks: the receivers have had the events that wait, or belong to another copy of the portal."""
    from civicportal.domain.webhooks.services import WebhookService

    number = work.get(WebhookService).pause_all("restored")
    return [f"paused {number} webhooks"] if number else []


@hookimpl
def register_permissions() -> "Iterable[Permission]":
    """Return the core's permissions."""
    from civicportal.domain.accounts.permissions import CORE_PERMISSIONS

    return CORE_PERMISSIONS


@hookimpl
def register_audit_actions() -> "Mapping[str, TranslationString]":
    """Return the titles of the core's audit actions."""
    from civicportal.domain.audit.titles import CORE_ACTIONS

    return CORE_ACTIONS


@hookimpl
def register_countries() -> "Iterable[Country]":
    """Return the countries of the core."""
    from civicportal.util.countries import OWN

    return OWN


@hookimpl
def register_messages() -> "Iterable[MessageText]":
    """Return the texts of codes and of the kartable."""
    from civicportal.domain.accounts.texts import ACCOUNT_TEXTS
    from civicportal.domain.notifications.core_texts import CORE_TEXTS

    return (*CORE_TEXTS, *ACCOUNT_TEXTS)


@hookimpl
def register_jobs(site: "Site") -> "Iterable[Job]":
    """Return the core's jobs.

    In a demo without a provider also the one that answers its telephones.
    """
    from civicportal.domain.accounts import identity_checks
    from civicportal.domain.audit import jobs as audit
    from civicportal.domain.automation import running as automation
    from civicportal.domain.cases import vocabulary, word_repair
    from civicportal.domain.exports import jobs as exports
    from civicportal.domain.kartable import digests, escalation
    from civicportal.domain.notifications import inbound, phones, questions, token_reminders
    from civicportal.domain.privacy import jobs as privacy
    from civicportal.domain.statistics import backfill
    from civicportal.domain.webhooks import jobs as webhooks
    from civicportal.portal import cleanup
    from civicportal.portal.admin import health
    from civicportal.portal.importing import working as imports
    from civicportal.portal.opendata import jobs as open_data

    has_own_phones = site.is_demo and site.transport == "console"
    own = (
        cleanup,
        audit,
        identity_checks,
        privacy,
        inbound,
        questions,
        token_reminders,
        digests,
        escalation,
        health,
        exports,
        backfill,
        vocabulary,
        word_repair,
        webhooks,
        automation,
        imports,
    )
    core = [job for module in own for job in module.JOBS]
    return (*core, *open_data.jobs(site), *(phones.JOBS if has_own_phones else ()))


@hookimpl
def register_exports(site: "Site") -> "Iterable[ExportDefinition]":
    """Return the export of the kartable."""
    from civicportal.domain.kartable.exports import exports

    return exports(site)


@hookimpl
def register_datasets(site: "Site") -> "Iterable[OpenDataset]":
    """Return the units, the categories and the figures by month."""
    from civicportal.portal.opendata.organization import CORE_DATASETS

    return CORE_DATASETS


@hookimpl(trylast=True)
def send_message(message: "Message", site: "Site") -> "Receipt | None":
    """Send with the transports of demo and tests."""
    from civicportal.domain.notifications.transports import send

    return send(message, site)


@hookimpl(trylast=True)
def message_received(message: "InboundMessage", work: "Work") -> "Reply | None":
    """Answer a tracking code or an unsubscribe keyword.

    The code must come from its citizen's number.
    """
    from civicportal.domain.notifications.inbound import answer

    return answer(message, work)


@hookimpl
def navigation_items(request: Request) -> "Iterable[NavigationItem]":
    """Return the core's links."""
    from civicportal.portal.dashboard.navigation import CORE_ITEMS, account_items

    return (*CORE_ITEMS, *account_items(request))


@hookimpl
def dashboard_widgets(request: Request) -> "Iterable[DashboardWidget]":
    """Return the citizen's cases, and warnings for staff.

    Staff are warned while the gate is closed.
    """
    from civicportal.domain.notifications.widgets import gate_widget
    from civicportal.portal.dashboard.widgets import core_widgets

    return (*core_widgets(request), *gate_widget(request))


@hookimpl
def case_panels(case: "Case", request: Request) -> "Iterable[Panel]":
    """Return the notifications of a case with their states, and its answers to the questions of its category."""
    from civicportal.domain.notifications import widgets
    from civicportal.domain.questionnaires.widgets import case_panels as answers

    yield from widgets.case_panels(case, request)
    yield from answers(case, request)


@hookimpl
def check_site(work: "Work") -> "Iterable[Finding]":
    """Return findings about the organisation."""
    from civicportal.portal.doctor.services import findings

    return findings(work)
