"""Other Open311 servers, what is delivered to them, and the deliveries."""

from datetime import datetime

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped

from civicportal.api.cases import Case, CaseEvent
from civicportal.api.database import BigId, UTCDateTime, id_column, tagged_column
from civicportal.api.forms import Values
from civicportal.api.outgoing import DeliveryQueue
from civicportal_reports.models import ReportsBase

_WAITING = text("state IN ('new', 'leased')")
#: Cached by ``Work.reference``, so that a new report needs no further statement.
_REFERENCE = {"reference": True}


class RemoteServer(ReportsBase):
    """A GeoReport v2 server of another organisation."""

    __tablename__ = "reports_remote_server"
    __table_args__ = {"info": _REFERENCE, "sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    name: Mapped[str] = tagged_column(String(100))
    #: Of the endpoint, without a slash at its end.
    address: Mapped[str] = tagged_column(String(500))
    jurisdiction: Mapped[str] = tagged_column(String(255), default="")
    #: None if the server wants none.
    api_key: Mapped[str | None] = tagged_column(String(1500), sealed=True, export=False)
    active: Mapped[bool] = tagged_column(Boolean, default=True)
    #: Whether it gets the full text, all pictures, and name and mobile of the sender.
    personal: Mapped[bool] = tagged_column(Boolean, default=False)
    #: One of ``PICTURES``.
    pictures: Mapped[str] = tagged_column(String(10), default="addresses")
    #: "json" or "xml", in which it answers.
    form: Mapped[str] = tagged_column(String(4), default="json", server_default="json")
    #: Whether it gets our public updates of what was delivered, by the extension of mySociety.
    tells: Mapped[bool] = tagged_column(Boolean, default=False, server_default=false())
    #: Transition of our case when the server has closed the request; empty for none.
    closes_with: Mapped[str] = tagged_column(String(40), default="")
    #: As fetched: ``code``, ``name``, ``metadata``.
    services: Mapped[list[Values]] = tagged_column(JSON, default=list)
    services_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    created_at: Mapped[datetime] = tagged_column(UTCDateTime())


class RemoteRule(ReportsBase):
    """Cases of a category or unit, or of those below, that are delivered to a server."""

    __tablename__ = "reports_remote_rule"
    __table_args__ = {"info": _REFERENCE, "sqlite_autoincrement": True}

    id: Mapped[int] = id_column()
    server_id: Mapped[int] = tagged_column(BigId, ForeignKey(RemoteServer.id, ondelete="CASCADE"), index=True)
    #: One of both at least. Without foreign keys: if the row is deleted, the server must not get all other cases.
    category_id: Mapped[int | None] = tagged_column(BigId)
    unit_id: Mapped[int | None] = tagged_column(BigId)
    service_code: Mapped[str] = tagged_column(String(100))
    #: The attributes of the service, as fetched.
    definition: Mapped[list[Values]] = tagged_column(JSON, default=list)
    #: By the code of an attribute: ``question`` (key of ours) and ``value``, which counts without an answer.
    attributes: Mapped[dict[str, Values]] = tagged_column(JSON, default=dict)


class RemoteHealth(ReportsBase):
    """How the last exchanges with a server ended; written by the worker."""

    __tablename__ = "reports_remote_health"

    server_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(RemoteServer.id, ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    failures: Mapped[int] = tagged_column(Integer, default=0)
    failing_since: Mapped[datetime | None] = tagged_column(UTCDateTime())
    #: Nothing is sent before.
    retry_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    last_ok_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    last_error: Mapped[str] = tagged_column(String(300), default="")
    #: Whether its list has had a request of ours soon after it was sent: only then may a lost request be sent again.
    lists_ours: Mapped[bool] = tagged_column(Boolean, default=False)
    #: Statuses were fetched, and updates up to this time; "no" while it offers no updates.
    fetched_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    updates_until: Mapped[datetime | None] = tagged_column(UTCDateTime())
    has_updates: Mapped[bool | None] = tagged_column(Boolean)
    #: Where a time with more updates than a run reads is read on: its end, and the page. None between two times.
    updates_end: Mapped[datetime | None] = tagged_column(UTCDateTime())
    updates_page: Mapped[int] = tagged_column(Integer, default=1, server_default="1")


class RemoteDelivery(DeliveryQueue.Columns, ReportsBase):
    """A case for a server, queued in the transaction of its cause, and what the server says of it."""

    __tablename__ = "reports_remote_delivery"
    __table_args__ = (
        # At most one delivery of a case to a server.
        UniqueConstraint("case_id", "server_id"),
        Index(None, "server_id", "state", "id"),
        Index(None, "server_id", "remote_id"),
        Index(
            "ix_reports_remote_delivery_waiting",
            "next_at",
            postgresql_where=_WAITING,
            sqlite_where=_WAITING,
        ),
        {"sqlite_autoincrement": True},
    )

    server_id: Mapped[int] = tagged_column(BigId, ForeignKey(RemoteServer.id, ondelete="CASCADE"))
    case_id: Mapped[int] = tagged_column(
        BigId, ForeignKey(Case.id, ondelete="CASCADE"), erase="keep", person=""
    )
    #: Of the last attempt.
    service_code: Mapped[str] = tagged_column(String(100), default="")
    #: The number there; empty if the server has given a token, or nothing.
    remote_id: Mapped[str] = tagged_column(String(100), default="")
    token: Mapped[str] = tagged_column(String(100), default="")
    #: Since an attempt of this time it is not known whether the request has arrived.
    doubtful_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    #: "open", "closed", or empty if unknown.
    remote_status: Mapped[str] = tagged_column(String(10), default="")
    remote_notes: Mapped[str] = tagged_column(String(300), default="")
    #: When this status was first seen, and when it was asked for last.
    remote_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    checked_at: Mapped[datetime | None] = tagged_column(UTCDateTime())
    #: Since then the server does not know the request.
    missing_at: Mapped[datetime | None] = tagged_column(UTCDateTime())


class OwnUpdate(DeliveryQueue.Columns, ReportsBase):
    """A public entry of our history for a server that has the case, queued in the transaction of the entry."""

    __tablename__ = "reports_remote_update"
    __table_args__ = (
        UniqueConstraint("delivery_id", "event_id"),
        Index(
            "ix_reports_remote_update_waiting", "next_at", postgresql_where=_WAITING, sqlite_where=_WAITING
        ),
        {"sqlite_autoincrement": True},
    )

    delivery_id: Mapped[int] = tagged_column(BigId, ForeignKey(RemoteDelivery.id, ondelete="CASCADE"))
    event_id: Mapped[int] = tagged_column(BigId, ForeignKey(CaseEvent.id, ondelete="CASCADE"), index=True)
