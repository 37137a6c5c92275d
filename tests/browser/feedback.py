"""A message to public relations that the tests start from."""

from civicportal_feedback.services import FeedbackService, NewFeedback
from portal import Portal

from civicportal.api.cases import CaseService
from civicportal.api.kartable import ReadyTextService
from civicportal.api.organization import OrganizationService
from civicportal.api.people import Identity

WORDS = "در ایستگاه‌های اتوبوس خیابان نارون نیمکت و سایه‌بان بگذارید."
ANSWER = "در هشت ایستگاه نیمکت و سایه‌بان نصب شد."
DARK = "سه شب است که چراغ کوچهٔ ما خاموش است."


def facts(portal: Portal, citizen: Identity, officer: Identity) -> dict[str, str]:
    """Return an answered, publishable message and a ready text."""
    with portal.site.work(actor=citizen) as work:
        unit = work.get(OrganizationService).unit("bus")
        new = NewFeedback(type="suggestion", unit=unit, body=WORDS, consent=True)
        code = work.get(FeedbackService).submit(new).code
    with portal.site.work(actor=officer) as work:
        cases = work.get(CaseService)
        cases.apply(cases.fetch(code, "work", lock=True), "answer", public_text=ANSWER)
        text = work.get(ReadyTextService).add("feedback", title="سپاس", text="{NAME} گرامی، سپاسگزاریم.")
    with portal.site.work(actor=citizen) as work:
        still_open = work.get(FeedbackService).submit(NewFeedback(type="complaint", body=DARK)).code
    return {"message": code, "open_message": still_open, "text": str(text.id)}
