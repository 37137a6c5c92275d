"""Cases of others that a citizen follows, by the API: public words only, notices, rating, messages."""

import pytest
from integration.rest.test_cooperation import change

from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.models import Case
from civicportal.testing import identity, make_citizen

pytestmark = pytest.mark.both_databases

KEY = {"Idempotency_Key": "0123456789abcdef"}


@pytest.fixture
def followed(site, city):
    """The first case, followed by another citizen, and its address for them."""
    people, codes = city
    with site.work() as work:
        people["follower"] = make_citizen(work, "+989000000002")
        people["stranger"] = make_citizen(work, "+989000000003")
        who = identity(work, people["follower"], "citizen")
    with site.work(actor=who) as work:
        cases = {case.code: case for case in work.session.query(Case)}
        for code in codes:
            work.get(FollowerService).follow(cases[code])
        return f"/followed/{cases[codes[0]].id}", f"/cases/{codes[0]}"


def test_they_are_listed_in_pages(caller, followed):
    follower = caller("follower")
    first = follower.get("/followed?limit=1").json
    last = follower.get(f"/followed?limit=1&cursor={first['next']}").json
    assert [one["category"]["key"] for one in (*first["items"], *last["items"])] == ["waste", "light"]
    assert last["next"] is None
    assert caller("stranger").get("/followed").json["items"] == []


def test_the_words_are_shown_once_they_are_public(caller, site, followed):
    follower, (path, case) = caller("follower"), followed
    shown = follower.get(path).json
    assert (shown["public"], shown["words"], shown["place"]) == (False, None, None)
    change(caller("officer"), case, "publication", {"public": True, "words": "سطل پر است."})
    shown = follower.get(path).json
    assert (shown["public"], shown["words"]) == (True, "سطل پر است.")


def test_a_follower_is_told_rates_writes_and_leaves(caller, followed):
    follower, officer, (path, case) = caller("follower"), caller("officer"), followed
    assert follower.get(path).json["wanted"] is True
    assert follower.post(f"{path}/notices", {"wanted": False}).json["wanted"] is False
    assert follower.get(path).json["wanted"] is False
    written = follower.post(f"{path}/messages", {"words": "هنوز پر است."}, status=201, **KEY)
    assert (
        follower.post(f"{path}/messages", {"words": "هنوز پر است."}, status=201, **KEY).json == written.json
    )
    history = officer.get(f"{case}/history").json["items"]
    assert sum("هنوز پر است." in (one["text"] + (one["internal_text"] or "")) for one in history) == 1
    empty = follower.post(f"{path}/messages", {}, status=422, Idempotency_Key="fedcba9876543210").json
    assert [one["pointer"] for one in empty["errors"]] == ["#/words"]
    follower.post(f"{path}/rating", {"stars": 4}, status=422)
    change(officer, case, "steps/accept")
    change(officer, case, "steps/finish")
    assert follower.post(f"{path}/rating", {"stars": 4}).json["stars"] == 4
    assert follower.post(f"{path}/stop").json == {"id": int(path.rpartition("/")[2]), "following": False}
    follower.get(path, status=404)


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("notices", {"wanted": False}),
        ("rating", {"stars": 1}),
        ("messages", {"words": "x y z"}),
        ("stop", {}),
    ],
)
def test_no_one_else_has_them(caller, followed, action, body):
    path = followed[0]
    for who, status in (("stranger", 404), ("officer", 403)):
        person = caller(who, "cases:read", "cases:write")
        person.get(path, status=status)
        person.post(f"{path}/{action}", body, status=status, **KEY)
    assert caller("follower").get(path).json["wanted"] is True
