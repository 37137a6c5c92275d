"""Editing of categories, two levels for each kind of case."""

from sqlalchemy import select
from sqlalchemy.util import memoized_property

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization import editing
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import Tree, read_categories
from civicportal.util.errors import Refused
from civicportal.util.i18n import _
from civicportal.util.persian import key
from civicportal.util.values import Values

LOOK = ("icon", "tint")
"""Attributes that a subcategory inherits from its root."""


class CategoryService(Service):
    """Manage categories."""

    def tree(self, kind: str) -> Tree[Category]:
        """Return the categories of a kind of case, as editable rows."""
        return self._categories.part(kind, lambda category: category.kind == kind)

    @memoized_property
    def _categories(self) -> Tree[Category]:
        return read_categories(self.session)

    def fetch(self, category_id: int, *, lock: bool = False) -> Category:
        """Return a category.

        :param lock: lock it for a change, with all others, on which its level depends.
        :raises NotFound: when there is none.
        """
        if lock:
            editing.locked_parents(self.session, Category)
        return fetch_row(self.session, Category, category_id, lock=lock)

    def named(self, kind: str, key: str, *, lock: bool = False) -> Category:
        """Return the category of a kind of case with a key.

        :raises NotFound: when there is none.
        """
        query = select(Category.id).where(Category.kind == kind, Category.key == key)
        return self.fetch(self.session.scalar(query) or 0, lock=lock)

    def search(self, kind: str, words: str) -> list[Category]:
        """Return the categories whose name or synonyms contain the words, in order."""
        wanted = key(words)
        return [
            category
            for _depth, category in editing.in_order(self.tree(kind))
            if any(wanted in key(text) for text in (category.name, category.hint, *category.synonyms))
        ]

    def possible_parents(self, kind: str, category: Category | None) -> list[Category]:
        """Return the possible parents of a category, none for a root with subcategories."""
        tree = self.tree(kind)
        if category and tree.children(category.id):
            return []
        return [root for root in tree.roots if category is None or root.id != category.id]

    def add(self, kind: str, values: Values, *, key: str = "") -> Category:
        """Create a category, last below its root.

        :param values: ``name``, ``short_name``, ``parent_id``, ``unit_id``, ``deadline_days``, ``icon``, ``tint``,
        ``hint``, ``synonyms``, ``public``.
        :param key: of its own; made by default.
        :raises Refused: when it would be on a third level, or another category of the kind has the key.
        """
        self._check_parent(kind, None, values["parent_id"])
        weight = editing.last_weight(self.tree(kind))
        own_key = key or editing.new_key("category")
        category = Category(kind=kind, key=own_key, weight=weight, **self._with_look(values))
        with editing.unless_taken(self.work):
            self.session.add(category)
        self._record("add", category, name=category.name)
        return category

    def change(self, category: Category, values: Values) -> None:
        """Change a category; its subcategories share its appearance.

        :raises Refused: when it would be on a third level.
        """
        self._check_parent(category.kind, category, values["parent_id"])
        changed = editing.changes(category, self._with_look(values))
        for name, (_old, new) in changed.items():
            setattr(category, name, new)
        for leaf in self.tree(category.kind).children(category.id):
            leaf.icon, leaf.tint = category.icon, category.tint
        if changed:
            self._record("change", category, changes=changed)

    def move(self, category: Category, step: int) -> None:
        """Swap a category with its neighbour.

        :param step: -1 up, 1 down.
        """
        if editing.move(self.tree(category.kind), category, step):
            self._record("move", category, step=step)

    def place(self, category: Category, position: int) -> None:
        """Move a category to a position among those of the same parent, from 1."""
        if editing.place(self.tree(category.kind), category, position):
            self._record("move", category, position=position)

    def set_active(self, category: Category, active: bool) -> None:
        """Activate or deactivate a category.

        Its cases do not change.
        """
        category.active = active
        self._record("open" if active else "close", category)

    def may_delete(self, category: Category) -> bool:
        """Return whether nothing refers to a category."""
        return not editing.is_used(self.work, category)

    def delete(self, category: Category) -> None:
        """Delete a category that was never used.

        :raises Refused: when anything refers to it.
        """
        if not self.may_delete(category):
            raise Refused(_("Something refers to this category. It can be switched off, not deleted."))
        self._record("delete", category, name=category.name)
        self.session.delete(category)

    def _check_parent(self, kind: str, category: Category | None, parent_id: int | None) -> None:
        if parent_id is None:
            return
        parents = editing.locked_parents(self.session, Category)
        is_root = parent_id in self.tree(kind).by_id and parents.get(parent_id, 0) is None
        has_leaves = category is not None and category.id in parents.values()
        if not is_root or has_leaves or (category is not None and category.id == parent_id):
            told = _("Categories have two levels: this one cannot stand there.")
            raise editing.RefusedField(told, "parent")

    def _with_look(self, values: Values) -> dict[str, object]:
        if values["parent_id"] is None:
            return dict(values)
        root = self.fetch(values["parent_id"])
        return {**values, **{name: getattr(root, name) for name in LOOK}}

    def _record(self, what: str, category: Category, **data: object) -> None:
        self.work.get(AuditService).record(
            f"category:{what}",
            id=category.id,
            kind=category.kind,
            key=category.key,
            subject_id=None,
            case_id=None,
            **data,
        )
