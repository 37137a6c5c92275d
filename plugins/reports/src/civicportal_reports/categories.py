"""The category tree as options."""

from dataclasses import dataclass

from civicportal.api.database import Work
from civicportal.api.forms import Option
from civicportal.api.organization import Category, OrganizationService
from civicportal_reports.workflow import KIND


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A root category and its subcategories; one without any is an option itself."""

    root: Category
    leaves: tuple[Category, ...]

    @property
    def is_leaf(self) -> bool:
        """Return whether the root itself is an option."""
        return self.leaves == (self.root,)


def topics(work: Work) -> list[Topic]:
    """Return the active categories, in their order."""
    tree = work.get(OrganizationService).categories_of(KIND)
    return [
        Topic(root=root, leaves=tuple(leaf for leaf in tree.children(root.id) if leaf.active) or (root,))
        for root in tree.roots
        if root.active
    ]


def other_category(found: list[Topic]) -> Category | None:
    """Return the category for everything else: the last root that is an option itself, if any."""
    return next((topic.root for topic in reversed(found) if topic.is_leaf), None)


def leaf_options(found: list[Topic]) -> list[Option]:
    """Return the selectable categories."""
    return [Option(value=leaf.key, label=leaf.name) for topic in found for leaf in topic.leaves]


def grouped_leaves(found: list[Topic]) -> list[Option]:
    """Return the selectable categories, grouped by root for a drop-down list."""
    return [
        Option(value=leaf.key, label=leaf.name, group="" if topic.is_leaf else topic.root.name)
        for topic in found
        for leaf in topic.leaves
    ]


def filter_options(found: list[Topic]) -> list[Option]:
    """Return roots and subcategories for a list's filter, grouped by root."""
    return [
        Option(value=category.key, label=category.name, group=topic.root.name)
        for topic in found
        for category in dict.fromkeys((topic.root, *topic.leaves))
    ]


def every_option(work: Work) -> list[Option]:
    """Return all categories for a staff filter, grouped by root, including those no longer offered."""
    tree = work.get(OrganizationService).categories_of(KIND)
    return [
        Option(value=category.key, label=category.name, group=root.name)
        for root in tree.roots
        for category in (root, *tree.descendants(root.id))
    ]
