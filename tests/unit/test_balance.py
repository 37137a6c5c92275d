"""Which of several processes takes a connection: the one that has the fewest, the others when it does not come."""

import socket

import pytest

from civicportal import balance
from civicportal.balance import Balance


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def waiting(listening):
    """A connection that stands in the queue."""
    with socket.create_connection(listening.getsockname()) as connection:
        yield connection


@pytest.fixture
def busy():
    """The share of a process that has one connection more than the other."""
    both = Balance(2)
    own, other = both.share(0), both.share(1)
    own.note(3)
    other.note(2)
    return own


@pytest.fixture
def steps(monkeypatch):
    """What happens while a process waits: nothing, unless a test says so; the steps are counted."""
    taken = []

    def step(seconds):
        assert seconds == balance.STEP
        taken.append(seconds)
        if step.then:
            step.then()

    step.then = None
    step.taken = taken
    monkeypatch.setattr(balance.time, "sleep", step)
    return step


def test_who_has_more_leaves_it_to_another(busy, listening, waiting, steps):
    steps.then = lambda: listening.accept()[0].close()
    assert busy.leaves_it(listening)
    assert len(steps.taken) == 1


def test_who_has_no_more_than_another_in_the_meantime_takes_it(listening, waiting, steps):
    both = Balance(2)
    own, other = both.share(0), both.share(1)
    own.note(3)
    # It has taken one, and the next stands in the queue already.
    steps.then = lambda: other.note(3)
    assert not own.leaves_it(listening)
    assert len(steps.taken) == 1


def test_who_waits_in_vain_takes_it(busy, listening, waiting, steps):
    assert not busy.leaves_it(listening)
    assert len(steps.taken) == balance.STEPS
    # The other one may be at a stop: it is not waited for each time.
    assert not busy.leaves_it(listening)
    assert len(steps.taken) == balance.STEPS


@pytest.mark.parametrize("others", [3, 4])
def test_who_has_as_few_as_anybody_takes_it_at_once(others, listening, waiting, steps):
    both = Balance(2)
    own, other = both.share(0), both.share(1)
    own.note(3)
    other.note(others)
    assert not own.leaves_it(listening)
    assert not steps.taken


def test_a_process_that_is_started_again_has_none():
    both = Balance(2)
    both.share(0).note(3)
    both.share(1).note(2)
    both.share(0)
    assert list(both.connections) == [0, 2]
