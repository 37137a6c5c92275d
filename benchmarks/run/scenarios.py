"""Scenarios: each is one repeated request, by its usual actors."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from benchmarks.run.cast import Cast, OpenCase, Person
from benchmarks.run.client import Request
from benchmarks.run.picture import photo
from benchmarks.seed.seasons import SNOW, STORM
from civicportal.core.crypto import new_token

#: Boxes as a map of 600 pixels asks for them.
CITY = "bbox=52.151,33.014,52.251,33.084&zoom=13"
DISTRICT = "bbox=52.190,33.042,52.210,33.058&zoom=15"
STREET = "bbox=52.1995,33.0495,52.2015,33.0510&zoom=18"

MONTH, YEAR = 30, 365
"""Days."""
WARM_UP = 12
"""Requests of a scenario before anything is measured."""
HELLO = "hello"
"""The emptiest request: what others are compared with, and how much rounds differ is seen by."""
PUBLIC, KARTABLE, CASE, REGISTERED = "public reports", "kartable", "case with history", "report registered"
"""Pages that show, or do, what programs call."""
WHOLE_WINDOW = 10**6
"""Requests that no window is long enough for."""
Make = Callable[[int], Request]


@dataclass(frozen=True)
class Scenario:
    """One kind of request.

    :ivar floor: path of the floor that does the same, if there is one; ``{n}`` is the number of the request.
    :ivar plain: makes the requests of the plain floor, if it has this page.
    :ivar page: name of the scenario of the page that shows the same, for what programs call.
    :ivar writes: tables, and how many rows each answer adds to them.
    :ivar small: part of the short run too.
    :ivar most: requests of one window at most.
    """

    name: str
    make: Make
    floor: str = ""
    plain: Make | None = None
    page: str = ""
    expected: int = 200
    writes: tuple[tuple[str, int], ...] = ()
    small: bool = True
    most: int = 400


def of_programs(everything: list[Scenario]) -> list[Scenario]:
    """Return those that programs call, and the pages that show the same."""
    pages = {one.page for one in everything}
    return [one for one in everything if one.page or one.name in pages]


def scenarios(cast: Cast, rounds: int = 1) -> list[Scenario]:
    """Return all scenarios: reading ones before writing ones.

    :param rounds: windows of each. Steps and referrals share out the cases on which they are taken, each once: where
        there are too few for so many windows, the most of one is less than 1.
    """
    admin, handler = cast.staff["admin"], cast.staff["waste1"]
    once = min(400, len(cast.steps) // (2 * rounds) - WARM_UP)

    def page(path: str, person: Person | None = None) -> Make:
        return lambda _n: Request(path, person.token if person else "")

    def same(name: str, make: Make, floor: str = "", **more: Any) -> Scenario:
        """Return a scenario whose requests the plain floor answers too."""
        return Scenario(name, make, floor, make, **more)

    south, west, north, east = cast.box
    points = page(f"/desk/reports/map.json?bbox={west},{south},{east},{north}&zoom=16", admin)
    return [
        # Their rates are compared: a window of 400 such requests would be over before it has begun.
        same(HELLO, page("/healthz"), "/hello", most=WHOLE_WINDOW),
        Scenario("empty page, signed in", page("/offline", admin), "/hello", most=WHOLE_WINDOW),
        same("home, visitor", page("/"), "/hello"),
        Scenario(PUBLIC, page("/reports"), "/public"),
        # The same hundred reports in two standards.
        Scenario(
            "features, list of 100",
            page("/reports/features/collections/reports/items?limit=100"),
            page=PUBLIC,
            small=False,
        ),
        Scenario(
            "Open311, list of 100", page("/open311/v2/requests.json?page_size=100"), page=PUBLIC, small=False
        ),
        Scenario(
            "Open311, updates of 90 days",
            page("/open311/v2/servicerequestupdates.json?page_size=100"),
            small=False,
        ),
        Scenario("announcements", page("/announcements"), small=False),
        Scenario("report form", page("/reports/new"), "/hello", small=False),
        Scenario("my requests", lambda n: _mine(cast, n), "/mine?{n}"),
        same(KARTABLE, page("/kartable", admin), "/kartable"),
        same("kartable of a unit", page("/kartable", handler), "/kartable_unit"),
        Scenario(
            "kartable, filtered",
            page("/kartable?view=overdue&kind=reports&status=in_review", admin),
            "/kartable_filtered",
        ),
        same("reports desk", page("/desk/reports", admin), "/desk"),
        Scenario(
            "reports desk, filtered",
            page("/desk/reports?stage=open&unit=waste&overdue=true", admin),
            "/desk_filtered",
        ),
        # An officer of a large unit: what lies in others by now is no part of any counter.
        Scenario("reports desk of a unit", page("/desk/reports", handler), small=False),
        same(CASE, lambda n: _case(cast, n), "/case?{n}"),
        *_calls(cast),
        same("desk", page("/desk", admin), "/counters"),
        Scenario("statistics", page("/desk/reports/statistics", admin), "/statistics"),
        # No process has read these days before: medians and people are counted from the cases.
        Scenario("statistics, not cached", lambda n: _other_days(cast, n), small=False),
        Scenario("statistics of a unit", page("/desk/reports/statistics", handler), small=False),
        Scenario("map of the city", page(f"/desk/reports/map.json?{CITY}", admin), "/map_city"),
        Scenario(
            "map of the city, open ones",
            page(f"/desk/reports/map.json?{CITY}&stage=open", admin),
            small=False,
        ),
        Scenario("map of the city, public", page(f"/reports/map.json?{CITY}"), small=False),
        Scenario(
            "map of the city, heat", page(f"/desk/reports/map.json?{CITY}&mode=heat", admin), small=False
        ),
        Scenario("map of a district", page(f"/desk/reports/map.json?{DISTRICT}", admin), "/map_district"),
        Scenario("map of a street", page(f"/desk/reports/map.json?{STREET}", admin), "/map_street"),
        same("map points", points, f"/map_points?{south},{west},{north},{east}"),
        Scenario("map of a unit", page("/desk/reports/map", handler), small=False),
        Scenario("map of a unit, overdue", page("/desk/reports/map?overdue=true", handler), small=False),
        Scenario("map by district", page("/desk/reports/map/numbers", admin), small=False),
        Scenario("search, common word", page(_desk("خیابان"), admin), "/search?خیابان"),
        Scenario("search, rare word", page(_desk("نارون"), admin), "/search?نارون"),
        Scenario("search, two words", lambda n: _two_words(cast, n), "/search?نیمکت سرسره", small=False),
        Scenario("search, tracking code", lambda n: _code(cast, n), "/case?{n}", small=False),
        Scenario("search, no hit", page(_desk("ژژپپچچ"), admin), "/search?ژژپپچچ"),
        # All in two winters, none among the newest; all in the last two days, none among the first deadlines.
        Scenario("search, word of a season", page(_desk(SNOW), admin), f"/search?{SNOW}"),
        Scenario(
            "search, word of a season, by deadline", page(_desk(SNOW, by="deadline"), admin), small=False
        ),
        Scenario(
            "search, word of a storm, by deadline", page(_desk(STORM, by="deadline"), admin), small=False
        ),
        # Where the box of every page of staff leads: all kinds, in whosever kartable.
        Scenario(
            "kartable search, common word", page(_everywhere("خیابان"), admin), "/search_everywhere?خیابان"
        ),
        Scenario("kartable search, rare word", page(_everywhere("نارون"), admin), "/search_everywhere?نارون"),
        Scenario("kartable search of a unit", page(_everywhere("خیابان"), handler), small=False),
        same(
            "report sent",
            lambda n: submit(cast, n),
            "/submit?{n}",
            expected=303,
            writes=(("cases", 1), ("case_events", 1), ("referrals", 1), ("outbox", 1)),
        ),
        # What the API does for staff: a report of no one, with a code and a PIN.
        Scenario(
            REGISTERED,
            lambda n: register(cast, n),
            writes=(("cases", 1), ("case_events", 1), ("referrals", 1)),
            small=False,
        ),
        # What receiving and taking apart five megabytes costs by itself.
        Scenario("picture received, refused", lambda n: submit_unproved(cast, n), expected=400, small=False),
        Scenario(
            "report sent with a picture",
            lambda n: submit_with_picture(cast, n),
            "/submit_picture?{n}",
            expected=303,
            writes=(("cases", 1), ("case_events", 1), ("attachments", 1)),
            small=False,
        ),
        Scenario(
            "step taken",
            lambda n: step(cast, cast.steps[n]),
            "/step?{n}",
            # Cases that no step of the portal waits for: the plain floor keeps no counters.
            lambda n: _plain_step(cast, cast.codes[n % len(cast.codes)]),
            expected=303,
            writes=(("case_events", 1),),
            most=once,
        ),
        Scenario(
            "referral",
            lambda n: refer(cast, cast.steps[-1 - n], n),
            "/step?{n}",
            expected=303,
            writes=(("case_events", 1), ("referrals", 1)),
            most=once,
        ),
        *_changing_calls(cast),
    ]


def _citizen(cast: Cast, n: int) -> Person:
    """Return one of as many citizens as the warm-up has requests, which notes each of them as seen."""
    people = list(cast.citizens.values())[:WARM_UP]
    return people[n % len(people)]


def _mine(cast: Cast, n: int) -> Request:
    return Request("/my", _citizen(cast, n).token)


def _case(cast: Cast, n: int) -> Request:
    return Request(f"/kartable/cases/{cast.codes[n % len(cast.codes)]}", cast.staff["admin"].token)


def _other_days(cast: Cast, n: int) -> Request:
    calendar = cast.site.calendar
    last = calendar.today(cast.site.clock.now()) - timedelta(days=n % YEAR)
    days = (last - timedelta(days=MONTH - n // YEAR), last)
    first_day, last_day = (calendar.format_date(day, "short", "en") for day in days)
    address = f"/desk/reports/statistics?first_day={first_day}&last_day={last_day}"
    return Request(address, cast.staff["admin"].token)


def _code(cast: Cast, n: int) -> Request:
    return Request(_desk(cast.codes[n % len(cast.codes)]), cast.staff["admin"].token)


def _desk(words: str, by: str = "newest") -> str:
    return f"/desk/reports?words={quote(words)}&sort={by}"


def _everywhere(words: str) -> str:
    return f"/kartable?view=everywhere&q={quote(words)}"


def _two_words(cast: Cast, n: int) -> Request:
    """Return a search for two words that each occur in one of fifty cases."""
    words = f"{cast.words[-1 - n % 20]} {cast.words[-2 - n % 7]}"
    return Request(_desk(words), cast.staff["admin"].token)


def _calls(cast: Cast) -> list[Scenario]:
    """Return the reading calls of the API, none where the portal has none."""
    if not cast.api_token:
        return []
    codes = cast.codes
    return [
        Scenario("API, list of 100", lambda _n: call(cast, "/cases?limit=100"), page=KARTABLE),
        Scenario(
            "API, kartable of 100",
            lambda _n: call(cast, "/cases?view=all&limit=100"),
            page=KARTABLE,
            small=False,
        ),
        Scenario("API, one case", lambda n: call(cast, f"/cases/{codes[n % len(codes)]}"), page=CASE),
    ]


def _changing_calls(cast: Cast) -> list[Scenario]:
    if not cast.api_token:
        return []
    return [
        Scenario(
            "API, new report",
            lambda n: call_with_report(cast, n),
            page=REGISTERED,
            expected=201,
            writes=(("cases", 1), ("case_events", 1), ("referrals", 1)),
        )
    ]


def call(cast: Cast, path: str, document: str = "", **headers: str) -> Request:
    """Return a call of the API by the administrator."""
    sent = {"Authorization": f"Bearer {cast.api_token}", **headers}
    return Request(f"/api/v1{path}", headers=sent, document=document)


def call_with_report(cast: Cast, n: int) -> Request:
    """Return a call that makes the n-th report of no one."""
    lat, lon = cast.places[n % len(cast.places)]
    body = {
        "category": cast.categories[n % len(cast.categories)],
        "place": {"lat": lat, "lon": lon},
        "body": "چالهٔ عمیقی وسط خیابان، روبه‌روی بانک، ایجاد شده و چند موتورسوار زمین خورده‌اند.",
    }
    key = {"Idempotency-Key": new_token()}
    return call(cast, "/reports", json.dumps(body), **key)


def submit(cast: Cast, n: int) -> Request:
    """Return the n-th report of a citizen."""
    person = _citizen(cast, n)
    lat, lon = cast.places[n % len(cast.places)]
    form = {
        "csrf_token": person.csrf,
        "key": new_token()[:22],
        "category": cast.categories[n % len(cast.categories)],
        "lat": str(lat),
        "lon": str(lon),
        "address": "",
        **({"near_seen": "true"} if cast.asks_for_similar else {}),
        "body": "چالهٔ عمیقی وسط خیابان، روبه‌روی بانک، ایجاد شده و چند موتورسوار زمین خورده‌اند.",
    }
    return Request("/reports/new", person.token, form)


def register(cast: Cast, n: int) -> Request:
    """Return the n-th report that an officer registers for a caller without a number."""
    admin = cast.staff["admin"]
    sent = submit(cast, n).form or {}
    form = {
        **sent,
        "csrf_token": admin.csrf,
        "source": "phone",
        "mobile": "",
        "name": "",
        "near_seen": "true",
    }
    return Request("/desk/reports/new", admin.token, form)


def submit_with_picture(cast: Cast, n: int) -> Request:
    """Return the n-th report of a citizen with a photograph, from a browser without scripts."""
    return replace(submit(cast, n), pictures={"photo_key_files": photo()})


def submit_unproved(cast: Cast, n: int) -> Request:
    """Return the same without a CSRF token: it is refused before the picture is processed."""
    sent = submit_with_picture(cast, n)
    return replace(sent, form={**(sent.form or {}), "csrf_token": ""})


def step(cast: Cast, case: OpenCase) -> Request:
    """Return the transition that starts the review of a report."""
    return Request(f"/kartable/cases/{case.code}/start_review", cast.staff["admin"].token, _form(cast, case))


def _plain_step(cast: Cast, code: str) -> Request:
    admin = cast.staff["admin"]
    return Request(f"/kartable/cases/{code}/start_review", admin.token, {"csrf_token": admin.csrf})


def refer(cast: Cast, case: OpenCase, n: int) -> Request:
    """Return the referral of a report to another unit."""
    unit = [unit_id for unit_id in cast.unit_ids if unit_id != case.unit_id][n % (len(cast.unit_ids) - 1)]
    form = {
        **_form(cast, case),
        "unit": str(unit),
        "user": "",
        "note": "لطفاً بازدید شود.",
        "anyway": f"{unit}-",
    }
    return Request(f"/kartable/cases/{case.code}/refer", cast.staff["admin"].token, form)


def _form(cast: Cast, case: OpenCase) -> dict[str, str]:
    return {"csrf_token": cast.staff["admin"].csrf, "version": str(case.version), "seen": str(case.seen)}
