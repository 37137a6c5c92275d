"""Categories of each kind of case: the two-level tree, and one category."""

import re

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.choices import unit_options
from civicportal.domain.organization.editing import in_order
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import OrganizationService
from civicportal.domain.statistics.lookup import CounterService
from civicportal.portal.admin import options
from civicportal.portal.admin.icons import ICONS
from civicportal.portal.admin.schemas import LeafForm, ListQuery, RootForm, icon_options
from civicportal.portal.admin.views.helpers import lacking, row_id, translations
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _, listed
from civicportal.util.values import Values
from civicportal.web.editing import edit_form, handle_edit, press
from civicportal.web.forms import BoundForm
from civicportal.web.forms.filters import with_query
from civicportal.web.forms.translated import TranslatedFields
from civicportal.web.ordering import step
from civicportal.web.request import Request, ViewResult
from civicportal.web.schema import whole_number

MOST_SYNONYMS = 40
SEPARATORS = re.compile(r"[،,\n]+")


def categories(request: Request) -> dict[str, object]:
    """Show the categories of one kind of case."""
    query = BoundForm(request, ListQuery()).read_filters(request.GET)
    kinds = kinds_of(request.site)
    kind = query["kind"] if query["kind"] in kinds else next(iter(kinds), "")
    service = request.work.get(CategoryService)
    tree = service.tree(kind)
    found = service.search(kind, query["q"]) if query["q"] else None
    rows = [(0, one) for one in found] if found is not None else list(in_order(tree))
    return {
        "kinds": kinds,
        "kind": kind,
        "q": query["q"],
        "rows": rows,
        "siblings": {row.id: tree.children(row.parent_id) for _depth, row in rows},
        "leaves": {row.id: len(tree.children(row.id)) for _depth, row in rows},
        "organization": request.work.get(OrganizationService),
        "open_cases": request.work.get(CounterService).open_by_category(kind),
        "lacking": lacking(request, "categories"),
        "address": lambda **parts: address(request, **parts),
    }


def new(request: Request) -> ViewResult:
    """Add a root category or a subcategory."""
    service = request.work.get(CategoryService)
    kind, root = _place(request)
    present = {"parent": str(root.id)} if root else {"icon": next(iter(ICONS)), "tint": "t"}
    form = _form(request, kind, None, root is None, present)

    def save(values: Values) -> HTTPSeeOther:
        service.add(kind, _values(request, values))
        request.session.flash(request.translate(_("The category was added.")), "good")
        return HTTPSeeOther(address(request, kind=kind))

    context = {"category": None, "kind": kind, "root": root, "may_delete": False, "cases": 0, "asks": False}
    languages = _translated(request).groups
    return form.handle(save, languages=languages, seen="", stale=False, changes_since=[], **context)


def category(request: Request) -> ViewResult:
    """Show and change a category."""
    service = request.work.get(CategoryService)
    found = service.fetch(row_id(request), lock=request.method == "POST")
    is_root = found.parent_id is None
    present = _present(request, found)

    def make() -> BoundForm:
        return _form(request, found.kind, found, is_root, present)

    def save(values: Values) -> HTTPSeeOther:
        service.change(found, _values(request, values, found))
        request.session.flash(request.translate(_("The category is kept.")), "good")
        return HTTPSeeOther(address(request, kind=found.kind))

    return handle_edit(
        request,
        make(),
        make(),
        save,
        category=found,
        kind=found.kind,
        languages=_translated(request).groups,
        asks=kinds_of(request.site)[found.kind].asks if found.kind in kinds_of(request.site) else False,
        root=None if is_root else service.fetch(found.parent_id or 0),
        may_delete=service.may_delete(found),
        cases=request.work.get(CounterService).open_by_category(found.kind).get(found.id, 0),
    )


def move(request: Request) -> HTTPSeeOther:
    """Swap a category with its neighbour."""
    service = request.work.get(CategoryService)
    found = service.fetch(row_id(request))
    return press(request, lambda: service.move(found, step(request)), None, _row(request, found))


def switch(request: Request) -> HTTPSeeOther:
    """Offer a category to citizens, or not any more."""
    service = request.work.get(CategoryService)
    found = service.fetch(row_id(request), lock=True)
    on = request.POST.get("active") == "true"
    done = _("Citizens can choose it.") if on else _("Citizens cannot choose it any more. Its cases stay.")
    return press(request, lambda: service.set_active(found, on), done, _row(request, found))


def delete(request: Request) -> HTTPSeeOther:
    """Delete a category without references."""
    service = request.work.get(CategoryService)
    found = service.fetch(row_id(request), lock=True)
    done = _("The category was deleted.")
    return press(request, lambda: service.delete(found), done, address(request, kind=found.kind))


def address(request: Request, **parts: object) -> str:
    """Return the URL of the list."""
    return with_query(request.route_path("admin.categories"), parts)


def _row(request: Request, category: Category) -> str:
    """Return the URL of a category in the list, as it was searched."""
    words = BoundForm(request, ListQuery()).read_filters(request.GET)["q"]
    return f"{address(request, kind=category.kind, q=words)}#category-{category.id}"


def _place(request: Request) -> tuple[str, Category | None]:
    """Return kind and root of a new category.

    :raises NotFound: for an unknown kind or root.
    """
    parent = whole_number(request.GET.get("parent", ""))
    if parent:
        root = request.work.get(CategoryService).fetch(parent)
        if root.parent_id is not None:
            raise NotFound("no such root")
        return root.kind, root
    kind = request.GET.get("kind") or next(iter(kinds_of(request.site)), "")
    if kind not in kinds_of(request.site):
        raise NotFound("no such kind")
    return kind, None


def _form(request: Request, kind: str, found: Category | None, is_root: bool, present: Values) -> BoundForm:
    roots = request.work.get(CategoryService).possible_parents(kind, found)
    bindings = {
        "parents": options.root_options(roots),
        "units": unit_options(request.work, keep=(found.unit_id,) if found else ()),
        "icons": icon_options(present.get("icon", "dots")),
    }
    schema = _translated(request).add_to(RootForm() if is_root else LeafForm())
    return edit_form(request, schema, present, bindings=bindings)


def _translated(request: Request) -> TranslatedFields:
    return TranslatedFields(request.site, ("name", "short_name", "hint", "synonyms"))


def _present(request: Request, found: Category) -> dict[str, object]:
    own = {
        code: {**texts, "synonyms": listed(texts.get("synonyms", ()), code)}
        for code, texts in found.translations.items()
    }
    return {
        **_translated(request).initial(own),
        "parent": str(found.parent_id),
        "name": found.name,
        "short_name": found.short_name,
        "unit": str(found.unit_id) if found.unit_id else None,
        "deadline_days": found.deadline_days,
        "hint": found.hint,
        "synonyms": listed(found.synonyms, request.locale_name),
        "public": found.public,
        "icon": found.icon,
        "tint": found.tint or "none",
    }


def _values(request: Request, values: Values, found: Category | None = None) -> dict[str, object]:
    parent, unit = values.get("parent"), values["unit"]
    own = _translated(request).read(values)
    lists = {
        code: {"synonyms": _synonyms(texts["synonyms"])} for code, texts in own.items() if "synonyms" in texts
    }
    look = {"icon": values["icon"], "tint": values["tint"].removeprefix("none")} if not parent else {}
    return {
        **{name: values[name] for name in ("name", "short_name", "deadline_days", "hint", "public")},
        **look,
        "translations": translations(
            found, {code: {**texts, **lists.get(code, {})} for code, texts in own.items()}
        ),
        "parent_id": int(parent) if parent else None,
        "unit_id": int(unit) if unit else None,
        "synonyms": _synonyms(values["synonyms"]),
    }


def _synonyms(text: str) -> list[str]:
    words = (word.strip() for word in SEPARATORS.split(text))
    return list(dict.fromkeys(word for word in words if word))[:MOST_SYNONYMS]
