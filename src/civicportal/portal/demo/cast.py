"""Actors and random choices of the demo data."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import select

from civicportal.core.security import Identity
from civicportal.domain.accounts.identity import identity_of
from civicportal.domain.accounts.models import User

if TYPE_CHECKING:
    from civicportal.core.work import Work

T = TypeVar("T")


def citizens(work: "Work") -> list[Identity]:
    """Return the signed-in citizens."""
    query = select(User).where(User.username.is_(None), User.level >= 1).order_by(User.id)
    return [
        Identity(user_id=user.id, name=user.name, door="citizen", level=user.level, mobile=user.mobile)
        for user in work.session.scalars(query)
    ]


def staff(work: "Work") -> list[Identity]:
    """Return the signed-in staff."""
    query = select(User).where(User.username.is_not(None)).order_by(User.id)
    return [identity_of(work, user, "staff") for user in work.session.scalars(query)]


def moments(rng: Random, count: int, now: datetime, span: timedelta) -> list[datetime]:
    """Return submission times in order: at waking hours, more of them recently."""
    days = span.days
    found = []
    for _number in range(count):
        age = days * rng.random() ** 2.2
        day = now - timedelta(days=age)
        local = day.replace(hour=rng.randint(4, 17), minute=rng.randrange(60), second=rng.randrange(60))
        found.append(min(local, now - timedelta(minutes=rng.randint(5, 240))))
    return sorted(found)


def drawn(rng: Random, shares: dict[T, int]) -> T:
    """Choose one item at random by its weight."""
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def taking_turns(rng: Random, items: Sequence[T], count: int) -> list[T]:
    """Return a number of items, each about equally often, in random order."""
    turns: list[T] = []
    while len(turns) < count:
        turns += rng.sample(list(items), len(items))
    return turns[:count]
