"""Forms submitted after the session had ended, stored encrypted until the person has signed in again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.core.work import Service
from civicportal.domain.accounts.sessions import SessionService, TooLarge
from civicportal.web.request import Request
from civicportal.web.sent import SubmittedForm, sent_form

if TYPE_CHECKING:
    from civicportal.core.work import Work

PREFIX = "unsent:"
"""Key prefix of a form, followed by the path it was sent to."""


@dataclass(frozen=True)
class PendingSubmission:
    """A stored form.

    :ivar path: where it was sent to, with its query.
    :ivar back: path of its page; empty if the browser did not send it.
    """

    path: str
    back: str
    form: SubmittedForm


class PendingSubmissionService(Service):
    """Store forms in the ended session, for its person only."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.sessions = work.get(SessionService)

    def keep(self, token: str, submission: PendingSubmission) -> bool:
        """Store a form for an hour.

        :returns: False if it is too large, has no text, or the session's person is unknown.
        :param token: of the session that has ended.
        """
        owner, form = self._owner(token), submission.form
        if owner is None or not form.words:
            return False
        values = {"user_id": owner, "back": submission.back, "texts": form.texts, "files": form.files}
        try:
            self.sessions.store_encrypted(token, PREFIX + submission.path, values)
        except TooLarge:
            return False
        return True

    def waiting(self, token: str, user_id: int | None) -> list[PendingSubmission]:
        """Return a person's stored forms, oldest first.

        :param token: of the current session, which has taken over the data of the ended one.
        """
        return [
            PendingSubmission(
                path=key.removeprefix(PREFIX),
                back=values["back"],
                form=SubmittedForm(tuple((name, text) for name, text in values["texts"]), values["files"]),
            )
            for key, values in self.sessions.decrypted(token, PREFIX).items()
            if values["user_id"] == user_id
        ]

    def forget(self, token: str, path: str) -> None:
        """Delete a form that was sent or discarded."""
        self.sessions.forget(token, PREFIX + path)

    def _owner(self, token: str) -> int | None:
        """Return the person of an ended session, from its row, or from its data once there are any."""
        row = self.sessions.row(token)
        if row is None:
            return None
        earlier = (values["user_id"] for values in self.sessions.decrypted(token, PREFIX).values())
        return row.user_id or next(earlier, None)


def store_submission(request: Request) -> str:
    """Store the form of a request without a session, and return the page to continue to after signing in."""
    back = _page_of_form(request)
    submission = PendingSubmission(request.path_qs, back, sent_form(request))
    with request.site.work(actor=request.identity, locale=request.locale_name) as work:
        kept = work.get(PendingSubmissionService).keep(request.ensure_session_token(), submission)
    return request.route_path("pending_submissions") if kept else back


def _page_of_form(request: Request) -> str:
    """Return the page of the form by the Referer header, or an empty text without one."""
    ours = f"{request.host_url}/"
    referer = request.referer or ""
    return f"/{referer.removeprefix(ours)}" if referer.startswith(ours) else ""
