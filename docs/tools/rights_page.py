"""The pages of the permissions and of the jobs, from what the hooks return."""

import inspect
from datetime import timedelta

from civicportal.cases.workflow import permissions_of
from civicportal.jobs import Job
from civicportal.plugins import in_order
from civicportal.site import Site
from docs.tools.tables import code, table

PERMISSIONS = """\
# Permissions

Roles are made of these under `/admin/roles`; a membership gives a role to a person within units and categories. `data/roles.toml`
plants the first roles, where `reports:*` stands for all that begin so. Who may do what with cases is decided in one place, `access.py`.

What a membership limits a right to is part of the right. Rights over cases are limited by unit and category. Managing members is
limited by the unit: to people who hold a role there, and only with the account as a whole if they hold none elsewhere. All others
concern the whole city: a membership with a unit or a category does not give them, and a role that contains one is refused there.

## Of every kind of case

For reports `<kind>:case` is `reports:case`, and likewise for the others: {kinds}.

{verbs}
"""
JOBS = """\
# Jobs

What the worker repeats; with several workers, one of them runs a job at a time. A job is due either after a pause, which lies
between the end of one run and the next, or once a day at a time of the city (`site.timezone`). A daily run that was missed because
no worker ran is made up for once, as soon as one runs; a time that the change to summer time skips comes an hour later.

The jobs of a lane run one after the other, those of two lanes side by side: nothing long holds up the messages. The worker renews
its lease on a job while it runs; the job of a worker that was killed is run by another two minutes later. A run that takes longer
than ten minutes in the lane `messages`, an hour in `usual` and a day in `long` is taken to hang: it is noted as failed, and the job
may run elsewhere. `job_runs` keeps how each last went; the log has the rest.

{jobs}
"""
COLUMNS = ("permission", "what it allows", "limited by")
LIMITS = {"case": "unit and category", "unit": "unit", "city": "nothing: whole city only"}
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def permissions(site: Site) -> str:
    """Return the page of the permissions."""
    prefixes = sorted(kind.permission_prefix for kind in site.kinds.values())
    of_kinds = {kind.name: list(permissions_of(kind)) for kind in site.kinds.values()}
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
    """Return the page of the jobs."""
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
