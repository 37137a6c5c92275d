"""The page on which citizens send a case: what its form offers is read apart from what sending it writes."""

from functools import partial

import pytest
from webtest import TestApp

from civicportal.api.cases import CaseService
from civicportal.api.forms import Choice, CleanText, IdempotencyKey, Node, Option, RadioWidget, StrictSchema
from civicportal.api.organization import OrganizationService
from civicportal.api.plugins import hookimpl
from civicportal.api.submission import case_form
from civicportal.api.web import PagePermission
from civicportal.domain.cases.kinds import kind_of, kinds_of
from civicportal.domain.organization.models import Unit
from civicportal.testing import Environment, make_unit
from civicportal.testing.people import People

TEMPLATE = {"templates/form.jinja2": "{{ form }}"}


class Petition(StrictSchema):
    """A petition to one of the units."""

    key = Node(IdempotencyKey())
    unit = Node(Choice(lambda bindings: bindings["units"]), widget=RadioWidget())
    body = Node(CleanText(2, 100))


def units_of(work):
    """What the form offers, from the database or from what the process has cached of it."""
    units = work.get(OrganizationService).units.by_id.values()
    return {"units": [Option(value=unit.key, label=unit.name) for unit in units]}


def uncached(work):
    return {"units": [Option(value=unit.key, label=unit.name) for unit in work.session.query(Unit)]}


def send(request, values):
    service = request.work.get(CaseService)
    return service.open(
        kind_of(request.site, "petitions"),
        subject="x",
        body=values["body"],
        citizen_id=request.identity.user_id,
        idempotency_key=values["key"],
    )


@pytest.fixture
def portal(install, tmp_path):
    """Return a function that serves a page with ``case_form``."""
    served = []

    def serve(**options):
        def page(request):
            given = {name: one(request) for name, one in options.items()}
            return case_form(request, Petition(), "petitions", partial(send, request), **given)

        def includeme(config):
            config.add_route("gadget.petition", "/gadget")
            config.add_view(
                page,
                route_name="gadget.petition",
                renderer="gadget_package:templates/form.jinja2",
                permission=PagePermission.EVERYBODY,
                request_method=("GET", "POST"),
            )

        install.plugin("gadget", hookimpl(includeme), files=TEMPLATE)
        address = f"sqlite:///{tmp_path / 'portal.db'}"
        environment = Environment(tmp_path, address, {"site": {"plugins": ["gadget"]}})
        served.append(environment)
        with environment.site.work() as work:
            make_unit(work, "pr")
        citizen = People(environment.site).citizen()
        app = TestApp(environment.app)
        app.set_cookie(environment.site.cookie_name, People(environment.site).sign_in(citizen))
        return app

    yield serve
    for environment in served:
        environment.close()


def sent(app):
    form = app.get("/gadget").forms[0]
    form["unit"], form["body"] = "pr", "words"
    return form.submit()


@pytest.mark.parametrize("read", [units_of, uncached])
def test_what_a_form_offers_is_read_in_a_unit_of_work_of_its_own(portal, read):
    app = portal(
        bindings=lambda request: read,
        initial=lambda request: lambda work: {"body": str(len(kinds_of(work.site)))},
    )
    assert app.get("/gadget").forms[0]["body"].value == "1"
    assert sent(app).location.startswith("http://localhost/my/")


@pytest.mark.parametrize("read", [units_of, uncached])
def test_the_kit_refuses_a_second_writer_beside_the_unit_of_work_of_the_page(portal, read):
    app = portal(bindings=lambda request: read(request.work))
    with pytest.raises(pytest.fail.Exception, match=r"request\.work") as failure:
        sent(app)
    assert "civicportal.api.submission.case_form takes a function" in str(failure.value)
