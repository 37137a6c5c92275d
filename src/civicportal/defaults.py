"""The core's own implementations of the hooks: what is not special about the core goes the way of a plugin.

The kartable comes first in every change of a case, the notifications last.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from civicportal.hookspecs import hookimpl
from civicportal.web.request import Request

if TYPE_CHECKING:
    from translationstring import TranslationString

    from civicportal.cases.changes import CaseChange
    from civicportal.cases.models import Case
    from civicportal.checks import Finding
    from civicportal.countries import Country
    from civicportal.dashboard.types import NavigationItem, Panel, Widget
    from civicportal.exports.types import Offer
    from civicportal.jobs import Job
    from civicportal.notifications.models import InboundMessage
    from civicportal.notifications.types import Message, MessageText, Receipt, Reply
    from civicportal.security import Permission
    from civicportal.site import Site
    from civicportal.work import Work

# Imports stand inside the functions: assembling a site must not import every domain before its models are known.


@hookimpl(specname="case_changed", tryfirst=True)
def follow_in_kartable(change: "CaseChange", work: "Work") -> None:
    """Keep the lines of the kartable in step."""
    from civicportal.kartable.services import KartableService

    work.get(KartableService).follow(change)


@hookimpl(specname="case_changed", trylast=True)
def tell_people(change: "CaseChange", work: "Work") -> None:
    """Write the notices into the outbox."""
    from civicportal.notifications.services import NotificationService

    work.get(NotificationService).case_changed(change)


@hookimpl
def register_permissions() -> "Iterable[Permission]":
    """Return the core's permissions."""
    from civicportal.accounts.permissions import CORE_PERMISSIONS

    return CORE_PERMISSIONS


@hookimpl
def register_audit_actions() -> "Mapping[str, TranslationString]":
    """Return what the core's actions are called."""
    from civicportal.audit.titles import CORE_ACTIONS

    return CORE_ACTIONS


@hookimpl
def register_countries() -> "Iterable[Country]":
    """Return the countries that come with the core."""
    from civicportal.countries import OWN

    return OWN


@hookimpl
def register_messages() -> "Iterable[MessageText]":
    """Return the texts of codes and of the kartable."""
    from civicportal.accounts.texts import ACCOUNT_TEXTS
    from civicportal.notifications.core_texts import CORE_TEXTS

    return (*CORE_TEXTS, *ACCOUNT_TEXTS)


@hookimpl
def register_jobs(site: "Site") -> "Iterable[Job]":
    """Return the core's jobs, and in a demo without a provider what answers its phones."""
    from civicportal import sweepers, upkeep
    from civicportal.accounts import claims
    from civicportal.administration import health
    from civicportal.audit import jobs as audit
    from civicportal.cases import vocabulary, word_repair
    from civicportal.demo import phones
    from civicportal.exports import jobs as exports
    from civicportal.kartable import digests, escalation
    from civicportal.notifications import inbound
    from civicportal.privacy import jobs as privacy
    from civicportal.statistics import backfill

    has_own_phones = site.is_demo and site.transport == "console"
    own = (
        sweepers,
        upkeep,
        audit,
        claims,
        privacy,
        inbound,
        digests,
        escalation,
        health,
        exports,
        backfill,
        vocabulary,
        word_repair,
    )
    core = [job for module in own for job in module.JOBS]
    return (*core, *(phones.JOBS if has_own_phones else ()))


@hookimpl
def register_exports(site: "Site") -> "Iterable[Offer]":
    """Return the list of the kartable."""
    from civicportal.kartable.exports import exports

    return exports(site)


@hookimpl(trylast=True)
def send_message(message: "Message", site: "Site") -> "Receipt | None":
    """Answer for the transports of demo and tests."""
    from civicportal.notifications.transports import send

    return send(message, site)


@hookimpl(trylast=True)
def message_received(message: "InboundMessage", work: "Work") -> "Reply | None":
    """Answer a tracking code from its owner's number, and keep the opt-out word."""
    from civicportal.notifications.inbound import answer

    return answer(message, work)


@hookimpl
def navigation_items() -> "Iterable[NavigationItem]":
    """Return the core's links."""
    from civicportal.dashboard.navigation import CORE_ITEMS

    return CORE_ITEMS


@hookimpl
def dashboard_widgets(request: Request) -> "Iterable[Widget]":
    """Return the citizen's own cases, and for staff whether messages go out."""
    from civicportal.dashboard.widgets import core_widgets
    from civicportal.notifications.pieces import gate_widget

    return (*core_widgets(request), *gate_widget(request))


@hookimpl
def case_panels(case: "Case", request: Request) -> "Iterable[Panel]":
    """Return the notices of a case with their fate."""
    from civicportal.notifications import pieces

    return pieces.case_panels(case, request)


@hookimpl
def check_site(work: "Work") -> "Iterable[Finding]":
    """Look for what the organisation lacks."""
    from civicportal.doctor import findings

    return findings(work)
