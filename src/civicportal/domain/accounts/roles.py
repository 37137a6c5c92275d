"""Roles: named sets of rights, editable in the browser."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from translationstring import TranslationString

from civicportal.core.db import fetch_row
from civicportal.core.security import Permission
from civicportal.core.work import Service
from civicportal.domain.accounts.factors import ADMINISTRATOR
from civicportal.domain.accounts.models import Membership, Role, RolePermission, User
from civicportal.domain.accounts.rights import RightsService
from civicportal.domain.audit.services import AuditService
from civicportal.util.errors import Conflict, Forbidden, Refused
from civicportal.util.i18n import _
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site

OWN_TITLE = _("The portal itself")


class UnlimitedRights(Refused):
    """A role with a city-wide right would be limited to a unit or a category."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rights of the core or of one service."""

    name: str
    title: TranslationString
    permissions: Sequence[Permission]


class RoleService(Service):
    """Create, change and delete roles."""

    # --- reading

    def all(self) -> Sequence[Role]:
        """Return every role, the administrator's first."""
        return self.session.scalars(select(Role).order_by(Role.builtin.desc(), Role.id)).all()

    def fetch(self, role_id: int, *, lock: bool = False) -> Role:
        """Return a role.

        :param lock: lock it for update (``FOR UPDATE``).
        :raises NotFound: when there is none.
        """
        return fetch_row(self.session, Role, role_id, lock=lock)

    def by_key(self, key: str) -> Role | None:
        """Return the role with a key, or None."""
        return self.session.scalar(select(Role).where(Role.key == key))

    def holders(self) -> dict[int, int]:
        """Return the number of holders by role id, without deleted people."""
        query = (
            select(Membership.role_id, func.count(Membership.user_id.distinct()))
            .join(User, User.id == Membership.user_id)
            .where(User.deleted_at.is_(None))
            .group_by(Membership.role_id)
        )
        return dict(self.session.execute(query).all())

    def groups(self) -> list[Group]:
        """Return all rights, the services' in their order, the core's last."""
        known: dict[str, list[Permission]] = {}
        for permission in self.work.site.permissions.values():
            known.setdefault(permission.name.partition(":")[0], []).append(permission)
        own = known.pop("core")
        services = [Group(name=name, title=self._title(name), permissions=known[name]) for name in known]
        return [*services, Group(name="core", title=OWN_TITLE, permissions=own)]

    def orphans(self) -> set[str]:
        """Return the rights that only the administrator role has."""
        return set(self.work.site.permissions) - set(self.session.scalars(select(RolePermission.permission)))

    def names(self, role: Role) -> set[str]:
        """Return the rights of a role that exist in this portal."""
        return {right.permission for right in role.permissions} & set(self.work.site.permissions)

    def asleep(self, role: Role) -> set[str]:
        """Return a role's rights of disabled plugins.

        They apply again with the plugin.
        """
        return {right.permission for right in role.permissions} - set(self.work.site.permissions)

    @staticmethod
    def seen(role: Role) -> str:
        """Return a digest of a role, to detect stale forms."""
        state = "\n".join([role.title, *sorted(right.permission for right in role.permissions)])
        return hashlib.sha256(state.encode()).hexdigest()[:16]

    # --- changing

    def ensure_administrator(self) -> Role:
        """Return the built-in administrator role, created if missing."""
        site = self.work.site
        role = self.session.scalar(select(Role).where(Role.key == ADMINISTRATOR))
        if role is None:
            role = Role(key=ADMINISTRATOR, title=_in(site, site.locale), builtin=True, permissions=[])
            self.session.add(role)
        # No one edits it, so a language that the site adds later is filled in here too.
        further = [code for code in site.languages if code != site.locale]
        role.translations = {code: {"title": _in(site, code)} for code in further}
        self.session.flush()
        return role

    def create(self, title: str, *, like: Role | None = None) -> Role:
        """Create a role, optionally with the rights of another.

        :raises Forbidden: when the other has a right that the actor does not have.
        :raises Refused: when the title is taken, or the other is the built-in one.
        """
        self._refuse_title(title)
        if like is not None and like.builtin:
            raise Refused(_("The role that holds every right is not copied."))
        names = self.names(like) if like else set()
        self._require_held(names)
        role = Role(key=f"role-{secrets.token_hex(4)}", title=title, permissions=_rows(names))
        self.session.add(role)
        self.session.flush()
        self._record("role:create", role, added=sorted(names))
        return role

    def change(
        self,
        role: Role,
        *,
        title: str,
        permissions: Iterable[str],
        translations: Mapping[str, Values] | None = None,
        seen: str | None = None,
    ) -> None:
        """Change the titles and the rights of a role.

        Rights of disabled plugins stay.

        :param translations: its titles in other languages, as in the column; those of languages without one here stay.
        :param seen: state shown in the form, see :meth:`seen`; None when the caller has just read it.
        :raises Conflict: when the role was changed since.
        :raises Forbidden: when the actor adds a right that they do not have in the whole city.
        :raises Refused: for the built-in role, or a title that another role has.
        :raises UnlimitedRights: when the role is held in a unit or category, which cannot limit an added right.
        """
        if seen is not None and seen != self.seen(role):
            raise Conflict(f"role {role.id} was changed")
        self._refuse_builtin(role)
        if title != role.title:
            self._refuse_title(title)
        before, wanted = self.names(role), set(permissions)
        self._require_held(wanted - before)
        self._refuse_unlimited(role, wanted - before)
        kept = {right.permission: right for right in role.permissions}
        stay = wanted | self.asleep(role)
        role.title = title
        role.translations = {**role.translations, **(translations or {})}
        role.permissions = [kept.get(name) or RolePermission(permission=name) for name in sorted(stay)]
        self.session.flush()
        self._record("role:change", role, added=sorted(wanted - before), removed=sorted(before - wanted))

    def delete(self, role: Role) -> None:
        """Delete a role and its memberships.

        :raises Refused: for the built-in role.
        """
        self._refuse_builtin(role)
        self._record("role:delete", role, holders=self.holders().get(role.id, 0))
        self.session.delete(role)
        self.session.flush()

    # --- inside

    def _title(self, name: str) -> TranslationString:
        title = self.work.site.kind_titles.get(name)
        # A plugin without cases is shown by its name, which its catalogue translates.
        return title or _(name.replace("_", " ").capitalize())

    def _require_held(self, names: Iterable[str]) -> None:
        rights = self.work.get(RightsService)
        missing = sorted(name for name in names if not rights.holds_everywhere(name))
        if missing:
            raise Forbidden(f"rights that the giver has not: {', '.join(missing)}")

    def _refuse_unlimited(self, role: Role, added: set[str]) -> None:
        site = self.work.site
        held = select(Membership.id).where(Membership.role_id == role.id)
        limited = {
            Membership.unit_id.is_not(None) | Membership.category_id.is_not(None): site.rights_of_city,
            Membership.category_id.is_not(None): site.rights_of_units,
        }
        for condition, names in limited.items():
            wrong = added & names
            if wrong and self.session.scalar(held.where(condition).limit(1)) is not None:
                rights = self.work.get(RightsService).titles(sorted(wrong))
                raise UnlimitedRights(
                    _(
                        "This role is granted in a unit or a category, which cannot limit: ${rights}. Put these rights into a separate role.",
                        mapping={"rights": rights},
                    )
                )

    def _refuse_title(self, title: str) -> None:
        if self.session.scalar(select(Role.id).where(Role.title == title)) is not None:
            raise Refused(_("There is a role of this name already."))

    @staticmethod
    def _refuse_builtin(role: Role) -> None:
        if role.builtin:
            raise Refused(_("This role holds every right and cannot be changed."))

    def _record(self, action: str, role: Role, **data: object) -> None:
        self.work.get(AuditService).record(
            action, role=role.key, title=role.title, subject_id=None, case_id=None, **data
        )


def _in(site: "Site", locale: str) -> str:
    return str(site.localizer(locale).translate(_("System administrator")))


def _rows(names: Iterable[str]) -> list[RolePermission]:
    return [RolePermission(permission=name) for name in sorted(names)]
