"""A finished file is for people who could export all of it today."""

import json
from itertools import product

from civicportal.core.security import Grant, Identity
from civicportal.domain.exports.scope import is_within, scope_of
from civicportal.domain.exports.types import ExportColumn

UNITS, CATEGORIES = (1, 2, None), (7, 8, None)
"""Where a case may lie; None is a case without."""
SCOPES = (None, frozenset({1}), frozenset({1, 2})), (None, frozenset({7}), frozenset({7, 8}))
RIGHTS = ("reports:case:view", "reports:case:export"), ("reports:case:view",), ("feedback:case:export",)
GRANTS = [
    Grant(permissions=frozenset(rights), administrator=administrator, units=units, categories=categories)
    for rights, administrator, units, categories in product(RIGHTS, (False, True), *SCOPES)
]
NUMBER = ExportColumn(name="mobile", title="mobile", value=str, personal="contact")


def officer(*grants: Grant) -> Identity:
    return Identity(user_id=1, name="s", realm="staff", grants=grants)


def kept(identity: Identity, *columns: ExportColumn) -> list[dict[str, object]]:
    """What a file's row holds after a while."""
    found: list[dict[str, object]] = json.loads(json.dumps(scope_of(identity, columns)))
    return found


def takes(grant: Grant) -> set[tuple[str, int | None, int | None]]:
    """The cases of an export, one of each kind for each place."""
    return {
        (kind, unit, category)
        for kind, unit, category in product(("reports", "feedback"), UNITS, CATEGORIES)
        if grant.gives(f"{kind}:case:export") and grant.covers(unit, category)
    }


def test_a_file_contains_no_case_outside_the_present_scope() -> None:
    for before, after in product(GRANTS, GRANTS):
        if is_within(kept(officer(before)), officer(after)):
            assert takes(before) <= takes(after), (before, after)


def test_whose_memberships_are_as_before_or_more_gets_the_file() -> None:
    for before, more in product(GRANTS, GRANTS):
        assert is_within(kept(officer(before)), officer(more, before))


def test_numbers_of_people_need_the_right_at_the_download_too() -> None:
    rights = frozenset({"reports:case:export", "reports:case:contact"})
    before, after = Grant(permissions=rights), Grant(permissions=frozenset({"reports:case:export"}))
    assert is_within(kept(officer(before)), officer(after))
    assert not is_within(kept(officer(before), NUMBER), officer(after))


def test_a_file_of_unknown_scope_is_for_no_one() -> None:
    assert not is_within(None, officer(*GRANTS))
