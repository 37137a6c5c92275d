"""Other servers, the rules of what they get, and what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy import case as when
from sqlalchemy.orm import Session

from civicportal.api.cases import Case, CaseChange, CaseEvent, Workflow
from civicportal.api.database import Service
from civicportal.api.forms import Values
from civicportal.api.lists import Rows
from civicportal.api.organization import OrganizationService
from civicportal.api.people import AuditService
from civicportal.api.plugins import Conflict, NotFound
from civicportal_reports.i18n import _
from civicportal_reports.open311.services import SOURCE
from civicportal_reports.open311_client.models import (
    RemoteDelivery,
    RemoteHealth,
    RemoteRule,
    RemoteServer,
)
from civicportal_reports.open311_client.remote import LostKey, RemoteAddress

MANAGE = "reports:remote:manage"
MOST_SERVERS = 20
MOST_RULES = 200
PATIENCE = timedelta(days=7)
"""How long a delivery is tried: a holiday of those who run the server must not lose it."""
PAGE = 50
"""Deliveries of one page."""
QUEUING = ("opened", "referred", "returned", "corrected", "undone")
"""Types of changes by which a case comes to a category or a unit."""
STATES = {
    "new": _("Waiting"),
    "leased": _("Being sent"),
    "sent": _("Delivered"),
    "unclear": _("Unclear whether it arrived"),
    "dead": _("Failed"),
}
STAGES = {"new": "registered", "leased": "in_progress", "sent": "done", "unclear": "late", "dead": "late"}
"""Looks of the states."""
CONFLICTS = {
    "closed_there": _("Closed there, open here"),
    "open_there": _("Open there, closed here"),
    "missing": _("Unknown there now"),
}
ACTIONS = {
    "remote:add": _("Added an Open311 server"),
    "remote:again": _("Delivered reports to an Open311 server again"),
    "remote:arrived": _("Noted the number of a report on an Open311 server"),
    "remote:change": _("Changed an Open311 server"),
    "remote:delete": _("Deleted an Open311 server"),
    "remote:rule": _("Changed what an Open311 server gets"),
    "remote:switch": _("Switched an Open311 server on or off"),
}
ADVICE = {
    "closed_there": _("See what was done, then close the case or ask the organisation."),
    "open_there": _(
        "Tell the organisation, for instance by telephone, that it is done or not wanted any more."
    ),
    "missing": _("Ask the organisation what became of it."),
}
"""What a person does about a conflict."""
_IS_OPEN = Case.stage.in_(Workflow.OPEN_STAGES)
_CONFLICT = when(
    (RemoteDelivery.missing_at.is_not(None), "missing"),
    (and_(RemoteDelivery.remote_status == "closed", _IS_OPEN), "closed_there"),
    (and_(RemoteDelivery.remote_status == "open", ~_IS_OPEN), "open_there"),
    else_="",
)


def conflict_of(delivery: RemoteDelivery, case: Case) -> str:
    """Return in what our case and the request there differ, a key of ``CONFLICTS``; empty if in nothing."""
    if delivery.missing_at is not None:
        return "missing"
    if case.is_open:
        return "closed_there" if delivery.remote_status == "closed" else ""
    return "open_there" if delivery.remote_status == "open" else ""


@dataclass(frozen=True, kw_only=True)
class RemoteSummary:
    """How a server is doing.

    :ivar counts: deliveries by state, and those in conflict by its kind.
    :ivar gone: service codes of rules that the server does not list any more.
    """

    health: RemoteHealth | None
    counts: Mapping[str, int]
    gone: Sequence[str]

    @property
    def waiting(self) -> int:
        """Return the number of deliveries that are still to be sent."""
        return self.counts.get("new", 0) + self.counts.get("leased", 0)

    @property
    def is_failing(self) -> bool:
        """Return whether the last exchange failed."""
        return self.health is not None and self.health.failures > 0


@dataclass(frozen=True, kw_only=True)
class DeliveryPage:
    """A page of deliveries with their cases, latest first.

    :ivar older: the id before which the next page begins; None on the last.
    """

    rows: Sequence[tuple[RemoteDelivery, Case]]
    older: int | None


class RemoteService(Service):
    """Administer other servers, and queue cases and updates for them."""

    # -- queuing --------------------------------------------------------------------------------------------

    def case_changed(self, change: CaseChange) -> None:
        """Queue a case that has come to a category or a unit for the servers that get it.

        What a program has sent by Open311 is not passed on, or two servers could send each other the same report for
        ever. What citizens have sent with a program of their own is.
        """
        case = change.case
        if change.type not in QUEUING or not case.is_open:
            return
        rules = self.work.reference("reports_remote_rules", _read_rules)
        server_ids = {rule.server_id for rule in rules if self._fits(rule, case)}
        if not server_ids or self._is_of_program(case):
            return
        now = self.work.clock.now()
        rows = [
            {
                "server_id": server_id,
                "case_id": case.id,
                "state": "new",
                "attempts": 0,
                "created_at": now,
                "next_at": now,
                "expires_at": now + PATIENCE,
                "last_error": "",
                "service_code": "",
                "remote_id": "",
                "token": "",
                "remote_status": "",
                "remote_notes": "",
            }
            for server_id in sorted(server_ids)
        ]
        statement = self.work.site.engines.insert(RemoteDelivery).values(rows)
        self.session.execute(statement.on_conflict_do_nothing(index_elements=["case_id", "server_id"]))

    def _is_of_program(self, case: Case) -> bool:
        """Return whether another server or a program has sent a case for a person."""
        if case.source != SOURCE:
            return False
        opened = select(CaseEvent.actor_id).where(CaseEvent.case_id == case.id, CaseEvent.type == "opened")
        sender = self.session.scalar(opened.order_by(CaseEvent.id).limit(1))
        return sender is None or sender != case.citizen_id

    def rule_for(self, server_id: int, case: Case) -> RemoteRule | None:
        """Return the rule by which a server gets a case: that of the closest category, then of the closest unit."""
        organization = self.work.get(OrganizationService)
        found = [rule for rule in self.rules(server_id) if self._fits(rule, case)]

        def closeness(rule: RemoteRule) -> tuple[int, int, int]:
            categories, units = organization.categories, organization.units
            return (
                len(categories.subtree(rule.category_id)) if rule.category_id else 10**9,
                len(units.subtree(rule.unit_id)) if rule.unit_id else 10**9,
                rule.id,
            )

        return min(found, key=closeness, default=None)

    def _fits(self, rule: RemoteRule, case: Case) -> bool:
        organization = self.work.get(OrganizationService)
        if rule.category_id and case.category_id not in organization.categories.subtree(rule.category_id):
            return False
        if rule.unit_id and case.unit_id not in organization.units.subtree(rule.unit_id):
            return False
        return bool(rule.category_id or rule.unit_id)

    # -- servers --------------------------------------------------------------------------------------------

    def servers(self) -> Sequence[RemoteServer]:
        """Return all servers, in the order in which they were added."""
        return self.session.scalars(select(RemoteServer).order_by(RemoteServer.id)).all()

    def fetch(self, server_id: int, *, lock: bool = False) -> RemoteServer:
        """Return a server.

        :raises NotFound: when there is none.
        """
        server = self.session.get(
            RemoteServer, server_id, with_for_update={"key_share": True} if lock else None
        )
        if server is None:
            raise NotFound("no such server")
        return server

    def address_of(self, server: RemoteServer) -> RemoteAddress:
        """Return where a server is, with the key in plain text, for a call outside the transaction.

        :raises LostKey: when the key cannot be decrypted.
        """
        try:
            key = self.work.site.keys.decrypt(server.api_key) if server.api_key else ""
        except ValueError as error:
            raise LostKey from error
        return RemoteAddress(
            address=server.address, jurisdiction=server.jurisdiction, api_key=key, form=server.form
        )

    def add(self, values: Values, api_key: str) -> RemoteServer:
        """Add a server.

        :raises Conflict: when there are too many.
        """
        if len(self.servers()) >= MOST_SERVERS:
            raise Conflict("too many servers")
        server = RemoteServer(**values, created_at=self.work.clock.now(), active=True, services=[])
        server.api_key = self.work.site.keys.encrypt(api_key) if api_key else None
        self.session.add(server)
        self.session.flush()
        self.record("add", server)
        return server

    def change(self, server: RemoteServer, values: Values, api_key: str | None) -> None:
        """Change a server. What waits goes to the new address.

        :param api_key: None leaves the present one.
        """
        for name, value in values.items():
            setattr(server, name, value)
        if api_key is not None:
            server.api_key = self.work.site.keys.encrypt(api_key) if api_key else None
        self.forget_failures(server.id)
        self.record("change", server, "key" if api_key is not None else "")

    def switch(self, server: RemoteServer, active: bool) -> None:
        """Switch deliveries and fetching on or off; what waits stays."""
        if server.active != active:
            server.active = active
            self.forget_failures(server.id)
            self.record("switch", server, active)

    def switch_all_off(self) -> int:
        """Switch all servers off, and return how many were on."""
        on = [server for server in self.servers() if server.active]
        for server in on:
            self.switch(server, active=False)
        return len(on)

    def delete(self, server: RemoteServer) -> None:
        """Delete a server with its rules and deliveries."""
        self.record("delete", server)
        self.session.execute(delete(RemoteServer).where(RemoteServer.id == server.id))

    def keep_services(self, server: RemoteServer, services: list[Values]) -> None:
        """Store the services that a server has named."""
        if server.services != services:
            server.services = services
        server.services_at = self.work.clock.now()

    # -- rules ----------------------------------------------------------------------------------------------

    def rules(self, server_id: int) -> Sequence[RemoteRule]:
        """Return the rules of a server, in the order in which they were made."""
        query = select(RemoteRule).where(RemoteRule.server_id == server_id).order_by(RemoteRule.id)
        return self.session.scalars(query).all()

    def rule(self, server: RemoteServer, rule_id: int) -> RemoteRule:
        """Return a rule of a server.

        :raises NotFound: when there is none.
        """
        rule = self.session.get(RemoteRule, rule_id)
        if rule is None or rule.server_id != server.id:
            raise NotFound("no such rule")
        return rule

    def save_rule(self, server: RemoteServer, rule: RemoteRule | None, values: Values) -> RemoteRule:
        """Add or change a rule.

        :raises Conflict: when there are too many, or one for the same category and unit.
        """
        others = [one for one in self.rules(server.id) if rule is None or one.id != rule.id]
        place = (values["category_id"], values["unit_id"])
        if len(others) >= MOST_RULES or any((one.category_id, one.unit_id) == place for one in others):
            raise Conflict("there is such a rule")
        if rule is None:
            rule = RemoteRule(server_id=server.id, definition=[], attributes={})
            self.session.add(rule)
        for name, value in values.items():
            setattr(rule, name, value)
        self.session.flush()
        self.record("rule", server, rule.service_code)
        return rule

    def delete_rule(self, server: RemoteServer, rule: RemoteRule) -> None:
        """Delete a rule. What waits for it fails when it is to be sent."""
        self.session.delete(rule)
        self.record("rule", server, "")

    @staticmethod
    def missing(rule: RemoteRule) -> list[str]:
        """Return the titles of required attributes for which the rule has neither a question nor a value."""
        return [
            str(attribute["title"])
            for attribute in rule.definition
            if attribute["required"] and not any(rule.attributes.get(str(attribute["code"]), {}).values())
        ]

    @staticmethod
    def gone(server: RemoteServer, rules: Iterable[RemoteRule]) -> list[str]:
        """Return the service codes of rules that the server did not list when it was asked last."""
        if server.services_at is None:
            return []
        listed = {service["code"] for service in server.services}
        return sorted({rule.service_code for rule in rules} - listed)

    # -- deliveries -----------------------------------------------------------------------------------------

    def summaries(self, servers: Sequence[RemoteServer]) -> dict[int, RemoteSummary]:
        """Return how servers are doing, by id."""
        ids = [server.id for server in servers]
        health = {
            row.server_id: row
            for row in self.session.scalars(select(RemoteHealth).where(RemoteHealth.server_id.in_(ids)))
        }
        query = (
            select(RemoteDelivery.server_id, RemoteDelivery.state, _CONFLICT.label("conflict"), func.count())
            .join(Case, Case.id == RemoteDelivery.case_id)
            .where(RemoteDelivery.server_id.in_(ids))
            .group_by(RemoteDelivery.server_id, RemoteDelivery.state, _CONFLICT)
        )
        counts: dict[int, dict[str, int]] = {one: {} for one in ids}
        for server_id, state, conflict, number in self.session.execute(query):
            for name in filter(None, (state, conflict)):
                counts[server_id][name] = counts[server_id].get(name, 0) + number
        rules: dict[int, list[RemoteRule]] = {one: [] for one in ids}
        for rule in self.session.scalars(select(RemoteRule).where(RemoteRule.server_id.in_(ids))):
            rules[rule.server_id].append(rule)
        return {
            server.id: RemoteSummary(
                health=health.get(server.id),
                counts=counts[server.id],
                gone=self.gone(server, rules[server.id]),
            )
            for server in servers
        }

    def deliveries(self, server: RemoteServer, wanted: str = "", before: int | None = None) -> DeliveryPage:
        """Return one page of the deliveries of a server.

        :param wanted: a state or a conflict; empty for all.
        :param before: id of the last one of the page before.
        """
        query = self._rows().where(RemoteDelivery.server_id == server.id)
        if wanted in CONFLICTS:
            query = query.where(_CONFLICT.in_((wanted,)))
        elif wanted:
            query = query.where(RemoteDelivery.state == wanted)
        if before is not None:
            query = query.where(RemoteDelivery.id < before)
        found = self.session.execute(query.order_by(RemoteDelivery.id.desc()).limit(PAGE + 1)).all()
        rows = [(delivery, case) for delivery, case in found[:PAGE]]
        return DeliveryPage(rows=rows, older=rows[-1][0].id if len(found) > PAGE else None)

    def is_used(self) -> bool:
        """Return whether there are servers at all, without a statement of its own."""
        return self.work.reference("reports_remote_is_used", _is_used)

    def of_case(self, case: Case) -> Sequence[tuple[RemoteDelivery, RemoteServer]]:
        """Return the deliveries of a case with their servers."""
        query = (
            select(RemoteDelivery, RemoteServer)
            .join(RemoteServer, RemoteServer.id == RemoteDelivery.server_id)
            .where(RemoteDelivery.case_id == case.id)
            .order_by(RemoteDelivery.id)
        )
        return [(delivery, server) for delivery, server in self.session.execute(query)]

    def delivery(self, server: RemoteServer, delivery_id: int) -> tuple[RemoteDelivery, Case]:
        """Return a delivery of a server and its case, locked.

        :raises NotFound: when there is none.
        """
        query = self._rows().where(RemoteDelivery.id == delivery_id, RemoteDelivery.server_id == server.id)
        row = self.session.execute(query.with_for_update(of=RemoteDelivery)).one_or_none()
        if row is None:
            raise NotFound("no such delivery")
        return row[0], row[1]

    def deliver_again(self, server: RemoteServer, delivery: RemoteDelivery | None = None) -> int:
        """Try failed deliveries again, and return how many.

        :param delivery: only this one, which may also be one of which it is unclear whether it arrived: the person who
            calls has made sure that it did not.
        """
        which: list[ColumnElement[bool]] = [RemoteDelivery.server_id == server.id]
        if delivery is None:
            which.append(RemoteDelivery.state == "dead")
        else:
            which += [RemoteDelivery.id == delivery.id, RemoteDelivery.state.in_(("dead", "unclear"))]
        now = self.work.clock.now()
        changed = self.session.scalars(
            update(RemoteDelivery)
            .where(*which)
            .values(
                state="new",
                attempts=0,
                next_at=now,
                expires_at=now + PATIENCE,
                doubtful_at=None,
                last_error="",
            )
            .returning(RemoteDelivery.id)
            .execution_options(synchronize_session="fetch")
        ).all()
        if changed:
            self.forget_failures(server.id)
            self.record("again", server, len(changed))
        return len(changed)

    def note_arrived(self, server: RemoteServer, delivery: RemoteDelivery, remote_id: str) -> None:
        """Store under which number an unclear delivery has arrived, as a person has found out.

        :raises Conflict: when it is not unclear any more, or another delivery has this number.
        """
        taken = select(RemoteDelivery.id).where(
            RemoteDelivery.server_id == server.id, RemoteDelivery.remote_id == remote_id
        )
        if delivery.state != "unclear" or self.session.scalars(taken).first() is not None:
            raise Conflict("not unclear")
        delivery.state, delivery.remote_id, delivery.last_error = "sent", remote_id, ""
        delivery.sent_at, delivery.doubtful_at = self.work.clock.now(), None
        self.record("arrived", server, 1)

    def _rows(self) -> Rows:
        return select(RemoteDelivery, Case).join(Case, Case.id == RemoteDelivery.case_id)

    def forget_failures(self, server_id: int) -> None:
        """Let the next attempt be made at once."""
        self.session.execute(
            update(RemoteHealth)
            .where(RemoteHealth.server_id == server_id)
            .values(failures=0, failing_since=None, retry_at=None)
            .execution_options(synchronize_session="fetch")
        )
        hasten(self.session, server_id, self.work.clock.now())

    def record(self, action: str, server: RemoteServer, what: object = "") -> None:
        """Record an action of ``ACTIONS`` on a server."""
        host = urlsplit(server.address).hostname
        self.work.get(AuditService).record(f"remote:{action}", server=server.id, host=host, what=what)


def hasten(session: Session, server_id: int, now: datetime) -> None:
    """Let everything that waits for another attempt be sent at once."""
    session.execute(
        update(RemoteDelivery)
        .where(
            RemoteDelivery.server_id == server_id,
            RemoteDelivery.state == "new",
            RemoteDelivery.next_at > now,
            RemoteDelivery.doubtful_at.is_(None),
        )
        .values(next_at=now)
        .execution_options(synchronize_session=False)
    )


def _read_rules(session: Session) -> Sequence[RemoteRule]:
    query = select(RemoteRule).join(RemoteServer, RemoteServer.id == RemoteRule.server_id)
    return session.scalars(query.where(RemoteServer.active).order_by(RemoteRule.id)).all()


def _is_used(session: Session) -> bool:
    return session.scalars(select(RemoteServer.id).limit(1)).first() is not None
