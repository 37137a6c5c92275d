"""How a status looks to the public: a colour and a shape on maps, an icon in lists."""

from dataclasses import dataclass

from translationstring import TranslationString

from civicportal.api.cases import CaseKind


@dataclass(frozen=True, kw_only=True)
class Look:
    """The look of a status.

    :ivar tone: of its pin and its mark: colour and shape.
    :ivar icon: of its mark in lists.
    """

    tone: str
    icon: str


_OF_STATUS = {
    "registered": Look(tone="new", icon="circle-dot"),
    "in_review": Look(tone="doing", icon="progress"),
    "in_action": Look(tone="working", icon="tool"),
    "waiting_citizen": Look(tone="waiting", icon="player-pause"),
    "reviewed": Look(tone="done", icon="circle-check"),
    "rejected": Look(tone="refused", icon="ban"),
    "out_of_scope": Look(tone="passed", icon="arrow-forward-up"),
    "duplicate": Look(tone="duplicate", icon="copy"),
    "withdrawn": Look(tone="withdrawn", icon="arrow-back-up"),
}
_OF_STAGE = {
    "registered": _OF_STATUS["registered"],
    "in_progress": _OF_STATUS["in_review"],
    "done": _OF_STATUS["reviewed"],
    "rejected": Look(tone="closed", icon="lock"),
}
"""For the states that a site adds."""


def look_of(status: str, stage: str) -> Look:
    """Return the look of a status, of its stage if it is one of the site's own."""
    return _OF_STATUS.get(status) or _OF_STAGE[stage]


def legend(kind: CaseKind, *, public: bool = True) -> list[tuple[Look, list[TranslationString]]]:
    """Return the looks of a map in the order of the workflow, each with the titles of its statuses.

    :param public: the titles that citizens read, instead of those of staff.
    """
    found: dict[str, tuple[Look, list[TranslationString]]] = {}
    for state in kind.workflow.states:
        look = look_of(state.name, state.stage)
        title = kind.public_status(state.name) if public else state.title
        titles = found.setdefault(look.tone, (look, []))[1]
        if title not in titles:
            titles.append(title)
    return list(found.values())
