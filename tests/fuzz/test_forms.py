"""Every form of the core, the plugins and the site with generated input: it returns valid values, or errors.

Input goes through ``BoundForm.validate``, as it does in a view. The checks of a request before that are tested in
:mod:`fuzz.test_parsers`, whole requests in :mod:`fuzz.test_requests`.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from typing import Any

import colander
import pytest
from civicportal_reports.api_filters import ReportFilters
from fuzz.generated import Source
from fuzz.trying import number_of, storable, try_all
from portal import Portal
from pyramid.scripting import prepare
from webob.multidict import MultiDict

from civicportal.app import Request, create_app
from civicportal.core.site import Site
from civicportal.util import tracking
from civicportal.web import schema as types
from civicportal.web.forms import BoundForm, FormInvalid
from civicportal.web.forms.flat import leaves
from civicportal.web.schema import StrictSchema

PACKAGES = (
    "civicportal", "civicportal_reports", "civicportal_meetings", "civicportal_feedback", "civicportal_announcements",
    "civicportal_sms_ir", "civicportal_parking_permits", "shahreman_site",
)  # fmt: skip
TODAY = date(2026, 11, 29)


class Some(list[tuple[str, str]]):
    """Things to choose, or what a view calls to get them."""

    def __call__(self) -> "Some":
        return self


SOME = Some([("1", "یک"), ("2", "دو"), ("", "هیچ")])
#: What views tell their schemas; every other name is that of things to choose.
TOLD: dict[str, Any] = {
    "titles": {},
    "today": TODAY,
    "first": date(1990, 1, 1),
    "last": date(2030, 1, 1),
    "person": None,
    "formats": ("xlsx", "csv"),
    "kind_of": {"1": "1", "2": "2"},
    "choice_categories": {"1": ("1",), "2": ("1", "2")},
    "fact_kinds": {},
    "asking": {"1"},
    "flaw": lambda text: None if "{CODE}" in text else "no code",
    "sessions": {
        value: SimpleNamespace(id=1, start=datetime(2026, 12, 1, tzinfo=UTC)) for value in ("", "1", "2")
    },
    "money": str,
    "check_address": str,
    "has_references": lambda: True,
    "of_kinds": {"reports": ReportFilters},
    "languages": ("en",),
}
#: Texts that fields of a type take.
TAKEN: dict[type, tuple[str, ...]] = {
    types.Mobile: ("09123456789", "+98 912 345 6789"),
    types.NationalCode: ("0499370899", "۰۴۹۹۳۷۰۸۹۹"),
    types.LegalId: ("10380284790",),
    types.TrackingCode: (tracking.new_code(),),
    types.CityDate: ("1405/09/03", "۱۴۰۵/۱۲/۲۹", "1370/01/01"),
    types.ClockTime: ("08:30", "۱۲:۰۰"),
    types.IdempotencyKey: ("A" * 22,),
    types.KeyList: ("B" * 22, "C" * 22),
    types.Code: ("123456", "۱۲۳۴۵۶"),
    types.Password: ("سپیدار بلند کنار رود",),
    types.Flag: ("true", "on", "0"),
    types.Place: ("35.7",),
}
TEXTS = (
    "چاله‌ای عمیق روبه‌روی مدرسهٔ لاله است و کسی نمی‌آید",
    "12",
    "35.71",
    "کوتاه",
    "name_1",
    "#0B6A6B",
    "1405-08",
)


def schemas(base: type = StrictSchema) -> Iterator[type]:
    """Yield all schemas that are declared in the packages."""
    for package in PACKAGES if base is StrictSchema else ():
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not re.search(r"migrations|__main__|testing|pytest_plugin", module.name):
                importlib.import_module(module.name)
    for schema in base.__subclasses__():
        if schema.__module__.partition(".")[0] in PACKAGES:
            yield schema
            yield from schemas(schema)


SCHEMAS = {f"{schema.__module__}.{schema.__name__}": schema for schema in schemas()}


def is_filter(schema: type) -> bool:
    """Return whether nothing has to be given: such schemas read the query of an address."""
    return not any(node.required for node in schema().children)


@pytest.fixture(scope="module")
def site(civic_session: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The example site with its own plugins; what a form holds does not depend on the database."""
    site = Portal(
        tmp_path_factory.mktemp("forms"),
        civic_session.new_database("sqlite"),
        make_tables=civic_session.databases.migrate,
    ).site
    create_app(site)
    yield site
    site.engines.dispose()


def told_of(request: Any, schema: type) -> dict[str, Any]:
    """Return the bindings a view would pass to the schema; an unknown name stands for a list of choices."""
    told = dict(TOLD)
    while True:
        try:
            form = BoundForm(request, schema(), bindings=told)
            for node in leaves(form.schema):
                if isinstance(node.typ, (types.Choice, types.ListOf)):
                    node.typ.options(node)
        except KeyError as missing:
            name = missing.args[0]
            assert name not in told, "a schema that is told of it in vain"
            told[name] = SOME
        else:
            return told


def sent(source: Source, form: BoundForm) -> MultiDict:
    """Return a possible submission: most fields valid, some changed, repeated, strange or missing."""
    params = MultiDict()
    wild = source.chance(0.3)
    for node in leaves(form.schema):
        for _ in range(
            source.pick((1, 1, 1, 1, 1, 1, 0, 2)) if wild or isinstance(node.typ, types.ListOf) else 1
        ):
            params.add(node.name, value_of(source, node, 0.5 if wild else 0.1))
    if source.chance(0.1):
        params.add(
            source.text(("__start__", "csrf_token", "challenge_ticket", "unknown")),
            source.text(("body:mapping",)),
        )
    if source.chance(0.02) and params:
        params.add(source.pick(list(params)), SimpleNamespace(file=None, filename=source.text(("a.jpg",))))
    return params


def value_of(source: Source, node: colander.SchemaNode, strange: float) -> str:
    options = node.typ.options(node) if isinstance(node.typ, (types.Choice, types.ListOf)) else ()
    if isinstance(node.typ, (types.BoundedInt, types.FiniteFloat)):
        least, most = int(node.typ.min), int(node.typ.max)
        return (
            source.text((str(least), str(most)))
            if source.chance(strange)
            else str(source.rng.randint(least, min(most, least + 20)))
        )
    examples = tuple(option.value for option in options) or next(
        (texts for kind, texts in TAKEN.items() if isinstance(node.typ, kind)), TEXTS
    )
    return source.text(examples) if source.chance(strange) else str(source.pick(examples))


def kept(value: Any) -> Any:
    """Return what a value is kept as: texts and numbers."""
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: kept(part) for name, part in value.items()}
    return [kept(part) for part in value] if isinstance(value, (list, tuple)) else value


class Forms:
    """The forms of a schema: making one takes longer than reading one, so each reads many inputs."""

    def __init__(self, site: Site, name: str) -> None:
        request, schema = prepare(Request.blank("/"), site.registry)["request"], SCHEMAS[name]
        told = told_of(request, schema)
        self._make = lambda: BoundForm(request, schema(), bindings=told)
        self._form = self._make()
        # Only bodies of the API hold lists of objects. They are never drawn, and no half of a surrogate pair reaches them.
        self.is_drawn = not any(isinstance(node.typ, colander.Sequence) for node in self._form.schema)

    def get(self, source: Source) -> BoundForm:
        """Return a form without errors, one in a hundred times a new one."""
        if source.chance(0.01):
            self._form = self._make()
        self._form.messages.clear()
        for field in self._form._fields.values():
            field._failures.clear()
            field._field.error = None
        assert not self._form.errors
        return self._form


@pytest.mark.fault
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_form_gives_values_or_says_what_is_wrong(site: Site, name: str) -> None:
    forms = Forms(site, name)

    def once(source: Source) -> bool:
        form = forms.get(source)
        try:
            values = form.validate(sent(source, form))
        except FormInvalid:
            assert form.errors
            # Drawing takes ten times as long as reading.
            if forms.is_drawn and source.chance(0.02):
                form.render().encode()
            return False
        said = kept(values)
        assert storable(said)
        json.dumps(said, allow_nan=False)
        return True

    # Of a few forms no values fit that are chosen by themselves: a last day before the first, two passwords.
    try_all(name, number_of(20, 200_000), once, some=False)


@pytest.mark.fault
@pytest.mark.parametrize("name", [name for name, schema in SCHEMAS.items() if is_filter(schema)])
def test_filters_of_an_address_leave_out_what_cannot_be_read(site: Site, name: str) -> None:
    forms = Forms(site, name)

    def once(source: Source) -> bool:
        form = forms.get(source)
        values = form.read_filters(sent(source, form))
        assert storable(kept(values))
        if forms.is_drawn and source.chance(0.02):
            form.render().encode()
        return True

    try_all(f"filters {name}", number_of(20, 200_000), once)
