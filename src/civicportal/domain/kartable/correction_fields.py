"""The fields of a correction: which there are for a case and its actor, and their present values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

import colander

from civicportal.domain.cases.correction import CORRECTED
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.facts import FactsService
from civicportal.domain.kartable.schemas import CorrectionSchema
from civicportal.domain.notifications.services import NotificationService
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.values import Values
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work


def correction_schema(work: "Work", case: Case) -> CorrectionSchema:
    """Return what the actor may correct, without the fields that the kind of the case defines.

    It needs the binding ``categories``.
    """
    schema = CorrectionSchema()
    left_out = {
        "category": not any(correct_categories(work, case)),
        "move": not work.get(FactsService).rights(case).refer,
        "deadline": not case.is_open,
        "notify": not work.get(NotificationService).tells(case, CORRECTED),
    }
    for name in (name for name, leave_out in left_out.items() if leave_out):
        del schema[name]
    return schema


def own_nodes(work: "Work", case: Case) -> Iterator[colander.SchemaNode]:
    """Yield the fields that the kind of the case defines."""
    cases = work.get(CaseService)
    correction = cases.kind(case).correction
    if correction is not None and cases.detail(case) is not None:
        yield from correction.schema().children


def present_values(work: "Work", case: Case, values: Values | None = None) -> dict[str, object]:
    """Return the values of a case as the fields of its correction show them.

    :param values: of :meth:`~civicportal.domain.kartable.correction.CorrectionService.values`; by default the present ones.
    """
    cases = work.get(CaseService)
    values = values or cast("Values", work.get(CorrectionService).values(case))
    correction = cases.kind(case).correction
    category = work.get(OrganizationService).categories.by_id.get(values["category_id"] or 0)
    own = correction.initial(values, work) if correction and cases.detail(case) is not None else {}
    return {"subject": values["subject"], "category": category.key if category else None, **own}


def correct_categories(work: "Work", case: Case) -> Iterator[Option]:
    """Yield the categories that cases of the kind can have, and that of the case, grouped by root category."""
    tree = work.get(OrganizationService).categories_of(case.kind)
    for root in tree.roots:
        for category in (root, *tree.descendants(root.id)):
            offered = category.active and not any(child.active for child in tree.children(category.id))
            if offered or category.id == case.category_id:
                group = "" if category is root else root.name
                yield Option(value=category.key, label=category.name, group=group)
