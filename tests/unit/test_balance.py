"""Which of several processes takes a connection: the one that has the least in hand, the others when it does not come."""

import socket
from contextlib import ExitStack
from functools import partial

import pytest
import waitress
from waitress.wasyncore import close_all, loop

from civicportal.core.serving import balance
from civicportal.core.serving.balance import Balance, Turn
from civicportal.core.serving.draining import Channel
from civicportal.core.serving.receiving import RequestParser


class Process:
    """A server of waitress in this process, and what another one beside it says of itself."""

    def __init__(self, stack):
        self.stack, self.sockets = stack, {}
        self.listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.server = waitress.create_server(
            lambda *_: [], map=self.sockets, sockets=[self.listening], threads=1
        )
        stack.callback(self.end)
        both = Balance(2)
        self.own, self.other = both.share(0), both.share(1)
        self.turn = Turn(self.server, self.own)
        self.server.channel_class = partial(Channel, self.turn.note, partial(RequestParser, None))

    def end(self):
        self.server.task_dispatcher.shutdown()
        close_all(self.sockets)

    def connect(self):
        self.stack.enter_context(socket.create_connection(self.listening.getsockname()))

    def run(self):
        """Let it do what there is to do; return how many connections it has."""
        loop(timeout=0.01, use_poll=True, map=self.sockets, count=1)
        self.turn.look()
        return len(self.server.active_channels)


@pytest.fixture
def process():
    with ExitStack() as stack:
        yield Process(stack)


@pytest.fixture
def loaded(process, monkeypatch):
    """A process that has one connection more than the other, and all the time it may wait."""
    monkeypatch.setattr(balance, "LONGEST", 1000.0)
    process.connect()
    assert process.run() == 1
    return process


def test_who_has_no_more_than_another_takes_it_at_once(process):
    process.own.note(2)
    process.other.note(2)
    process.connect()
    assert process.run() == 1
    assert not process.turn.waits


def test_who_has_more_leaves_it_to_another(loaded):
    loaded.connect()
    assert loaded.run() == 1
    assert loaded.turn.waits
    loaded.listening.accept()[0].close()
    loaded.other.note(2)
    assert loaded.run() == 1
    assert not loaded.turn.waits
    loaded.connect()
    assert loaded.run() == 2


def test_who_has_no_more_in_the_meantime_takes_it(loaded):
    loaded.connect()
    loaded.run()
    # It has taken others.
    loaded.other.note(2)
    assert loaded.run() == 2


def test_who_waits_in_vain_takes_it_and_does_not_wait_again(loaded, monkeypatch):
    monkeypatch.setattr(balance, "IN_VAIN", 1000.0)
    monkeypatch.setattr(balance, "LONGEST", 0.0)
    loaded.connect()
    loaded.run()
    assert loaded.run() == 2
    monkeypatch.setattr(balance, "LONGEST", 1000.0)
    loaded.connect()
    assert loaded.run() == 3


def test_who_waited_for_what_another_took_waits_again(loaded, monkeypatch):
    loaded.connect()
    loaded.run()
    monkeypatch.setattr(balance, "LONGEST", 0.0)
    loaded.listening.accept()[0].close()
    loaded.other.note(2)
    loaded.run()
    loaded.other.note(0)
    monkeypatch.setattr(balance, "LONGEST", 1000.0)
    loaded.connect()
    assert loaded.run() == 1


def test_a_process_that_is_started_again_has_nothing_in_hand():
    both = Balance(2)
    both.share(0).note(3)
    both.share(1).note(2)
    both.share(0)
    assert list(both.loads) == [0, 2]
