"""Jobs of split cases in the API."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, TypedDict

import colander
from translationstring import TranslationString

from civicportal.core.security import PagePermission
from civicportal.domain.accounts.services import AccountService
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.schemas import LONGEST_WORDS
from civicportal.domain.kartable.jobs import MOST, JobService, NewJob, State
from civicportal.domain.kartable.rest.cases import CODE, READ, fetch
from civicportal.domain.kartable.rest.inquiries import ROW
from civicportal.domain.kartable.rest.items import NamedItem, OfficerItem, named_unit, person_item
from civicportal.domain.kartable.rest.steps import WRITE, unit_id_of
from civicportal.domain.kartable.rows import holder_id
from civicportal.domain.kartable.schemas import JobResult, SplitSchema
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _
from civicportal.web.rest.operations import Call, Operation
from civicportal.web.schema import CityDate, CleanText, Node, StrictSchema

PATH = f"/cases/{CODE}/jobs"


class JobItem(TypedDict):
    """A part of the work on a case that another unit does."""

    id: int
    unit: NamedItem | None
    task: Annotated[str, _("What is to be done")]
    state: State
    state_title: Annotated[str, _("The state in the caller's language")]
    holder: Annotated[OfficerItem | None, _("Who has it in hand")]
    possible: Annotated[bool, _("Whether the caller may take, finish and refuse it")]
    due: date | None
    late: bool
    result: Annotated[str, _("What the unit has written")]
    ended_at: datetime | None
    pictures: Annotated[list[str], _("Keys of pictures")]


class JobList(TypedDict):
    """The jobs of a case."""

    items: list[JobItem]
    public_text: Annotated[
        str, _("What the citizen reads when all are done; empty if the case then comes back")
    ]


class JobBody(StrictSchema):
    """A new job."""

    unit = Node(CleanText(1, 40), title=_("Key of the unit"))
    task = Node(CleanText(2, LONGEST_WORDS, multiline=True), title=_("What is to be done"))
    due = Node(CityDate(), title=_("Due by"), missing=None)


class SplitBody(StrictSchema):
    """The jobs into which a case is split, or that are added."""

    jobs = colander.SchemaNode(
        colander.Sequence(), JobBody(name="job"), title=_("Jobs"), validator=colander.Length(max=MOST)
    )
    public_text = SplitSchema()["public_text"].clone()
    allowed = PublicTexts.allowed_node()


def jobs(call: Call) -> JobList:
    """Return the jobs of a case, oldest first."""
    case = fetch(call)
    call.tag(case.version)
    return _jobs(call, case)


def split(call: Call) -> JobList:
    """Split a case into jobs, or add jobs."""
    case = fetch(call, lock=True)
    call.require_version(case.version)
    new = [
        NewJob(
            unit_id=unit_id_of(call, job["unit"], f"#/jobs/{number}/unit"),
            task=job["task"],
            due_on=job["due"],
        )
        for number, job in enumerate(call.body["jobs"])
    ]
    service, allowed = call.work.get(JobService), PublicTexts.allowed_words(call.body)
    service.split(case, new, answer=call.body["public_text"], allowed=allowed)
    call.work.session.flush()
    call.tag(case.version)
    return _jobs(call, case)


def take(call: Call) -> JobItem:
    """Take a job in hand."""
    return _act(call, lambda case, job_id: call.work.get(JobService).take_job(case, job_id))


def release(call: Call) -> JobItem:
    """Put a job back for the whole unit."""
    return _act(call, lambda case, job_id: call.work.get(JobService).release_job(case, job_id))


def withdraw(call: Call) -> JobItem:
    """Withdraw an open job."""
    return _act(call, lambda case, job_id: call.work.get(JobService).withdraw(case, job_id))


def finish(call: Call) -> JobItem:
    """Report a job as done. Jobs of other units, which end at any moment, do not make the report stale."""
    return _report(call, call.work.get(JobService).finish)


def refuse(call: Call) -> JobItem:
    """Return a job that cannot be done."""
    return _report(call, call.work.get(JobService).refuse)


def _act(call: Call, act: Callable[[Case, int], object]) -> JobItem:
    case, job_id = fetch(call, lock=True), int(call.matched["id"])
    call.require_version(case.version)
    _find(call, case, job_id)
    act(case, job_id)
    call.work.session.flush()
    call.tag(case.version)
    return _find(call, case, job_id)


def _report(call: Call, end: Callable[..., object]) -> JobItem:
    case, job_id = fetch(call, lock=True), int(call.matched["id"])
    _find(call, case, job_id)
    body, owner = call.body, call.request.upload_owner()
    end(case, job_id, text=body["result"], attachments=body["photos"], owner=owner)
    call.work.session.flush()
    return _find(call, case, job_id)


def _find(call: Call, case: Case, job_id: int) -> JobItem:
    found = next((one for one in _jobs(call, case)["items"] if one["id"] == job_id), None)
    if found is None:
        raise NotFound(f"the case has no job {job_id}")
    return found


def _jobs(call: Call, case: Case) -> JobList:
    found = call.work.get(JobService).of(case)
    referrals = {one.id: one for one in call.work.get(AccessService).referrals(case)}
    names = call.work.get(AccountService).names(holder_id(referrals[job.id]) for job in found.jobs)
    return {
        "items": [
            {
                "id": job.id,
                "unit": named_unit(call, referrals[job.id].to_unit_id),
                "task": job.task,
                "state": job.state,
                "state_title": call.say(job.title),
                "holder": person_item(holder_id(referrals[job.id]), names),
                "possible": job.may_do,
                "due": job.due_on,
                "late": job.is_late,
                "result": job.result,
                "ended_at": job.ended_at,
                "pictures": [photo.key for photo in job.photos],
            }
            for job in found.jobs
        ],
        "public_text": found.answer,
    }


def _job_operation(
    name: str,
    title: TranslationString,
    act: Callable[[Call], JobItem],
    body: type[StrictSchema] | None = None,
) -> Operation:
    """Return an operation on one job; reports with a body need no version."""
    return Operation(
        name=f"jobs.{name}",
        path=f"{PATH}/{ROW}/{name}",
        title=title,
        call=act,
        returns=JobItem,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=body,
        has_version=body is None,
    )


OPERATIONS = (
    Operation(
        name="jobs.list",
        path=PATH,
        title=_("List the jobs of a case"),
        call=jobs,
        returns=JobList,
        scope=READ,
        permission=PagePermission.STAFF,
        has_version=True,
    ),
    Operation(
        name="jobs.create",
        path=PATH,
        title=_("Split a case into jobs of several units, or add jobs"),
        call=split,
        again=lambda call, _made: jobs(call),
        returns=JobList,
        method="POST",
        scope=WRITE,
        permission=PagePermission.STAFF,
        body=SplitBody,
        creates=True,
        status=201,
        has_version=True,
    ),
    _job_operation("take", _("Take a job in hand"), take),
    _job_operation("release", _("Put a job back for the whole unit"), release),
    _job_operation("withdraw", _("Withdraw an open job"), withdraw),
    _job_operation("finish", _("Report a job as done"), finish, JobResult),
    _job_operation("refuse", _("Return a job that cannot be done"), refuse, JobResult),
)
