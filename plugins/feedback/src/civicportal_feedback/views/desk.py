"""Staff pages of feedback: the list of messages, and their publication."""

from pyramid.httpexceptions import HTTPSeeOther

from civicportal.api.cases import Case, CaseService, kind_of
from civicportal.api.forms import BoundForm, FormInvalid, whole_number
from civicportal.api.lists import ListAddress, search_list
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import Conflict, NotFound, Refused
from civicportal.api.publishing import PersonalDataCheck, PersonalDataFound
from civicportal.api.web import Request, ViewResult
from civicportal_feedback.choices import desk_choices
from civicportal_feedback.i18n import _
from civicportal_feedback.kinds import TYPES
from civicportal_feedback.models import Feedback
from civicportal_feedback.opinions import OPINIONS
from civicportal_feedback.publications import PublicationService
from civicportal_feedback.schemas import DeskFilters, Wording
from civicportal_feedback.search import FeedbackSearch, Filters
from civicportal_feedback.services import FeedbackService
from civicportal_feedback.workflow import KIND

SORTS = {"newest": _("Newest first"), "deadline": _("Deadline"), "updated": _("Last change")}
STALE = _("A colleague changed this case while you were writing. Your text is kept: check it and send again.")


def listing(request: Request) -> dict[str, object]:
    """List the messages with the filters of the URL."""
    organization, search = request.work.get(OrganizationService), request.work.get(FeedbackSearch)
    kind = kind_of(request.site, KIND)
    form = BoundForm(request, DeskFilters(), bindings=desk_choices(request.work))
    filters = Filters.of(form.read_filters(request.GET))
    sort = request.GET.get("sort", "newest")
    page = search.page(filters, sort=sort, cursor=request.GET.get("cursor"))
    return {
        "form": form,
        "page": page,
        "opinions": search.opinions(case for case, _feedback in page.rows),
        "opinion_titles": OPINIONS,
        "total": search.shown_total(request, filters, page),
        "filters": filters,
        "instead": search.instead_of(filters) if filters.words and not page.rows else "",
        "address": ListAddress(request, form, "feedback.desk"),
        "sort": sort if sort in SORTS else "newest",
        "sorts": SORTS,
        "kind": kind,
        "types": TYPES,
        "unit_name": organization.unit_name,
        "now": request.site.clock.now(),
    }


def search(request: Request) -> HTTPSeeOther:
    """Answer the search box of the list."""
    return search_list(request, "feedback.desk")


def publish(request: Request) -> ViewResult:
    """Edit and publish message and answer."""
    case, feedback = _case(request)
    service = request.work.get(PublicationService)
    form = BoundForm(
        request,
        Wording(),
        initial=service.wording(case),
        send=_("Show to everybody"),
        send_class="btn-primary",
        ignore=("version",),
    )
    if request.method == "POST":
        try:
            form.keep(request.POST)
            request.work.get(CaseService).check_version(case, whole_number(request.POST.get("version", "")))
            values = form.validate(request.POST)
            service.publish(case, **values, allowed=PersonalDataCheck(request, form).allowed)
        except FormInvalid:
            request.response.status_int = 422
        except Conflict:
            form.fail("", STALE)
            request.response.status_int = 409
        except PersonalDataFound as found:
            PersonalDataCheck(request, form).show(found)
            request.response.status_int = 422
        except Refused as refusal:
            form.fail("", refusal.reason)
            request.response.status_int = 422
        else:
            request.session.flash(request.translate(_("Everybody can read it now.")), "good")
            return HTTPSeeOther(f"/kartable/cases/{case.code}")
    return {
        "form": form,
        "case": case,
        "type": TYPES[feedback.type],
        "refusal_reason": service.refusal_reason(case),
        "answer": service.answer(case),
        "publication": service.of(case),
    }


def take_back(request: Request) -> HTTPSeeOther:
    """Withdraw a publication."""
    case, _feedback = _case(request)
    request.work.get(PublicationService).take_back(case)
    request.session.flash(request.translate(_("It is hidden from everybody.")), "good")
    return HTTPSeeOther(f"/kartable/cases/{case.code}")


def _case(request: Request) -> tuple[Case, Feedback]:
    """Return a message that the officer may see.

    :raises NotFound: when there is none.
    """
    writes = request.method == "POST"
    case = request.work.get(CaseService).fetch(request.matchdict["code"], lock=writes)
    feedback = request.work.get(FeedbackService).detail(case)
    if feedback is None:
        raise NotFound("no message")
    return case, feedback
