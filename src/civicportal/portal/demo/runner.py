"""Generation of demo data: people of the core, then the data of each plugin."""

import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from civicportal.core.plugins import in_order
from civicportal.domain.accounts.models import Deputy, Membership, Role, User
from civicportal.domain.accounts.roles import RoleService
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.accounts.types import IdentityClaim
from civicportal.domain.accounts.verification import VERIFIED, VerificationService
from civicportal.domain.cases.vocabulary import make_vocabulary
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Category, Seed, Unit
from civicportal.portal.demo.jobs import load_jobs
from civicportal.portal.opendata.building import build
from civicportal.portal.seeds.services import SeedService
from civicportal.util.i18n import listed
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work

Progress = Callable[[int, int], None]
"""Function that is called with the finished and the total number of items."""

MARK = "demo"
"""Key of the seed that marks a database with demo data, which production refuses."""
BEGUN = "begun"
"""Digest of that seed until the data is complete: an interrupted run starts over."""
LATELY = timedelta(days=30)
PASSWORD = "golabi-anar-sib-27"  # noqa: S105 - everybody may know it: it opens invented accounts only


def is_begun(site: "Site") -> bool:
    """Return whether the database contains demo data, complete or not."""
    with site.work(write=False) as work:
        return work.session.get(Seed, MARK) is not None


def is_loaded(site: "Site") -> bool:
    """Return whether the database contains complete demo data."""
    with site.work(write=False) as work:
        mark = work.session.get(Seed, MARK)
        return mark is not None and mark.digest != BEGUN


def load(site: "Site", report: Callable[[str, int, int], None]) -> None:
    """Fill an empty, migrated database.

    :param report: called with (part, done, all).
    """
    files = site.data / "demo"
    with site.work() as work:
        work.get(SeedService).load()
        work.session.add(Seed(key=MARK, digest=BEGUN))
    with site.work() as work:
        number = load_people(work, files)
    report("people", number, number)
    for name, implementation in in_order(site.hooks, "load_demo"):
        implementation(site=site, files=files, progress=_named(report, name))
    load_jobs(site, files)
    with site.work() as work:
        _deliver_the_past(work)
    # Done now, not hours later by the worker, so that search suggestions and open data are there in a new demo.
    make_vocabulary(site)
    if site.settings["open_data"]["enabled"]:
        build(site)
    with site.work() as work:
        work.session.get_one(Seed, MARK).digest = ""


def _deliver_the_past(work: "Work") -> None:
    """Mark the notifications of the generated past as delivered at their time."""
    work.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.state == "new", OutboxMessage.next_at <= work.clock.now())
        .values(state="sent", sent_at=OutboxMessage.next_at, attempts=1)
        .execution_options(synchronize_session=False)
    )


def ring(site: "Site") -> int:
    """Queue the latest notification of every citizen again.

    The demo sends it when it starts.

    Demo telephones show only messages sent through worker and provider, and would be empty otherwise.

    :returns: how many there are.
    """
    with site.work() as work:
        now = work.clock.now()
        latest = (
            select(func.max(OutboxMessage.id))
            .where(
                OutboxMessage.state == "sent",
                OutboxMessage.case_id.is_not(None),
                OutboxMessage.sent_at > now - LATELY,
            )
            .group_by(OutboxMessage.recipient)
        )
        ids = list(work.session.scalars(latest))
        again = {"state": "new", "attempts": 0, "sent_at": None, "next_at": now, "created_at": now}
        work.session.execute(update(OutboxMessage).where(OutboxMessage.id.in_(ids)).values(**again))
        return len(ids)


def _named(report: Callable[[str, int, int], None], name: str) -> Progress:
    def progress(done: int, total: int) -> None:
        report(name, done, total)

    return progress


def load_people(work: "Work", files: Path) -> int:
    """Create the people of the demo; return their number."""
    staff = _rows(files / "staff.toml", "staff")
    for person in staff:
        _add_staff(work, person)
    for person in staff:
        if "deputy_of" in person:
            _stand_in(work, person["login"], person["deputy_of"])
    accounts = work.get(AccountService)
    citizens = _rows(files / "citizens.toml", "citizens")
    for person in citizens:
        name = f"{person['first_name']} {person['last_name']}"
        citizen = accounts.citizen_by_mobile(work.site.country.normalize_mobile(person["mobile"]), name=name)
        if person.get("level") == VERIFIED:
            claim = IdentityClaim(
                mobile=citizen.mobile or "",
                national_code=person["national_code"],
                birth_date=person["birth_date"],
            )
            work.get(VerificationService).accept(citizen, claim)
    return len(staff) + len(citizens)


def _add_staff(work: "Work", person: Values) -> None:
    user = work.get(AccountService).create_staff(
        username=person["login"],
        name=f"{person['first_name']} {person['last_name']}",
        mobile=work.site.country.normalize_mobile(person["mobile"]),
        password=PASSWORD,
    )
    for membership in person["memberships"]:
        work.session.add(
            Membership(
                user_id=user.id,
                role_id=_role(work, membership["role"]),
                unit_id=_id(work, Unit, membership.get("unit")),
                category_id=_id(work, Category, membership.get("category")),
            )
        )
    work.session.flush()


def _stand_in(work: "Work", deputy: str, absent: str) -> None:
    """Set a deputy for a person who will be absent next week."""
    first = work.site.calendar.today(work.clock.now()) + timedelta(days=7)
    work.session.add(
        Deputy(
            absent_id=_user_id(work, absent),
            deputy_id=_user_id(work, deputy),
            first_day=first,
            last_day=first + timedelta(days=4),
        )
    )


def _user_id(work: "Work", username: str) -> int:
    return work.session.scalars(select(User.id).where(User.username == username)).one()


def _role(work: "Work", key: str) -> int:
    if key == "administrator":
        return work.get(RoleService).ensure_administrator().id
    return work.session.scalars(select(Role.id).where(Role.key == key)).one()


def _id(work: "Work", model: Any, key: str | None) -> int | None:
    if key is None:
        return None
    return int(work.session.scalars(select(model.id).where(model.key == key)).one())


def _rows(path: Path, name: str) -> list[Values]:
    if not path.is_file():
        return []
    rows: list[Values] = tomllib.loads(path.read_text(encoding="utf-8"))[name]
    return rows


def first_citizen(site: "Site") -> str:
    """Return the mobile of the demo's first citizen in national format.

    It is empty if there is none.
    """
    with site.work(write=False) as work:
        query = select(User.mobile).where(User.username.is_(None), User.mobile.is_not(None)).order_by(User.id)
        mobile = work.session.scalar(query.limit(1))
    return site.country.display_mobile(mobile) if mobile else ""


def logins(site: "Site") -> list[tuple[str, str, str]]:
    """Return (user name, name, roles) of the demo's staff."""
    with site.work(write=False) as work:
        users = work.session.scalars(select(User).where(User.username.is_not(None)).order_by(User.id)).all()
        return [(user.username or "", user.name, listed(_titles(user), site.locale)) for user in users]


def _titles(user: User) -> list[str]:
    return sorted({membership.role.title for membership in user.memberships})
