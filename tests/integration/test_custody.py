"""Who attends to a case: the head of a unit, its members, or no one; and the list of unattended cases."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from civicportal.core.checks import collect_findings
from civicportal.domain.accounts.deputies import DeputyService
from civicportal.domain.accounts.models import Membership, Role, User
from civicportal.domain.accounts.permissions import LEAD, UNATTENDED
from civicportal.domain.cases.access.rights import AccessService
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.referral import Referral
from civicportal.domain.cases.services import CaseService
from civicportal.domain.kartable.custody import CustodyService
from civicportal.domain.kartable.errors import UnattendedReferral
from civicportal.domain.kartable.escalation import escalate
from civicportal.domain.kartable.inbox import InboxQuery, InboxService
from civicportal.domain.kartable.services import KartableService
from civicportal.domain.organization.models import Unit
from civicportal.domain.organization.services import OrganizationService
from civicportal.testing import identity, make_case, make_category, make_staff, make_unit, outbox, statements
from civicportal.util.errors import NotFound
from civicportal.util.i18n import _, say

pytestmark = pytest.mark.both_databases

RIGHTS = ["petitions:case:view", "petitions:case:work", "petitions:case:refer", "petitions:case:comment"]


class City:
    """Waste sends a case to roads, where one officer works on asphalt alone."""

    def __init__(self, site):
        self.site = site
        with site.work() as work:
            self.waste, self.roads = make_unit(work, "waste"), make_unit(work, "roads")
            self.bin = make_category(work, "bin", unit=self.waste)
            self.asphalt = make_category(work, "asphalt", unit=self.roads)
            self.sender_user = make_staff(
                work, "officer", unit=self.waste, permissions=RIGHTS, username="sender"
            )
            self.sender = identity(work, self.sender_user)
            self.member = identity(work, make_staff(work, "officer", unit=self.roads, category=self.asphalt))
            self.admin_user = make_staff(work, "administrator", username="admin")
            self.admin = identity(work, self.admin_user)
            self.code = make_case(work, category=self.bin).code

    def head(self, *, unit=None, category=None):
        with self.site.work() as work:
            return identity(
                work,
                make_staff(work, "head", unit=unit or self.roads, category=category, permissions=[LEAD]),
            )

    def do(self, who, act):
        with self.site.work(actor=who) as work:
            return act(work, work.get(CaseService).fetch(self.code, lock=True))

    def refer(self, who=None, unit=None, **more):
        self.do(
            who or self.sender,
            lambda work, case: work.get(KartableService).refer(case, (unit or self.roads).id, **more),
        )

    def answer(self):
        with self.site.work(write=False) as work:
            return work.get(CustodyService).of(self.case(work))

    def case(self, work):
        return work.session.scalars(select(Case).where(Case.code == self.code)).one()

    def unattended(self):
        with self.site.work(actor=self.admin, write=False) as work:
            rows = work.get(CustodyService).page().rows
            assert len(rows) == work.get(CustodyService).count()
            return [case.code for case, _line in rows]


@pytest.fixture
def city(site):
    return City(site)


class TestTheHead:
    def test_sees_and_works_on_all_that_lies_with_the_unit(self, site, city):
        head = city.head()
        city.refer()
        assert city.answer() == "head"
        with site.work(actor=head) as work:
            assert [row[0].code for row in work.get(InboxService).page("all", InboxQuery()).rows] == [
                city.code
            ]
            case = work.get(CaseService).fetch(city.code, lock=True)
            assert work.get(CaseService).may_comment(case)
            assert work.get(CaseService).apply(case, "accept").after == "working"
        with site.work(actor=city.member, write=False) as work, pytest.raises(NotFound):
            work.get(CaseService).fetch(city.code)

    def test_is_head_whatever_category_stands_beside_the_right(self, site, city):
        head = city.head(category=city.asphalt)
        city.refer()
        with site.work(actor=head, write=False) as work:
            assert work.get(AccessService).may_act(
                work.get(CaseService).fetch(city.code), "petitions:case:work"
            )

    def test_of_a_unit_above_leads_those_below(self, site, city):
        with site.work() as work:
            above = make_unit(work, "deputy")
            work.session.get(Unit, city.roads.id).parent_id = above.id
        head = city.head(unit=above)
        city.refer()
        with site.work(actor=head, write=False) as work:
            assert work.get(AccessService).may_act(
                work.get(CaseService).fetch(city.code), "petitions:case:refer"
            )
            assert work.get(CustodyService).heads(city.roads.id) == [head.user_id]

    def test_learns_nothing_of_who_the_citizen_is(self, site, city):
        head = city.head()
        city.refer()
        with site.work(actor=head, write=False) as work:
            case = work.get(CaseService).fetch(city.code)
            for verb in ("contact", "identity", "export", "act_any"):
                assert not work.get(AccessService).can(case, verb)

    def test_passes_on_what_a_colleague_has_in_hand(self, site, city):
        head = city.head(unit=city.waste)
        city.do(city.sender, lambda work, case: work.get(KartableService).take(case))
        with site.work(actor=head, write=False) as work:
            assert work.get(InboxService).page("all", InboxQuery()).rows == []
        with site.work() as work:
            other = make_staff(work, "officer", unit=work.session.get(Unit, city.waste.id))
        city.refer(head, city.waste, user_id=other.id)

    def test_acts_on_nothing_that_has_left_the_unit(self, site, city):
        head = city.head(unit=city.waste)
        with site.work() as work:
            make_staff(work, "officer", unit=work.session.get(Unit, city.roads.id), permissions=RIGHTS)
        city.refer()
        with site.work(actor=head, write=False) as work:
            case = work.get(CaseService).fetch(city.code)
            assert not work.get(AccessService).may_act(case, "petitions:case:work")

    def test_a_deputy_of_the_head_leads_for_the_day(self, site, city):
        head = city.head()
        with site.work(actor=city.admin) as work:
            today = site.calendar.today(work.clock.now())
            absent = work.session.get(User, head.user_id)
            work.get(DeputyService).add(absent, city.sender.user_id, today, today)
        city.refer()
        with site.work(write=False) as work:
            deputy = identity(work, work.session.get(User, city.sender.user_id))
        with site.work(actor=deputy, write=False) as work:
            assert work.get(AccessService).may_act(
                work.get(CaseService).fetch(city.code), "petitions:case:work"
            )


class TestAReferralToNobody:
    def test_is_refused_unless_it_is_meant(self, city):
        with pytest.raises(UnattendedReferral):
            city.refer()
        assert city.answer() == "members"
        city.refer(unattended=True)
        assert city.answer() == "none"
        assert city.unattended() == [city.code]

    def test_to_a_person_who_may_not_work_on_it(self, site, city):
        with site.work() as work:
            waste = work.session.get(Unit, city.waste.id)
            looker = make_staff(work, "looker", unit=waste, permissions=["petitions:case:view"])
        with pytest.raises(UnattendedReferral):
            city.refer(unit=city.waste, user_id=looker.id)

    def test_tells_the_citizen_nothing(self, site, city):
        with site.work(write=False) as work:
            before = len(outbox(work))
        city.refer(unattended=True)
        with site.work(write=False) as work:
            assert len(outbox(work)) == before

    def test_a_later_referral_to_a_person_is_notified(self, site, city):
        city.refer(unattended=True)
        city.refer(city.admin, city.waste)
        assert city.unattended() == []
        with site.work(write=False) as work:
            assert outbox(work)[-1].kind == "petitions.referred"
            assert outbox(work)[-1].text.endswith("was referred to waste.")

    def test_a_return_that_leaves_the_case_unattended_is_refused(self, site, city):
        with site.work() as work:
            make_staff(
                work, "officer", unit=work.session.get(Unit, city.roads.id), permissions=RIGHTS, username="r"
            )
            receiver = identity(work, work.session.scalars(select(User).where(User.username == "r")).one())
        city.refer()
        with site.work() as work:
            work.session.get(User, city.sender.user_id).disabled_at = work.clock.now()
        with pytest.raises(UnattendedReferral):
            city.do(receiver, lambda work, case: work.get(KartableService).give_back(case, note="Not ours."))
        assert city.answer() == "members"


class TestEveryWay:
    """No step leaves a case unattended unless it is on the list."""

    def test_a_disabled_person_leaves_what_they_have_in_hand_on_the_list(self, site, city):
        city.do(city.sender, lambda work, case: work.get(KartableService).take(case))
        with site.work() as work:
            make_staff(work, "officer", unit=work.session.get(Unit, city.waste.id))
        assert city.unattended() == []
        with site.work() as work:
            work.session.get(User, city.sender.user_id).disabled_at = work.clock.now()
        assert city.unattended() == [city.code]

    def test_a_membership_that_is_taken_and_a_role_that_is_changed(self, site, city):
        with site.work() as work:
            row = work.session.query(Membership).filter_by(user_id=city.sender.user_id).one()
            role = row.role
            kept = list(role.permissions)
            role.permissions = [right for right in kept if not right.permission.endswith(":work")]
        assert city.unattended() == [city.code]
        with site.work() as work:
            role = work.session.scalars(select(Role).where(Role.key == "officer")).one()
            role.permissions.append(type(kept[0])(permission="petitions:case:work"))
        assert city.unattended() == []
        with site.work() as work:
            row = work.session.query(Membership).filter_by(user_id=city.sender.user_id).one()
            work.session.delete(row)
        assert city.unattended() == [city.code]

    def test_a_deputy_counts_for_the_day_alone(self, site, city, clock):
        """The absent person may not work any more, and who stands in for them may."""
        city.do(city.sender, lambda work, case: work.get(KartableService).take(case))
        with site.work(actor=city.admin) as work:
            today = site.calendar.today(work.clock.now())
            absent = work.session.get(User, city.sender.user_id)
            work.get(DeputyService).add(absent, city.member.user_id, today, today)
        with site.work() as work:
            work.session.delete(work.session.query(Membership).filter_by(user_id=city.sender.user_id).one())
        assert city.answer() == "members"
        assert city.unattended() == []
        clock.advance(days=1)
        assert city.answer() == "none"
        assert city.unattended() == [city.code]

    def test_a_new_case_goes_to_the_fallback_if_unattended_in_its_unit(self, site, city):
        with site.work() as work:
            fallback = work.session.scalars(select(Unit).where(Unit.key == site.fallback_unit)).one()
            make_staff(work, "officer", unit=fallback)
            alone = make_category(work, "alone", unit=make_unit(work, "empty"))
            case = make_case(work, category=alone)
            referral = work.get(AccessService).action_referral(case)
            assert (referral.to_unit_id, referral.rule) == (fallback.id, "unattended")
        assert city.unattended() == []

    def test_it_keeps_its_unit_if_unattended_in_the_fallback_too(self, site, city):
        with site.work() as work:
            empty = make_unit(work, "empty")
            case = make_case(work, category=make_category(work, "alone", unit=empty))
            assert work.get(AccessService).action_referral(case).to_unit_id == empty.id
            code = case.code
        assert city.unattended() == [code]

    def test_a_reopened_case_does_not_return_to_a_unit_that_leaves_it_unattended(self, site, city):
        city.do(city.sender, lambda work, case: work.get(CaseService).apply(case, "reject"))
        with site.work() as work:
            work.session.get(User, city.sender.user_id).disabled_at = work.clock.now()
            fallback = work.session.scalars(select(Unit).where(Unit.key == site.fallback_unit)).one()
            make_staff(work, "officer", unit=fallback)
            citizen = identity(work, work.session.get(User, city.case(work).citizen_id), "citizen")
        with site.work(actor=citizen) as work:
            work.get(CaseService).apply(work.get(CaseService).fetch_own(city.code, lock=True), "object")
        with site.work(write=False) as work:
            assert city.case(work).unit_id == fallback.id
        assert city.unattended() == []

    def test_an_overdue_case_escalates_only_to_people_who_attend(self, site, city, clock, monkeypatch):
        monkeypatch.setitem(site.settings, "escalation", {"steps": ["above"], "every": 1})
        with site.work() as work:
            work.session.get(Unit, city.waste.id).parent_id = make_unit(work, "above").id
        clock.advance(days=30)
        escalate(site)
        with site.work(write=False) as work:
            assert city.case(work).unit_id == city.waste.id


class TestTheList:
    def test_is_for_administrators(self, site, city, app, sign_in):
        sign_in(city.sender_user)
        refused = app.get("/kartable/unattended", status=403)
        assert refused.html.select_one("main .btn-primary")["href"] == "/desk", "staff go on at their desk"
        assert "/kartable/unattended" not in app.get("/desk", status=200)
        sign_in(city.admin_user)
        assert "همهٔ پرونده‌های باز متولی دارند" in app.get("/kartable/unattended", status=200)
        assert "مشاهده و ارجاع" not in app.get("/desk", status=200)
        city.refer(unattended=True)
        site.clock.advance(seconds=61)
        assert "مشاهده و ارجاع" in app.get("/desk", status=200)
        page = app.get("/kartable/unattended", status=200)
        assert city.code in page.text
        assert "در «واحد roads» کسی مسئول «موضوع bin» نیست." in page.text

    def test_names_a_service_without_categories_in_the_language_of_the_page(
        self, site, city, app, sign_in, monkeypatch
    ):
        kind = replace(kind_of(site, "petitions"), title=_("Second factor"))
        monkeypatch.setitem(kinds_of(site), "petitions", kind)
        monkeypatch.setattr(OrganizationService, "category_name", lambda self, category_id: "")
        city.refer(unattended=True)
        sign_in(city.admin_user)
        page = app.get("/kartable/unattended", status=200)
        assert "در «واحد roads» کسی مسئول «عامل دوم ورود» نیست." in page.text

    def test_does_not_say_that_all_is_well_to_who_may_see_none_of_them(self, site, city, app, sign_in):
        city.refer(unattended=True)
        with site.work() as work:
            watcher = make_staff(work, "watcher", permissions=[UNATTENDED], username="watcher")
        sign_in(watcher)
        page = app.get("/kartable/unattended", status=200)
        assert city.code not in page
        assert "همهٔ پرونده‌های باز متولی دارند" not in page
        assert "سطح دسترسی شما هیچ‌یک از این پرونده‌ها را نشان نمی‌دهد" in page

    def test_its_cases_are_referred_to_a_person_at_once(self, site, city, app, sign_in):
        city.refer(unattended=True)
        sign_in(city.admin_user)
        form = app.get("/kartable/unattended", status=200).forms["bulk"]
        form.fields["code"][0].checked = True
        ask = form.submit("action", value="refer", status=200)
        form = next(form for form in ask.forms.values() if "unit" in form.fields)
        form["unit"] = str(city.waste.id)
        form.submit(status=303).follow(status=200)
        assert city.unattended() == []

    def test_the_check_lists_uncovered_units_and_categories(self, site, city):
        city.refer(unattended=True)
        with site.work(write=False) as work:
            found = {finding.place: finding for _owner, finding in collect_findings(work)}
        assert say(found["kartable"].text).endswith("on them: 1")
        assert found["kartable"].level == "error"
        # Of three units the fallback has no members at all, and the others one for one of the two topics each.
        with site.work(write=False) as work:
            custody = work.get(CustodyService)
            gaps = sum(gap.pairs for gap in custody.gaps())
            assert say(found["units"].text).startswith(f"{gaps} of {custody.pairs()} combinations")

    def test_desks_and_monitors_count_once_a_minute(self, site, city, app, sign_in):
        """The count reads every open referral: no page of a desk and no scrape does so each time."""

        def counts():
            with statements(site) as sent:
                app.get("/desk", status=200)
                with site.work(write=False) as work:
                    work.get(CustodyService).recent_total()
            return len([text for text in sent if "referrals.closed_at IS NULL" in text and "LIMIT" in text])

        sign_in(city.admin_user)
        assert counts() > counts()
        before = counts()
        site.clock.advance(seconds=61)
        assert counts() == before + 1
        assert counts() == before

    def test_the_list_itself_and_the_desk_after_it_are_up_to_date(self, site, city, app, sign_in):
        sign_in(city.admin_user)
        assert "مشاهده و ارجاع" not in app.get("/desk", status=200)
        city.refer(unattended=True)
        assert city.code in app.get("/kartable/unattended", status=200)
        assert "مشاهده و ارجاع" in app.get("/desk", status=200)

    def test_no_more_statements_for_more_cases(self, site, city):
        def asked():
            with site.work(actor=city.admin, write=False) as work, statements(site) as sent:
                work.get(CustodyService).count()
            return len(sent)

        city.refer(unattended=True)
        asked()
        few = asked()
        with site.work() as work:
            topic = make_category(work, "more", unit=make_unit(work, "empty"))
            for _number in range(10):
                make_case(work, category=topic)
        asked()
        assert asked() == few <= 4


class TestTheForm:
    def page(self, app, city):
        return app.get(f"/kartable/cases/{city.code}", status=200)

    def form(self, page):
        return next(form for form in page.forms.values() if form.action.endswith("/refer"))

    def fill(self, page, city, **more):
        form = self.form(page)
        form["unit"], form["note"] = str(city.roads.id), "please look"
        for name, value in more.items():
            form[name] = value
        return form

    def test_asks_before_it_sends(self, site, city, app, sign_in):
        sign_in(city.sender_user)
        asked = self.fill(self.page(app, city), city).submit("then", value="stay", status=422)
        assert "در «واحد roads» کسی نیست که پرونده‌های «موضوع bin» را ببیند" in asked.text
        form = self.form(asked)
        assert form["note"].value == "please look"
        assert form["unit"].value == str(city.roads.id)
        # Sent once more without the tick it is asked once more.
        asked = form.submit("then", value="stay", status=422)
        form = self.form(asked)
        form["anyway"].checked = True
        form.submit("then", value="stay", status=303)
        assert city.unattended() == [city.code]

    def test_names_the_head_who_would_get_it(self, site, city, app, sign_in):
        head = city.head()
        sign_in(city.sender_user)
        asked = self.fill(self.page(app, city), city).submit("then", value="stay", status=422)
        with site.work(write=False) as work:
            assert work.session.get(User, head.user_id).name in asked.text
        form = self.form(asked)
        form["anyway"].checked = True
        form.submit("then", value="stay", status=303)
        assert city.answer() == "head"
        with site.work(write=False) as work:
            assert outbox(work)[-1].kind == "petitions.referred"

    def test_a_tick_is_for_one_addressee(self, site, city, app, sign_in):
        with site.work() as work:
            other = make_unit(work, "other").id
        sign_in(city.sender_user)
        form = self.form(self.fill(self.page(app, city), city).submit("then", value="stay", status=422))
        form["anyway"].checked = True
        form["unit"] = str(other)
        assert "واحد other" in form.submit("then", value="stay", status=422).text

    def test_many_at_once_are_asked_for_once(self, site, city, app, sign_in):
        sign_in(city.sender_user)
        seen = app.get("/kartable", status=200).forms["bulk"]
        seen.fields["code"][0].checked = True
        form = next(f for f in seen.submit("action", value="refer").forms.values() if "unit" in f.fields)
        form["unit"], form["note"] = str(city.roads.id), "all of them"
        asked = form.submit(status=422)
        assert "۱ پرونده در فهرست «پرونده‌های بدون متولی» می‌ماند" in asked.text
        form = next(f for f in asked.forms.values() if "unit" in f.fields)
        assert form["note"].value == "all of them"
        form["anyway"].checked = True
        form.submit(status=303)
        assert city.unattended() == [city.code]

    def send(self, page, city, action):
        """Send a copy or an inquiry to a unit without members, or resend the confirmed form."""
        form = self.form(page)
        form["unit"], form["note"] = str(city.empty.id), "What do you think?"
        form.action = f"/kartable/cases/{city.code}/{action}"
        return form

    @pytest.mark.parametrize(
        ("action", "words"), [("copy", "رونوشت ممکن است"), ("inquire", "استعلام ممکن است")]
    )
    def test_a_copy_or_an_inquiry_without_a_reader_needs_confirmation(
        self, site, city, app, sign_in, action, words
    ):
        with site.work() as work:
            city.empty = make_unit(work, "empty")
        sign_in(city.sender_user)
        asked = self.send(self.page(app, city), city, action).submit(status=422)
        assert words in asked.text
        assert "واحد empty" in asked.text
        form = self.send(asked, city, action)
        form["anyway"].checked = True
        form.submit(status=303)
        # A tick for the one is none for the other, and a head reads all that comes to the unit.
        other = {"copy": "inquire", "inquire": "copy"}[action]
        form = self.send(self.page(app, city), city, other).submit(status=422)
        city.head(unit=city.empty)
        self.send(self.page(app, city), city, other).submit(status=303)

    def test_the_bulk_form_names_unattended_units_at_once(self, site, city, app, sign_in):
        with site.work() as work:
            make_case(work, category=city.asphalt)
            work.session.execute(update(Referral).values(to_unit_id=city.waste.id))
        sign_in(city.sender_user)
        seen = app.get("/kartable", status=200).forms["bulk"]
        for box in seen.fields["code"]:
            box.checked = True
        page = seen.submit("action", value="refer")
        [form] = page.html.select("form[data-people]")
        attendance = json.loads(form["data-attendance"])
        assert attendance[str(city.roads.id)] == "none"
        assert str(city.waste.id) not in attendance
        assert [hint["data-attends"] for hint in form.select("[data-attends]")] == ["none", "head"]
