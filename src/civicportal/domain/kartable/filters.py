"""Filters of the inbox in its URL: choices, values and links."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import Workflow
from civicportal.domain.kartable.inbox import EVERYWHERE, InboxQuery, sorts_of
from civicportal.domain.kartable.schemas import InboxFilters
from civicportal.domain.kartable.team import TeamService, inbox_of
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import Chip, chips, with_query
from civicportal.web.request import Request
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work
    from civicportal.domain.cases.workflow import CaseKind, State

ADDRESS = "/kartable"


def filters_of(values: Values) -> InboxQuery:
    """Return the filters for the values of :class:`~civicportal.domain.kartable.schemas.InboxFilters`."""
    return InboxQuery(
        kind=values["kind"],
        status=values["status"],
        category=int(values["category"]) if values["category"] else None,
        first_day=values["first"],
        last_day=values["last"],
        words=values["q"],
        citizen=values["citizen"],
        # An export that was asked for by an older version has no such value.
        holder=values.get("holder"),
    )


def choices(work: "Work", kind: str | None = None, holder: str = "") -> dict[str, list[Option]]:
    """Return the choices of the filters.

    :param kind: name of the kind whose statuses and categories are offered; those of all kinds if it is unknown.
    :param holder: value of the filter by holder, which may be an officer who is no longer a member.
    """
    kinds = list(kinds_of(work.site).values())
    chosen = [one for one in kinds if one.name == kind] or kinds
    return {
        "kinds": [Option(value=one.name, label=one.title) for one in kinds],
        "statuses": _statuses(chosen),
        "categories": _categories(work, {one.name for one in chosen}),
        "holders": work.get(TeamService).options(holder),
    }


class InboxAddress:
    """The URL of a list, parsed and built.

    :ivar views: the views that the list offers, default first.
    :ivar view: one of them or ``EVERYWHERE``; anything else means the first.
    :ivar sorts: the orders that the view offers, default first.
    :ivar sort: one of them.
    :ivar values: of :class:`~civicportal.domain.kartable.schemas.InboxFilters`.
    :cvar route: of the list.
    """

    route = "kartable"

    def __init__(self, request: Request, work: "Work") -> None:
        self.form = BoundForm(
            request,
            InboxFilters(),
            bindings=choices(work, request.GET.get("kind"), request.GET.get("holder", "")),
        )
        self.values = self.form.read_filters(request.GET)
        wanted = request.GET.get("view", "")
        self.views = inbox_of(work, self.filters).views
        self.view = wanted if wanted in (*self.views, EVERYWHERE) else "all"
        self.sorts = sorts_of(self.view)
        self.sort = self.values["sort"] if self.values["sort"] in self.sorts else self.sorts[0]
        self.cursor: str | None = request.GET.get("cursor")

    @property
    def filters(self) -> InboxQuery:
        """Return the filters for :class:`~civicportal.domain.kartable.inbox.InboxService`."""
        return filters_of(self.values)

    @property
    def is_narrowed(self) -> bool:
        """Return whether any filter is active."""
        return bool(self._set)

    @property
    def chips(self) -> list[Chip]:
        """Return the active filters."""
        return chips(self.form, lambda name: self.url(**{name: ""}))

    @property
    def cleared(self) -> str:
        """Return the URL of this list without filters."""
        return self.url(**dict.fromkeys(self._set, ""))

    def url(self, **changes: str | None) -> str:
        """Return the URL of this list with changed parameters, of its first page unless a cursor is given."""
        parts = {"view": self.view if self.view != "all" else "", **self._texts, **changes}
        return with_query(ADDRESS, parts)

    def of_query(self, query: Mapping[str, str]) -> str:
        """Return the URL of the list with these parameters only."""
        return with_query(ADDRESS, query)

    @property
    def _set(self) -> list[str]:
        return [field.name for field in self.form.narrowing]

    @property
    def _texts(self) -> dict[str, str]:
        names = [*self._set, *(["sort"] if self.sort != self.sorts[0] else [])]
        return {name: str(self.form[name].cstruct) for name in names}


def _statuses(kinds: "list[CaseKind]") -> list[Option]:
    """Return the states of kinds by stage; those of one title in different kinds stand below their kinds."""
    found: dict[str, tuple[State, CaseKind]] = {}
    for kind in kinds:
        for state in kind.workflow.states:
            found.setdefault(state.name, (state, kind))
    times = Counter(str(state.title) for state, _kind in found.values())
    stages = list(Workflow.STAGES)

    def place(one: "tuple[State, CaseKind]") -> tuple[bool, str, int]:
        state, kind = one
        own = times[str(state.title)] > 1
        return own, kind.name if own else "", stages.index(state.stage)

    return [
        Option(
            value=state.name,
            label=state.title,
            group=kind.title if times[str(state.title)] > 1 else Workflow.STAGES[state.stage],
        )
        for state, kind in sorted(found.values(), key=place)
    ]


def _categories(work: "Work", kinds: set[str]) -> list[Option]:
    tree = work.get(OrganizationService).categories
    options = []
    for root in tree.roots:
        if root.kind in kinds:
            below = sorted(tree.subtree(root.id) - {root.id}, key=list(tree.by_id).index)
            options += [
                Option(value=str(node_id), label=tree.by_id[node_id].name, group=root.name)
                for node_id in (root.id, *below)
            ]
    return options
