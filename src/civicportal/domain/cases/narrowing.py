"""Filters of all lists of cases."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Self

import colander
from sqlalchemy import ColumnElement, or_, select
from translationstring import TranslationString

from civicportal.core.db.dates import city_hour, city_weekday
from civicportal.core.security import Identity
from civicportal.domain.cases.access.rights import in_led_units
from civicportal.domain.cases.access.sql import held_by, unassigned
from civicportal.domain.cases.conditions import (
    closed_on_time,
    in_stage,
    late,
    mostly_satisfied,
    overdue,
    sent_between,
)
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.sources import SOURCES
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.util.queries import Expression
from civicportal.util.values import Values
from civicportal.web.forms.groups import SelectWidget
from civicportal.web.forms.optional import optional_choice
from civicportal.web.schema import Choice, Flag, Node, Option, StrictSchema, whole_number

if TYPE_CHECKING:
    from civicportal.core.work import Work

TIMINGS = {"on_time": _("Closed on time"), "late": _("Closed late, or overdue")}
RATINGS = {
    "rated": _("Rated"),
    "satisfied": _("Rated, mostly satisfied"),
    "dissatisfied": _("Rated, not mostly satisfied"),
}
WEEKDAYS = [
    ("0", _("Monday")),
    ("1", _("Tuesday")),
    ("2", _("Wednesday")),
    ("3", _("Thursday")),
    ("4", _("Friday")),
    ("5", _("Saturday")),
    ("6", _("Sunday")),
]
"""Weekdays in Python's numbering."""
HOURS = [(str(hour), _("${hour}:00", mapping={"hour": f"{hour:02}"})) for hour in range(24)]
TEAM = "team"
"""Value of the filter by holder for everyone in the units that the person heads; ``Option.NONE`` stands for no one."""
NO_ID = 0
"""Id that stands for "none" in filters and in the counters."""


def unit_ids(work: "Work", key: str) -> frozenset[int]:
    """Return the ids of a unit and its subunits.

    :param key: of a unit, or :attr:`Option.NONE`.
    """
    if key == Option.NONE:
        return frozenset({NO_ID})
    units = work.get(OrganizationService).units
    return next((units.subtree(unit.id) for unit in units.by_id.values() if unit.key == key), frozenset())


def category_ids(work: "Work", kind: str, key: str, *, itself: bool = False) -> frozenset[int]:
    """Return the ids of a category and its subcategories.

    :param key: of a category of the kind, or :attr:`Option.NONE`.
    :param itself: without subcategories.
    """
    if key == Option.NONE:
        return frozenset({NO_ID})
    organization = work.get(OrganizationService)
    category = organization.category(kind, key)
    if category is None:
        return frozenset()
    return frozenset({category.id}) if itself else organization.categories.subtree(category.id)


def has_one_of(column: Expression, ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition that a column of cases or counters has one of these ids.

    :data:`NO_ID` means NULL.
    """
    among: ColumnElement[bool] = column.in_(ids)
    return or_(among, column.is_(None)) if NO_ID in ids else among


@dataclass(frozen=True, kw_only=True)
class CaseFilters:
    """Filters of a list of cases.

    :ivar words: see :class:`~civicportal.domain.cases.finding.SearchFields`.
    :ivar citizen: user id, see :class:`~civicportal.domain.cases.finding.SearchFields`.
    :ivar stage: one of the stages, or "open" for all open ones.
    :ivar status: name of a state of the workflow.
    :cvar SOURCES: the channels by which cases arrive, and their titles.
    :ivar source: one of these channels.
    :ivar first_day: first day of registration.
    :ivar last_day: last day of registration, inclusive.
    :ivar overdue: open past its deadline.
    :ivar timing: one of :data:`TIMINGS`.
    :ivar rating: one of :data:`RATINGS`.
    :ivar reopened: reopened at least once.
    :ivar passed_on: referred or returned at least once.
    :ivar weekday: weekday of registration in the city, "0" for Monday.
    :ivar hour: hour of registration by the city's clock, "0" to "23".
    :ivar holder: open and held by this user id, by anyone in the led units (:data:`TEAM`), or by no one
        (``Option.NONE``).
    """

    SOURCES: ClassVar[Mapping[str, TranslationString]] = SOURCES

    words: str = ""
    citizen: int | None = None
    stage: str | None = None
    status: str | None = None
    source: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    overdue: bool = False
    timing: str | None = None
    rating: str | None = None
    reopened: bool = False
    passed_on: bool = False
    weekday: str | None = None
    hour: str | None = None
    holder: str | None = None

    @classmethod
    def of(cls, values: Values) -> Self:
        """Return the filters of a form."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in names})

    @property
    def order(self) -> str:
        """Return the name of the list's default order: "newest", "oldest", "deadline" or "updated"."""
        return "newest"

    def conditions(self, work: "Work") -> list[ColumnElement[bool]]:
        """Return the filters as conditions on ``Case``, without words, citizen and status, which plugins implement."""
        calendar, now = work.site.calendar, work.clock.now()
        found = [sent_between(calendar, self.first_day, self.last_day)]
        if self.stage:
            found.append(in_stage(self.stage))
        if self.source:
            found.append(Case.source == self.source)
        if self.overdue:
            found.append(overdue(now))
        if self.timing:
            found.append(closed_on_time() if self.timing == "on_time" else late(now))
        if self.rating:
            found.append(Case.rated > 0)
        if self.rating in ("satisfied", "dissatisfied"):
            found.append(mostly_satisfied() if self.rating == "satisfied" else ~mostly_satisfied())
        if self.reopened:
            found.append(Case.reopenings > 0)
        if self.passed_on:
            found.append(Case.hops > 0)
        if self.weekday:
            found.append(city_weekday(Case.created_at, calendar.timezone) == int(self.weekday))
        if self.hour:
            found.append(city_hour(Case.created_at, calendar.timezone) == int(self.hour))
        if self.holder:
            found.append(open_with(self.holder, work.actor))
        return found

    def since(self, work: "Work") -> datetime | None:
        """Return the earliest registration time of the filters.

        It is None without a filter by day.
        """
        return work.site.calendar.begin(self.first_day)


def open_with(holder: str, identity: Identity) -> ColumnElement[bool]:
    """Return the condition for open cases of a holder.

    :param holder: user id, :data:`TEAM` or ``Option.NONE``.
    :param identity: the actor, whose led units :data:`TEAM` means.
    """
    if holder == TEAM:
        by = in_led_units(identity)
    else:
        by = unassigned(Referral) if holder == Option.NONE else held_by(int(holder))
    held = select(Referral.case_id).where(Referral.type == "action", Referral.closed_at.is_(None), by)
    return Case.id.in_(held)


def _in_order(bindings: Values) -> list[tuple[str, Any]]:
    return [WEEKDAYS[day] for day in bindings["calendar"].week]


class HolderOptions(list[Option]):
    """The options of a filter by holder.

    :ivar knows: whether a person who is not offered may be filtered by, by user id: who still holds cases of a unit that
        they have left.
    """

    def __init__(self, options: Iterable[Option], knows: Callable[[int], bool]) -> None:
        super().__init__(options)
        self.knows = knows


class HolderChoice(Choice):
    """One of the offered officers, or another person by user id, see :class:`HolderOptions`.

    Without offered officers no value is valid.
    """

    def read(self, node: colander.SchemaNode, text: str) -> str:
        """Return the value, see :meth:`Choice.read`."""
        offered, user_id = (node.bindings or {}).get("holders"), whole_number(text)
        values = {option.value for option in self.options(node)}
        if user_id and values and text not in values:
            knows = offered.knows(user_id) if isinstance(offered, HolderOptions) else True
            return text if knows else super().read(node, text)
        return super().read(node, text)


def holder_choice(empty: TranslationString) -> Node:
    """Return the filter by holder; the binding ``holders`` has its options.

    :param empty: label of the empty option.
    """
    options = HolderChoice(lambda bindings: bindings.get("holders", ()))
    return Node(options, title=_("Officer"), missing=None, widget=SelectWidget(empty=empty))


class StatisticsFields(StrictSchema):
    """Form fields of the filters that statistics use."""

    timing = optional_choice([*TIMINGS.items()], _("On time"), _("Whether on time or not"))
    rating = optional_choice([*RATINGS.items()], _("Satisfaction"), _("Whether rated or not"))
    weekday = optional_choice(_in_order, _("Day of the week"), _("Every day of the week"))
    hour = optional_choice(HOURS, _("Hour of the day"), _("Every hour"))
    holder = holder_choice(_("Every officer"))
    reopened = Node(Flag(), title=_("Opened again"), missing=False)
    passed_on = Node(Flag(), title=_("Passed on"), missing=False)
