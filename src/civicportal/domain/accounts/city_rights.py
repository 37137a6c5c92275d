"""Migration of city-wide rights to separate memberships.

Formerly such a right applied to the whole city, whatever its membership. Now a membership with a unit or a category
does not give it. So that people keep the rights they need for their work at an upgrade, those who held rights of a
service this way get them through a separate role without unit and category. Rights over the portal itself (members,
roles, units, settings, …) are not carried over: there the unit was meant as a limit. ``civicportal check`` lists who
held them.
"""

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from civicportal.domain.accounts.models import Membership, Role, RolePermission, User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.audit.services import AuditService
from civicportal.domain.organization.models import Seed
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

DONE = "city-rights"
"""Key of the seed that records that this was done."""
HARMLESS = "core:text:manage"
"""The only right of the core that gives no power over people or the portal."""


def separate_city_rights(site: "Site") -> int:
    """Grant city-wide rights through separate memberships; done once per database.

    :returns: how many people got such a membership.
    """
    with site.work() as work:
        # If two upgrades run at once, the second waits for the row of the first and does nothing.
        mark = site.engines.insert(Seed.__table__).values(key=DONE, digest="")
        made = work.session.scalar(mark.on_conflict_do_nothing().returning(Seed.key))
        return 0 if made is None else _separate(work)


def limited_memberships(work: "Work") -> list[tuple[Membership, list[str]]]:
    """Return limited memberships with the rights they do not give."""
    rights = work.get(RightsService)
    query = (
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            or_(Membership.unit_id.is_not(None), Membership.category_id.is_not(None)),
            User.deleted_at.is_(None),
        )
        .order_by(Membership.id)
    )
    found = (
        (row, rights.unlimited_rights(row.role, row.unit_id, row.category_id))
        for row in work.session.scalars(query)
    )
    return [(row, names) for row, names in found if names]


def _separate(work: "Work") -> int:
    needed: defaultdict[int, set[str]] = defaultdict(set)
    sources: dict[int, Role] = {}
    for row, names in limited_memberships(work):
        of_services = {name for name in names if not name.startswith("core:") or name == HARMLESS}
        if of_services:
            needed[row.user_id] |= of_services
            sources.setdefault(row.user_id, row.role)
    made: dict[frozenset[str], Role] = {}
    for user_id, carried in needed.items():
        user, key = work.session.get_one(User, user_id), frozenset(carried)
        if key not in made:
            made[key] = _role(work, sources[user_id], carried)
        role = made[key]
        work.session.add(Membership(user=user, role=role))
        work.get(AuditService).record(
            "role:give", subject_id=user.id, role=role.key, unit=None, category=None
        )
    work.session.flush()
    return len(needed)


def _role(work: "Work", source: Role, names: set[str]) -> Role:
    # With the key of an existing role the membership would give the rights of that role.
    taken = set(work.session.scalars(select(Role.key)))
    key = next(key for number in count(1) if (key := f"city-{number}") not in taken)
    title = _("${role}: whole city", mapping={"role": source.title})
    role = Role(
        key=key,
        title=work.site.localizer().translate(title)[:120],
        permissions=[RolePermission(permission=name) for name in sorted(names)],
    )
    work.session.add(role)
    work.session.flush()
    return role
