"""One split case of the demo."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.kartable.jobs import JobService, NewJob
from civicportal.domain.organization.models import Category
from civicportal.domain.organization.services import OrganizationService
from civicportal.util.values import Values

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work


def load_jobs(site: "Site", files: Path) -> None:
    """Split an open case as ``jobs.toml`` says; nothing without it, or without such a case.

    Jobs with a ``result`` are done.
    """
    source = files / "jobs.toml"
    if not source.is_file():
        return
    data = tomllib.loads(source.read_text(encoding="utf-8"))
    with site.work() as work:
        case = _case(work, data)
        if case is None:
            return
        code, rows = case.code, data["jobs"]
        _split(work, case, data)
    for row in rows:
        if "result" in row:
            with site.work() as work:
                _finish(work, work.session.scalars(select(Case).where(Case.code == code)).one(), row)


def _case(work: "Work", data: Values) -> Case | None:
    """Return the latest open case of a topic that lies in the topic's unit with a person who may split it."""
    topic = select(Category.id).where(Category.key == data["category"]).scalar_subquery()
    query = select(Case).where(Case.kind == data["kind"], Case.category_id == topic, Case.closed_at.is_(None))
    for case in work.session.scalars(query.order_by(Case.id.desc())):
        if work.get(OrganizationService).unit(data["unit"]).id == case.unit_id and _splitter(work, case):
            return case
    return None


def _split(work: "Work", case: Case, data: Values) -> None:
    person = _splitter(work, case)
    assert person is not None
    today = work.site.calendar.today(work.clock.now())
    unit = work.get(OrganizationService).unit
    jobs = [
        NewJob(
            unit_id=unit(row["unit"]).id,
            task=row["task"],
            due_on=today + timedelta(days=row["days"]) if "days" in row else None,
        )
        for row in data["jobs"]
    ]
    with work.acting_as(person):
        work.get(JobService).split(case, jobs, answer=data["answer"])


def _finish(work: "Work", case: Case, row: Values) -> None:
    unit = work.get(OrganizationService).unit(row["unit"])
    job = next(one for one in work.get(AccessService).open_jobs(case) if one.to_unit_id == unit.id)
    for person in _staff(work):
        with work.acting_as(person):
            if not person.permits("core:role:manage") and work.get(AccessService).may_do(case, job):
                work.get(JobService).finish(case, job.id, text=row["result"])
                return


def _splitter(work: "Work", case: Case) -> Identity | None:
    """Return an officer of the unit who may split a case."""
    for person in _staff(work):
        with work.acting_as(person):
            if not person.permits("core:role:manage") and work.get(JobService).may_split(case):
                return person
    return None


def _staff(work: "Work") -> list[Identity]:
    users = work.session.scalars(select(User).where(User.username.is_not(None)).order_by(User.id)).all()
    return [identity_of(work, user, "staff") for user in users]
