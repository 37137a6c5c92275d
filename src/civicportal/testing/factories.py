"""Factories of rows with default values."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import func, select

from civicportal.core.security import Identity, Realm
from civicportal.core.work import Work
from civicportal.domain.accounts.models import Membership, Role, RolePermission, User
from civicportal.domain.cases.kinds import kind_of
from civicportal.domain.cases.models import Case
from civicportal.domain.cases.services import CaseService
from civicportal.domain.notifications.models import OutboxMessage
from civicportal.domain.organization.models import Category, Unit
from civicportal.domain.questionnaires.models import CategoryQuestion, QuestionChoice

APP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - only people of tests have it
"""Key of the authenticator apps of administrators, for ``pyotp.TOTP(APP_SECRET).at(site.clock.now())``."""


RowT = TypeVar("RowT")


def make_unit(work: Work, key: str = "waste", **values: object) -> Unit:
    """Return a new unit."""
    unit = Unit(**{"key": key, "name": f"واحد {key}", "short_name": key[:25], **values})
    return _added(work, unit)


def make_category(
    work: Work, key: str = "bin", *, kind: str = "petitions", unit: Unit | None = None, **values: object
) -> Category:
    """Return a new category; ``parent_id`` puts it below another."""
    usual = {"name": f"موضوع {key}", "short_name": key[:25], "deadline_days": 2.0, "synonyms": []}
    category = Category(kind=kind, key=key, unit_id=unit.id if unit else None, **{**usual, **values})
    return _added(work, category)


def make_question(
    work: Work,
    category: Category,
    key: str = "danger",
    *,
    choices: Mapping[str, str] | None = None,
    stops: Mapping[str, str] | None = None,
    **values: object,
) -> CategoryQuestion:
    """Return a new question about cases of a category, last of it.

    :param choices: labels by key; without them the answer is a line of text, unless ``values`` say otherwise.
    :param stops: messages by the key of a choice.
    """
    of_category = select(func.count()).where(CategoryQuestion.category_id == category.id)
    usual = {
        "datatype": "singlevaluelist" if choices else "string",
        "label": f"پرسش {key}",
        "weight": -(work.session.scalar(of_category) or 0),
    }
    question = _added(work, CategoryQuestion(category_id=category.id, key=key, **{**usual, **values}))
    for place, (name, label) in enumerate((choices or {}).items()):
        stop = (stops or {}).get(name, "")
        _added(work, QuestionChoice(question_id=question.id, key=name, label=label, stop=stop, weight=-place))
    return question


def make_citizen(work: Work, mobile: str = "+989000000001", **values: object) -> User:
    """Return a new citizen with a verified mobile."""
    usual = {"name": "شهروند نمونه", "level": 1, "created_at": work.clock.now()}
    return _added(work, User(mobile=mobile, **{**usual, **values}))


def make_staff(
    work: Work,
    role: str = "handler",
    *,
    unit: Unit | None = None,
    category: Category | None = None,
    permissions: Sequence[str] | None = None,
    username: str = "",
    **values: object,
) -> User:
    """Return a new member of staff with one membership.

    A second one gives named rights that a unit cannot limit.

    :param role: key of the role, created if missing; "administrator" is the built-in one.
    :param permissions: of a new role; None gives every right of every kind except ``act_any``, and in a unit or
        category those that it can limit. City-wide rights are granted through a separate membership.

    An administrator gets an authenticator app, because a site requires a strong factor of them.
    """
    limited = unit is not None or category is not None
    of_city = sorted(work.site.rights_of_city.intersection(permissions or ())) if limited else []
    if limited:
        every = _usual_rights(work) if permissions is None else permissions
        permissions = [name for name in every if name not in work.site.rights_of_city]
    number = len(work.session.scalars(select(User.id)).all()) + 1
    usual = {"name": f"کارمند {number}", "mobile": f"+98900001{number:04}", "created_at": work.clock.now()}
    if role == "administrator":
        # Without a strong factor they could not open any page.
        usual["totp_secret"] = work.site.keys.encrypt(APP_SECRET)
    user = _added(work, User(username=username or f"{role}{number}", **{**usual, **values}))
    membership = Membership(
        user_id=user.id,
        role_id=_role(work, role, permissions).id,
        unit_id=unit.id if unit else None,
        category_id=category.id if category else None,
    )
    _added(work, membership)
    if of_city:
        _added(work, Membership(user_id=user.id, role_id=_role(work, f"{role}-city", of_city).id))
    work.session.expire(user, ["memberships"])
    return user


def make_case(work: Work, *, citizen: User | None = None, kind: str = "petitions", **opening: Any) -> Case:
    """Open a case of a citizen.

    The site's fallback unit is created if missing.

    :param opening: further arguments of :meth:`~civicportal.domain.cases.services.CaseService.open`.
    """
    fallback = work.site.fallback_unit
    if work.session.scalar(select(Unit.id).where(Unit.key == fallback)) is None:
        make_unit(work, fallback)
    is_citizen = (User.username.is_(None), User.machine.is_(False))
    first = select(User).where(*is_citizen).order_by(User.id).limit(1)
    citizen = citizen or work.session.scalar(first) or make_citizen(work)
    usual = {"subject": "سطل زباله پر است", "body": "از دیروز تخلیه نشده است.", "citizen_id": citizen.id}
    return work.get(CaseService).open(kind_of(work.site, kind), **{**usual, **opening})


def identity(work: Work, user: User, realm: Realm = "staff") -> Identity:
    """Return the identity of a person in a realm."""
    from civicportal.domain.accounts.identity import identity_of

    return identity_of(work, user, realm)


def outbox(work: Work, recipient: str | None = None) -> list[OutboxMessage]:
    """Return the queued messages, oldest first.

    :param recipient: only those to this number (E.164).
    """
    query = select(OutboxMessage).order_by(OutboxMessage.id)
    if recipient:
        query = query.where(OutboxMessage.recipient == recipient)
    return list(work.session.scalars(query))


def _role(work: Work, key: str, permissions: Sequence[str] | None) -> Role:
    role = work.session.scalar(select(Role).where(Role.key == key))
    if role:
        return role
    names = _usual_rights(work) if permissions is None else permissions
    rights = [RolePermission(permission=name) for name in names]
    return _added(work, Role(key=key, title=key, builtin=key == "administrator", permissions=rights))


def _usual_rights(work: Work) -> list[str]:
    return [name for name in work.site.permissions if ":case:" in name and not name.endswith(":act_any")]


def _added(work: Work, row: RowT) -> RowT:
    work.session.add(row)
    work.session.flush()
    return row
