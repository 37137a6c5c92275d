"""Forms: parsing, errors at the fields, redisplayed input."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date, time
from functools import partial
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import colander
import pyramid_jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.config import Configurator
from pyramid.events import BeforeRender
from pyramid.httpexceptions import HTTPBadRequest, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from webob.multidict import MultiDict

import civicportal
from civicportal.core.security import Identity
from civicportal.util.calendar import CityCalendar
from civicportal.util.countries import get_country
from civicportal.util.i18n import _
from civicportal.util.persian import latin_digits
from civicportal.web import forms
from civicportal.web import schema as types
from civicportal.web.templating import FILTERS, LazyMacros, icon

SITE = SimpleNamespace(
    branding_in=lambda _locale: SimpleNamespace(attribution=""),
    country=get_country("ir"),
    calendar=CityCalendar(
        kind="jalali",
        timezone=ZoneInfo("Asia/Tehran"),
        weekend=frozenset({4}),
        hours=(time(7, 30), time(14, 30)),
    ),
)
#: As it is arranged in the browser: it has another day off than the file.
ARRANGED = SimpleNamespace(calendar=replace(SITE.calendar, weekend=frozenset({3})))
SITE.work = lambda **_: nullcontext(SimpleNamespace(get=lambda _service: ARRANGED))
ATTACK = "\"><script>alert(1)</script>' onload=x"


class Submission(types.StrictSchema):
    key = types.Node(types.IdempotencyKey())
    category = types.Node(
        types.Choice(
            [types.Option(value="road", label="معابر", hint="چاله", icon="road", tone="a"), ("tree", "سبز")]
        ),
        title="دسته",
        widget=forms.ChoiceCardsWidget(),
    )
    district = types.Node(
        types.Choice([types.Option(value="1", label="یک", group="شمال")]), title="منطقه", missing=""
    )
    interests = types.Node(types.ListOf(types.Choice(["a", "b", "c"]), max=2), title="علاقه", missing=())
    place = types.Place(title="مکان")
    photos = types.Node(types.KeyList(2), title="عکس‌ها", missing=())
    subject = types.Node(types.CleanText(3, 60), title="عنوان")
    body = types.Node(types.CleanText(10, 100, multiline=True), title="شرح", description="چه شده است؟")
    mobile = types.Node(types.Mobile(), title="موبایل")
    code = types.Node(types.Code(6), title="رمز")
    password = types.Node(types.Password(4), title="گذرواژه")
    day = types.Node(types.CityDate(), title="روز")
    floors = types.Node(types.BoundedInt(1, 9), title="طبقه", missing=1)
    urgent = types.Node(types.Flag(), title="فوری", description="خطر دارد", missing=False, default=True)
    notify = types.Node(types.Flag(), title="پیامک", missing=False, switch=True)


class Filters(types.StrictSchema):
    floors = types.Node(types.BoundedInt(1, 9), missing=None)
    q = types.Node(types.CleanText(), missing="")


GOOD = {
    "key": "A" * 22,
    "category": "road",
    "lat": "35.7",
    "lon": "51.4",
    "address": "",
    "subject": "چالهٔ عمیق",
    "body": "چاله‌ای در خیابان لاله است",
    "mobile": "۰۹۱۲۳۴۵۶۷۸۹",
    "code": "۱۲۳۴۵۶",
    "password": "راز من",
    "day": "۱۴۰۵/۰۹/۰۳",
}


class VisitorsRequest(Request):
    identity = Identity.VISITOR
    days_off = frozenset({3})


def page_request(registry: Any, params: Any = None, **options: Any) -> Request:
    request = VisitorsRequest.blank("/", POST=params, **options)
    request.registry = registry
    request.__dict__.update(site=SITE, csrf_token_value="token", locale_name="fa", response=Response())
    return request


def page_globals(event: Any) -> None:
    """What templates know of the page; the page itself needs no token here, the form does."""
    event.update(
        static=lambda path: f"/static/{path}",
        draw_icon=partial(icon, "/static/icons.svg"),
        csrf_token="",
        ui=LazyMacros(event["request"]),
    )


@pytest.fixture(scope="module", autouse=True)
def registry() -> Iterator[Any]:
    settings = {"jinja2.undefined": "strict", "jinja2.i18n.domain": "civicportal"}
    config = Configurator(package=civicportal, settings=settings)
    pyramid_jinja2.add_jinja2_renderer(config, ".jinja2", package=civicportal)
    config.add_translation_dirs("civicportal:locale/")
    config.add_subscriber(page_globals, BeforeRender)
    config.commit()
    environment = pyramid_jinja2.get_jinja2_environment(config)
    environment.filters.update(FILTERS)
    # The map of a place is drawn without tiles.
    config.registry.tiles = config.registry.tiles_described = None
    config.begin(page_request(config.registry))
    yield config.registry
    config.end()


@pytest.fixture
def request_of(registry: Any) -> Callable[..., Request]:
    return partial(page_request, registry)


@pytest.fixture
def form(request_of: Callable[..., Request]) -> forms.BoundForm:
    return forms.BoundForm(request_of(), Submission())


def sent(**changes: Any) -> MultiDict:
    return MultiDict({**GOOD, "csrf_token": "token", **changes})


def refused(form: forms.BoundForm, params: Any) -> dict[str, str]:
    with pytest.raises(forms.FormInvalid):
        form.validate(params)
    return {error.label: error.message for error in form.errors}


class Page(HTMLParser):
    """The tags of a page, each with its attributes."""

    VOID = frozenset({"input", "img", "use", "br"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(markup)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, **attributes: str) -> list[dict[str, str | None]]:
        wanted = attributes.items()
        return [attrs for _tag, attrs in self.tags if wanted <= attrs.items()]

    @property
    def ids(self) -> list[str]:
        return [attrs["id"] or "" for _tag, attrs in self.tags if "id" in attrs]


# --- reading


def test_a_good_form_gives_values(form: forms.BoundForm) -> None:
    values = form.validate(sent(interests="a"))
    assert values["category"] == "road"
    assert values["place"] == {"lat": 35.7, "lon": 51.4, "address": ""}
    assert values["mobile"] == "+989123456789"
    assert values["interests"] == ["a"]
    assert values["urgent"] is False
    assert form.errors == []


def test_a_plain_field_sent_twice_is_refused(form: forms.BoundForm) -> None:
    params = sent()
    params.add("subject", "دومی")
    assert refused(form, params) == {"عنوان": "تنها یک مقدار پذیرفته می‌شود."}
    # Views and templates see one text.
    assert form["subject"].cstruct == GOOD["subject"]


def test_an_unknown_field_is_refused_and_a_button_is_none(request_of: Callable[..., Request]) -> None:
    buttons = (forms.Button(title=_("Save"), name="act", value="save"),)
    form = forms.BoundForm(request_of(), Submission(), buttons=buttons, ignore=("next",))
    form.validate(sent(act="save", next="/"))
    assert refused(form, sent(role="administrator"))[""].endswith("role")


def test_a_file_in_a_text_field_is_refused(form: forms.BoundForm) -> None:
    assert "عنوان" in refused(form, sent(subject=SimpleNamespace(file=io.BytesIO(b"x"), filename="x")))
    assert form["subject"].control()


@given(
    values=st.dictionaries(
        st.sampled_from([*GOOD, "role", "photos_files"]),
        st.lists(st.text(st.characters(categories=None)), max_size=3),
    )
)
def test_whatever_is_sent_the_form_can_be_shown_again(registry: Any, values: dict[str, list[str]]) -> None:
    form = forms.BoundForm(page_request(registry), Submission())
    refused(form, MultiDict((name, text) for name, texts in values.items() for text in texts))
    markup = form.render()
    markup.encode("utf-8")
    Page(markup)


class Days(types.StrictSchema):
    first = types.Node(types.CityDate(), missing=None)
    last = types.Node(types.CityDate(), missing=None, after="first")


class DayFilter(types.StrictSchema):
    day = types.Node(types.CityDate(), missing=None)


def test_filters_ignore_what_cannot_be_read(request_of: Callable[..., Request]) -> None:
    form = forms.BoundForm(request_of(), Filters())
    assert form.read_filters(MultiDict(floors="many", q="چاله", page="2")) == {"floors": None, "q": "چاله"}
    assert form["q"].cstruct == "چاله"
    assert form["floors"].is_empty


def test_a_filter_that_is_not_known_is_said_and_does_not_count(request_of: Callable[..., Request]) -> None:
    form = forms.BoundForm(request_of(), Filters())
    form.read_filters(MultiDict(floors="many", q="چاله"))
    assert [(error.oid, error.message) for error in form.errors] == [
        ("floors", "این مقدار شناخته نیست و کنار گذاشته شد.")
    ]
    assert [field.name for field in form.narrowing] == ["q"]


def test_a_filter_keeps_a_date_that_was_typed_wrong_and_says_so(request_of: Callable[..., Request]) -> None:
    form = forms.BoundForm(request_of(), DayFilter())
    assert form.read_filters(MultiDict(day="1405/13/40")) == {"day": None}
    assert form["day"].cstruct == "1405/13/40"
    assert "1405/13/40" in latin_digits(form["day"].render())
    assert len(form.errors) == 1
    good = forms.BoundForm(request_of(), DayFilter())
    assert good.read_filters(MultiDict(day="۱۴۰۵/۰۹/۰۳")) == {"day": date(2026, 11, 24)}
    assert not good.errors


def test_a_filter_refuses_a_last_day_before_the_first(request_of: Callable[..., Request]) -> None:
    form = forms.BoundForm(request_of(), Days())
    params = MultiDict(first="1405/09/10", last="1405/09/01")
    assert form.read_filters(params) == {"first": date(2026, 12, 1), "last": None}
    assert form["last"].cstruct == "1405/09/01"
    assert len(form.errors) == 1
    one_day = forms.BoundForm(request_of(), Days())
    assert one_day.read_filters(MultiDict(first="1405/09/10", last="1405/09/10"))["last"] == date(2026, 12, 1)
    only_last = forms.BoundForm(request_of(), Days())
    assert only_last.read_filters(MultiDict(last="1405/09/10"))["last"] == date(2026, 12, 1)


def test_a_draft_survives_and_holds_no_password(request_of: Callable[..., Request]) -> None:
    first = forms.BoundForm(request_of(), Submission())
    refused(first, sent(subject="", interests="b"))
    draft = first.draft()
    assert "password" not in draft
    second = forms.BoundForm(request_of(), Submission())
    second.fill({**draft, "gone": ["x"]})
    assert second.draft() == draft
    assert second["interests"].cstruct == ["b"]


# --- files


def upload(name: str = "a.jpg") -> Any:
    return SimpleNamespace(file=io.BytesIO(b"x"), filename=name)


def test_files_become_keys_and_stay_when_the_form_is_refused(request_of: Callable[..., Request]) -> None:
    form = forms.BoundForm(request_of(), Submission(), take_files=lambda files: ["B" * 22 for _file in files])
    refused(form, sent(photos="C" * 22, photos_files=upload(), subject=""))
    kept = Page(form.render()).all(name="photos", type="hidden")
    assert [key["value"] for key in kept] == ["C" * 22, "B" * 22]


def test_a_refused_picture_says_why(request_of: Callable[..., Request]) -> None:
    def refuse(_files: list[Any]) -> list[str]:
        raise forms.FileRefused(_("This value cannot be read."))

    form = forms.BoundForm(request_of(), Submission(), take_files=refuse)
    assert list(refused(form, sent(photos_files=upload()))) == ["عکس‌ها"]


def test_no_more_files_are_taken_than_there_is_room_for(request_of: Callable[..., Request]) -> None:
    taken: list[Any] = []

    def take(files: list[Any]) -> list[str]:
        taken.extend(files)
        return ["B" * 22]

    form = forms.BoundForm(request_of(), Submission(), take_files=take)
    params = sent(photos="C" * 22)
    for number in range(3):
        params.add("photos_files", upload(f"{number}.jpg"))
    assert list(refused(form, params)) == ["عکس‌ها"]
    assert [file.filename for file in taken] == ["0.jpg"]


# --- drawing


def test_a_new_form_is_clean_markup(form: forms.BoundForm) -> None:
    markup = form.render()
    page = Page(markup)
    assert not re.search(r"<script|style=|\son[a-z]+=", markup)
    assert len(page.ids) == len(set(page.ids))
    assert page.all(name="csrf_token", value="token")
    assert "checked" in page.all(id="urgent")[0]
    assert "err-summary" not in markup


@pytest.mark.parametrize(
    "name", ["subject", "body", "mobile", "code", "password", "day", "floors", "district", "urgent"]
)
def test_every_control_has_a_label_and_says_what_is_wrong(form: forms.BoundForm, name: str) -> None:
    form.fail(name, _("This value cannot be read."))
    page = Page(form[name].render())
    control = page.all(id=name)[0]
    assert control["aria-invalid"] == "true"
    assert f"{name}-error" in (control["aria-describedby"] or "").split()
    assert set((control["aria-describedby"] or "").split()) <= set(page.ids)
    assert page.all(**{"for": name}) or name == "urgent"


@pytest.mark.parametrize("name", ["category", "interests", "photos", "place"])
def test_a_group_has_a_legend_and_says_what_is_wrong(form: forms.BoundForm, name: str) -> None:
    form.fail(name, _("This value cannot be read."))
    page = Page(form[name].render())
    group = page.all(id=f"{name}-group")[0]
    assert f"{name}-error" in (group["aria-describedby"] or "").split()
    assert "legend" in [tag for tag, _attrs in page.tags]


def test_the_summary_leads_to_every_field(form: forms.BoundForm) -> None:
    refused(form, MultiDict())
    page = Page(form.render())
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert len(links) == len(form.errors) - 1, "all but the hidden key, which nobody can click on"
    assert {(link or "").lstrip("#") for link in links} <= set(page.ids)
    assert page.all(**{"class": "err-summary"})[0]["tabindex"] == "-1"


def test_what_was_typed_is_kept_and_escaped(form: forms.BoundForm) -> None:
    typed = dict.fromkeys(("subject", "body", "address", "mobile", "code", "day", "floors", "lat"), ATTACK)
    refused(
        form, sent(**typed, category=ATTACK, district=ATTACK, photos=ATTACK, interests="c", notify="true")
    )
    markup = form.render()
    page = Page(markup)
    assert "<script" not in markup
    for name in ("subject", "address", "mobile", "day", "floors", "lat"):
        assert latin_digits(page.all(name=name)[0].get("value", ATTACK)) == ATTACK
    assert latin_digits(markup).count("&lt;script&gt;alert(1)") >= len(typed) - 1
    assert "value" not in page.all(name="code")[0], "a one-time code is never shown again"
    assert "checked" in page.all(name="interests", value="c")[0]
    assert "checked" in page.all(name="notify")[0]
    assert "checked" not in page.all(name="urgent")[0], "an unticked box does not fall back to its default"


def test_a_form_brings_a_key_of_its_own_and_keeps_a_good_one(form: forms.BoundForm) -> None:
    fresh = Page(form.render()).all(name="key")[0]["value"] or ""
    assert types.Key.pattern.fullmatch(fresh)
    refused(form, sent(key=fresh, subject=""))
    assert Page(form.render()).all(name="key")[0]["value"] == fresh
    refused(form, sent(key=ATTACK))
    assert types.Key.pattern.fullmatch(Page(form.render()).all(name="key")[0]["value"] or "")


def test_a_password_is_never_shown_again(form: forms.BoundForm) -> None:
    refused(form, sent(password="a" * 200))
    assert "value" not in Page(form.render()).all(name="password")[0]


def test_initial_values_are_shown_as_people_write_them(request_of: Callable[..., Request]) -> None:
    initial = {
        "mobile": "+989123456789",
        "category": "tree",
        "place": {"lat": 35.7, "lon": 51.4},
        "floors": 3,
    }
    page = Page(forms.BoundForm(request_of(), Submission(), initial=initial).render())
    assert page.all(name="mobile")[0]["value"] == "۰۹۱۲۳۴۵۶۷۸۹"
    assert "checked" in page.all(name="category", value="tree")[0]
    assert page.all(name="lat")[0]["value"] == "35.7"
    assert page.all(name="floors")[0]["value"] == "۳"


class Opening(types.StrictSchema):
    at = types.Node(types.ClockTime(), title="ساعت")
    day = types.Node(types.CityDate(), title="روز")


@pytest.mark.parametrize(
    ("locale", "clock", "day"), [("fa", "۰۷:۳۰", "۱۴۰۵/۰۹/۰۳"), ("en", "07:30", "1405/09/03")]
)
def test_times_and_days_stand_in_the_digits_of_the_page(
    registry: Any, locale: str, clock: str, day: str
) -> None:
    request = page_request(registry)
    request.locale_name = locale
    form = forms.BoundForm(request, Opening(), initial={"at": time(7, 30), "day": date(2026, 11, 24)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("civicportal.web.templating.get_current_request", lambda: request)
        page = Page(form.render())
    assert (page.all(name="at")[0]["value"], page.all(name="day")[0]["value"]) == (clock, day)


def test_two_forms_on_a_page_have_different_ids(request_of: Callable[..., Request]) -> None:
    one, two = (
        Page(forms.BoundForm(request_of(), Filters(), prefix=prefix).render()) for prefix in ("", "b")
    )
    assert not set(one.ids) & set(two.ids)


def test_every_text_is_persian(form: forms.BoundForm) -> None:
    refused(form, MultiDict(photos=["x"]))
    elsewhere = ("place", "photos")  # drawn by the pages' own macros
    drawn = [field.render() for field in form if field.name not in elsewhere] + [form.actions()]
    words = re.sub(r"<[^>]*>", "", "".join(drawn)) + "".join(error.message for error in form.errors)
    assert not re.search(r"[A-Za-z]{3,}", words)


# --- views


def test_a_view_shows_refuses_and_acts(request_of: Callable[..., Request]) -> None:
    def view(request: Request) -> Any:
        form = forms.BoundForm(request, Submission())

        def act(values: dict[str, Any]) -> Any:
            if values["code"] != "123456":
                form.refuse("code", _("This value cannot be read."))
            return HTTPSeeOther("/done")

        return form.handle(act, title="x")

    request = request_of()
    assert view(request)["title"] == "x"
    assert request.response.status_int == 200

    request = request_of(sent(code="654321"))
    assert view(request)["form"]["code"].error
    assert request.response.status_int == 422

    assert view(request_of(sent())).location == "/done"


def test_a_body_that_is_no_form_is_a_bad_request(request_of: Callable[..., Request]) -> None:
    request = request_of(b"x", content_type="multipart/form-data")
    with pytest.raises(HTTPBadRequest):
        forms.BoundForm(request, Submission()).handle(lambda values: values)


def test_the_fields_of_one_step_are_checked_alone(request_of: Callable[..., Request]) -> None:
    form = forms.BoundForm(request_of({"subject": "چاله", "day": "۱۴۰۵/۱۳/۴۰", "unknown": "x"}), Submission())
    form.check()
    assert [field.name for field in form if field.error] == ["day"]
    assert "۱۴۰۵/۱۳/۴۰" in form["day"].render()


def test_a_schema_may_check_fields_together(request_of: Callable[..., Request]) -> None:
    class Outside(Submission):
        def validator(self, node: colander.SchemaNode, values: dict[str, Any]) -> None:
            error = colander.Invalid(node)
            error["place"] = _("This value cannot be read.")
            raise error

    form = forms.BoundForm(request_of(), Outside())
    assert list(refused(form, sent())) == ["مکان"]


class BirthDay(types.StrictSchema):
    day = types.Node(
        types.CityDate(),
        widget=forms.DateWidget(first=date(1926, 3, 22), last=lambda bindings: bindings["today"]),
    )


def test_a_date_field_tells_its_script_the_calendar_and_the_days_on_offer(
    request_of: Callable[..., Request],
) -> None:
    drawn = forms.BoundForm(request_of(), BirthDay(), bindings={"today": date(2026, 11, 25)})["day"].control()
    for attribute in (
        'data-jdate="jalali"',
        'data-first="1926-03-22"',
        'data-last="2026-11-25"',
        'data-weekend="4"',
        'placeholder="۱۴۰۵/۰۹/۰۳"',
    ):
        assert attribute in drawn


class Born(types.StrictSchema):
    day = types.Node(types.CityDate(), example=date(1985, 3, 21), autocomplete="bday")


def test_the_example_of_a_birth_date_is_no_day_of_this_year(request_of: Callable[..., Request]) -> None:
    drawn = forms.BoundForm(request_of(), Born())["day"].control()
    assert 'placeholder="۱۳۶۴/۰۱/۰۱"' in drawn
    assert 'autocomplete="bday"' in drawn


def test_a_field_is_hidden_whatever_its_widget(request_of: Callable[..., Request]) -> None:
    class Hidden(types.StrictSchema):
        unit = types.Node(types.CleanText(0, 9), title="unit", hidden=True, widget=forms.TextWidget())

    assert [field.hidden for field in forms.BoundForm(request_of(), Hidden())] == [True]


def test_an_option_of_the_own_widget_is_refused_beside_another_widget() -> None:
    with pytest.raises(TypeError, match="rows"):
        types.Node(types.CleanText(0, 9), rows=3, widget=forms.TextWidget())
