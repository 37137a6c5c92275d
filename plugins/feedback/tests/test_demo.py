"""The sample messages are made through the services."""

from itertools import pairwise

from civicportal_feedback import demo
from civicportal_feedback.doctor import findings
from civicportal_feedback.models import Publication
from sqlalchemy import func, select

from civicportal.api.cases import Case, CaseEvent
from civicportal.api.kartable import ReadyTextService
from civicportal.testing import NOON, make_staff

MESSAGES = """
answers = ["سپاسگزاریم."]
questions = ["نظر شما؟"]
objections = ["کلی بود."]
[[texts]]
title = "سپاس"
text = "{NAME} گرامی، سپاس."
""" + "".join(
    f"""
[[feedback]]
type = "{kind}"
text = "پیام نمونهٔ شمارهٔ {number}"
unit = "bus"
{more}
"""
    for number, (kind, more) in enumerate(
        [
            ("suggestion", 'consent = true\nheard = "شنیدیم که"\ndone = "انجام دادیم"'),
            ("complaint", 'anonymous = true\nopinion = "بررسی شد."'),
            ("thanks", ""),
            ("criticism", 'archive = "در وظایف شهرداری نیست."'),
        ]
        * 6
    )
)


def load(city, tmp_path):
    (tmp_path / "feedback.toml").write_text(MESSAGES, encoding="utf-8")
    done = []
    demo.load(city.site, tmp_path, lambda at, total: done.append((at, total)))
    return done


def test_messages_of_months_stand_where_they_may(city, tmp_path):
    assert load(city, tmp_path)[-1] == (24, 24)
    with city.site.work(write=False) as work:
        cases = work.session.scalars(select(Case)).all()
        assert {case.status for case in cases} >= {"answered", "archived"}
        assert max(case.created_at for case in cases) < NOON
        assert sum(case.citizen_id is None for case in cases) == 6
        events = work.session.scalars(select(CaseEvent).order_by(CaseEvent.case_id, CaseEvent.id)).all()
        for before, after in pairwise(events):
            assert before.case_id != after.case_id or before.at <= after.at
        assert max(event.at for event in events) < NOON
        assert any(event.type == "rated" for event in events)
        assert work.session.scalar(select(func.count()).select_from(Publication)) > 0
        assert len(work.get(ReadyTextService).rows("feedback")) == 1


def test_without_a_file_there_is_nothing_to_tell(city, tmp_path):
    demo.load(city.site, tmp_path, lambda at, total: None)
    with city.site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Case)) == 0


class TestDoctor:
    def test_is_content_with_an_officer(self, city):
        with city.site.work(write=False) as work:
            assert list(findings(work)) == []

    def test_reports_that_no_one_answers(self, site):
        from civicportal.testing import make_unit

        with site.work() as work:
            unit = make_unit(work, "pr")
            make_staff(work, "expert", unit=unit, permissions=["feedback:case:view"])
            (finding,) = findings(work)
        assert finding.level == "error"

    def test_reports_that_no_one_publishes(self, site):
        from civicportal.testing import make_unit

        with site.work() as work:
            unit = make_unit(work, "pr")
            make_staff(work, "pr", unit=unit, permissions=["feedback:case:work"])
            (finding,) = findings(work)
        assert finding.level == "warning"
