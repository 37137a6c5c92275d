"""Filters of cases in the API: those of the kartable and of the lists of services."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import colander
from sqlalchemy import ColumnElement

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.narrowing import NO_ID, CaseFilters, StatisticsFields, has_one_of, unit_ids
from civicportal.domain.cases.paging import Cursor
from civicportal.domain.cases.references import ReferenceService
from civicportal.domain.cases.workflow import Workflow
from civicportal.domain.kartable.inbox import EVERYWHERE, VIEWS, InboxQuery
from civicportal.domain.kartable.schemas import SORT_TITLES
from civicportal.domain.kartable.team import TEAM_VIEWS, TeamService
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.rest.operations import Call
from civicportal.web.schema import Choice, CityDate, CleanText, Flag, Node, Option, StrictSchema

if TYPE_CHECKING:
    from civicportal.core.work import Work

ONLY_STAFF = _("This is only for staff.")
_OF_A_CASE = (
    "stage",
    "source",
    "urgent",
    "overdue",
    "reopened",
    "passed_on",
    "timing",
    "rating",
    "weekday",
    "hour",
)
"""Filters that are values of :class:`ListedCases`."""
OF_CITIZENS = (
    "kind",
    "status",
    "stage",
    "category",
    "itself",
    "first_day",
    "last_day",
    "sort",
    "limit",
    "cursor",
    "fields",
)
"""Parameters by which citizens list their own cases."""


class CaseQuery(StrictSchema):
    """The filters of cases."""

    view = Node(
        Choice(list(dict.fromkeys((EVERYWHERE, *VIEWS, *TEAM_VIEWS)))),
        title=_("A view of the kartable; without it every case that the caller may see"),
        missing=EVERYWHERE,
    )
    holder = Node(
        CleanText(1, 20),
        title=_("Who has the case, of the units that the caller heads"),
        description=_("Id of an officer, “team” for everyone, “-” for no one"),
        missing=None,
    )
    kind = Node(Choice(lambda bindings: bindings["kinds"]), title=_("Kind of case"), missing=None)
    stage = Node(
        Choice([("open", _("Still open")), *Workflow.STAGES.items()]), title=_("Stage"), missing=None
    )
    status = Node(Choice(lambda bindings: bindings["statuses"]), title=_("Status"), missing=None)
    category = Node(
        CleanText(1, 40),
        title=_("Key of the category, or of one above it"),
        description=_("“-” for none"),
        missing=None,
    )
    itself = Node(Flag(), title=_("The category itself, without those below it"), missing=False)
    unit = Node(
        CleanText(1, 40),
        title=_("Key of the unit that has it, or of one above it"),
        description=_("“-” for none"),
        missing=None,
    )
    source = Node(Choice([*CaseFilters.SOURCES.items()]), title=_("Came by"), missing=None)
    first_day = Node(CityDate(), title=_("Registered from"), missing=None)
    last_day = Node(CityDate(), title=_("Registered until"), missing=None)
    urgent = Node(Flag(), title=_("Urgent only"), missing=False)
    overdue = Node(Flag(), title=_("Overdue only"), missing=False)
    reopened = StatisticsFields()["reopened"].clone()
    passed_on = StatisticsFields()["passed_on"].clone()
    timing = StatisticsFields()["timing"].clone()
    rating = StatisticsFields()["rating"].clone()
    weekday = StatisticsFields()["weekday"].clone()
    hour = StatisticsFields()["hour"].clone()
    answer = Node(
        CleanText(3, 81),
        title=_("Answer to a question of the category"),
        description=_("Key of the question and key of the choice, with a colon between them"),
        missing=None,
    )
    q = Node(CleanText(1, 100), title=_("Words, or a tracking code"), missing="")
    sort = Node(Choice([*SORT_TITLES]), title=_("Order"), missing=None)

    def after_bind(self, node: colander.SchemaNode, bindings: Values) -> None:
        """Add the filters of each kind of case, below its name."""
        for kind, schema in bindings["of_kinds"].items():
            for child in schema().bind().children:
                child.name = f"{kind}.{child.name}"
                node.add(child)


@dataclass(frozen=True, kw_only=True)
class ListedCases(CaseFilters):
    """Filters of the API that the columns of a case answer.

    :ivar categories: ids, with 0 for none; None for all.
    :ivar units: ids, with 0 for none; None for all.
    :ivar besides: further conditions.
    """

    urgent: bool = False
    categories: frozenset[int] | None = None
    units: frozenset[int] | None = None
    besides: tuple[ColumnElement[bool], ...] = field(default=(), compare=False)

    def conditions(self, work: "Work") -> list[ColumnElement[bool]]:
        """Return the filters as conditions on ``Case``."""
        found = [*super().conditions(work), *self.besides]
        if self.urgent:
            found.append(Case.urgent.is_(True))
        for column, ids in ((Case.category_id, self.categories), (Case.unit_id, self.units)):
            if ids is not None:
                found.append(has_one_of(column, ids))
        return found


def choices(work: "Work") -> Values:
    """Return the choices of the filters, and the filters of each kind of case."""
    kinds = kinds_of(work.site)
    states = {state.name: None for kind in kinds.values() for state in kind.workflow.states}
    of_kinds = {name: kind.api_filters for name, kind in kinds.items() if kind.api_filters}
    return {"kinds": [*kinds], "statuses": [*states], "of_kinds": of_kinds}


def check_query(call: Call) -> None:
    """Refuse a cursor of another list, days in the wrong order, and filters that are not for citizens.

    :raises Problem: 400.
    """
    query = call.query
    place = Cursor.parse(query["cursor"]) if query["cursor"] is not None else None
    if query["cursor"] is not None and (place is None or place.way != "after"):
        raise call.wrong_cursor()
    first, last = query["first_day"], query["last_day"]
    if first and last and last < first:
        raise call.wrong_parameter("last_day", _("This day is before the first one."))
    if call.work.actor.is_citizen:
        for name, value in query.items():
            if name not in OF_CITIZENS and value not in (None, False, "", EVERYWHERE):
                raise call.wrong_parameter(name, ONLY_STAFF)


def inbox_query(call: Call) -> InboxQuery:
    """Return the filters of a list of staff.

    :raises Problem: 400 for a value that is not offered.
    """
    query = call.query
    category, categories = _category_id(call), None
    if query["category"] == Option.NONE or query["itself"]:
        # The kartable filters by a category with those below it only.
        category, categories = None, _categories(call)
    kind, besides = _of_kind(call)
    more = ListedCases(
        categories=categories,
        units=_units(call),
        besides=(*besides, *_answered(call)),
        **{name: query[name] for name in _OF_A_CASE},
    )
    return InboxQuery(
        kind=kind,
        status=query["status"],
        category=category,
        first_day=query["first_day"],
        last_day=query["last_day"],
        words=_words(call),
        holder=_holder(call),
        more=more if more.besides or more != ListedCases() else None,
    )


def own_cases(call: Call) -> ListedCases:
    """Return the filters by which a citizen lists the own cases, without kind and status.

    :raises Problem: 400 for a category that does not exist.
    """
    query = call.query
    return ListedCases(
        first_day=query["first_day"],
        last_day=query["last_day"],
        stage=query["stage"],
        categories=_categories(call),
    )


def _category_id(call: Call) -> int | None:
    """Return the id of the category of the filter; None without one, and for cases without a category.

    :raises Problem: 400 when there is none, or several kinds have one.
    """
    key, kind = call.query["category"], call.query["kind"]
    if key in (None, Option.NONE):
        return None
    tree = call.work.get(OrganizationService).categories
    found = [row.id for row in tree.by_id.values() if row.key == key and kind in (None, row.kind)]
    if not found:
        raise call.wrong_parameter("category", _("There is no such category."))
    if len(found) > 1:
        raise call.wrong_parameter("category", _("Several kinds have such a category: give the kind too."))
    return found[0]


def _categories(call: Call) -> frozenset[int] | None:
    """Return the ids of the categories of the filter, with 0 for none; None for all."""
    if call.query["category"] == Option.NONE:
        return frozenset({NO_ID})
    category = _category_id(call)
    if category is None:
        return None
    if call.query["itself"]:
        return frozenset({category})
    return call.work.get(OrganizationService).categories.subtree(category)


def _of_kind(call: Call) -> tuple[str | None, list[ColumnElement[bool]]]:
    """Return the kind that is listed, and the conditions of its own filters, which imply it.

    :raises Problem: 400 for a value that does not exist, and for filters of another kind.
    """
    wanted: str | None = call.query["kind"]
    found = []
    for kind in kinds_of(call.work.site).values():
        for node in kind.api_filters().children if kind.api_filters else ():
            name = f"{kind.name}.{node.name}"
            value = call.query[name]
            if value in (None, False):
                continue
            if wanted not in (None, kind.name):
                raise call.wrong_parameter(name, _("This filter is for another kind of case."))
            wanted = kind.name
            condition = kind.api_condition and kind.api_condition(node.name, value, call.work)
            if condition is None:
                raise call.wrong_parameter(
                    name, _("This choice is not offered. Please choose one of the list.")
                )
            found.append(condition)
    return wanted, found


def _answered(call: Call) -> list[ColumnElement[bool]]:
    """Return the condition of the filter by an answer, if there is one.

    :raises Problem: 400 when there is no such choice.
    """
    if call.query["answer"] is None:
        return []
    question, _colon, choice = call.query["answer"].partition(":")
    found = call.work.get(QuestionnaireService).has_answer(question, choice)
    if found is None:
        raise call.wrong_parameter("answer", _("No question has this choice."))
    return [found]


def _units(call: Call) -> frozenset[int] | None:
    key = call.query["unit"]
    if key is None:
        return None
    found = unit_ids(call.work, key)
    if not found:
        raise call.wrong_parameter("unit", _("There is no such unit."))
    return found


def _holder(call: Call) -> str | None:
    """Return the value of the filter by holder, which only heads of units have."""
    holder: str | None = call.query["holder"]
    if holder is not None:
        offered = {option.value for option in call.work.get(TeamService).options(holder)}
        if holder not in offered:
            raise call.wrong_parameter("holder", _("This is no officer of a unit that you head."))
    return holder


def _words(call: Call) -> str:
    """Return the words to search for: the tracking code for the code of an earlier system, as the search box does."""
    words: str = call.query["q"]
    if not any(sign.isdigit() for sign in words):
        return words
    return call.work.get(ReferenceService).seen(words) or words
