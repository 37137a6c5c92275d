"""Every hook of civicportal. ``docs/hooks.md`` describes them with examples.

Implementations may take any subset of the parameters. Plugins and sites use no ``tryfirst``, ``trylast`` or wrappers:
a site is called before its plugins, plugins in the order of ``site.toml``, the core last.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pluggy
from pyramid.config import Configurator

from civicportal.core.plugins import PROJECT

if TYPE_CHECKING:
    import colander
    from translationstring import TranslationString

    from civicportal.core.checks import Finding
    from civicportal.core.jobs import Job
    from civicportal.core.messages import Message, MessageText, Receipt, Reply, SendError
    from civicportal.core.plugins import PluginModels
    from civicportal.core.security import Permission
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.accounts.types import IdentityClaim, IdentityVerdict
    from civicportal.domain.cases.changes import CaseChange
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind
    from civicportal.domain.exports.types import ExportDefinition
    from civicportal.domain.kartable.types import RoutingTarget
    from civicportal.domain.notifications.models import InboundMessage
    from civicportal.domain.notifications.phones import Phones
    from civicportal.portal.demo.runner import Progress
    from civicportal.portal.opendata.datasets import OpenDataset
    from civicportal.util.countries import Country
    from civicportal.web.items import DashboardWidget, NavigationItem, Panel
    from civicportal.web.request import Request

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def register_settings() -> "colander.SchemaNode":
    """Return the schema of ``[plugins.<name>]``.

    Unknown keys stop the start.
    """


@hookspec
def register_models() -> "PluginModels":
    """Return the plugin's tables: their prefix, metadata and folder of migrations."""


@hookspec
def register_case_kinds(site: "Site") -> "Iterable[CaseKind]":
    """Return the kinds of cases of the plugin."""


@hookspec
def adapt_case_kind(kind: "CaseKind", site: "Site") -> "CaseKind | None":
    """Return a changed copy of a kind, or None.

    Titles, states, transitions and guards can change.
    """


@hookspec
def register_permissions() -> "Iterable[Permission]":
    """Return the permissions that the plugin checks besides those of every case kind."""


@hookspec
def register_audit_actions() -> "Mapping[str, TranslationString]":
    """Return the titles of the plugin's audit actions, by name."""


@hookspec
def register_events() -> "Mapping[str, tuple[TranslationString, Mapping[str, object]]]":
    """Return the events that the plugin publishes with ``Work.publish``, by name: ``<plugin>.<what>``.

    The values are the title and the JSON Schemas of the properties of the data.
    """


@hookspec
def register_countries() -> "Iterable[Country]":
    """Return further countries.

    ``[site] country`` selects one by its code.
    """


@hookspec
def register_messages(site: "Site") -> "Iterable[MessageText]":
    """Return the texts the plugin sends, with their placeholders."""


@hookspec
def includeme(config: Configurator) -> None:
    """Add routes, views, templates and static files, as for Pyramid's ``config.include``."""


@hookspec
def register_jobs(site: "Site") -> "Iterable[Job]":
    """Return the plugin's jobs for the worker."""


@hookspec
def register_exports(site: "Site") -> "Iterable[ExportDefinition]":
    """Return the exports of lists and statistics.

    They are ``Export`` and ``StatisticsExport``.
    """


@hookspec
def register_datasets(site: "Site") -> "Iterable[OpenDataset]":
    """Return public data that are written to files for everybody every night."""


@hookspec
def check_site(work: "Work") -> "Iterable[Finding]":
    """Return findings about the running site, each with its remedy."""


@hookspec
def load_demo(site: "Site", files: "Path", progress: "Progress") -> None:
    """Generate the plugin's demo data.

    ``files`` is the folder of the site's demo data; ``site.clock`` may be set to the past (``DemoClock.set``);
    ``progress(done, all)`` is shown to the user.
    """


@hookspec
def demo_phones(site: "Site") -> "AbstractContextManager[Phones]":
    """Return the simulator of the provider in a demo.

    It is a context manager for the life of the server that yields the telephones. Only the plugin named as transport in
    ``[notifications]`` is called. A transport without it is not used in a demo.
    """


@hookspec
def portal_restored(work: "Work") -> "Iterable[str]":
    """Stop activities that were in progress when a backup was made.

    The texts that it returns tell on the terminal what was stopped.
    """


@hookspec(firstresult=True)
def route_case(case: "Case", work: "Work") -> "RoutingTarget | None":
    """Return the route of a case, or None.

    It is called when no rule of the site matches; None leaves it to the category. A closed or unknown unit is skipped.
    The case is written afterwards: it has no id yet, and ``CaseService.detail`` returns the row of its kind's own
    table.
    """


@hookspec
def case_changed(change: "CaseChange", work: "Work") -> None:
    """React to a change inside its transaction: an exception rolls everything back.

    The core's kartable is called first, then the site, the plugins in their order, the notifications last. Changes made
    by an implementation are passed on after the current one.
    """


@hookspec(firstresult=True)
def verify_identity(claim: "IdentityClaim", site: "Site") -> "IdentityVerdict | None":
    """Verify that mobile, national code and birth date belong together, within 5 seconds.

    It is called outside any transaction.
    """


@hookspec(firstresult=True)
def send_message(message: "Message", site: "Site") -> "Receipt | None":
    """Send a message.

    Only the plugin named in ``[notifications] transport`` is called, outside any transaction.

    Raise ``TransientFailure``, ``GatewayMisconfigured``, ``PermanentFailure`` or ``UncertainDelivery`` on failure.
    """


@hookspec(firstresult=True)
def send_messages(messages: "Sequence[Message]", site: "Site") -> "Sequence[Receipt | SendError] | None":
    """Send up to 100 messages of one text in one call.

    It is optional beside ``send_message``, and called under the same conditions. Raise an outcome that applies to all
    of them.

    :returns: their outcomes, in order.
    """


@hookspec(firstresult=True)
def message_received(message: "InboundMessage", work: "Work") -> "Reply | None":
    """Answer an inbound message, or return None to leave it to others."""


@hookspec
def navigation_items(request: "Request") -> "Iterable[NavigationItem]":
    """Return links for the citizens' navigation and the staff sidebar, without SQL.

    A failure affects its own items only.
    """


@hookspec
def dashboard_widgets(request: "Request") -> "Iterable[DashboardWidget]":
    """Return widgets of the home page and the desk.

    A failure affects its own widgets only.
    """


@hookspec
def case_panels(case: "Case", request: "Request") -> "Iterable[Panel]":
    """Return panels of a case's page.

    A failure affects its own panels only.
    """


#: Hooks for display only: each implementation is isolated and reads in a separate unit of work.
DISPLAY = frozenset({"navigation_items", "dashboard_widgets", "case_panels"})

#: Hooks inside the transaction of a request or of the worker: an exception rolls it back.
IN_TRANSACTION = frozenset({"route_case", "case_changed", "message_received"})
