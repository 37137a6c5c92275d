"""What somebody sent after their session had ended: it waits, encrypted, until they have signed in again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from civicportal.core.work import Service
from civicportal.domain.accounts.sessions import SessionService, TooLarge
from civicportal.web.request import Request
from civicportal.web.sent import Sent, sent_form

if TYPE_CHECKING:
    from civicportal.core.work import Work

UNSENT = "unsent:"
"""A form stands under this and the path that it was sent to."""


@dataclass(frozen=True)
class UnsentForm:
    """A form that waits.

    :ivar path: where it was sent to, with its query.
    :ivar back: path of the page that it stood on; empty if the browser did not say.
    """

    path: str
    back: str
    form: Sent


class UnsentService(Service):
    """Keeps forms under the session that has ended, for nobody but its person."""

    def __init__(self, work: "Work") -> None:
        super().__init__(work)
        self.sessions = work.get(SessionService)

    def keep(self, token: str, unsent: UnsentForm) -> bool:
        """Keep a form for an hour; False where it is too large, has no words, or nobody knows whose session it was.

        :param token: of the session that has ended.
        """
        owner, form = self._owner(token), unsent.form
        if owner is None or not form.words:
            return False
        values = {"user_id": owner, "back": unsent.back, "texts": form.texts, "files": form.files}
        try:
            self.sessions.keep_sealed(token, UNSENT + unsent.path, values)
        except TooLarge:
            return False
        return True

    def waiting(self, token: str, user_id: int | None) -> list[UnsentForm]:
        """Return the forms that wait for a person, the oldest first.

        :param token: of the session of now, which took over what the one that ended had kept.
        """
        return [
            UnsentForm(
                path=key.removeprefix(UNSENT),
                back=values["back"],
                form=Sent(tuple((name, text) for name, text in values["texts"]), values["files"]),
            )
            for key, values in self.sessions.sealed(token, UNSENT).items()
            if values["user_id"] == user_id
        ]

    def forget(self, token: str, path: str) -> None:
        """Forget a form: it has been sent, or its person does not want it."""
        self.sessions.forget(token, UNSENT + path)

    def _owner(self, token: str) -> int | None:
        """Return whose session it was: the row says so until something is kept in it, then what is kept does."""
        row = self.sessions.row(token)
        if row is None:
            return None
        earlier = (values["user_id"] for values in self.sessions.sealed(token, UNSENT).values())
        return row.user_id or next(earlier, None)


def keep_unsent(request: Request) -> str:
    """Keep the form that a request of an ended session brought; return where to go on after signing in."""
    back = _page_of_form(request)
    unsent = UnsentForm(request.path_qs, back, sent_form(request))
    with request.site.work(actor=request.identity) as work:
        kept = work.get(UnsentService).keep(request.ensure_session_token(), unsent)
    return request.route_path("unsent") if kept else back


def _page_of_form(request: Request) -> str:
    """Return the page of ours that the form stood on, as the browser says; empty if it does not."""
    ours = f"{request.host_url}/"
    referer = request.referer or ""
    return f"/{referer.removeprefix(ours)}" if referer.startswith(ours) else ""
