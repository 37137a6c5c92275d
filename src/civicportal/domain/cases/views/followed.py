"""Cases of others that a citizen follows: public data, notifications and rating."""

from collections.abc import Callable

from pyramid.httpexceptions import HTTPSeeOther
from translationstring import TranslationString

from civicportal.domain.cases.errors import Refused
from civicportal.domain.cases.follow_up import FollowUpService
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.history import PublicHistory
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.ratings import RatingService
from civicportal.domain.cases.schemas import FACES
from civicportal.domain.cases.views import forms
from civicportal.util.i18n import _
from civicportal.util.values import Values
from civicportal.web.display import render_areas
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.request import Request, ViewResult


def show(request: Request) -> dict[str, object]:
    """Show a followed case; its pictures only if it is published."""
    return _page(request, _followed(request))


def rate(request: Request) -> ViewResult:
    """Save the follower's rating."""
    form = forms.rating_form(request, _path(request, "followed_rate"), None)

    def keep(values: Values) -> None:
        found = _followed(request, lock=True)
        request.work.get(RatingService).rate(found, int(values["stars"]), values["words"])

    return _act(request, form, keep, thanks=_("Thank you: your rating is kept."), rating=form)


def notices(request: Request) -> ViewResult:
    """Mute or unmute the notifications of one case."""
    form = forms.notices_form(request, _path(request, "followed_notices"), wanted=True)

    def save(values: Values) -> None:
        request.work.get(FollowerService).mute(_followed(request), not values["wanted"])

    return _act(request, form, save, thanks=_("Saved"))


def note(request: Request) -> ViewResult:
    """Add a follower's note with pictures to an open case."""
    form = forms.note_form(request, _path(request, "followed_note"))

    def add(values: Values) -> None:
        forms.count_note(request, form, values)
        forms.add_note(request, _followed(request, lock=True), values)

    return _act(request, form, add, thanks=_("Your note is added."), note=form)


def stop(request: Request) -> ViewResult:
    """Stop following a case."""
    request.work.get(FollowerService).stop(_followed(request))
    request.session.flash(request.translate(_("You no longer follow this request.")), "good")
    return HTTPSeeOther(request.route_path("my"))


def _act(
    request: Request,
    form: BoundForm,
    what: Callable[[Values], None],
    *,
    thanks: TranslationString,
    **shown: BoundForm,
) -> ViewResult:
    try:
        what(form.validate(request.POST))
    except FormInvalid:
        return _page(request, _followed(request), status=422, **shown)
    except Refused as refusal:
        form.fail("", refusal.reason)
        return _page(request, _followed(request), status=422, **shown)
    request.session.flash(request.translate(thanks), "good")
    return HTTPSeeOther(_path(request, "followed"))


def _followed(request: Request, *, lock: bool = False) -> Case:
    service = request.work.get(FollowUpService)
    found: Case = service.fetch_followed(int(request.matchdict["id"]), lock=lock)
    return found


def _path(request: Request, route: str) -> str:
    return str(request.route_path(route, id=request.matchdict["id"]))


def _page(
    request: Request,
    found: Case,
    *,
    status: int = 200,
    rating: BoundForm | None = None,
    note: BoundForm | None = None,
) -> dict[str, object]:
    work = request.work
    request.response.status_int = status
    history = work.get(PublicHistory)
    audiences = ("public",) if found.public else ()
    texts = work.get(PublicTexts)
    standing = work.get(RatingService).standing(found)
    may_note = found.is_open and found.kind in kinds_of(request.site)
    muted = work.get(FollowerService).is_muted(found)
    return {
        "row": work.get(FollowUpService).summary(found),
        "code": None,
        "continued": None,
        "events": history.of(found, audiences=audiences),
        "photos": [p for p in history.photos(found, audiences) if p.purpose == "before"],
        "standing": standing,
        "refused_form": (None if standing else rating) or (None if may_note else note),
        "faces": FACES,
        "rating": rating or forms.rating_form(request, _path(request, "followed_rate"), standing),
        "notices": forms.notices_form(request, _path(request, "followed_notices"), wanted=not muted),
        "note": (note or forms.note_form(request, _path(request, "followed_note"))) if may_note else None,
        "note_is_open": "note" in request.GET,
        "papers": False,
        "words": texts.body(found) if found.public else "",
        "place": texts.place(found) if found.public else "",
        "stop": _path(request, "followed_stop"),
        "panels": render_areas(request, "case_panels", ("followed",), {"case": found}, case=found)[
            "followed"
        ],
    }
