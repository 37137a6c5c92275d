"""Where the PostgreSQL of a run of tests lies."""

import pytest

from civicportal.testing import postgres


@pytest.mark.parametrize(("room", "is_there"), [(0, True), (2**62, False)])
def test_a_cluster_lies_in_memory_where_that_has_room(tmp_path, monkeypatch, room, is_there):
    monkeypatch.setattr(postgres, "MEMORY", tmp_path)
    monkeypatch.setattr(postgres, "ROOM", room)
    assert postgres.memory_with_room() == (tmp_path if is_there else None)


def test_a_machine_without_such_memory_takes_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres, "MEMORY", tmp_path / "nowhere")
    assert postgres.memory_with_room() is None


def test_a_cluster_that_cannot_be_made_leaves_nothing(tmp_path, monkeypatch):
    memory, programs = tmp_path / "memory", tmp_path / "programs"
    memory.mkdir()
    programs.mkdir()
    (programs / "initdb").write_text("#!/bin/sh\necho no room\nexit 1\n")
    (programs / "initdb").chmod(0o755)
    monkeypatch.setattr(postgres, "MEMORY", memory)
    monkeypatch.setattr(postgres, "ROOM", 0)
    monkeypatch.setattr(postgres, "_find_programs", lambda: programs)
    monkeypatch.setattr(postgres, "_owner", dict)
    with pytest.raises(RuntimeError, match="no room"):
        postgres.TemporaryCluster()
    assert list(memory.iterdir()) == []
