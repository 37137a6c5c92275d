"""An even distribution of the cases that no one holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.core.work import Service
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.inbox import InboxQuery
from civicportal.domain.kartable.team import Officer, TeamInbox, TeamService
from civicportal.web.schema import Option

if TYPE_CHECKING:
    from civicportal.core.work import Work


@dataclass(frozen=True, kw_only=True)
class Share:
    """The cases that an officer would get.

    :ivar now: number of their open cases.
    :ivar codes: codes of the cases, nearest deadline first.
    """

    officer: Officer
    now: int
    codes: tuple[str, ...]

    @property
    def then(self) -> int:
        """Return the number of their open cases afterwards."""
        return self.now + len(self.codes)


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A distribution of the untaken cases of the units.

    :ivar left: number of cases for which no officer is present.
    """

    shares: tuple[Share, ...]
    left: int

    @property
    def total(self) -> int:
        """Return the number of distributed cases."""
        return sum(len(share.codes) for share in self.shares)


class BalanceService(Service):
    """Suggest a distribution of the untaken cases of the led units among their officers."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.custody = work.get(CustodyService)

    def suggestion(self, most: int) -> Suggestion:
        """Distribute the cases with the nearest deadlines, each to the officer of its unit with the fewest cases.

        Only officers count who are present and may work on cases of its kind; the head of a unit only if there is no
        one else.

        :param most: maximum number of cases.
        """
        present = {
            row.officer.user_id: row
            for row in self.work.get(TeamService).rows()
            if row.officer and row.officer.units and not row.away
        }
        loads = {user_id: row.load.all for user_id, row in present.items()}
        given: dict[int, list[str]] = {user_id: [] for user_id in present}
        left = 0
        inbox = self.work.get(TeamInbox)
        query = inbox.query("all", InboxQuery(holder=Option.NONE), Case.code, Case.kind, Referral.to_unit_id)
        for code, kind, unit_id in self.session.execute(query.order_by(Case.deadline, Case.id).limit(most)):
            of_unit = [
                user_id
                for user_id, row in present.items()
                if row.officer and unit_id in row.officer.units and user_id in self.custody.able(kind)
            ]
            heads = self.custody.heads(unit_id)
            candidates = [user_id for user_id in of_unit if user_id not in heads] or of_unit
            if not candidates:
                left += 1
                continue
            chosen = min(candidates, key=lambda user_id: loads[user_id])
            loads[chosen] += 1
            given[chosen].append(code)
        shares = (
            Share(officer=row.officer, now=row.load.all, codes=tuple(given[user_id]))
            for user_id, row in present.items()
            if row.officer
        )
        return Suggestion(shares=tuple(shares), left=left)
