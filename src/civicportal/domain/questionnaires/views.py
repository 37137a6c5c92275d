"""Administrators' pages of the questions of a category."""

from collections.abc import Iterator
from contextlib import contextmanager

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.organization.models import Category
from civicportal.domain.questionnaires.answers import DATATYPES
from civicportal.domain.questionnaires.editing import NO_CHOICE, QuestionEditor, with_texts
from civicportal.domain.questionnaires.fields import QuestionFields
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice
from civicportal.domain.questionnaires.schemas import INFO, ChoiceForm, QuestionForm, lines
from civicportal.domain.questionnaires.services import QuestionnaireService
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit, press
from civicportal.web.forms import BoundForm
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option, StrictSchema


def questions(request: Request) -> dict[str, object]:
    """List the questions of a category, with a preview of the form."""
    editor = request.work.get(QuestionEditor)
    category = editor.category(_id(request))
    rows = editor.questions(category)
    asked = request.work.get(QuestionnaireService).questions(category.id, retired=True)
    preview = QuestionFields({category.key: [one for one in asked if one.active]})
    return {
        "category": category,
        "rows": rows,
        "asked": {one.id: one for one in asked},
        "labels": {one.key: one.label for one in asked},
        "datatypes": DATATYPES,
        "preview": preview,
        "form": BoundForm(request, preview.add_to(StrictSchema()), prefix="preview"),
    }


def new(request: Request) -> ViewResult:
    """Add a question to a category."""
    editor = request.work.get(QuestionEditor)
    category = editor.category(_id(request), lock=request.method == "POST")
    form = _question_form(request, category, None, {"datatype": "singlevaluelist"})

    def save(values: Values) -> HTTPSeeOther:
        with request.work.savepoint(), _refusing(form):
            editor.add(category, _columns(request, values), _choices(values))
        return _done(request, category, _("The question was added."))

    return form.handle(
        save,
        category=category,
        question=None,
        choices=[],
        languages=_translated(request).groups,
        seen="",
        stale=False,
        changes_since=[],
    )


def question(request: Request) -> ViewResult:
    """Show and change a question."""
    editor = request.work.get(QuestionEditor)
    found = editor.fetch(_id(request), lock=request.method == "POST")
    category = editor.category(found.category_id)
    present = {
        **_translated(request).initial(found.translations),
        "label": found.label,
        "hint": found.hint,
        "datatype": found.datatype if found.variable else INFO,
        "must_answer": found.required,
        "public": found.public,
        "condition": [f"{found.condition_id}:{key}" for key in found.condition_keys],
        "key": found.key,
    }
    form, current = (_question_form(request, category, found, present) for _each in range(2))

    def save(values: Values) -> HTTPSeeOther:
        with request.work.savepoint(), _refusing(form):
            editor.change(found, _columns(request, values, found), _choices(values))
        return _done(request, category, _("The question is kept."))

    return handle_edit(
        request,
        form,
        current,
        save,
        category=category,
        question=found,
        choices=editor.choices(found),
        languages=_translated(request).groups,
        answered=editor.has_answers(found),
        may_delete=editor.may_delete(found),
    )


def move(request: Request) -> HTTPSeeOther:
    """Swap a question with its neighbour."""
    editor, found, back = _question(request)
    return press(request, lambda: editor.move(found, step(request)), None, back)


def switch(request: Request) -> HTTPSeeOther:
    """Ask a question again, or no longer."""
    editor, found, back = _question(request)
    on = request.POST.get("active") == "true"
    done = _("It is asked again.") if on else _("It is not asked any more. Its answers stay.")
    return press(request, lambda: editor.set_active(found, on), done, back)


def delete(request: Request) -> HTTPSeeOther:
    """Delete a question without answers."""
    editor, found, back = _question(request)
    return press(request, lambda: editor.delete(found), _("The question was deleted."), back)


def choice(request: Request) -> ViewResult:
    """Show and change a choice."""
    editor = request.work.get(QuestionEditor)
    asked, found = editor.fetch_choice(_id(request), lock=request.method == "POST")
    translated = TranslatedFields(request.site, ("label", "stop"))
    present = {
        **translated.initial(found.translations),
        "label": found.label,
        "stop": found.stop,
        "key": found.key,
    }
    form, current = (edit_form(request, translated.add_to(ChoiceForm()), present) for _each in range(2))

    def save(values: Values) -> HTTPSeeOther:
        columns = {name: values[name] for name in ("label", "stop", "key")}
        columns["translations"] = with_texts(found, translated.read(values))
        with request.work.savepoint(), _refusing(form):
            editor.change_choice(asked, found, columns)
        request.session.flash(request.translate(_("The choice is kept.")), "good")
        return HTTPSeeOther(request.route_path("admin.question", id=asked.id))

    return handle_edit(
        request,
        form,
        current,
        save,
        question=asked,
        choice=found,
        languages=translated.groups,
        may_delete=editor.may_delete_choice(asked, found),
    )


def move_choice(request: Request) -> HTTPSeeOther:
    """Swap a choice with its neighbour."""
    editor, asked, found, back = _choice(request)
    return press(request, lambda: editor.move_choice(asked, found, step(request)), None, back)


def switch_choice(request: Request) -> HTTPSeeOther:
    """Offer a choice again, or no longer."""
    editor, asked, found, back = _choice(request)
    on = request.POST.get("active") == "true"
    done = _("It is offered again.") if on else _("It is not offered any more. Its answers stay.")
    return press(request, lambda: editor.set_choice_active(asked, found, on), done, back)


def delete_choice(request: Request) -> HTTPSeeOther:
    """Delete a choice that was never chosen."""
    editor, asked, found, back = _choice(request)
    return press(request, lambda: editor.delete_choice(asked, found), _("The choice was deleted."), back)


# -- inside ---------------------------------------------------------------------------------------------------


def _id(request: Request) -> int:
    return int(request.matchdict["id"])


def _question(request: Request) -> tuple[QuestionEditor, CategoryQuestion, str]:
    editor = request.work.get(QuestionEditor)
    found = editor.fetch(_id(request), lock=True)
    back = request.route_path("admin.questions", id=found.category_id, _anchor=f"question-{found.id}")
    return editor, found, back


def _choice(request: Request) -> tuple[QuestionEditor, CategoryQuestion, QuestionChoice, str]:
    editor = request.work.get(QuestionEditor)
    asked, found = editor.fetch_choice(_id(request), lock=True)
    back = request.route_path("admin.question", id=asked.id, _anchor=f"choice-{found.id}")
    return editor, asked, found, back


@contextmanager
def _refusing(form: BoundForm) -> Iterator[None]:
    """Show the reason of a refusal in the form."""
    try:
        yield
    except Refused as refusal:
        form.refuse("choices" if refusal.reason == NO_CHOICE else "", refusal.reason)


def _done(request: Request, category: Category, told: TranslationString) -> HTTPSeeOther:
    request.session.flash(request.translate(told), "good")
    return HTTPSeeOther(request.route_path("admin.questions", id=category.id))


def _translated(request: Request) -> TranslatedFields:
    return TranslatedFields(request.site, ("label", "hint"))


def _question_form(
    request: Request, category: Category, found: CategoryQuestion | None, present: Values
) -> BoundForm:
    editor = request.work.get(QuestionEditor)
    labels = {one.id: one.label for one in editor.questions(category)}
    conditions = [
        Option(
            value=f"{one.question_id}:{one.key}",
            label=one.label,
            hint=labels[one.question_id],
        )
        for one in editor.conditions(category, found)
    ]
    known = {option.value for option in conditions}
    kept = [value for value in present.get("condition", ()) if value in known]
    schema = _translated(request).add_to(QuestionForm())
    if found is not None and editor.choices(found):
        schema["choices"].title = _("Further choices")
    return edit_form(request, schema, {**present, "condition": kept}, bindings={"conditions": conditions})


def _columns(request: Request, values: Values, found: CategoryQuestion | None = None) -> dict[str, object]:
    pairs = [value.partition(":") for value in values["condition"]]
    is_info = values["datatype"] == INFO
    return {
        **{name: values[name] for name in ("label", "hint", "public", "key")},
        "required": values["must_answer"],
        "datatype": "string" if is_info else values["datatype"],
        "variable": not is_info,
        "condition_id": int(pairs[0][0]) if pairs else None,
        "condition_keys": [key for _id, _colon, key in pairs],
        "translations": with_texts(found, _translated(request).read(values)),
    }


def _choices(values: Values) -> list[Values]:
    return [{"label": label} for label in lines(values["choices"])]
