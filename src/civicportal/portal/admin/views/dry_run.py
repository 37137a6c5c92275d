"""The dry run of routing rules on past cases.

The current rules, or one that is not saved yet.
"""

from collections.abc import Sequence
from datetime import time, timedelta

from civicportal.domain.kartable.dry_run import SHOWN, DryRun, DryRunService
from civicportal.domain.kartable.facts import RULES
from civicportal.domain.kartable.models import RoutingRule
from civicportal.domain.kartable.routing import BY_RULE
from civicportal.domain.kartable.rules import RuleService
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.admin.schemas import SIZES, DryRunForm
from civicportal.util.i18n import format_number
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request
from civicportal.web.schema import Option


def dry_run(request: Request) -> dict[str, object]:
    """Show the matches and differences of a dry run."""
    sizes = [Option(value=size, label=format_number(int(size), request.locale_name)) for size in SIZES]
    form = BoundForm(request, DryRunForm(), bindings={"sizes": sizes})
    values = form.read_filters(request.GET)
    rules = [rule for rule in request.work.get(RuleService).all() if rule.active or values["off"]]
    calendar, first, last = request.site.calendar, values["first"], values["last"]
    outcome = request.work.get(DryRunService).run(
        rules,
        newest=int(values["newest"]),
        since=calendar.at(first, time.min) if first else None,
        until=calendar.at(last + timedelta(days=1), time.min) if last else None,
    )
    return {"form": form, **shown(request, rules, outcome)}


def shown(request: Request, rules: Sequence[RoutingRule], outcome: DryRun) -> dict[str, object]:
    """Return the template variables of a result."""
    every = [*request.work.get(RuleService).all(), *rules]
    titles = {BY_RULE + rule.key: rule.title or rule.key for rule in every}
    return {
        "outcome": outcome,
        "rows": [
            *((BY_RULE + rule.key, rule.title or rule.key) for rule in rules),
            *((name, request.translate(title)) for name, title in RULES.items()),
        ],
        "rule_title": lambda name: (
            titles.get(name) or request.translate(RULES.get(name, name.removeprefix(BY_RULE)))
        ),
        "organization": request.work.get(OrganizationService),
        "most_shown": SHOWN,
    }
