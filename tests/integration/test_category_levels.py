"""Categories keep two levels whatever is changed at the same time."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from civicportal.domain.organization.categories import CategoryService
from civicportal.domain.organization.models import Category
from civicportal.testing import make_category
from civicportal.util.errors import Refused


@pytest.fixture
def roots(site):
    with site.work() as work:
        return [make_category(work, key).id for key in ("lamp", "tree", "road")]


def put_below(work, category_id, parent_id):
    service = work.get(CategoryService)
    category = service.fetch(category_id, lock=True)
    columns = {column.key: getattr(category, column.key) for column in Category.__table__.columns}
    kept = {name: value for name, value in columns.items() if name not in ("id", "kind", "key", "weight")}
    service.change(category, {**kept, "parent_id": parent_id})


@pytest.mark.one_database("postgresql")
def test_a_change_waits_for_another_that_decides_its_level(site, roots):
    lamp, tree, road = roots
    with site.work() as first:
        put_below(first, lamp, tree)
        with pytest.raises(OperationalError, match="lock timeout"), site.work() as second:
            second.session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            put_below(second, tree, road)


@pytest.mark.parametrize(
    ("moved", "below"), [(1, 2), (2, 0), (1, 1)], ids=["has one below", "below one that is below", "itself"]
)
def test_a_third_level_is_refused(site, roots, moved, below):
    with site.work() as work:
        put_below(work, roots[0], roots[1])
    with pytest.raises(Refused, match="two levels"), site.work() as work:
        put_below(work, roots[moved], roots[below])


def test_a_parent_is_of_the_same_kind(site, roots):
    with site.work() as work:
        other = make_category(work, "praise", kind="compliments").id
    with pytest.raises(Refused, match="two levels"), site.work() as work:
        put_below(work, roots[0], other)
