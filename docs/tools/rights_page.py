"""Generate the reference pages of permissions and jobs from what the hooks return."""

import inspect
from datetime import timedelta

from civicportal.core.jobs import Job
from civicportal.core.plugins import in_order
from civicportal.core.site import Site
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.workflow import permissions_of
from docs.tools.tables import code, table

PERMISSIONS = """\
# Permissions

Roles are sets of these permissions, edited under `/admin/roles`; a membership gives a person a role, within a unit and a category or without limits.
`data/roles.toml` defines the initial roles, in which `reports:*` matches all permissions with this prefix. `access.py` decides who may do what with cases.

Each permission declares how a membership limits it. Permissions over cases are limited by unit and category. Managing members is
limited by the unit: to people with a role there; actions on the whole account need that they have no role elsewhere. All others
apply to the whole city: a membership with a unit or a category does not give them, and a role that contains one is refused there.

## Of every kind of case

For reports `<kind>:case` is `reports:case`, and so on for the others: {kinds}.

{verbs}
"""
JOBS = """\
# Jobs

The recurring jobs of the worker; with several workers, only one runs a given job at a time. A job is due either a fixed interval after the end of
its last run, or once a day at a time in the city's time zone (`site.timezone`). A daily run that was missed because
no worker ran is run once, as soon as a worker runs; a time that the change to summer time skips is an hour later.

The jobs of one lane run one after the other, different lanes run in parallel, so long jobs do not delay messages. The worker renews
its lease on a job while it runs; another worker runs the job of a killed worker two minutes later. A run that takes longer
than ten minutes in the lane `messages`, an hour in `usual` and a day in `long` counts as hanging: it is recorded as failed, and the job
can run elsewhere. `job_runs` stores the result of the last run; the log has the others.

{jobs}
"""
COLUMNS = ("permission", "what it allows", "limited by")
LIMITS = {"case": "unit and category", "unit": "unit", "city": "nothing: whole city only"}
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def permissions(site: Site) -> str:
    """Return the page of permissions."""
    prefixes = sorted(kind.permission_prefix for kind in kinds_of(site).values())
    of_kinds = {kind.name: list(permissions_of(kind)) for kind in kinds_of(site).values()}
    verbs = [
        (code(f"<kind>:case:{one.name.rpartition(':')[2]}"), str(one.title), LIMITS[one.scope])
        for one in next(iter(of_kinds.values()))
    ]
    common = {one.name for rights in of_kinds.values() for one in rights}
    parts = [
        PERMISSIONS.format(
            kinds=", ".join(map(code, prefixes)),
            verbs=table(COLUMNS, verbs).rstrip(),
        )
    ]
    for owner, implementation in in_order(site.hooks, "register_permissions"):
        found = [one for one in implementation() if one.name not in common]
        rows = [(code(one.name), str(one.title), LIMITS[one.scope]) for one in found]
        parts.append(f"## Of {_owner(owner)}\n\n{table(COLUMNS, rows)}")
    return "\n".join(parts)


def jobs(site: Site) -> str:
    """Return the page of jobs."""
    rows = []
    for owner, implementation in in_order(site.hooks, "register_jobs"):
        for job in implementation(site=site):
            summary = (
                (inspect.getdoc(job.run) or "").partition("\n\n")[0].replace("``", "`").removesuffix(".")
            )
            rows.append((code(job.name), _owner(owner), job.lane, _schedule(job), summary))
    return JOBS.format(jobs=table(("job", "of", "lane", "when", "what it does"), rows)).rstrip() + "\n"


def _owner(name: str) -> str:
    return "the core" if name == "core" else f"the plugin {name}"


def _schedule(job: Job) -> str:
    return f"daily at {job.at}" if job.every is None else f"every {_pause(job.every)}"


def _pause(every: timedelta) -> str:
    seconds = round(every.total_seconds())
    name, size = next((name, size) for name, size in UNITS if seconds % size == 0)
    count = seconds // size
    return f"{count} {name}{'s' * (count > 1)}"
