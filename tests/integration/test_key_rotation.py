"""The keys of the encryption at rest are changed while the portal runs, and nothing is lost."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from civicportal.cli import main
from civicportal.core.crypto import CannotDecrypt, Keys
from civicportal.domain.accounts.models import PendingClaim, User
from civicportal.domain.privacy import rotation
from civicportal.domain.privacy.rotation import count_sealed, rotate
from civicportal.portal.doctor.services import findings
from civicportal.testing import make_citizen
from civicportal.util.i18n import say

pytestmark = pytest.mark.both_databases

SECRET = b"s" * 32
OLD, NEW, OTHER = b"old-" * 8, b"new-" * 8, b"else" * 8
CODES = [f"{number:010}" for number in range(25)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 4)


@pytest.fixture
def keys(site, monkeypatch):
    """Let the site have these keys, the newest first."""

    def use(*pii_keys):
        monkeypatch.setattr(site, "keys", Keys(SECRET, pii_keys))

    use(OLD)
    return use


@pytest.fixture
def people(site, keys):
    with site.work() as work:
        for number, code in enumerate(CODES):
            make_citizen(
                work,
                f"+98900000{number:04}",
                national_code=site.keys.encrypt(code),
                birth_date=site.keys.encrypt("1990-01-01"),
                totp_secret=site.keys.encrypt("secret") if number == 0 else None,
            )
        user_id = work.session.scalars(select(User.id)).first()
        now = work.clock.now()
        claim = {"national_code": site.keys.encrypt("1"), "birth_date": site.keys.encrypt("2")}
        work.session.add(PendingClaim(user_id=user_id, created_at=now, next_at=now, **claim))


def codes(site):
    with site.work(write=False) as work:
        rows = work.session.scalars(select(User.national_code).order_by(User.mobile)).all()
        return [site.keys.decrypt(row) for row in rows]


def counts(site):
    with site.work(write=False) as work:
        found = count_sealed(work)
    return {count.column: (count.newest, count.older, count.lost) for count in found}


def test_everything_is_encrypted_again_with_the_newest_key(site, keys, people):
    keys(NEW, OLD)
    assert counts(site)["users.national_code"] == (0, 25, 0)
    assert rotate(site) == 25 + 25 + 1 + 2
    assert set(counts(site).values()) <= {(25, 0, 0), (1, 0, 0), (0, 0, 0)}
    keys(NEW)
    assert codes(site) == CODES
    assert rotate(site) == 0


def test_an_interrupted_rotation_continues(site, keys, people):
    keys(NEW, OLD)

    def break_off(column, written):
        if written >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate(site, break_off)
    assert codes(site) == CODES
    left = sum(older for _, older, _ in counts(site).values())
    assert 0 < left < 53
    assert rotate(site) == left


def test_a_concurrently_changed_value_is_not_overwritten(site, keys, people):
    keys(NEW, OLD)
    with site.work() as work:
        rows = rotation._older(work, User.__table__.columns["national_code"], None)
    with site.work() as work:
        work.session.execute(
            update(User).where(User.id == rows[0][0]).values(national_code=site.keys.encrypt("0000000042"))
        )
    with site.work() as work:
        assert rotation._reencrypt(work, User.__table__.columns["national_code"], rows[0]) == 0
        assert rotation._reencrypt(work, User.__table__.columns["national_code"], rows[1]) == 1
    assert codes(site)[0] == "0000000042"


def test_what_a_missing_key_sealed_is_named_and_left_alone(site, keys, people):
    keys(OTHER)
    assert counts(site)["users.national_code"] == (0, 0, 25)
    assert rotate(site) == 0
    with pytest.raises(CannotDecrypt):
        codes(site)
    keys(OTHER, OLD)
    assert rotate(site) == 53
    assert codes(site) == CODES


def test_a_damaged_value_stops_nothing(site, keys, people):
    keys(NEW, OLD)
    with site.work() as work:
        user = work.session.scalars(select(User).order_by(User.id)).first()
        user.national_code = user.national_code[:20] + "AAAA" + user.national_code[24:]
    assert rotate(site) == 52
    assert counts(site)["users.national_code"] == (24, 1, 0)


def found(site):
    with site.work(write=False) as work:
        return [
            (finding.level, say(finding.text)) for finding in findings(work) if "pii_keys" in finding.place
        ]


def test_the_doctor_says_what_is_left_and_what_is_lost(site, keys, people):
    assert found(site) == []
    keys(NEW, OLD)
    assert found(site) == [("warning", "53 values are encrypted with an older key")]
    keys(NEW)
    assert found(site) == [("error", "53 values are encrypted with a missing key")]


@pytest.fixture
def run(civic_environment, site, monkeypatch):
    def run(*arguments):
        for name in ("load_site", "assemble_site"):
            monkeypatch.setattr(f"civicportal.cli.keys.{name}", lambda context: site)
        return CliRunner().invoke(main, ["--site", str(civic_environment.path), "keys", *arguments])

    return run


def test_the_commands(site, keys, people, run):
    keys(NEW, OLD)
    before = run("status")
    assert before.exit_code == 1
    assert "users.national_code: 0 by the newest key, 25 by an older one" in before.output
    assert before.output.endswith("53 left\n")
    rotated = run("rotate")
    assert rotated.exit_code == 0, rotated.output
    assert "\n53 values re-encrypted\n" in rotated.output
    assert rotated.output.endswith("0 left: older keys may be removed from pii_keys\n")
    after = run("status")
    assert after.exit_code == 0
    assert after.output.endswith("0 left: older keys may be removed from pii_keys\n")
    assert not any(code in before.output + rotated.output + after.output for code in CODES)
