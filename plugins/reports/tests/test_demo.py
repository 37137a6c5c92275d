"""The sample reports are made through the services, and are the same each time."""

from itertools import pairwise

from civicportal_reports import demo
from sqlalchemy import func, select

from civicportal.api.cases import Case, CaseEvent
from civicportal.api.kartable import Referral
from civicportal.testing import NOON, make_staff

REPORTS = """
expert_comments = ["بازدید شد."]
referral_notes = ["جهت اقدام."]
public_answers = ["انجام شد."]
reject_reasons = ["دیده نشد."]
objections = ["هنوز هست."]
return_reasons = ["کار این واحد نیست."]
[[reports]]
category = "pothole"
street = "خیابان آزادی"
text = "چالهٔ عمیقی وسط خیابان است."
[[reports]]
category = "bin"
street = "کوچهٔ بهار"
text = "سطل زباله سوخته است."
urgent = true
"""


def load(city, tmp_path, monkeypatch, count=80):
    (tmp_path / "reports.toml").write_text(REPORTS, encoding="utf-8")
    monkeypatch.setattr(demo, "COUNT", count)
    with city.site.work() as work:
        make_staff(work, "administrator", username="admin")
    done = []
    demo.load(city.site, tmp_path, lambda at, total: done.append((at, total)))
    return done


def test_reports_of_months_stand_where_they_may(city, tmp_path, monkeypatch):
    done = load(city, tmp_path, monkeypatch)
    assert done[-1] == (80, 80)
    with city.site.work(write=False) as work:
        cases = work.session.scalars(select(Case)).all()
        assert len(cases) == 80
        assert max(case.created_at for case in cases) < NOON
        assert {case.stage for case in cases} >= {"done"}
        events = work.session.scalars(select(CaseEvent).order_by(CaseEvent.case_id, CaseEvent.id)).all()
        for before, after in pairwise(events):
            assert before.case_id != after.case_id or before.at <= after.at
        assert work.session.scalar(select(func.count()).where(CaseEvent.type == "rated")) > 0
        # Some have come back today.
        marks = {
            name
            for name in ("reopened", "returned")
            for referral in work.session.scalars(select(Referral).where(Referral.closed_at.is_(None)))
            if getattr(referral, name)
        }
        assert marks == {"reopened", "returned"}


def test_without_a_file_there_is_nothing_to_tell(city, tmp_path):
    demo.load(city.site, tmp_path, lambda at, total: None)
    with city.site.work(write=False) as work:
        assert work.session.scalar(select(func.count()).select_from(Case)) == 0
