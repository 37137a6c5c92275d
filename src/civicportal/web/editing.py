"""Edit forms with optimistic locking, and buttons that act at once."""

import hashlib
import json
from collections.abc import Callable, Mapping

import colander
from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.util.errors import Refused
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Choice, ListOf
from civicportal.web.schema.choices import keeping

SEEN = "seen"
"""Hidden field with a fingerprint of the original values."""


class _Stale(Exception):
    """The values were changed since the form was made."""


def edit_form(
    request: Request,
    schema: colander.SchemaNode,
    current: Values,
    *,
    ignore: tuple[str, ...] = (),
    bindings: Mapping[str, object] | None = None,
) -> BoundForm:
    """Return a form with the current values.

    A chosen value that is not offered any more stays a choice of its field, so that nothing is lost when another field is changed.

    :param current: as they are stored.
    :param ignore: submitted names that are not fields.
    :param bindings: further bindings of the schema.
    """
    # The fields of a class are shared by its instances.
    schema = schema.clone()
    for node in schema.children:
        present = current.get(node.name)
        if isinstance(node.typ, Choice | ListOf) and present:
            node.typ = keeping(node.typ, [present] if isinstance(present, str) else present)
    return BoundForm(request, schema, initial=current, ignore=(SEEN, *ignore), bindings=bindings)


def handle_edit(
    request: Request,
    form: BoundForm,
    current: BoundForm,
    save: Callable[[Values], ViewResult],
    **context: object,
) -> ViewResult:
    """Show an edit form, or save its values.

    After a concurrent change the answer is 409 with the input. The template needs ``seen`` for its hidden field, and
    shows ``changes_since``, pairs of label and current value.

    :param current: an untouched form of the current values, as :func:`edit_form` makes it.
    """
    present = fingerprint(current)

    def save_unless_changed(values: Values) -> ViewResult:
        if request.POST.get(SEEN) != present:
            raise _Stale
        return save(values)

    try:
        answer = form.handle(save_unless_changed, **context)
    except _Stale:
        request.response.status_int = 409
        return {
            "form": form,
            **context,
            "seen": present,
            "stale": True,
            "changes_since": differences(form, current),
        }
    if isinstance(answer, dict):
        # A refused form keeps its original fingerprint.
        sent = request.POST.get(SEEN) if request.method == "POST" else None
        answer |= {"seen": sent or present, "stale": False, "changes_since": []}
    return answer


def fingerprint(form: BoundForm) -> str:
    """Return a short digest of the values of a form."""
    texts = json.dumps(form.draft(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(texts.encode()).hexdigest()[:32]


def differences(form: BoundForm, current: BoundForm) -> list[tuple[str, str]]:
    """Return label and current value of changed fields."""
    fields = ((form[name], current[name]) for name in {**form.draft(), **current.draft()})
    return [
        (present.label, present.words)
        for typed, present in fields
        if not present.hidden and typed.words != present.words
    ]


def press(
    request: Request, act: Callable[[], object], done: TranslationString | None, target: str
) -> HTTPSeeOther:
    """Perform the action of a button or report why not, and redirect.

    :param done: the message on success; none if None.
    """
    try:
        act()
    except Refused as refusal:
        request.session.flash(request.translate(refusal.reason), "bad")
    else:
        if done:
            request.session.flash(request.translate(done), "good")
    return HTTPSeeOther(target)
