"""Members of staff of an earlier system.

They get no password and no message: each sets a password by a link, see ``civicportal user reset``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.domain.accounts.memberships import MembershipService
from civicportal.domain.accounts.models import Role, User
from civicportal.domain.accounts.rights import ELSEWHERE, NO_MORE, RightsService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.portal.importing.chunks import Entity
from civicportal.portal.importing.errors import LineProblem, LineRefused
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.reading import LONGEST_NAME, named
from civicportal.portal.importing.sources import SourceRow
from civicportal.portal.importing.staging import Staging
from civicportal.util.errors import Refused
from civicportal.util.i18n import InvalidInput, _
from civicportal.util.persian import key as folded_key

if TYPE_CHECKING:
    from translationstring import TranslationString

    from civicportal.core.work import Work

LONGEST_USERNAME = 60


@dataclass(frozen=True, kw_only=True)
class _Member:
    username: str
    name: str
    mobile: str
    role: Role
    unit: Unit | None


class StaffEntity(Entity):
    """Lines of members of staff, each with a role in a unit or in the whole city."""

    name = "staff"

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        super().__init__(work, mapping, section, staged)
        units = work.get(OrganizationService).units.by_id.values()
        self._units = named((unit, (unit.key, unit.name, unit.short_name)) for unit in units)
        roles = work.session.scalars(select(Role).where(~Role.builtin)).all()
        self._roles = named((role, (role.key, role.title)) for role in roles)
        self._found: list[_Member] = []

    def key_of(self, row: SourceRow) -> str:
        """Return the user name."""
        return self.section.text(row.values, "username").lower()

    def read(self, row: SourceRow) -> Sequence[LineProblem] | None:
        """Convert a row to a member; the administrator role is given by administrators only."""
        texts = {name: self.section.text(row.values, name) for name in ("name", "mobile", "role", "unit")}
        username = self.key_of(row)
        if self.work.get(AccountService).by_username(username) is not None:
            return None
        problems = list[LineProblem]()

        def refuse(reason: "TranslationString", name: str, *, value: str = "…") -> None:
            problems.append(LineProblem(reason=reason, column=self.section.header(name), value=value))

        if not (username.isascii() and username.replace("_", "").replace(".", "").replace("-", "").isalnum()):
            refuse(
                _("A user name has Latin letters and digits."), "username", value=username[:LONGEST_USERNAME]
            )
        if len(username) > LONGEST_USERNAME:
            refuse(_("At most ${count} characters.", mapping={"count": LONGEST_USERNAME}), "username")
        if not texts["name"]:
            refuse(_("The name is missing."), "name", value="")
        mobile = ""
        try:
            mobile = self.work.site.country.normalize_mobile(texts["mobile"])
        except InvalidInput as error:
            refuse(error.reason, "mobile")
        other = self.work.get(AccountService).by_mobile(mobile) if mobile else None
        is_taken = other is not None and bool(other.username or other.disabled_at or other.deleted_at)
        if is_taken or any(one.mobile == mobile for one in self._found):
            refuse(_("Another account has this mobile."), "mobile")
        role = self._roles.get(folded_key(self.section.meaning("role", texts["role"])))
        if role is None:
            refuse(_("The mapping does not say which role this is."), "role", value=texts["role"][:100])
        unit = (
            self._units.get(folded_key(self.section.meaning("unit", texts["unit"])))
            if texts["unit"]
            else None
        )
        if texts["unit"] and unit is None:
            refuse(_("The mapping does not say which unit this is."), "unit", value=texts["unit"][:100])
        if role is not None and not problems:
            unit_id, rights = unit.id if unit else None, self.work.get(RightsService)
            try:
                self.work.get(MembershipService).refuse_unfit(None, role, unit_id, None)
            except Refused as refused:
                refuse(refused.reason, "role", value=texts["role"][:100])
            if not rights.may_give(role, unit_id, None):
                refuse(NO_MORE, "role", value=texts["role"][:100])
            elif not rights.manages_within(unit_id):
                refuse(ELSEWHERE, "unit", value=texts["unit"][:100])
        if problems or role is None:
            raise LineRefused(*problems)
        name = texts["name"][:LONGEST_NAME]
        self._found.append(_Member(username=username, name=name, mobile=mobile, role=role, unit=unit))
        return ()

    def write(self) -> Sequence[tuple[int, int | None]]:
        """Create the accounts."""
        return [(self._made(one).id, None) for one in self._found]

    def _made(self, one: _Member) -> User:
        user = self.work.get(AccountService).create_staff(
            username=one.username, name=one.name, mobile=one.mobile, password=None
        )
        self.work.get(MembershipService).give(user, one.role, unit=one.unit)
        return user
