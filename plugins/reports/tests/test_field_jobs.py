"""Jobs of a split report in the list of a crew, and finished on the spot."""

from datetime import timedelta

import pytest
from civicportal_reports.field import FieldService
from webtest import Upload

from civicportal.api.cases import CaseService
from civicportal.api.organization import OrganizationService
from civicportal.testing import JobService, NewJob, make_staff

KEY = "q" * 22
RESULT = "جوی لای‌روبی شد."


@pytest.fixture(autouse=True)
def person(city):
    """Add an officer to the third unit."""
    with city.site.work() as work:
        make_staff(work, unit=work.get(OrganizationService).unit("pr"), name="نرگس کاظمی")


def split(city, code, *units, days=2):
    """Split a report, and return the ids of its jobs by unit."""
    with city.site.work(actor=city.officer) as work:
        due = city.site.calendar.today(city.site.clock.now()) + timedelta(days=days)
        unit = work.get(OrganizationService).unit
        jobs = [NewJob(unit_id=unit(key).id, task=f"کار {key}", due_on=due) for key in units]
        work.get(JobService).split(work.get(CaseService).fetch(code, lock=True), jobs)
    with city.site.work(write=False) as work:
        found = work.get(JobService).of(work.get(CaseService).fetch(code)).jobs
    return {key: job.id for key, job in zip(units, found, strict=True)}


def stops(city, by):
    with city.site.work(actor=by, write=False) as work:
        tour = work.get(FieldService).tour()
        return [(stop.case.code, stop.job.id if stop.job else None) for stop in tour.stops]


def address(code, job):
    return f"/desk/reports/field/{code}/jobs/{job}"


def state(city, code, job):
    with city.site.work(write=False) as work:
        jobs = work.get(JobService).of(work.get(CaseService).fetch(code)).jobs
        return next((one.state, one.result, len(one.photos)) for one in jobs if one.id == job)


def form_of(page):
    return next(form for form in page.forms.values() if "result" in form.fields)


def queue(city, app, code, job, *, status=200, key=KEY):
    fields = {"result": RESULT, "queue_key": key}
    return city.queue(app, address(code, job), fields, photos=1, status=status)


@pytest.mark.both_databases
class TestList:
    def test_a_job_stands_in_the_list_of_its_unit(self, city):
        code = city.send()
        jobs = split(city, code, "civil", "waste")
        assert stops(city, city.stranger) == [(code, jobs["waste"])]

    def test_a_split_report_is_there_for_its_own_job_only(self, city):
        code = city.send()
        jobs = split(city, code, "civil", "waste")
        assert stops(city, city.officer) == [(code, jobs["civil"])]

    def test_a_split_report_is_back_when_its_jobs_have_ended(self, city):
        code = city.send()
        split(city, code, "pr", "waste")
        assert stops(city, city.officer) == []
        with city.site.work(actor=city.officer) as work:
            case = work.get(CaseService).fetch(code, lock=True)
            for job in work.get(JobService).of(case).jobs:
                work.get(JobService).withdraw(case, job.id)
        assert stops(city, city.officer) == [(code, None)]
        assert stops(city, city.stranger) == []

    def test_the_most_urgent_one_begins_the_way(self, city):
        late, soon = city.send(), city.send("sidewalk", city.other_district)
        split(city, late, "pr", "waste", days=5)
        split(city, soon, "pr", "waste", days=1)
        assert [code for code, _job in stops(city, city.stranger)] == [soon, late]


class TestPage:
    def test_a_job_is_finished_from_the_list(self, city, app, sign_in):
        code = city.send()
        job = split(city, code, "pr", "waste")["waste"]
        sign_in(city.stranger)
        page = app.get("/desk/reports/field").click(href=address(code, job))
        assert "کار waste" in page.html.select_one("main").text
        assert "مریم" not in page.text
        form = form_of(page)
        form["result"] = RESULT
        form["photo_key_files"] = [Upload("photo.png", city.picture())]
        page = form.submit(status=303).follow()
        assert page.request.path == "/desk/reports/field"
        assert state(city, code, job) == ("done", RESULT, 1)
        assert city.case(code).status == "registered"
        # With the job, the right to see the report has ended.
        app.get(address(code, job), status=404)

    def test_others_do_not_get_there(self, city, app, sign_in):
        code, other = city.send(), city.send("bin")
        jobs = split(city, code, "pr", "civil")
        sign_in(city.stranger)
        app.get(address(code, jobs["pr"]), status=404)
        app.get(address(other, jobs["pr"]), status=404)
        sign_in(city.citizen)
        app.get(address(code, jobs["pr"]), status=403)
        sign_in(city.officer)
        page = app.get(address(code, jobs["pr"]))
        assert not [form for form in page.forms.values() if "result" in form.fields]

    def test_what_was_written_for_a_withdrawn_job_stays_readable(self, city, app, sign_in):
        code = city.send()
        job = split(city, code, "pr", "waste")["waste"]
        sign_in(city.stranger)
        form = form_of(app.get(address(code, job)))
        with city.site.work(actor=city.officer) as work:
            work.get(JobService).withdraw(work.get(CaseService).fetch(code, lock=True), job)
        form["result"] = RESULT
        assert RESULT in form.submit(status=404).text

    def test_a_job_that_has_ended_is_refused_and_nothing_is_lost(self, city, app, sign_in):
        code = city.send()
        job = split(city, code, "pr", "civil")["civil"]
        sign_in(city.officer)
        form = form_of(app.get(address(code, job)))
        with city.site.work(actor=city.officer) as work:
            work.get(JobService).finish(work.get(CaseService).fetch(code, lock=True), job)
        form["result"] = RESULT
        page = form.submit(status=422)
        assert page.html.select_one(".err-summary")
        assert form_of(page)["result"].value.strip() == RESULT

    def test_the_report_itself_says_that_it_is_split(self, city, app, sign_in):
        code = city.send()
        split(city, code, "pr", "waste")
        sign_in(city.officer)
        page = app.get(f"/desk/reports/field/{code}")
        assert not [form for form in page.forms.values() if "public_text" in form.fields]
        assert "تقسیم" in page.html.select_one("main .notice.warn").text


@pytest.mark.both_databases
class TestQueue:
    def test_a_job_is_sent_once_with_its_picture(self, city, app, sign_in):
        code = city.send()
        job = split(city, code, "pr", "waste")["waste"]
        sign_in(city.stranger)
        answers = [queue(city, app, code, job) for _turn in range(2)]
        there = "/desk/reports/field"
        assert answers == [{"location": there, "repeated": repeated} for repeated in (False, True)]
        assert state(city, code, job) == ("done", RESULT, 1)

    def test_another_form_for_a_job_that_has_ended_is_refused(self, city, app, sign_in):
        code = city.send()
        job = split(city, code, "pr", "waste")["waste"]
        sign_in(city.stranger)
        queue(city, app, code, job)
        [error] = queue(city, app, code, job, key="r" * 22, status=422)["errors"]
        assert error["message"]
