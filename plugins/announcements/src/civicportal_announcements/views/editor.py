"""The form of an announcement.

Without JavaScript every button submits the whole form, which is redisplayed unchanged.
"""

from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther

from civicportal.api.forms import BoundForm, FormInvalid, Values
from civicportal.api.localization import CityCalendar
from civicportal.api.plugins import Conflict, Refused
from civicportal.api.publishing import PersonalDataCheck, PersonalDataFound
from civicportal.api.web import Request, ViewResult
from civicportal_announcements.board import AnnouncementReader
from civicportal_announcements.content import content_of, initial_of
from civicportal_announcements.i18n import _
from civicportal_announcements.markup import render_markup
from civicportal_announcements.models import Post
from civicportal_announcements.pictures import MOST, focus_classes
from civicportal_announcements.schemas import LONGEST_BODY, post_form
from civicportal_announcements.services import PUBLISH, PostService
from civicportal_announcements.states import MARKS, state_of
from civicportal_announcements.views.sent import SubmittedAnnouncement, read_sent


def new(request: Request) -> ViewResult:
    """Create an announcement."""
    return _Editor(request, None).answer()


def edit(request: Request) -> ViewResult:
    """Change an announcement."""
    return _Editor(request, int(request.matchdict["id"])).answer()


def words(request: Request) -> dict[str, object]:
    """Return the preview of a text, for the script of the form."""
    text = request.POST.get("body", "")
    return {"words": render_markup(text[:LONGEST_BODY] if isinstance(text, str) else "")}


class _Editor:
    """Processing of one submission of the form."""

    def __init__(self, request: Request, post_id: int | None) -> None:
        self.request = request
        # Files first: pictures are stored before any transaction begins.
        self.sent: SubmittedAnnouncement | None = read_sent(request) if request.method == "POST" else None
        self.service = request.work.get(PostService)
        self.post: Post | None = (
            None if post_id is None else self.service.fetch(post_id, lock=self.sent is not None)
        )
        self.known = (
            request.work.get(AnnouncementReader).pictures([self.post])[self.post.id] if self.post else []
        )
        self.changes_since = False
        if self.post and self.post.published and not self.may_publish:
            raise HTTPForbidden

    @property
    def may_publish(self) -> bool:
        """Return whether the officer may publish announcements."""
        return bool(self.request.identity.permits(PUBLISH))

    def answer(self) -> ViewResult:
        """Show the form, or process the submission."""
        if self.sent is None and self.post and self.post.deleted_at is not None:
            return self._away()
        if self.sent is None:
            keys = [picture.key for picture in self.known]
            return self._page(self._form(keys, initial=self._initial()), keys)
        form = self._form(self.sent.keys)
        if self.sent.action not in ("draft", "publish"):
            form.fill(self.sent.texts)
            if self.sent.refusal:
                form.fail("", self.sent.refusal)
            return self._page(form, self.sent.keys, preview=self.sent.action == "preview")
        try:
            return self._save(form, self.sent)
        except FormInvalid:
            self.request.response.status_int = 422
        except Conflict:
            self.changes_since = True
            self.request.response.status_int = 409
        return self._page(form, self.sent.keys)

    def _form(self, keys: list[str], initial: Values | None = None) -> BoundForm:
        return BoundForm(self.request, post_form(keys), ignore=("action",), initial=initial)

    def _initial(self) -> Values:
        calendar: CityCalendar = self.request.site.calendar
        return initial_of(self.post, self.known, calendar) if self.post else {}

    def _save(self, form: BoundForm, sent: SubmittedAnnouncement) -> HTTPSeeOther:
        values = form.validate(sent.params)
        if sent.refusal:
            form.refuse("", sent.refusal)
        content = content_of(form, values, self.request.site.calendar)
        publish, owner = sent.action == "publish", self.request.upload_owner()
        work = self.request.work
        try:
            with work.savepoint():
                if self.post is None:
                    self.post = self.service.create(content, publish=publish, owner=owner)
                else:
                    self.service.update(
                        self.post, content, version=values["version"], publish=publish, owner=owner
                    )
        except PersonalDataFound as found:
            PersonalDataCheck(self.request, form).show(found)
            raise FormInvalid from None
        except Refused as refusal:
            form.refuse("", refusal.reason)
        return self._done(self.post)

    def _away(self) -> HTTPSeeOther:
        """Redirect to the list of deleted announcements, where it can be restored."""
        self.request.session.flash(
            self.request.translate(_("This announcement is deleted. Bring it back first.")), "bad"
        )
        return HTTPSeeOther(self.request.route_path("announcements.desk", _query={"view": "deleted"}))

    def _done(self, post: Post) -> HTTPSeeOther:
        request = self.request
        state = state_of(post, request.work.clock.now())
        texts = {
            "draft": _("The draft is kept."),
            "scheduled": _("The announcement is kept and appears at its time."),
            "live": _("The announcement is on the board."),
            "ended": _("The announcement is kept; its time is over."),
        }
        request.session.flash(request.translate(texts[state]), "good")
        view = {"draft": "draft", "ended": "ended"}.get(state)
        return HTTPSeeOther(request.route_path("announcements.desk", _query={"view": view} if view else {}))

    def _page(self, form: BoundForm, keys: list[str], *, preview: bool = False) -> dict[str, object]:
        post = self.post
        state = state_of(post, self.request.work.clock.now()) if post else "draft"
        return {
            "form": form,
            "post": post,
            "state": state,
            "mark": MARKS[state],
            "version": post.version if post else 0,
            "rows": [self._row(form, key) for key in keys],
            "most": MOST,
            "may_publish": self.may_publish,
            "changes_since": self.changes_since,
            "preview": render_markup(str(form["body"].cstruct or "")) if preview else None,
        }

    def _row(self, form: BoundForm, key: str) -> dict[str, object]:
        kept = key in {picture.key for picture in self.known}
        route = self.request.route_path
        url = (
            route("announcements.image", key=key, size="medium")
            if kept
            else route("attachment_small", key=key)
        )
        x, y = (_percent(form[f"{name}_{key}"].cstruct) for name in ("x", "y"))
        return {"key": key, "url": url, "focus": focus_classes(x, y)}


def _percent(cstruct: object) -> int:
    text = str(cstruct)
    return min(int(text), 100) if text.isascii() and text.isdigit() and len(text) < 4 else 50
