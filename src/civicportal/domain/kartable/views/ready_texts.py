"""Views of ready texts: insertion into a form, and administration."""

from collections.abc import Mapping
from typing import TypedDict

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.audit.services import AuditService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.workflow import CaseKind, Transition
from civicportal.domain.kartable.models import ReadyText
from civicportal.domain.kartable.ready_texts import FIELDS, WORDS, ReadyTextService, asks_for_words
from civicportal.domain.kartable.schemas import ReadyTextSchema
from civicportal.domain.kartable.views.forms import READY
from civicportal.domain.organization.choices import category_options
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.errors import Forbidden
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.forms import BoundForm
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import Option


class _Columns(TypedDict):
    """Arguments of ``ReadyTextService.add`` and ``change``."""

    kind: str
    transition: str
    category_id: int | None
    title: str
    text: str
    active: bool
    translations: Mapping[str, Values]


def insert(request: Request, case: Case, transition: Transition, form: BoundForm) -> None:
    """Insert the selected text below the input of a transition's form."""
    offers = request.work.get(ReadyTextService).offers(case, transition)
    chosen = next((offer for offer in offers if offer.key == request.POST.get(READY)), None)
    if chosen is None:
        return
    draft = form.draft()
    written = [text.rstrip() for text in draft.get(WORDS, []) if text.strip()]
    form.fill({**draft, WORDS: ["\n".join([*written, chosen.text])]})


def texts(request: Request) -> dict[str, object]:
    """List the texts by kind."""
    service = request.work.get(ReadyTextService)
    return {
        "kinds": [(kind, service.rows(kind.name), _steps(kind)) for kind in _kinds(request)],
        "topic": request.work.get(OrganizationService).category_name,
    }


def new(request: Request) -> ViewResult:
    """Create a text."""
    kind = request.GET.get("kind", "")
    form = _form(request, {"active": True, "place": f"{kind}:" if kind else None})

    def add(values: Values) -> HTTPSeeOther:
        row = request.work.get(ReadyTextService).add(**_values(request, values))
        return _kept(request, row)

    return form.handle(add, row=None, fields=FIELDS, languages=_translated(request).groups)


def edit(request: Request) -> ViewResult:
    """Change or disable a text."""
    row = _row(request)
    place = f"{row.kind}:{row.transition}"
    form = _form(
        request,
        {
            "place": place,
            "category": str(row.category_id) if row.category_id else None,
            **_translated(request).initial(row.translations),
            "title": row.title,
            "text": row.text,
            "active": row.active,
        },
    )

    def save(values: Values) -> HTTPSeeOther:
        request.work.get(ReadyTextService).change(row, **_values(request, values))
        return _kept(request, row)

    return form.handle(save, row=row, fields=FIELDS, languages=_translated(request).groups)


def move(request: Request) -> HTTPSeeOther:
    """Swap a text with its neighbour."""
    row = _row(request)
    request.work.get(ReadyTextService).move(row, step(request))
    return HTTPSeeOther(request.route_path("texts", _anchor=f"text-{row.id}"))


def _kept(request: Request, row: ReadyText) -> HTTPSeeOther:
    request.work.get(AuditService).record("ready_text:save", text=row.id)
    request.session.flash(request.translate(_("The text is kept.")), "good")
    return HTTPSeeOther(request.route_path("texts", _anchor=f"text-{row.id}"))


def _row(request: Request) -> ReadyText:
    return request.work.get(ReadyTextService).fetch(int(request.matchdict["id"]))


def _kinds(request: Request) -> list[CaseKind]:
    kinds = request.work.get(ReadyTextService).kinds()
    if not kinds:
        raise Forbidden("works on no kind of case")
    return kinds


def _steps(kind: CaseKind) -> dict[str, TranslationString]:
    return {step.name: step.title for step in kind.workflow.transitions if asks_for_words(step)}


def _form(request: Request, initial: Values) -> BoundForm:
    translate = request.translate
    places = [
        Option(value=f"{kind.name}:{name}", label=f"{translate(kind.title)}: {translate(title)}")
        for kind in _kinds(request)
        for name, title in {"": _("Every step with an answer"), **_steps(kind)}.items()
    ]
    titles = {kind.name: kind.title for kind in _kinds(request)}
    topics = [one for one in category_options(request.work, unused=True) if one.group in titles.values()]
    return BoundForm(
        request,
        _translated(request).add_to(ReadyTextSchema()),
        initial=initial,
        bindings={"places": places, "categories": topics, "titles": titles},
    )


def _values(request: Request, values: Values) -> _Columns:
    kind, _colon, transition = values["place"].partition(":")
    return {
        "kind": kind,
        "transition": transition,
        "category_id": int(values["category"]) if values["category"] else None,
        "title": values["title"],
        "text": values["text"],
        "active": values["active"],
        "translations": _translated(request).read(values),
    }


def _translated(request: Request) -> TranslatedFields:
    return TranslatedFields(request.site, ("title",))
