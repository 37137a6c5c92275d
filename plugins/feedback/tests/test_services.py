"""Feedback services: named and anonymous messages, inquiries, ratings, notices."""

import pytest
from civicportal_feedback.models import Feedback
from civicportal_feedback.services import FeedbackService
from sqlalchemy import select

from civicportal.api.cases import Case, CaseEvent, CaseService, FollowUpService, PublicHistory, RatingService
from civicportal.api.kartable import ReadyTextService
from civicportal.api.people import Identity
from civicportal.api.plugins import Forbidden, Refused
from civicportal.testing import outbox


def kinds_of_messages(city):
    with city.site.work(write=False) as work:
        return [message.kind for message in outbox(work, city.citizen.mobile)]


class TestNamed:
    def test_a_message_goes_to_public_relations_and_names_what_it_is_about(self, city):
        case = city.case(city.send(consent=True))
        with city.site.work(write=False) as work:
            feedback = work.get(FeedbackService).detail(case)
            assert (feedback.type, feedback.anonymous, feedback.consent) == ("suggestion", False, True)
        assert case.subject == "پیشنهاد دربارهٔ سازمان اتوبوسرانی"
        assert (case.body, case.citizen_id, case.pin_hash) == (city.body, city.citizen.user_id, None)
        assert kinds_of_messages(city) == ["feedback.registered"]

    def test_in_general_the_kind_alone_is_the_subject(self, city):
        assert city.case(city.send(type="thanks", unit="")).subject == "تقدیر و تشکر"

    def test_the_same_form_opens_one_case(self, city):
        assert city.send(idempotency_key="k" * 22) == city.send(idempotency_key="k" * 22)
        assert city.send(idempotency_key="k" * 22, by=city.other) != city.send(idempotency_key="k" * 22)

    def test_a_visitor_has_no_name(self, city):
        with pytest.raises(Forbidden):
            city.send(by=Identity.VISITOR)

    def test_a_level_that_is_too_low_is_refused(self, city):
        from dataclasses import replace

        with pytest.raises(Forbidden):
            city.send(by=replace(city.citizen, level=0))


class TestAnonymous:
    def test_the_case_has_no_person(self, city):
        code, _pin = city.send_anonymously()
        case = city.case(code)
        with city.site.work(write=False) as work:
            assert work.session.get(Feedback, case.id).anonymous
            events = work.session.scalars(select(CaseEvent)).all()
            assert {(event.actor_id, event.actor_name, event.realm) for event in events} == {
                (None, "", "visitor")
            }
            assert outbox(work) == []
        assert case.citizen_id is None

    def test_the_same_form_gets_the_same_code_and_pin(self, city):
        first = city.send_anonymously(idempotency_key="k" * 22)
        assert city.send_anonymously(idempotency_key="k" * 22, by=Identity.VISITOR) == first

    def test_two_forms_get_their_own(self, city):
        pins = {city.send_anonymously(idempotency_key=f"{n:022}")[1] for n in range(8)}
        assert len(pins) > 1

    def test_code_and_pin_open_it(self, city):
        code, pin = city.send_anonymously()
        with city.site.work(actor=Identity.VISITOR, write=False) as work:
            service = work.get(FollowUpService)
            assert service.prove(code, pin).code == code
            assert service.prove(code, f"{(int(pin) + 1) % 10**4:04}") is None

    def test_the_sender_is_the_actor_again_afterwards(self, city):
        with city.site.work(actor=city.citizen) as work:
            work.get(FeedbackService).submit_anonymously(city.new(work))
            assert work.actor is city.citizen

    def test_no_citizen_can_reopen_or_rate_it(self, city):
        code, _pin = city.send_anonymously()
        city.step(code, "answer", public_text=city.answer)
        with city.site.work(actor=city.citizen) as work:
            ratings = work.get(RatingService)
            case = work.session.scalars(select(Case)).one()
            assert not ratings.may_object(case)
            with pytest.raises(Forbidden):
                ratings.rate(case, 5)


def test_a_message_cannot_be_published_unedited(city):
    code = city.send(consent=True)
    with city.site.work(actor=city.officer) as work:
        cases = work.get(CaseService)
        with pytest.raises(Forbidden):
            cases.publish(cases.fetch(code, lock=True), True)


class TestOpinion:
    def test_it_comes_back_to_public_relations_and_no_citizen_reads_it(self, city):
        code = city.send()
        city.ask(code)
        with pytest.raises(Refused):
            city.step(code, "answer", public_text=city.answer)
        city.opine(code, "نیمکت خریداری شده است.")
        with city.site.work(actor=city.officer) as work:
            case = work.get(CaseService).fetch(code)
            answer = next(
                s.transition for s in work.get(CaseService).steps(case) if s.transition.name == "answer"
            )
            (offer,) = work.get(ReadyTextService).offers(case, answer)
            assert (offer.title, offer.text) == ("سازمان اتوبوسرانی", "نیمکت خریداری شده است.")
            told = work.get(PublicHistory).of(case, own=True)
            assert [event.text for event in told] == [""]
        assert kinds_of_messages(city) == ["feedback.registered"]


class TestReadyTexts:
    def add(self, city, text, **values):
        with city.site.work() as work:
            work.get(ReadyTextService).add("feedback", title="نمونه", text=text, **values)

    def offers(self, city, code, step="answer"):
        with city.site.work(actor=city.officer, write=False) as work:
            case = work.get(CaseService).fetch(code)
            transition = next(
                s.transition for s in work.get(CaseService).steps(case) if s.transition.name == step
            )
            return [offer.text for offer in work.get(ReadyTextService).offers(case, transition)]

    def test_fields_are_filled_in(self, city):
        self.add(city, "{NAME} گرامی، {CODE}")
        code = city.send()
        (text,) = self.offers(city, code)
        assert text.startswith("مریم رضایی گرامی، ")
        assert text.endswith(f"{code[:3]} {code[3:6]} {code[6:]}".translate(PERSIAN))

    def test_a_sender_without_a_name_is_addressed_as_citizen(self, city):
        self.add(city, "{NAME} گرامی")
        code, _pin = city.send_anonymously()
        assert self.offers(city, code) == ["شهروند گرامی"]

    def test_only_those_of_the_step_and_those_that_are_active(self, city):
        self.add(city, "پاسخ", transition="answer")
        self.add(city, "بایگانی", transition="archive")
        self.add(city, "همه‌جا")
        self.add(city, "خاموش", active=False)
        code = city.send()
        assert self.offers(city, code) == ["پاسخ", "همه‌جا"]
        assert self.offers(city, code, "archive") == ["بایگانی", "همه‌جا"]
        assert self.offers(city, code, "start_review") == []


class TestAfterwards:
    def test_the_citizen_rates_and_objects(self, city, clock):
        code = city.send()
        city.step(code, "answer", public_text=city.answer)
        with city.site.work(actor=city.citizen) as work:
            case = work.get(CaseService).fetch_own(code, lock=True)
            work.get(RatingService).rate(case, 2, "کلی بود")
            work.get(RatingService).object(case, "زمان آن را نگفتید.")
        assert city.case(code).status == "in_review"
        assert kinds_of_messages(city)[:2] == ["feedback.registered", "feedback.answered"]

    def test_too_late_is_too_late(self, city, clock):
        code = city.send()
        city.step(code, "answer", public_text=city.answer)
        clock.advance(days=8)
        with pytest.raises(Refused):
            city.step(code, "reopen", by=city.citizen, public_text="هنوز نه.")

    def test_every_step_is_told_but_not_that_staff_reopen_it(self, city):
        code = city.send()
        city.step(code, "start_review")
        city.step(code, "archive", public_text="در وظایف شهرداری نیست.")
        city.step(code, "reopen", public_text="دوباره بررسی می‌شود.")
        assert kinds_of_messages(city)[-1] == "feedback.archived"
        city.step(code, "archive", public_text="در وظایف شهرداری نیست.")
        city.step(code, "reopen", by=city.citizen, public_text="هنوز نه.")
        assert kinds_of_messages(city) == [
            "feedback.registered",
            "feedback.in_review",
            "feedback.archived",
            "feedback.archived",
            "feedback.reopened",
        ]


PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
