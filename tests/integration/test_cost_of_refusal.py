"""What hostile requests cost: measured in processes of their own, held at a multiple of what was measured."""

from collections.abc import Callable
from pathlib import Path

import pytest
from selection import LONG

from benchmarks import refusal

#: Answer, CPU seconds; measured before these limits: 10.1, 5.7, 18.0, 30.6, 3.0 s, and 1,237 MiB for the first.
HELD = {
    "43 MiB of JSON": (413, 1),
    "42 MiB of newlines as a form": (400, 1),
    "42 MiB of newlines as a file": (200, 3),
    "folded headers": (400, 3),
    "sixteen files of 20 MiB at once": (200, 12),
}
MEMORY = 150
"""MiB."""


@pytest.mark.parametrize("name", refusal.CASES)
def test_what_is_hostile_is_cheap(name: str) -> None:
    status, cpu = HELD[name]
    found = refusal.cost(name)
    assert found.status == (status,)
    assert found.cpu < cpu
    assert found.grown < MEMORY


@pytest.mark.parametrize(("picture", "one"), [(refusal.bomb, 448), (refusal.webp_bomb, 704)])
def test_pictures_of_several_processes_stay_within_one_budget(
    picture: Callable[[], bytes], one: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten at once took 2,021 MiB, with each process having decoders of its own."""
    # Tests that send a picture at the same time would find both decoders of the machine taken for too long.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert 0 < refusal.bombs(picture(), 10 if LONG else 4) < 2 * one
