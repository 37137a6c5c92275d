"""The core's findings about a running site."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from sqlalchemy import exists, select, tuple_

from civicportal.core.checks import Finding
from civicportal.core.limits import findings as site_limits
from civicportal.core.storage import FileMissing, new_key
from civicportal.domain import ownership
from civicportal.domain.accounts.models import Membership, Role, RolePermission, User
from civicportal.domain.audit.trail import TrailService
from civicportal.domain.automation import findings as automation
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.search_index import SearchIndex
from civicportal.domain.notifications import findings as messages
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.privacy import rotation
from civicportal.domain.webhooks import findings as webhooks
from civicportal.portal.admin import findings as arrangement
from civicportal.portal.backups import records
from civicportal.portal.doctor import machine as doctor_machine
from civicportal.portal.doctor import words as doctor_words
from civicportal.portal.opendata import findings as open_data
from civicportal.portal.seeds import findings as seeds
from civicportal.util.i18n import _

if TYPE_CHECKING:
    from civicportal.core.site import Site
    from civicportal.core.work import Work


MANY_SWEPT = 100
"""Files in quarantine that cause a warning: there are always a few pictures that citizens removed."""
MOST_COUNTED = 100_000


def findings(work: "Work") -> Iterator[Finding]:
    """Yield the problems, each with its remedy."""
    yield from _units(work)
    yield from _categories(work)
    yield from arrangement.findings(work)
    yield from _roles(work)
    yield from _states(work)
    yield from doctor_words.findings(work)
    yield from messages.findings(work)
    yield from webhooks.findings(work)
    yield from automation.findings(work)
    yield from _store(work.site)
    yield from records.findings(work)
    yield from open_data.findings(work)
    yield from _search(work)
    yield from _trail(work)
    yield from rotation.findings(work)
    yield from doctor_machine.findings(work)
    yield from site_limits.findings(work)
    yield from seeds.findings(work)


def _store(site: "Site") -> Iterator[Finding]:
    """Check the store with a test file."""
    foreign = ownership.findings(site)
    yield from foreign
    if foreign:
        return
    yield from _quarantine(site)
    key, content = new_key(), b"whether files are kept"
    try:
        site.storage.put(key, content)
        with site.storage.open(key) as file:
            is_kept = file.read() == content
        is_kept = site.storage.delete(key) and is_kept
        reason = "" if is_kept else "another content came back"
    except (OSError, FileMissing) as error:
        reason = str(error)
    if reason:
        yield Finding(
            level="error",
            place="s3" if site.settings["s3"] else "site.files",
            text=_("pictures cannot be stored: ${reason}", mapping={"reason": reason}),
            remedy=_(
                "check that the storage answers, has free space, and allows reading, writing, listing and deleting"
            ),
        )


def _quarantine(site: "Site") -> Iterator[Finding]:
    try:
        number = sum(1 for _key in islice(site.storage.quarantined(), MOST_COUNTED))
    except OSError:
        # Reported below.
        return
    if number >= MANY_SWEPT:
        yield Finding(
            level="warning",
            place="s3" if site.settings["s3"] else "site.files",
            text=_("${number} files without a row are in quarantine", mapping={"number": number}),
            remedy=_(
                "if rows were lost, restore them before the quarantine ends; then run civicportal files verify --repair"
            ),
        )


def _units(work: "Work") -> Iterator[Finding]:
    key = work.site.fallback_unit
    if work.session.scalar(select(Unit.id).where(Unit.key == key)) is None:
        yield Finding(
            level="error",
            place="site.fallback_unit",
            text=_("there is no unit ${key}", mapping={"key": key}),
            remedy=_("civicportal site load, or name another unit"),
        )


def _categories(work: "Work") -> Iterator[Finding]:
    child = Category.__table__.alias()
    leaves = select(Category).where(
        Category.active, ~exists(select(child.c.id).where(child.c.parent_id == Category.id))
    )
    for category in work.session.scalars(leaves.order_by(Category.id)):
        if category.unit_id is None:
            yield Finding(
                level="warning",
                place=f"category {category.key}",
                text=_("it has no responsible unit; its cases go to the fallback unit"),
                remedy=_("give it a unit"),
            )
        if not category.deadline_days:
            yield Finding(
                level="warning",
                place=f"category {category.key}",
                text=_("it has no deadline"),
                remedy=_("give it days"),
            )


def _roles(work: "Work") -> Iterator[Finding]:
    known = set(work.site.permissions)
    given = set(work.session.scalars(select(RolePermission.permission)))
    owners = {name.partition(":")[0] for name in known}
    for name in sorted(given - known):
        if name.partition(":")[0] in owners:
            yield Finding(
                level="warning",
                place="roles",
                text=_("a role gives ${name}, which does not exist", mapping={"name": name}),
            )
    has_any = select(RolePermission.role_id).where(RolePermission.role_id == Role.id)
    for role in work.session.scalars(select(Role).where(~Role.builtin, ~exists(has_any)).order_by(Role.id)):
        yield Finding(
            level="warning",
            place=f"role {role.key}",
            text=_("the role has no permissions"),
            remedy=_("give it permissions under /admin/roles, or delete it"),
        )
    administrator = (
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .join(Role, Role.id == Membership.role_id)
        .where(Role.builtin, User.disabled_at.is_(None), User.deleted_at.is_(None))
    )
    if work.session.scalar(administrator.limit(1)) is None:
        yield Finding(
            level="error",
            place="members",
            text=_("there is no administrator"),
            remedy="civicportal user add --role administrator",
        )


def _states(work: "Work") -> Iterator[Finding]:
    used = list(_used_states(work))
    kinds = kinds_of(work.site)
    for kind_name in sorted({name for name, _status in used} - kinds.keys()):
        yield Finding(
            level="warning",
            place=f"kind {kind_name}",
            text=_("there are cases, but its plugin is switched off"),
        )
    for kind_name, status in used:
        kind = kinds.get(kind_name)
        if kind and status not in kind.workflow.by_name:
            yield Finding(
                level="error",
                place=f"kind {kind_name}",
                text=_(
                    "there are cases in the state ${status}, which the workflow does not have",
                    mapping={"status": status},
                ),
                remedy=_("keep the state in the workflow and mark it retired"),
            )


def _used_states(work: "Work") -> Iterator[tuple[str, str]]:
    """Yield kinds and statuses of cases from their index."""
    states = select(Case.kind, Case.status).order_by(Case.kind, Case.status).limit(1)
    place = ("", "")
    while row := work.session.execute(states.where(tuple_(Case.kind, Case.status) > tuple_(*place))).first():
        place = (row.kind, row.status)
        yield place


def _search(work: "Work") -> Iterator[Finding]:
    if not SearchIndex(work.site.engines).is_ready(work.session):
        yield Finding(
            level="warning",
            place="search",
            text=_("the search index is not complete: searching is slow"),
            remedy="civicportal search rebuild",
        )


def _trail(work: "Work") -> Iterator[Finding]:
    flawed = work.get(TrailService).flawed()
    if flawed:
        flaws = flawed.data["flaws"]
        assert isinstance(flaws, list)
        yield Finding(
            level="error",
            place="audit",
            text=_(
                "the verification of the audit trail failed: ${seals}", mapping={"seals": ", ".join(flaws)}
            ),
            remedy=_("read the log of the worker, and find out who changes rows outside the portal"),
        )
