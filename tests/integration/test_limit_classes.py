"""Properties of limits: strangers never exhaust a recognised class, and no class exceeds its own limit."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civicportal.core.limits import (
    LIMITS,
    ChallengeNeeded,
    LimitExceeded,
    Limits,
    LimitWindow,
    Requester,
    address_of,
    network_of,
)
from civicportal.core.limits.counters import LimitCounter as Counted
from civicportal.core.limits.counters import challenged_share, counters, of_site, share

SMALL = {name: [[4, 60], [6, 3600]] for name in LIMITS}
SCARCE = {"otp_send_site": [[20, 3600]], "password_site": [[20, 300]]}

USES = {
    "code": lambda who: [
        ("otp_send_number", "victim"),
        ("otp_send_address", who),
        ("otp_send_network", who),
        ("otp_send_site",),
    ],
    "guess": lambda who: [("otp_verify_staff", 1), ("otp_verify_address", who), ("otp_verify_site",)],
    "password": lambda who: [("password_user", "victim"), ("password_address", who), ("password_site",)],
    "track": lambda who: [("track_address", who), ("track_site",)],
    "submit": lambda who: [("submit_address", who)],
    "upload": lambda who: [("upload_address", who)],
    "passkey": lambda who: [("passkey_ask", who)],
    "passkey answer": lambda who: [("passkey_answer", who)],
}
STRANGERS = st.builds(
    lambda number, passed: (f"198.51.{number}.7", Requester(challenged=passed)),
    st.integers(0, 9),
    st.booleans(),
)
KNOWN = (
    Requester("known", "device a"),
    Requester("citizen", "user 7"),
    Requester("staff", "device b"),
    Requester("staff", "password 1"),
)


def refused(limits: Limits, kind: str, address: str, by: Requester) -> LimitExceeded | None:
    try:
        limits.count_uses(*USES[kind](address), by=by)
    except LimitExceeded as refusal:
        return refusal
    return None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    storm=st.lists(st.tuples(st.sampled_from(sorted(USES)), STRANGERS), max_size=60),
    kind=st.sampled_from(sorted(USES)),
    who=st.sampled_from(KNOWN),
)
def test_strangers_never_cost_a_recognised_class_anything(
    site: Any, storm: list[Any], kind: str, who: Requester
) -> None:
    limits = _fresh(site)
    for use, (address, by) in storm:
        refused(limits, use, address, by)
    # From the strangers' own address, and to its own last use.
    alone = _fresh(site)
    for _number in range(8):
        there = refused(limits, kind, "198.51.0.7", who)
        here = refused(alone, kind, "198.51.0.7", who)
        assert (type(there), there and there.name) == (type(here), here and here.name)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(USES)), STRANGERS | st.tuples(st.just("192.0.2.1"), st.sampled_from(KNOWN))
        ),
        max_size=80,
    )
)
def test_no_class_exceeds_its_own_limit(site: Any, uses: list[Any]) -> None:
    limits, let_through = _fresh(site), Counter[Any]()
    for kind, (address, by) in uses:
        if refused(limits, kind, address, by) is None:
            for use in USES[kind](address):
                let_through.update(one for one in counters(use, by, limits._windows) if one.beyond != "slow")
    assert [one for one, n in let_through.items() if n > one.window.hits] == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STRANGERS, max_size=40))
def test_no_single_address_raises_an_alarm(site: Any, storm: list[Any]) -> None:
    limits = _fresh(site)
    for _address, by in storm:
        refused(limits, "password", "198.51.1.7", by)
    assert [alarm for alarm in limits.alarms() if alarm.requesters == "unknown"] == []


_numbers = iter(range(10**9))


def _fresh(site: Any) -> Limits:
    """Return unused limits: they count under separate keys."""
    limits = Limits(site, SMALL | SCARCE)
    number, mac = next(_numbers), site.keys.mac
    limits._site = _WithKeys(site, lambda purpose, *parts: mac(purpose, str(number), *parts))
    return limits


class _WithKeys:
    """A site whose keys are others."""

    def __init__(self, site: Any, mac: Any) -> None:
        self.clock, self.engines, self.keys = site.clock, site.engines, self
        self.mac = mac


def test_the_shares_of_a_scarce_limit_are_no_more_than_the_whole() -> None:
    for hits in (20, 100, 5000):
        window = LimitWindow(hits, 86400)
        parts = [share(window, kind).hits for kind in ("unknown", "known", "citizen")]
        day = challenged_share((window,)).hits * 24
        assert sum(parts) + (day if hits >= 5000 else 0) <= hits


@pytest.mark.parametrize(
    ("address", "counted", "network"),
    [
        ("192.0.2.1", "192.0.2.1/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.1", "192.0.2.1/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("", "", ""),
        (None, "", ""),
        ("unix:", "unix:", "unix:"),
    ],
)
def test_where_a_request_comes_from(address: str | None, counted: str, network: str) -> None:
    assert (address_of(address), network_of(address)) == (counted, network)


def test_a_challenge_is_asked_for_only_where_it_helps(site: Any) -> None:
    limits = _fresh(site)
    outcomes = [refused(limits, "password", f"198.51.{n}.7", Requester()) for n in range(8)]
    assert [type(one) for one in outcomes] == [type(None)] * 4 + [ChallengeNeeded] * 4
    limits = _fresh(site)
    outcomes = [refused(limits, "code", f"198.51.{n}.7", Requester()) for n in range(6)]
    # Codes to one number end for everybody: no challenge lets a telephone be bombed.
    assert [type(one) for one in outcomes] == [type(None)] * 4 + [LimitExceeded] * 2


KNOWN_DEVICE, CITIZEN, STAFF, PASSED = (
    Requester("known", "device a"),
    Requester("citizen", "user 7"),
    Requester("staff", "device b"),
    Requester(challenged=True),
)
HOUR, DAY = LimitWindow(4, 3600), LimitWindow(48, 86400)


@pytest.mark.parametrize(
    ("use", "by", "counted"),
    [
        # What is a person's own: with everybody else, or apart where the limit has one for recognised people.
        (("track_own", 5), Requester(), [("track_own", ("5",), "refuse")]),
        (("track_own", 5), CITIZEN, [("track_own", ("5",), "refuse")]),
        (("otp_send_number", "+98"), Requester(), [("otp_send_number", ("+98",), "refuse")]),
        (("otp_send_number", "+98"), PASSED, [("otp_send_number", ("+98",), "refuse")]),
        (("otp_send_number", "+98"), KNOWN_DEVICE, [("otp_send_known", ("+98", "device a"), "refuse")]),
        (("password_user", 1), Requester(), [("password_user", ("1",), "challenge")]),
        (("password_user", 1), PASSED, [("password_user", ("1", "challenged"), "refuse")]),
        (("password_user", 1), STAFF, [("password_device", ("1", "device b"), "refuse")]),
        # Where a request comes from: recognised people are counted by themselves, or not at all.
        (("track_address", "192.0.2.7"), Requester(), [("track_address", ("192.0.2.7/32",), "challenge")]),
        (("track_address", "192.0.2.7"), CITIZEN, [("track_known", ("user 7",), "refuse")]),
        (("csp_address", "192.0.2.7"), PASSED, [("csp_address", ("192.0.2.7/32",), "refuse")]),
        (
            ("otp_send_network", "192.0.2.7"),
            Requester(),
            [("otp_send_network", ("192.0.2.0/24",), "challenge")],
        ),
        (
            ("otp_send_network", "192.0.2.7"),
            PASSED,
            [("otp_send_network", ("192.0.2.0/24", "challenged"), "refuse")],
        ),
        (("otp_send_network", "192.0.2.7"), KNOWN_DEVICE, []),
    ],
)
def test_what_a_use_adds_to(use: Any, by: Requester, counted: list[Any]) -> None:
    windows = dict.fromkeys(LIMITS, (HOUR, DAY))
    assert list(counters(use, by, windows)) == [
        Counted(name, parts, window, beyond) for name, parts, beyond in counted for window in (HOUR, DAY)
    ]


@pytest.mark.parametrize(
    ("name", "by", "counted"),
    [
        ("identity_site", Requester(), [((), HOUR, "refuse"), ((), DAY, "refuse")]),
        ("identity_site", STAFF, [((), HOUR, "refuse"), ((), DAY, "refuse")]),
        (
            "track_site",
            Requester(),
            [(("unknown",), HOUR, "challenge"), (("unknown",), DAY, "challenge")],
        ),
        ("track_site", PASSED, [(("challenged",), HOUR, "slow")]),
        ("track_site", KNOWN_DEVICE, []),
        ("track_site", STAFF, []),
        (
            "otp_send_site",
            Requester(),
            [
                (("unknown",), LimitWindow(2, 3600), "challenge"),
                (("unknown",), LimitWindow(24, 86400), "challenge"),
            ],
        ),
        (
            "otp_send_site",
            CITIZEN,
            [
                (("citizen",), LimitWindow(1, 3600), "challenge"),
                (("citizen",), LimitWindow(4, 86400), "challenge"),
            ],
        ),
        ("otp_send_site", STAFF, []),
        # 20 % of 48 a day are 9, which is none in an hour: one passes all the same.
        ("otp_send_site", PASSED, [(("challenged",), LimitWindow(1, 3600), "refuse")]),
    ],
)
def test_what_a_use_adds_to_of_the_whole_site(name: str, by: Requester, counted: list[Any]) -> None:
    found = counters((name,), by, {name: (HOUR, DAY)})
    assert list(found) == [Counted(name, *one, of_site=True) for one in counted]


def test_the_share_of_those_who_pass_is_that_of_the_narrowest_window() -> None:
    assert challenged_share((LimitWindow(1000, 3600), LimitWindow(5000, 86400))) == LimitWindow(41, 3600)
    assert challenged_share((LimitWindow(1000, 300),)) == LimitWindow(200, 300)
    assert challenged_share((LimitWindow(100, 3600), LimitWindow(48000, 86400))) == LimitWindow(20, 3600)
    assert challenged_share((LimitWindow(1, 86400),)) == LimitWindow(1, 3600)
    assert challenged_share((LimitWindow(1000, 300), LimitWindow(3000, 3600))) == LimitWindow(600, 3600)
    assert challenged_share((LimitWindow(50, 300), LimitWindow(1000, 3600))) == LimitWindow(10, 300)


def test_the_counters_of_the_whole_site_are_those_of_every_class() -> None:
    classes: dict[str, list[str]] = {}
    for counter, kind in of_site(dict.fromkeys(LIMITS, (HOUR,))):
        assert counter.of_site
        assert counter.parts == (() if kind == "everybody" else (kind,))
        classes.setdefault(counter.name, []).append(kind)
    assert classes == {
        "otp_send_site": ["unknown", "known", "citizen", "challenged"],
        "otp_verify_site": ["unknown", "challenged"],
        "track_site": ["unknown", "challenged"],
        "password_site": ["unknown", "known", "citizen", "challenged"],
        "identity_site": ["everybody"],
        "csp_site": ["everybody"],
    }
