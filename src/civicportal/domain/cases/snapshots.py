"""Snapshots of a case as JSON values, for undo."""

from datetime import datetime

from civicportal.domain.cases.models import Case
from civicportal.util.values import Values

MEASURES = ("handling_minutes", "reopenings", "hops", "rated", "satisfied")


def snapshot(case: Case) -> dict[str, object]:
    """Return unit, status, stage, deadline, pause, closing and measures of a case."""
    return {
        "unit_id": case.unit_id,
        "status": case.status,
        "stage": case.stage,
        "deadline": case.deadline.isoformat(),
        "deadline_from": case.deadline_from.isoformat() if case.deadline_from else None,
        "deadline_work": case.deadline_work,
        "paused_at": case.paused_at.isoformat() if case.paused_at else None,
        "closed_at": case.closed_at.isoformat() if case.closed_at else None,
        **{name: getattr(case, name) for name in MEASURES},
    }


def put_back(case: Case, values: Values) -> None:
    """Restore a case from a snapshot."""
    case.unit_id = values.get("unit_id", case.unit_id)
    case.status, case.stage = values["status"], values["stage"]
    case.deadline = datetime.fromisoformat(values["deadline"])
    case.deadline_from = _moment(values.get("deadline_from"))
    case.deadline_work = values.get("deadline_work")
    case.paused_at = _moment(values["paused_at"])
    case.closed_at = _moment(values["closed_at"])
    for name in MEASURES:
        setattr(case, name, values.get(name, getattr(case, name)))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
