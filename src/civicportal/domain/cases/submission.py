"""Pages on which citizens submit a new case."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import colander
from pyramid.httpexceptions import HTTPSeeOther, HTTPUnauthorized
from pyramid.response import Response
from translationstring import TranslationString

from civicportal.core.work import Work
from civicportal.domain.accounts.pending_forms import (
    count_submission,
    fill_pending,
    forget_pending,
    is_to_be_sent,
    keep_form,
    may_submit,
)
from civicportal.domain.cases.errors import AttachmentNotFound, Refused
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.services import CaseService
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm, Button, FormInvalid
from civicportal.web.request import Request, ViewResult

if TYPE_CHECKING:
    from civicportal.domain.cases.models import Case

T = TypeVar("T")
#: Values of a form: as they are, or a function that reads them.
FormValues = Values | Callable[[Work], Values]


class CaseSubmission:
    """The form of a new case, with the sign-in of visitors.

    :func:`case_form` is a complete view on top of it; a view with steps or pages of its own uses it directly:
    :meth:`admit` with the submitted values, then :meth:`open`.

    :param kind: name of the kind of case.
    :param send: label of the submit button.
    :param level: identity level that a sender needs, if it is not that of the kind.
    :param anchor: position on the page to which a sign-in returns, for instance ``#4``.
    :param bindings: further bindings of the schema besides country and calendar, for instance options. A function is
        called with a read-only unit of work of its own. Use one for values from the database, instead of
        ``request.work``: pictures and limits are written before that opens, and SQLite has room for one writer.
    :param initial: initial values of the form, or a function that returns them, called in the same way.
    :param ignore: submitted names that are not fields.
    :ivar form: the bound form; pictures are in a field ``photo_key``.
    :ivar restored: whether the form was restored after a sign-in.
    """

    def __init__(
        self,
        request: Request,
        schema: colander.SchemaNode,
        kind: str,
        *,
        send: TranslationString | None = None,
        level: int | None = None,
        anchor: str = "",
        bindings: FormValues | None = None,
        initial: FormValues | None = None,
        ignore: tuple[str, ...] = (),
    ) -> None:
        self.request, self.anchor = request, anchor
        self.level = kind_of(request.site, kind).level if level is None else level
        bindings, initial = read_values(request, bindings, initial)
        self.form = BoundForm(
            request,
            schema,
            initial=initial,
            buttons=(Button(title=send or _("Send"), css_class="btn-primary btn-lg w-100"),),
            bindings=bindings,
            take_files=request.take_files,
            ignore=ignore,
        )
        self._admitted = False
        self.restored = request.method != "POST" and fill_pending(request, self.form)
        self.form.sends_itself = self.restored and is_to_be_sent(request)

    def check_step(self, *checks: Callable[[], None]) -> Response:
        """Return the submitted fields that are invalid, as HTML: for a script that sends the fields of one step.

        :param checks: further checks of valid fields; they add errors or raise :class:`FormInvalid`.
        """
        self.form.check()
        if not self.form.errors:
            with suppress(FormInvalid):
                for check in checks:
                    check()
        return Response("".join(field.render() for field in self.form if field.error))

    def admit(self, values: Values, *, anonymous: bool = False) -> HTTPSeeOther | None:
        """Count the submission; return a redirect to the sign-in, if needed.

        After the sign-in, or the verification of the identity, the sender finds the form unchanged.

        :param anonymous: the sender must not be identifiable: nothing but the address is counted, and no sign-in is
            needed.
        :raises ChallengeNeeded: when an unknown client has to pass a challenge.
        :raises LimitExceeded: when a limit is used up.
        :raises HTTPUnauthorized: when the browser's queue sends the form of a person who has to sign in first.
        """
        self._admitted = True
        if self.form.by_script and not (anonymous or may_submit(self.request, self.level)):
            raise HTTPUnauthorized
        count_submission(self.request, self.level, self.form.once(values), anonymous=anonymous)
        if anonymous or may_submit(self.request, self.level):
            return None
        return keep_form(self.request, self.form, level=self.level, anchor=self.anchor)

    def open(self, submit: Callable[[], T]) -> T:
        """Open the case by a function.

        :raises FormInvalid: when a picture is missing, or the case was refused.
        :raises RuntimeError: without :meth:`admit` before it: nothing has counted the submission or looked at who sends
            it.
        """
        if not self._admitted:
            raise RuntimeError("call admit() with the submitted values before open()")
        try:
            opened = submit()
        except AttachmentNotFound as gone:
            self.form.refuse("photo_key", gone.reason)
        except Refused as refusal:
            self.form.refuse("", refusal.reason)
        forget_pending(self.request)
        self._tell_queue()
        return opened

    def _tell_queue(self) -> None:
        """Let the page that follows remove the form from the browser's queue, and say whether it had arrived before."""
        self.form.leave_queue(repeated=self.request.work.get(CaseService).was_repeated)
        if self.form.queue_key and not self.form.by_script and self.form.was_repeated:
            told = _(
                "This had arrived before. If you have changed something since then, please add it as a note to the case."
            )
            self.request.session.flash(self.request.translate(told), "info")


def case_form(
    request: Request,
    schema: colander.SchemaNode,
    kind: str,
    submit: Callable[[Values], "Case"],
    *,
    send: TranslationString | None = None,
    bindings: FormValues | None = None,
    initial: FormValues | None = None,
) -> ViewResult:
    """Show and process the form of a new case: a complete view.

    Citizens below the identity level of the kind fill in the form first, then verify their identity and find it
    unchanged. Pictures are in a field ``photo_key``. The template gets ``form`` and ``kept``; a draft of its form in
    the browser is named after the kind. The parameters are those of :class:`CaseSubmission`.

    :param submit: opens the case with the submitted values, under their idempotency ``key``; the reason of a
        :class:`~civicportal.domain.cases.errors.Refused` is shown above the form.
    """
    submission = CaseSubmission(request, schema, kind, send=send, bindings=bindings, initial=initial)

    def process(values: Values) -> HTTPSeeOther:
        if redirect := submission.admit(values):
            return redirect
        case = submission.open(lambda: submit({**values, "key": submission.form.once(values)}))
        told = request.translate(_("Your request has arrived. Every step comes by SMS."))
        request.session.flash({"text": told, "draft": kind}, "good")
        return HTTPSeeOther(f"/my/{case.code}")

    return submission.form.handle(process, restored=submission.restored)


def read_values(request: Request, *values: FormValues | None) -> list[Values | None]:
    """Return the values, those of functions read in one unit of work."""
    if not any(map(callable, values)):
        return [None if callable(one) else one for one in values]
    with request.site.work(actor=request.identity, write=False, locale=request.locale_name) as work:
        return [one(work) if callable(one) else one for one in values]
