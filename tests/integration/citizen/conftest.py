"""A kind of case in which citizens take steps, the people around it, and browsers that are signed in."""

import io
import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from civicportal_reports.workflow import FinishedWork
from PIL import Image
from sqlalchemy import select
from translationstring import TranslationString
from webtest import TestApp

from civicportal.core.crypto import new_token, token_hash
from civicportal.core.security import Identity
from civicportal.core.storage import ProcessedImage, process_image
from civicportal.domain.accounts.models import Session, User
from civicportal.domain.cases.attachments import AttachmentService, PictureFiles
from civicportal.domain.cases.followers import FollowerService
from civicportal.domain.cases.kinds import kinds_of
from civicportal.domain.cases.models import Attachment, Case
from civicportal.domain.cases.public_texts import PublicTexts
from civicportal.domain.cases.schemas import PublicAnswer
from civicportal.domain.cases.services import CaseService
from civicportal.domain.cases.workflow import VERBS, CaseKind, State, Transition, Workflow, permissions_of
from civicportal.domain.organization.models import Category
from civicportal.testing import identity, make_case, make_category, make_citizen, make_staff, make_unit
from civicportal.web.schema import CleanText, Node, StrictSchema

ENVIRON = {"REMOTE_ADDR": "192.0.2.1"}
NAME = TranslationString


class Withdrawal(StrictSchema):
    """The optional reason of a citizen."""

    public_text = Node(CleanText(0, 100), title=NAME("Why?"), missing="")


REQUESTS = CaseKind(
    name="requests",
    title=NAME("Request"),
    permission_prefix="requests:case",
    rating=True,
    publishable=True,
    reopen="reopen",
    workflow=Workflow(
        initial="registered",
        states=(
            State(name="registered", title=NAME("Registered"), stage="registered"),
            State(name="working", title=NAME("In work"), stage="in_progress"),
            State(
                name="asked",
                title=NAME("A question waits"),
                stage="in_progress",
                answer="answer",
                unanswered="lapse",
            ),
            State(name="done", title=NAME("Done"), stage="done"),
            State(name="withdrawn", title=NAME("Withdrawn"), stage="rejected"),
        ),
        transitions=(
            Transition(name="start", title=NAME("Start"), sources=("registered",), target="working"),
            Transition(
                name="ask", title=NAME("Ask"), sources=("working",), target="asked", schema=PublicAnswer
            ),
            Transition(
                name="answer",
                title=NAME("Answer"),
                sources=("asked",),
                target="working",
                actors=frozenset({"citizen"}),
                schema=FinishedWork,
            ),
            Transition(
                name="lapse",
                title=NAME("Nothing came"),
                sources=("asked",),
                target="working",
                actors=frozenset({"system"}),
            ),
            Transition(name="close", title=NAME("Close"), sources=("registered", "working"), target="done"),
            Transition(
                name="withdraw",
                title=NAME("Withdraw"),
                sources=("registered", "working"),
                target="withdrawn",
                actors=frozenset({"citizen"}),
                schema=Withdrawal,
                confirm=NAME("It is closed."),
            ),
            Transition(
                name="reopen",
                title=NAME("Open again"),
                sources=("done",),
                target="working",
                actors=frozenset({"staff", "citizen"}),
            ),
        ),
    ),
)


class Browser(TestApp):
    """WebTest's browser, which knows the token of its forms."""

    def token(self) -> str:
        page = self.get("/track").text
        return re.search(r'name="csrf_token" value="(\w+)"', page)[1]

    def session_token(self) -> str:
        self.token()
        return str(self.cookies["cp"])


@pytest.fixture
def civic_settings() -> dict[str, Any]:
    return {"site": {"languages": ["fa", "en"]}, "contact": {"phone": "137"}}


@pytest.fixture
def site(site: Any) -> Iterator[Any]:
    kinds_of(site)[REQUESTS.name] = REQUESTS
    site.permissions.update({permission.name: permission for permission in permissions_of(REQUESTS)})
    yield site
    del kinds_of(site)[REQUESTS.name]
    for verb in VERBS:
        del site.permissions[REQUESTS.permission(verb)]


@pytest.fixture
def users(site: Any) -> dict[str, User]:
    """Return two citizens and an officer of the unit that a new case goes to."""
    with site.work() as work:
        make_unit(work, "pr")
        unit = make_unit(work, "roads", name="ادارهٔ معابر")
        make_category(work, "hole", kind="requests", unit=unit)
        return {
            "citizen": make_citizen(work, "+989000000001", name="سارا"),
            "neighbour": make_citizen(work, "+989000000002", name="نادر"),
            "officer": make_staff(work, unit=unit, name="مریم کاویانی"),
        }


@pytest.fixture
def people(site: Any, users: dict[str, User]) -> dict[str, Identity]:
    """Return them as they act when they have signed in, and the visitor."""
    with site.work() as work:
        citizens = {name: identity(work, users[name], "citizen") for name in ("citizen", "neighbour")}
        return {**citizens, "officer": identity(work, users["officer"]), "visitor": Identity.VISITOR}


@pytest.fixture
def citizen(people: dict[str, Identity]) -> Identity:
    return people["citizen"]


@pytest.fixture
def neighbour(people: dict[str, Identity]) -> Identity:
    return people["neighbour"]


@pytest.fixture
def officer(people: dict[str, Identity]) -> Identity:
    return people["officer"]


@pytest.fixture
def open_case(site: Any, users: dict[str, User]) -> Callable[..., str]:
    """Return a function that opens a case of the citizen and returns its code."""

    def make(**opening: Any) -> str:
        with site.work() as work:
            category = work.session.scalar(select(Category).where(Category.kind == "requests"))
            usual = {"kind": "requests", "citizen": users["citizen"], "category": category}
            return str(make_case(work, **{**usual, **opening}).code)

    return make


@pytest.fixture(scope="session")
def picture() -> bytes:
    """Return a photograph as a telephone sends it."""
    file = io.BytesIO()
    Image.effect_noise((900, 700), 80).convert("RGB").save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let as many pictures wait for the decoders as there is room for."""
    monkeypatch.setattr("civicportal.core.storage.images._room", threading.BoundedSemaphore(0))


@pytest.fixture(scope="session")
def processed(picture: bytes) -> ProcessedImage:
    return process_image(picture)


@pytest.fixture
def keep_picture(site: Any, processed: ProcessedImage) -> Callable[[str], str]:
    """Return a function that keeps a picture of an owner and returns its key."""

    def keep(owner: str) -> str:
        key = PictureFiles(site).put(processed)
        with site.work() as work:
            work.get(AttachmentService).add(key, processed, owner)
        return key

    return keep


@pytest.fixture
def case_with_picture(
    site: Any, open_case: Any, keep_picture: Any, neighbour: Identity
) -> Callable[..., tuple[str, str]]:
    """Return a function that opens a case with a picture, followed by the neighbour; it returns code and key."""

    def make(*, public: bool = False, audience: str = "citizen", owner: str = "owner") -> tuple[str, str]:
        key = keep_picture(owner)
        code = open_case(attachments=[key], owner=owner)
        with site.work(actor=neighbour) as work:
            case = work.session.scalars(select(Case).where(Case.code == code)).one()
            if public:
                work.get(PublicTexts).release(case, case.body)
            case.public = public
            photo = work.session.scalars(select(Attachment).where(Attachment.key == key)).one()
            photo.audience = audience
            work.get(FollowerService).follow(case)
        return code, key

    return make


@pytest.fixture
def step(site: Any) -> Callable[..., None]:
    """Return a function that takes a step of a case."""

    def take(actor: Identity, code: str, name: str, **words: Any) -> None:
        with site.work(actor=actor) as work:
            service = work.get(CaseService)
            service.apply(service.fetch(code), name, **words)

    return take


# -- browsers -----------------------------------------------------------------------------------------------


@pytest.fixture
def browser(site: Any, civic_environment: Any) -> Browser:
    """Return the browser of a visitor."""
    return Browser(civic_environment.app, extra_environ=ENVIRON)


@pytest.fixture
def stranger(site: Any, civic_environment: Any) -> Browser:
    """Return the browser of another visitor."""
    return Browser(civic_environment.app, extra_environ=ENVIRON)


@pytest.fixture
def signed_in(site: Any, civic_environment: Any, users: dict[str, User]) -> Callable[[str, str], Browser]:
    """Return a function that opens a session for a person and returns their browser."""

    def sign_in(name: str, realm: str) -> Browser:
        token, now, user = new_token(), site.clock.now(), users[name]
        with site.work() as work:
            session = Session(
                token_hash=token_hash(token),
                realm=realm,
                user_id=user.id,
                epoch=user.session_epoch,
                created_at=now,
                last_seen_at=now,
                proved_at=now,
                expires_at=now + timedelta(hours=1),
            )
            work.session.add(session)
        browser = Browser(civic_environment.app, extra_environ=ENVIRON)
        browser.set_cookie("cp", token)
        return browser

    return sign_in


@pytest.fixture
def as_citizen(signed_in: Callable[[str, str], Browser]) -> Browser:
    return signed_in("citizen", "citizen")


@pytest.fixture
def as_neighbour(signed_in: Callable[[str, str], Browser]) -> Browser:
    return signed_in("neighbour", "citizen")


@pytest.fixture
def as_officer(signed_in: Callable[[str, str], Browser]) -> Browser:
    return signed_in("officer", "staff")
