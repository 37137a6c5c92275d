"""Every hook of civicportal. The long texts, with examples, stand in ``docs/hooks.md``.

Implementations may take any subset of the parameters. Plugins and sites use no ``tryfirst``, ``trylast`` or wrappers:
a site answers before its plugins, plugins answer in the order of ``site.toml``, the core answers last.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from civicportal.core.plugins import PROJECT

if TYPE_CHECKING:
    import click
    import colander
    from translationstring import TranslationString

    from civicportal.core.checks import Finding
    from civicportal.core.jobs import Job
    from civicportal.core.messages import (
        Message,
        MessageText,
        Receipt,
        Reply,
        SendError,
    )
    from civicportal.core.plugins import PluginModels
    from civicportal.core.security import Permission
    from civicportal.core.site import Site
    from civicportal.core.work import Work
    from civicportal.domain.accounts.types import IdentityClaim, Verdict
    from civicportal.domain.cases.changes import CaseChange
    from civicportal.domain.cases.models import Case
    from civicportal.domain.cases.workflow import CaseKind
    from civicportal.domain.exports.types import Offer
    from civicportal.domain.kartable.types import Route
    from civicportal.domain.notifications.models import InboundMessage
    from civicportal.domain.notifications.phones import Phones
    from civicportal.portal.demo.runner import Progress
    from civicportal.util.countries import Country
    from civicportal.web.items import NavigationItem, Panel, Widget
    from civicportal.web.request import Request

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def register_settings() -> "colander.SchemaNode":
    """Return the schema of the plugin's table ``[plugins.<name>]``. Unknown keys stop the start."""


@hookspec
def register_models() -> "PluginModels":
    """Return the plugin's tables: their prefix, metadata and folder of migrations."""


@hookspec
def register_case_kinds(site: "Site") -> "Iterable[CaseKind]":
    """Return the kinds of cases the plugin brings."""


@hookspec
def adapt_case_kind(kind: "CaseKind", site: "Site") -> "CaseKind | None":
    """Return a changed copy of a kind (titles, more states, transitions, guards), or None to leave it."""


@hookspec
def register_permissions() -> "Iterable[Permission]":
    """Return the permissions the plugin checks, beside those every case kind has."""


@hookspec
def register_audit_actions() -> "Mapping[str, TranslationString]":
    """Return what the actions are called that the plugin writes into the audit trail, by their names."""


@hookspec
def register_countries() -> "Iterable[Country]":
    """Return countries beside those of the core; ``[site] country`` chooses one by its code."""


@hookspec
def register_messages(site: "Site") -> "Iterable[MessageText]":
    """Return the texts the plugin sends, with the fields they may use."""


@hookspec
def includeme(config: Any) -> None:
    """Add routes, views, templates and static files, as for Pyramid's ``config.include``."""


@hookspec
def register_jobs(site: "Site") -> "Iterable[Job]":
    """Return what the worker does again and again."""


@hookspec
def register_exports(site: "Site") -> "Iterable[Offer]":
    """Return the lists and figures of the plugin that people take along as files: ``Export`` and ``Figures``."""


@hookspec
def register_commands(group: "click.Group") -> None:
    """Add commands to ``civicportal``."""


@hookspec
def check_site(work: "Work") -> "Iterable[Finding]":
    """Return what is wrong with the running site, each with its remedy."""


@hookspec
def load_demo(site: "Site", files: "Path", progress: "Progress") -> None:
    """Make up the plugin's part of the demo, in as many units of work as it needs.

    ``files`` is the folder of the site's demo data; ``site.clock`` may be set to the past (``DemoClock.set``);
    ``progress(done, all)`` is shown to whoever waits.
    """


@hookspec
def demo_phones(site: "Site") -> "AbstractContextManager[Phones]":
    """Return the stand-in of the provider in a demo: entered while the server runs, it gives the phones to show.

    Only the plugin that ``[notifications]`` names as transport is asked. A transport without it is not used in a demo.
    """


@hookspec
def portal_restored(work: "Work") -> "Iterable[str]":
    """End what was under way when a backup was made, for it went on since; return what was ended, in words for the terminal."""


@hookspec(firstresult=True)
def route_case(case: "Case", work: "Work") -> "Route | None":
    """Return where a case goes that fits no rule of the site, or None to leave it to the category.

    A unit that is closed or unknown is passed over. The case is written afterwards: it has no id yet, and ``CaseService.detail`` tells the row of its kind's own table.
    """


@hookspec
def case_changed(change: "CaseChange", work: "Work") -> None:
    """React to a change inside its transaction: a raise rolls everything back.

    The core's kartable comes first, then the site, the plugins in their order, the notifications last. Changes made
    by an implementation are relayed when the running relay has ended.
    """


@hookspec(firstresult=True)
def verify_identity(claim: "IdentityClaim", site: "Site") -> "Verdict | None":
    """Say whether mobile, national code and birth date belong together; outside any transaction, 5 s at most."""


@hookspec(firstresult=True)
def send_message(message: "Message", site: "Site") -> "Receipt | None":
    """Send a message. Only the plugin that ``[notifications] transport`` names is asked; outside any transaction.

    Raise ``Transient``, ``Configuration``, ``Permanent`` or ``Uncertain`` when it did not work.
    """


@hookspec(firstresult=True)
def send_messages(messages: "Sequence[Message]", site: "Site") -> "Sequence[Receipt | SendError] | None":
    """Send up to 100 messages of one text in one call and return what came of each, in their order.

    Optional beside ``send_message``, and asked for the same way. Raise what came of all of them.
    """


@hookspec(firstresult=True)
def message_received(message: "InboundMessage", work: "Work") -> "Reply | None":
    """Answer a message that a person sent to the city's line, or return None to leave it to others."""


@hookspec
def navigation_items(request: "Request") -> "Iterable[NavigationItem]":
    """Return links for the citizens' bar and the staff side bar. Runs no SQL; a failure costs its own items only."""


@hookspec
def dashboard_widgets(request: "Request") -> "Iterable[Widget]":
    """Return pieces of the citizens' home and the staff desk. A failure costs its own pieces only."""


@hookspec
def case_panels(case: "Case", request: "Request") -> "Iterable[Panel]":
    """Return pieces of a case's page. A failure costs its own pieces only."""


#: Hooks that only display: each implementation is isolated and reads through a unit of work of its own.
DISPLAY = frozenset({"navigation_items", "dashboard_widgets", "case_panels"})

#: Hooks that run inside the transaction of a request or of the worker: a raise rolls it back.
IN_TRANSACTION = frozenset({"route_case", "case_changed", "message_received"})
