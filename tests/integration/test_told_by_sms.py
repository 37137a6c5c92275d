"""The example city tells its citizens what happens, word for word: the provider's ledger of a whole story."""

import pytest
from civicportal_reports.places import locate_point
from civicportal_reports.services import NewReport, ReportService
from portal import SECRET, write_site

from civicportal.api.cases import CaseService
from civicportal.api.geo import Point
from civicportal.api.kartable import KartableService
from civicportal.api.organization import OrganizationService
from civicportal.app import create_app
from civicportal.core.site import Site
from civicportal.domain.accounts.otp import OtpService
from civicportal.domain.notifications.delivery import LANES, deliver_once
from civicportal.domain.notifications.phones import provider_beside
from civicportal.portal import upgrade as migrate
from civicportal.portal.seeds.services import SeedService
from civicportal.portal.worker.jobs import JobRunner
from civicportal.testing import FakeClock, identity, make_citizen, make_staff, mark_alive

CITIZEN, MOBILE = "+989000000001", "09000000001"


class Story:
    """People who act, a worker that brings the words out, and a provider that writes them down."""

    def __init__(self, site):
        self.site = site
        self.code = ""
        with site.work() as work:
            organization = work.get(OrganizationService)
            self.category = organization.category("reports", "pothole")
            roads = organization.units.by_id[self.category.unit_id]
            self.citizen = identity(work, make_citizen(work, CITIZEN), "citizen")
            self.roads = identity(work, make_staff(work, unit=roads))
            self.services = identity(work, make_staff(work, unit=organization.unit("services")))

    def sign_in(self):
        with self.site.work() as work:
            challenge = work.get(OtpService).ask("login", CITIZEN, "a browser", locale="fa")
            return self.site.keys.otp_code(challenge.nonce)

    def report(self):
        place = locate_point(self.site.map, Point(*self.site.settings["map"]["center"]))
        with self.site.work(actor=self.citizen) as work:
            new = NewReport(category=self.category, location=place, body="چالهٔ بزرگی وسط خیابان است.")
            self.code = work.get(ReportService).submit(new).code

    def step(self, officer, name, **values):
        with self.site.work(actor=officer) as work:
            cases = work.get(CaseService)
            cases.apply(cases.fetch(self.code), name, **values)

    def refer(self, officer, unit):
        with self.site.work(actor=officer) as work:
            unit_id = work.get(OrganizationService).unit(unit).id
            work.get(KartableService).refer(work.get(CaseService).fetch(self.code), unit_id)

    def say(self, text):
        with self.site.work() as work:
            self.site.registry.phones.answer(work, CITIZEN, text)

    def pass_minute(self):
        self.site.clock.advance(minutes=1)
        mark_alive(self.site)
        JobRunner(self.site).run_due()
        for lane in LANES:
            while deliver_once(self.site, lane):
                pass


@pytest.fixture
def story(tmp_path):
    path = write_site(tmp_path, f"sqlite:///{tmp_path / 'city.db'}")
    secrets = {"SHAHREMAN_SECRET": SECRET, "SHAHREMAN_PII_KEYS": SECRET}
    site = Site(path, mode="demo", environ=secrets, clock=FakeClock())
    migrate.upgrade(site)
    create_app(site)
    with site.work() as work:
        work.get(SeedService).load()
    with provider_beside(site):
        yield Story(site)
    site.engines.dispose()


def test_the_ledger_holds_what_the_citizen_should_have_been_told(story):
    simulator = story.site.registry.phones.simulator
    digits = story.sign_in()
    story.pass_minute()
    story.report()
    story.pass_minute()
    story.step(story.roads, "start_review")
    story.pass_minute()
    story.refer(story.roads, "services")
    story.pass_minute()
    story.step(story.services, "start_action")
    story.pass_minute()
    story.say(story.code)
    story.pass_minute()
    story.step(story.services, "close", public_text="ترمیم شد.")
    story.pass_minute()
    story.say("۲ هنوز گود است")
    story.pass_minute()
    story.step(story.services, "close", public_text="دوباره ترمیم شد.")
    story.pass_minute()
    story.say("1")
    story.pass_minute()
    story.say("۱۱")
    story.pass_minute()
    story.say("سلام")
    story.pass_minute()
    code = story.code
    expected = [
        f"شهرمن\nکد ورود: {digits}\nاین کد را به هیچ‌کس ندهید.",
        f"شهروند گرامی، گزارش شما ثبت شد.\nکد رهگیری: {code}\nشهرداری شهرمن",
        f"گزارش {code} در حال بررسی است.\nشهرداری شهرمن",
        f"گزارش {code} به «معاونت خدمات شهری» ارجاع شد.\nشهرداری شهرمن",
        f"گزارش {code} در دست اقدام است.\nشهرداری شهرمن",
        f"گزارش {code}: در دست اقدام، ۱۴۰۵/۰۳/۰۹\nشهرداری شهرمن",
        f"گزارش {code} بررسی شد؛ شرح در سامانه.\nپاسخ: 1 راضی، 2 ناراضی\nشهرمن",
        f"گزارش {code} دوباره در دست بررسی قرار گرفت.\nشهرداری شهرمن",
        f"گزارش {code} بررسی شد؛ شرح در سامانه.\nپاسخ: 1 راضی، 2 ناراضی\nشهرمن",
        f"شهرمن: از پاسخ شما سپاسگزاریم. رضایت از {code} ثبت شد.",
        "شهرمن: دریافت اطلاعیه‌ها لغو شد. بازگشت: ارسال 12",
        "شهرمن: ۱۰ رقم کد رهگیری را به همین شماره بفرستید.",
    ]
    written = [sms["text"] for entry in simulator.entries() for sms in entry.get("sent", ())]
    assert written == expected
    assert {sms.mobile for sms in simulator.sent} == {MOBILE}
    assert all(sms.template_id for sms in simulator.sent)
