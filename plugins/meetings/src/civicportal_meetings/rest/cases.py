"""Cases of the plugin's kinds in the API."""

from civicportal.api.cases import Case, CaseService
from civicportal.api.people import AuditService
from civicportal.api.plugins import NotFound
from civicportal.api.rest import Call

CODE = "{code:[1-9][0-9]{9}}"
READ, WRITE = "cases:read", "cases:write"


def fetch(call: Call, kind: str, *, lock: bool = False) -> Case:
    """Return the case of the path.

    :raises NotFound: when the caller may not know of it, or it is of another kind.
    """
    found: Case = call.work.get(CaseService).fetch(call.matched["code"], lock=lock)
    if found.kind != kind:
        raise NotFound(f"no case of kind {kind}")
    return found


def record_visit(call: Call, case: Case, version: int) -> None:
    """Record the visit of a case before it is shown, as its page does, unless the caller knows this version."""
    if str(version) in call.request.if_none_match:
        return
    with call.request.site.work(actor=call.work.actor, locale=call.request.locale_name) as work:
        work.get(AuditService).record("case:open", subject_id=case.citizen_id, case_id=case.id)
