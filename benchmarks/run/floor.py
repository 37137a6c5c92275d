"""The floor: one WSGI function, one connection per thread, one statement per response, no session and no template.

It reads or writes the rows that the portal's page needs. What it leaves out is what a portal is for, so no portal comes
near it; but both are measured in one run on one machine, and their ratio can be compared with that of another run.
"""

import json
import os
import re
import sys
import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

from civicportal_reports.models import Report
from sqlalchemy import create_engine

from benchmarks.run.picture import shrink
from benchmarks.run.serving import serve_like_portal
from civicportal.domain.cases.models import Case, CaseEvent
from civicportal.domain.cases.referral import Referral
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.util.tracking import new_code

ROWS = 25
ATTEMPTS = 5
"""Codes that are tried for one case."""
_NAMES = re.compile(r":([a-z_]+)")
_LINES = "FROM referrals r JOIN cases c ON c.id = r.case_id WHERE r.closed_at IS NULL AND r.type = 'action'"
_CASE = "c.id, c.code, c.subject, c.status, c.unit_id, c.deadline, c.created_at"
READS = {
    "/kartable": f"SELECT {_CASE}, r.id {_LINES} ORDER BY c.deadline, c.id LIMIT {ROWS + 1}",
    "/kartable_unit": f"SELECT {_CASE}, r.id {_LINES} AND r.to_unit_id = 4 ORDER BY c.deadline, c.id LIMIT {ROWS + 1}",
    "/kartable_filtered": f"SELECT {_CASE}, r.id {_LINES} AND c.kind = 'reports' AND c.status = 'in_review' "
    f"AND c.deadline < CURRENT_TIMESTAMP ORDER BY c.deadline, c.id LIMIT {ROWS + 1}",
    "/desk": f"SELECT {_CASE} FROM cases c WHERE c.kind = 'reports' ORDER BY c.created_at DESC, c.id DESC LIMIT {ROWS + 1}",
    "/desk_filtered": f"SELECT {_CASE} FROM cases c WHERE c.kind = 'reports' AND c.stage IN ('registered', 'in_progress') "
    f"AND c.unit_id = 4 AND c.deadline < CURRENT_TIMESTAMP ORDER BY c.created_at DESC, c.id DESC LIMIT {ROWS + 1}",
    "/public": f"SELECT {_CASE} FROM cases c WHERE c.public AND c.kind = 'reports' "
    f"ORDER BY c.created_at DESC, c.id DESC LIMIT {ROWS + 1}",
    "/mine": f"SELECT {_CASE} FROM cases c WHERE c.citizen_id = :number ORDER BY c.created_at DESC LIMIT {ROWS + 1}",
    "/case": f"SELECT {_CASE}, c.body, e.id, e.type, e.actor_name, e.public_text, e.at FROM cases c "
    "JOIN case_events e ON e.case_id = c.id WHERE c.id = :number ORDER BY e.id DESC",
    "/statistics": "SELECT status, category_id, count(*) FROM cases WHERE kind = 'reports' GROUP BY status, category_id",
    "/counters": "SELECT kind, stage, count(*) FROM cases GROUP BY kind, stage",
    "/map_city": "SELECT CAST(lat * 100 AS INTEGER), CAST(lon * 100 AS INTEGER), count(*) FROM reports_report "
    "WHERE lat BETWEEN 33.014 AND 33.084 AND lon BETWEEN 52.151 AND 52.251 GROUP BY 1, 2",
    "/map_district": "SELECT CAST(lat * 500 AS INTEGER), CAST(lon * 500 AS INTEGER), count(*) FROM reports_report "
    "WHERE lat BETWEEN 33.042 AND 33.058 AND lon BETWEEN 52.190 AND 52.210 GROUP BY 1, 2",
    "/map_street": "SELECT c.id, c.code, c.status, c.category_id, r.lat, r.lon FROM reports_report r "
    "JOIN cases c ON c.id = r.case_id WHERE r.lat BETWEEN 33.0495 AND 33.0510 AND r.lon BETWEEN 52.1995 AND 52.2015 "
    "ORDER BY c.id DESC LIMIT 1000",
    "/map_points": "SELECT c.id, c.code, c.status, c.category_id, r.lat, r.lon FROM reports_report r "
    "JOIN cases c ON c.id = r.case_id WHERE r.lat BETWEEN :south AND :north AND r.lon BETWEEN :west AND :east "
    "ORDER BY c.id DESC LIMIT 1000",
    "/search": f"SELECT {_CASE} FROM cases c WHERE c.kind = 'reports' AND c.search_text LIKE :words "
    f"ORDER BY c.created_at DESC, c.id DESC LIMIT {ROWS + 1}",
    "/search_everywhere": f"SELECT {_CASE} FROM cases c WHERE c.search_text LIKE :words "
    f"ORDER BY c.created_at DESC, c.id DESC LIMIT {ROWS + 1}",
}


class Floor:
    """The application.

    :param url: of the database, as SQLAlchemy writes it.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        self.dialect = self._engine.dialect.name
        self._postgresql = self.dialect == "postgresql"
        self._taken: type[Exception] = self._engine.dialect.loaded_dbapi.IntegrityError
        self._writers = {
            "/submit": self._submit,
            "/submit_picture": self._submit_picture,
            "/step": self._step,
        }
        self._mine = threading.local()
        example = "SELECT max(id) FROM cases WHERE kind = 'reports' AND status = 'registered'"
        self._template = int(self._run(example).fetchone()[0] or 0)
        # Processes are forked after this: each opens connections of its own.
        self._mine.lent.close()
        del self._mine.connection
        self._engine.dispose()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        query = unquote(environ.get("QUERY_STRING", ""))
        status, body = "200 OK", b"ok\n"
        if path in self._writers:
            self._write(path, query)
            status = "303 See Other"
        elif path in READS:
            body = self._read(path, query)
            self._commit()
        start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    def _write(self, path: str, query: str) -> None:
        """Insert with a retry: of a million cases, one in a thousand new codes is taken, as in the portal."""
        for _ in range(ATTEMPTS):
            try:
                self._writers[path](query)
            except self._taken:
                self._mine.connection.rollback()
            else:
                self._commit()
                return
        raise RuntimeError("no code is free")

    def _read(self, path: str, query: str) -> bytes:
        values: dict[str, Any] = {}
        if path in ("/search", "/search_everywhere"):
            values["words"] = "%" + query.replace(" ", "%") + "%"
        elif path == "/map_points":
            corners = map(float, query.split(","))
            values = dict(zip(("south", "west", "north", "east"), corners, strict=True))
        elif path in ("/mine", "/case"):
            values["number"] = 1000 + int(query or 0)
        rows = self._run(READS[path], values).fetchall()
        return json.dumps([list(map(str, row)) for row in rows], ensure_ascii=False).encode()

    def _submit(self, _query: str) -> None:
        """Insert the rows of a new report, as copies of the last one."""
        case = self._copy(Case, by="id", code=new_code(), idempotency_key=None)
        self._copy(Report, case_id=case)
        event = self._copy(CaseEvent, case_id=case)
        self._copy(Referral, case_id=case)
        self._copy(OutboxMessage, case_id=case, event_key=f"floor:{event}")

    def _submit_picture(self, query: str) -> None:
        shrink()
        self._submit(query)

    def _step(self, query: str) -> None:
        self._run("UPDATE cases SET version = version WHERE id = :id", {"id": 1000 + int(query or 0)})
        event = self._copy(CaseEvent, case_id=self._template)
        self._copy(OutboxMessage, case_id=self._template, event_key=f"floor:{event}")

    def _copy(self, model: Any, *, by: str = "case_id", **values: Any) -> int:
        table = model.__table__
        kept = [column.name for column in table.columns if column.name not in values and column.name != "id"]
        names = ", ".join([*kept, *values])
        chosen = ", ".join([*kept, *(f":{name}" for name in values)])
        returned = "id" if "id" in table.columns else "case_id"
        query = (
            f"INSERT INTO {table.name} ({names}) SELECT {chosen} FROM {table.name} WHERE {by} = :template "
            f"LIMIT 1 RETURNING {returned}"
        )
        return int(self._run(query, {**values, "template": self._template}).fetchone()[0])

    # -- the database, by nothing but its driver ------------------------------------------------------------

    def _run(self, query: str, values: dict[str, Any] | None = None) -> Any:
        if not hasattr(self._mine, "connection"):
            # Kept: what is forgotten goes back to the pool, which hands the same connection to another thread.
            self._mine.lent = self._engine.raw_connection()
            self._mine.connection = self._mine.lent.driver_connection
        cursor = self._mine.connection.cursor()
        if self._postgresql:
            query = _NAMES.sub(r"%(\1)s", query)
        cursor.execute(query, values or {})
        return cursor

    def _commit(self) -> None:
        self._mine.connection.commit()


def main() -> None:
    """Serve it as the portal is served: ``python -m benchmarks.run.floor PORT``."""
    app = Floor(os.environ["BENCH_DATABASE_URL"])
    serve_like_portal(app, int(sys.argv[1]), app.dialect)


if __name__ == "__main__":
    main()
