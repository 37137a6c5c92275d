"""What tests of units, categories and questions share: reading what was said and recorded, changing with a version."""

from hashlib import sha256

from sqlalchemy import select

from civicportal.domain.audit.models import AuditEvent
from civicportal.domain.tokens.models import Token

BOTH = ("organization:read", "organization:write")
KEY = "0123456789abcdef"


def pointers(answer):
    return [one["pointer"] for one in answer.json["errors"]]


def keys_at(path, who):
    return [one["key"] for one in who.get(path).json["items"]]


def change_at(depth, who, path, body=None, *, status=200):
    """Read a thing, whose path has so many parts, and change it with its version."""
    one = "/".join(path.split("/")[: depth + 1])
    return who.post(path, body, status=status, If_Match=who.get(one).headers["ETag"])


def add_at(path, who, body, *, status=201):
    """Add a thing, with an idempotency key of its own for each body."""
    key = sha256(repr((path, body)).encode()).hexdigest()
    return who.post(path, body, status=status, Idempotency_Key=key)


def recorded(site, prefix):
    """Return the audit events of a sort of thing, all of which name the only token."""
    with site.work(write=False) as work:
        found = select(AuditEvent).where(AuditEvent.action.like(f"{prefix}:%")).order_by(AuditEvent.id)
        rows = work.session.scalars(found).all()
        token = work.session.scalars(select(Token.id)).one()
    assert {row.data["token"] for row in rows} == {token}
    return rows


class TokenRights:
    """Base of tests of rights.

    :cvar calls: paths and bodies of all changes.
    """

    def refused(self, who, status):
        for path, body in self.calls:
            who.post(path, body, status=status, If_Match="*", Idempotency_Key=KEY)

    def test_a_revoked_token_changes_nothing(self, boss, site):
        with site.work() as work:
            for token in work.session.scalars(select(Token)):
                token.revoked_at = work.clock.now()
        self.refused(boss, 401)
