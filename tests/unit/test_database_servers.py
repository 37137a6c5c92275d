"""The address of a database on several servers, and what is known of one that is lost."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from civicportal.core.db.servers import (
    DEFAULTS,
    ServerOrder,
    connection_parameters,
    may_be_repeated,
    parse_address,
    servers_of,
    writable_servers,
)
from civicportal.util.errors import ConfigurationError

SEVERAL = "postgresql+psycopg://portal:secret@/city?host=db1:5432&host=db2:5433"


def parameters(address: str) -> dict[str, str]:
    return connection_parameters(make_url(address))


def test_one_server_is_waited_for_seconds_and_not_minutes() -> None:
    found = parameters("postgresql+psycopg://portal:secret@db1/city")
    assert found == {**DEFAULTS, "user": "portal", "password": "secret", "host": "db1", "dbname": "city"}


def test_of_several_servers_the_one_that_takes_writes_is_meant() -> None:
    found = parameters(SEVERAL)
    assert (found["host"], found["port"], found["target_session_attrs"]) == (
        "db1,db2",
        "5432,5433",
        "read-write",
    )


@pytest.mark.parametrize(
    ("address", "servers"),
    [
        (SEVERAL, [("db1", "5432"), ("db2", "5433")]),
        ("postgresql://u@/city?host=db1&host=db2", [("db1", "5432"), ("db2", "5432")]),
        ("postgresql://u@/city?host=db1,db2&port=6000,6001", [("db1", "6000"), ("db2", "6001")]),
        ("postgresql://u@db1,db2/city", [("db1", "5432"), ("db2", "5432")]),
        ("postgresql://u@/city?host=/run/postgresql", [("/run/postgresql", "5432")]),
    ],
)
def test_servers_are_read_from_every_form_of_the_address(
    address: str, servers: list[tuple[str, str]]
) -> None:
    assert servers_of(parameters(address)) == servers


def test_the_address_has_the_last_word() -> None:
    found = parameters(f"{SEVERAL}&connect_timeout=9&target_session_attrs=any")
    assert (found["connect_timeout"], found["target_session_attrs"]) == ("9", "any")


@pytest.mark.parametrize(
    "place", ["@db1:5432,db2:5432/city", "@/city?host=db1,db2&port=6000", "@/city?host=db1:x&host=db2:y"]
)
def test_an_address_that_cannot_be_read_is_refused_with_one_that_can(place: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"host=db1\.example\.org:5432&host=db2\.example\.org:5432"
    ) as refusal:
        parse_address(f"postgresql://portal:secret{place}")
    assert "secret" not in str(refusal.value)


def test_the_server_that_answered_last_is_asked_first() -> None:
    asked, up = [], {"db1": False, "db2": True}

    def connect(**place: str) -> Any:
        asked.append(place["host"])
        host = next(host for host in place["host"].split(",") if up[host])
        return SimpleNamespace(info=SimpleNamespace(host=host, port={"db1": 5432, "db2": 5433}[host]))

    order = ServerOrder(parameters(SEVERAL))
    for state in (False, False, True, True):
        up["db1"], up["db2"] = state, not state
        order.connect(SimpleNamespace(connect=connect), None, (), {"user": "portal"})
    assert asked == ["db1,db2", "db2,db1", "db2,db1", "db1,db2"]


def lost(statement: str | None, sqlstate: str | None = None) -> OperationalError:
    error = Exception()
    error.sqlstate = sqlstate  # type: ignore[attr-defined]  # as errors of psycopg have
    return OperationalError(statement, None, error, connection_invalidated=True)


def test_only_what_surely_changed_nothing_is_repeated() -> None:
    assert may_be_repeated(lost("SELECT 1"), reads=True)
    # It is unknown whether a COMMIT was carried out.
    assert not may_be_repeated(lost(None), reads=True)
    assert not may_be_repeated(lost("INSERT"), reads=False)
    assert may_be_repeated(lost("INSERT", "25006"), reads=False)
    assert not may_be_repeated(OperationalError("SELECT 1", None, Exception()), reads=True)
    assert not may_be_repeated(ProgrammingError("SELECT 1", None, Exception()), reads=True)


@pytest.mark.parametrize("address", ["sqlite:///portal.db", "postgresql://u@db1/city"])
def test_a_single_server_is_not_asked_whether_it_is_the_only_one(address: str) -> None:
    assert writable_servers(make_url(address)) == []
