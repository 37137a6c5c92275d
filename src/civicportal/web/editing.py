"""Forms that change what exists: of two people who have one open, the second sees what the first has saved."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import colander

from civicportal.web.forms import BoundForm, handle_form
from civicportal.web.request import Request

SEEN = "seen"
"""The hidden field that says from which values the form was made."""


class _Stale(Exception):
    """The values are not those from which the form was made."""


def edit_form(
    request: Request,
    schema: colander.SchemaNode,
    current: Mapping[str, Any],
    *,
    ignore: tuple[str, ...] = (),
    **options: Any,
) -> BoundForm:
    """Return a form that holds the present values.

    :param ignore: names that are sent and are no fields.
    :param options: further arguments of :class:`~civicportal.web.forms.BoundForm`.
    """
    return BoundForm(request, schema, initial=current, ignore=(SEEN, *ignore), **options)


def handle_edit(
    request: Request,
    form: BoundForm,
    current: BoundForm,
    save: Callable[[dict[str, Any]], Any],
    **context: Any,
) -> Any:
    """Show a form or save what was sent; answer 409 with what was typed where somebody else saved meanwhile.

    The template needs ``seen`` for its hidden field, and shows ``meanwhile``, pairs of label and present value.

    :param current: an untouched form of the present values, as :func:`edit_form` makes it.
    """
    present = fingerprint(current)

    def save_unless_changed(values: dict[str, Any]) -> Any:
        if request.POST.get(SEEN) != present:
            raise _Stale
        return save(values)

    try:
        answer = handle_form(request, form, save_unless_changed, **context)
    except _Stale:
        request.response.status_int = 409
        return {
            "form": form,
            **context,
            "seen": present,
            "stale": True,
            "meanwhile": differences(form, current),
        }
    if isinstance(answer, dict):
        # A refused form is still made from what it was made from.
        sent = request.POST.get(SEEN) if request.method == "POST" else None
        answer |= {"seen": sent or present, "stale": False, "meanwhile": []}
    return answer


def fingerprint(form: BoundForm) -> str:
    """Return a short name of the values that stand in a form."""
    texts = json.dumps(form.draft(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(texts.encode()).hexdigest()[:32]


def differences(form: BoundForm, current: BoundForm) -> list[tuple[str, str]]:
    """Return label and present value of the fields in which what was typed is not what stands there now."""
    fields = ((form[name], current[name]) for name in {**form.draft(), **current.draft()})
    return [
        (present.label, present.words)
        for typed, present in fields
        if not present.hidden and typed.words != present.words
    ]
