"""Why an import or a line of it is refused."""

from dataclasses import dataclass
from typing import Literal

from translationstring import TranslationString

from civicportal.util.errors import Refused
from civicportal.util.i18n import say

Level = Literal["rejected", "changed", "warning"]
"""What became of a line: not imported; imported before with other content; imported without a part of it."""


class ImportRefused(Refused):
    """Nothing can be imported: a file cannot be read, or does not fit its mapping."""

    def __str__(self) -> str:
        """Return the reason in English, with the texts in it."""
        return say(self.reason)


class MappingError(ImportRefused):
    """The mapping file is wrong."""


@dataclass(frozen=True, kw_only=True)
class LineProblem:
    """A problem of one line of a file.

    :ivar column: header of the column, empty for the whole line.
    :ivar value: as it was written; masked if it is personal.
    """

    reason: TranslationString
    column: str = ""
    value: str = ""
    level: Level = "rejected"


class LineRefused(Exception):
    """A line cannot be imported."""

    def __init__(self, *problems: LineProblem) -> None:
        super().__init__(problems)
        self.problems = problems
