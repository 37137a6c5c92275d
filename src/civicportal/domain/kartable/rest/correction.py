"""Correction of cases in the API."""

from typing import Annotated, TypedDict

import colander

from civicportal.core.security import PagePermission
from civicportal.domain.cases.correction import InvalidCorrection
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import ALLOWED, PublicTexts
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.correction_fields import (
    correct_categories,
    correction_schema,
    own_nodes,
    present_values,
)
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch
from civicportal.domain.kartable.rest.items import WholeCase
from civicportal.domain.kartable.rest.steps import WRITE, changed
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.i18n import _
from civicportal.web.rest.document import of_schema
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.rest.problems import Problem, said
from civicportal.web.schema import StrictSchema

PATH = f"/cases/{CODE}/correction"
DETAIL = "detail"
"""Field for what the kind of the case defines."""


class CorrectionItem(TypedDict):
    """What can be corrected in a case, with its present values."""

    possible: Annotated[bool, _("Whether the caller may correct it")]
    subject: str
    category: Annotated[str | None, _("Key of the category")]
    detail: Annotated[dict[str, object] | None, _("What this kind of case has besides, such as the place")]
    body: Annotated[object, _("JSON Schema of the body of a correction")]


def correction(call: Call) -> CorrectionItem:
    """Return what can be corrected."""
    case = fetch(call)
    call.tag(case.version)
    values = present_values(call.work, case)
    subject, category = str(values.pop("subject")), values.pop("category")
    return {
        "possible": call.work.get(CorrectionService).may_correct(case),
        "subject": subject,
        "category": str(category) if category else None,
        "detail": values or None,
        "body": of_schema(_schema(call, case), lambda text: said(call.request, text)),
    }


def body_schema(call: Call) -> colander.SchemaNode:
    """Return the schema of a correction of the case of the path."""
    return _schema(call, fetch(call))


def correct(call: Call) -> WholeCase:
    """Correct a case; what the body leaves out stays."""
    case, body = fetch(call, lock=True), call.body
    call.require_version(case.version)
    key = body.get("category")
    category = call.work.get(OrganizationService).category(case.kind, key) if key else None
    values = {name: value for name, value in body.items() if name not in ("category", DETAIL, ALLOWED)}
    try:
        call.work.get(CorrectionService).correct(
            case, category=category, own=body.get(DETAIL), allowed=PublicTexts.allowed_words(body), **values
        )
    except InvalidCorrection as refusal:
        if not refusal.field:
            raise Problem(422, refusal.reason) from None
        inside = f"{DETAIL}/" if refusal.field in {node.name for node in own_nodes(call.work, case)} else ""
        raise call.wrong_field(f"#/{inside}{refusal.field}", refusal.reason) from None
    return changed(call, case)


def _schema(call: Call, case: Case) -> colander.SchemaNode:
    schema = correction_schema(call.work, case)
    for name in ("subject", "category"):
        if name in schema:
            schema[name].missing = None
    own = list(own_nodes(call.work, case))
    if own:
        detail = StrictSchema(
            name=DETAIL,
            title=_("What this kind of case has besides"),
            description=_("All of it, as a correction shows it"),
            missing=None,
        )
        for node in own:
            detail.add(node)
        schema.add(detail)
    schema.add(PublicTexts.allowed_node())
    return call.bind(schema, {"categories": list(correct_categories(call.work, case))})


OPERATIONS = (
    Operation(
        name="cases.correction",
        path=PATH,
        title=_("Show what can be corrected in a case"),
        call=correction,
        returns=CorrectionItem,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="cases.correct",
        path=PATH,
        title=_("Correct subject, category and place of a case"),
        call=correct,
        returns=WholeCase,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body_of=body_schema,
        has_version=True,
    ),
)
