"""The page that corrects a case in place."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.correction import InvalidCorrection
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import PersonalDataFound
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.views.personal_data import PersonalDataCheck, allowed_words
from civicportal.domain.kartable.correction import CorrectionService
from civicportal.domain.kartable.correction_fields import (
    correct_categories,
    correction_schema,
    own_nodes,
    present_values,
)
from civicportal.domain.kartable.timeline import StaffHistory
from civicportal.domain.kartable.views import forms
from civicportal.domain.kartable.views.messages import flash_done
from civicportal.domain.kartable.views.page import last_event
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Conflict
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult

STALE = _(
    "A colleague changed this case while you were writing. Fields that you left alone show the present values: check them and save again."
)
OWN_FIELDS_AT = 2
"""Position of the kind's fields in the form: after subject and category."""


def correct(request: Request) -> ViewResult:
    """Show the form of a correction, or correct the case."""
    post = request.method == "POST"
    case = request.work.get(CaseService).fetch(request.matchdict["code"], lock=post)
    if not post and not request.work.get(CorrectionService).may_correct(case):
        return HTTPSeeOther(forms.path(request, "kartable.case"))
    form = _form(request, case)
    if not post:
        return _page(request, case, form)
    try:
        _save(request, case, form)
    except Conflict:
        return _stale(request, case, form)
    except FormInvalid:
        # Report a colleague's change before errors of the form: the person who corrects them should know it.
        if forms.sent_number(request, forms.VERSION) != case.version:
            return _stale(request, case, form)
        return _page(request, case, form, status=422)
    except PersonalDataFound as found:
        PersonalDataCheck(request, form).show(found)
        return _page(request, case, form, status=422)
    except InvalidCorrection as refusal:
        form.fail(refusal.field, refusal.reason)
        return _page(request, case, form, status=422)
    if request.work.get(AccessService).can(case, "view"):
        flash_done(request, case, _("The case was corrected."))
        return HTTPSeeOther(forms.path(request, "kartable.case"))
    flash_done(request, case, _("The case was corrected. It is no longer one of those that you see."))
    return HTTPSeeOther(request.route_path("kartable"))


def _save(request: Request, case: Case, form: BoundForm) -> None:
    values = dict(form.validate(request.POST))
    category = request.work.get(OrganizationService).category(case.kind, values.pop("category", "") or "")
    flags = {name: values.pop(name, False) for name in ("move", "deadline", "notify")}
    request.work.get(CorrectionService).correct(
        case,
        subject=values.pop("subject"),
        category=category,
        own=values or None,
        version=forms.sent_number(request, forms.VERSION),
        allowed=allowed_words(request),
        **flags,
    )


def _page(
    request: Request, case: Case, form: BoundForm, *, status: int = 200, merge: bool = False
) -> dict[str, object]:
    request.response.status_int = status
    seen = last_event(request.work.get(CaseService), case)
    table = request.site.settings["map"]
    changes = request.work.get(StaffHistory).since(case, forms.sent_number(request, forms.SEEN))
    return {
        "case": case,
        "form": form,
        "own_fields": [node.name for node in own_nodes(request.work, case)],
        "center": table["center"] if table else None,
        "seen": seen,
        "merge": merge,
        "refused_form": None,
        "changes_since": changes if merge else [],
    }


def _stale(request: Request, case: Case, form: BoundForm) -> dict[str, object]:
    """Show the form with the current values, except in the fields that the officer has changed."""
    service, typed = request.work.get(CorrectionService), form.draft()
    present = _form(request, case)
    seen = service.values_at(case, forms.sent_number(request, forms.SEEN))
    before, now = _form(request, case, seen).draft(), present.draft()
    present.fill(
        {
            name: now[name] if name in now and texts == before.get(name) else texts
            for name, texts in typed.items()
        }
    )
    present.fail("", STALE)
    return _page(request, case, present, status=409, merge=True)


def _form(request: Request, case: Case, values: Values | None = None) -> BoundForm:
    """Return the form, by default with the current values of the case."""
    work = request.work
    schema = correction_schema(work, case)
    for node in reversed(list(own_nodes(work, case))):
        schema.children.insert(OWN_FIELDS_AT, node)
    return BoundForm(
        request,
        schema,
        initial={
            **present_values(work, case, values),
            "notify": work.site.settings["notifications"]["tell_corrections"],
        },
        bindings={"categories": list(correct_categories(work, case))},
        send=_("Save the correction"),
        send_class="btn-primary",
        ignore=forms.OWN,
    )
