"""Frequent questions, and the search in the help."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup
from sqlalchemy import func, select

from civicportal.core.db import fetch_row
from civicportal.core.work import Service
from civicportal.domain.cases.marking import snippet, spans
from civicportal.domain.cases.query_parser import SearchQuery, read
from civicportal.portal.help.guides import Guide
from civicportal.portal.help.models import HelpQuestion
from civicportal.util.lists import move

MOST_FOUND = 20


@dataclass(frozen=True)
class _HelpText:
    """A section of a guide or a question, as it is searched."""

    anchor: str
    title: str
    text: str

    def matches(self, wanted: SearchQuery) -> tuple[int, int]:
        """Return how many of the terms occur in it, and how many of them in its title."""
        return _occurring(f"{self.title}\n{self.text}", wanted), _occurring(self.title, wanted)


@dataclass(frozen=True, kw_only=True)
class HelpHit:
    """A section of a guide or a question that the search has found.

    :ivar anchor: its place on the page of the guide.
    :ivar snippet: the words around the first match, marked; empty if only the title matches.
    """

    anchor: str
    title: str
    snippet: Markup


class HelpService(Service):
    """Read and manage frequent questions, and search the help."""

    def shown(self, locale: str) -> Sequence[HelpQuestion]:
        """Return the questions of a language that citizens see, in their order."""
        return [row for row in self.rows(locale) if row.active]

    def rows(self, locale: str) -> Sequence[HelpQuestion]:
        """Return all questions of a language, in their order."""
        query = select(HelpQuestion).where(HelpQuestion.locale == locale)
        return self.session.scalars(query.order_by(HelpQuestion.position, HelpQuestion.id)).all()

    def search(self, typed: str, guide: Guide | None, questions: Iterable[HelpQuestion]) -> list[HelpHit]:
        """Return what contains all words, else what contains most of them, best first.

        :return: at most :data:`MOST_FOUND`.
        """
        wanted = read(typed)
        texts = [_HelpText(anchor_of(row), row.question, row.answer) for row in questions]
        if guide:
            texts += [_HelpText(one.anchor, one.title, one.text) for one in guide.sections]
        ranks = {text: text.matches(wanted) for text in texts}
        most = max((number for number, _in_title in ranks.values()), default=0)
        best = [text for text in ranks if most and ranks[text][0] == most]
        best.sort(key=lambda text: ranks[text], reverse=True)
        return [
            HelpHit(anchor=text.anchor, title=text.title, snippet=snippet(text.text, typed))
            for text in best[:MOST_FOUND]
        ]

    def fetch(self, question_id: int) -> HelpQuestion:
        """Return a question.

        :raises NotFound: when there is none.
        """
        return fetch_row(self.session, HelpQuestion, question_id)

    def add(self, *, locale: str, question: str, answer: str, active: bool = True) -> HelpQuestion:
        """Add a question after the others of its language."""
        row = HelpQuestion(
            locale=locale,
            position=self._next_position(locale),
            question=question,
            answer=answer,
            active=active,
            updated_at=self.work.clock.now(),
        )
        self.session.add(row)
        self.session.flush()
        return row

    def change(self, row: HelpQuestion, *, locale: str, question: str, answer: str, active: bool) -> None:
        """Change a question. One that is moved to another language becomes the last there."""
        if row.locale != locale:
            row.locale, row.position = locale, self._next_position(locale)
        row.question, row.answer, row.active = question, answer, active
        row.updated_at = self.work.clock.now()

    def delete(self, row: HelpQuestion) -> None:
        """Delete a question."""
        self.session.delete(row)

    def move(self, row: HelpQuestion, by: int) -> None:
        """Swap a question with the previous (-1) or the next one (1)."""
        move(list(self.rows(row.locale)), row, by)

    def _next_position(self, locale: str) -> int:
        last = self.session.scalar(
            select(func.max(HelpQuestion.position)).where(HelpQuestion.locale == locale)
        )
        return (last or 0) + 1


def _occurring(text: str, wanted: SearchQuery) -> int:
    return sum(bool(spans(text, replace(wanted, terms=(term,)))) for term in wanted.terms)


def anchor_of(row: HelpQuestion) -> str:
    """Return the anchor of a question."""
    return f"question-{row.id}"
