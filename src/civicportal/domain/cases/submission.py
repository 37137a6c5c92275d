"""The page on which citizens submit a new case."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import colander
from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.core.work import Work
from civicportal.domain.accounts.pending_forms import (
    count_submission,
    fill_kept,
    forget_kept,
    keep_form,
    may_submit,
)
from civicportal.domain.cases.errors import PictureGone, Refused
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.uploads import take_files
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, handle_form
from civicportal.web.request import Request, ViewResult

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case

#: Values of a form: as they are, or a function that reads them.
FormValues = Values | Callable[[Work], Values]


def case_form(
    request: Request,
    schema: colander.Schema,
    kind: str,
    submit: Callable[[Values], "Case"],
    *,
    send: TranslationString | None = None,
    bindings: FormValues | None = None,
    initial: FormValues | None = None,
) -> ViewResult:
    """Show and process the form of a new case: a complete view.

    Citizens below the identity level of the kind fill in the form first, then verify their identity and find it unchanged.
    Pictures are in a field ``photo_key``. The template gets ``form`` and ``kept``; a draft of
    its form in the browser is named after the kind.

    :param kind: name of the kind of case.
    :param submit: opens the case with the submitted values, under their idempotency ``key``; the reason of a :class:`~civicportal.domain.cases.errors.Refused` is shown
        above the form.
    :param send: label of the submit button.
    :param bindings: further bindings of the schema besides country and calendar, for instance options. A function is called
        with a read-only unit of work of its own. Use one for values from the database, instead of ``request.work``: pictures
        and limits are written before that opens, and SQLite has room for one writer.
    :param initial: initial values of the form, or a function that returns them, called in the same way.
    """
    bindings, initial = _read(request, bindings, initial)
    button = Button(title=send or _("Send"), css_class="btn-primary btn-lg w-100")
    form = BoundForm(
        request,
        schema,
        initial=initial,
        buttons=(button,),
        bindings=bindings,
        take_files=partial(take_files, request),
    )
    kept = request.method != "POST" and fill_kept(request, form)
    return handle_form(request, form, partial(_send, request, form, kind, submit), kept=kept)


def _read(request: Request, *values: FormValues | None) -> list[Values | None]:
    """Return the values, those of functions read in one unit of work."""
    if not any(map(callable, values)):
        return [None if callable(one) else one for one in values]
    with request.site.work(actor=request.identity, write=False) as work:
        return [one(work) if callable(one) else one for one in values]


def _send(
    request: Request,
    form: BoundForm,
    kind: str,
    submit: Callable[[Values], "Case"],
    values: Values,
) -> ViewResult:
    level = kind_of(request.site, kind).level
    key = form.once(values)
    count_submission(request, level, key)
    if not may_submit(request, level):
        return keep_form(request, form, level=level)
    try:
        case = submit({**values, "key": key})
    except PictureGone as gone:
        form.refuse("photo_key", gone.reason)
    except Refused as refusal:
        form.refuse("", refusal.reason)
    forget_kept(request)
    told = request.translate(_("Your request has arrived. Every step comes by SMS."))
    request.session.flash({"text": told, "draft": kind}, "good")
    return HTTPSeeOther(f"/my/{case.code}")
