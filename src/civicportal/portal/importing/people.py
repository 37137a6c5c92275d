"""Citizens of an earlier system."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.work import Service
from civicportal.domain.accounts.models import User
from civicportal.portal.importing.chunks import Entity
from civicportal.portal.importing.errors import LineProblem, LineRefused
from civicportal.portal.importing.mapping import ImportMapping, ImportSection
from civicportal.portal.importing.reading import LONGEST_NAME
from civicportal.portal.importing.sources import SourceRow
from civicportal.portal.importing.staging import Staging
from civicportal.util.i18n import InvalidInput
from civicportal.util.persian import folded

if TYPE_CHECKING:
    from civicportal.core.work import Work


class CitizenImportService(Service):
    """Find or create citizens by their mobiles, many at once."""

    def find(self, names: Mapping[str, str]) -> tuple[dict[str, User], list[User]]:
        """Return citizens by mobile, and those of them who are new.

        Like an officer, the earlier system vouches for the number. The name is that of a new person, or of one
        without a name.

        :param names: by mobile (E.164).
        """
        wanted = select(User).where(User.mobile.in_(names))
        before = {user.mobile or "": user for user in self.session.scalars(wanted)}
        missing = sorted(set(names).difference(before))
        if missing:
            now = self.work.clock.now()
            rows = [
                {
                    "mobile": one,
                    "level": 1,
                    "created_at": now,
                    "name": names[one],
                    "search_name": folded(names[one]),
                }
                for one in missing
            ]
            # A concurrent transaction may create the same person.
            statement = self.work.site.engines.insert(User).on_conflict_do_nothing(index_elements=["mobile"])
            self.session.execute(statement, rows)
        found = {user.mobile or "": user for user in self.session.scalars(wanted)} if missing else before
        for mobile, user in before.items():
            if not user.name and names[mobile] and not user.disabled_at and not user.deleted_at:
                user.name = names[mobile]
        self.session.flush()
        return found, [found[one] for one in missing]


def key_of_mobile(work: "Work", mobile: str) -> str:
    """Return the key of a person: the number itself is not stored."""
    return work.site.keys.mac("import person", mobile).hex()


class PeopleEntity(Entity):
    """Lines of people."""

    name = "people"

    def __init__(self, work: "Work", mapping: ImportMapping, section: ImportSection, staged: Staging) -> None:
        super().__init__(work, mapping, section, staged)
        self._found: list[tuple[str, str]] = []

    def key_of(self, row: SourceRow) -> str:
        """Return the keyed hash of the mobile; of the text, if it is no mobile."""
        text = self.section.text(row.values, "mobile")
        try:
            return key_of_mobile(self.work, self.work.site.country.normalize_mobile(text))
        except InvalidInput:
            return key_of_mobile(self.work, text) if text else ""

    def read(self, row: SourceRow) -> Sequence[LineProblem]:
        """Convert a row to mobile and name."""
        text = self.section.text(row.values, "mobile")
        try:
            mobile = self.work.site.country.normalize_mobile(text)
        except InvalidInput as error:
            column = self.section.header("mobile")
            raise LineRefused(LineProblem(reason=error.reason, column=column, value="…")) from None
        self._found.append((mobile, self.section.text(row.values, "name")[:LONGEST_NAME]))
        return ()

    def write(self) -> Sequence[tuple[int, int | None]]:
        """Find or create the people."""
        users, _new = self.work.get(CitizenImportService).find(dict(self._found))
        return [(users[mobile].id, None) for mobile, _name in self._found]


def new_people(work: "Work", users: Iterable[User]) -> list[tuple[str, int]]:
    """Return key and id of created people."""
    return [(key_of_mobile(work, user.mobile or ""), user.id) for user in users]
