"""Rows of history, kept on disk by case while the cases are read."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from civicportal.portal.importing.sources import SourceRow
from civicportal.util.folders import working_folder


class Staging:
    """A temporary database, so that the memory of an import does not grow with its files."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._database.executescript(
            "CREATE TABLE history (case_key TEXT, line INTEGER, content TEXT);"
            "CREATE TABLE seen (entity TEXT, own_key TEXT, digest TEXT, PRIMARY KEY (entity, own_key)) WITHOUT ROWID;"
        )

    def add_history(self, rows: Iterable[tuple[str, SourceRow]]) -> None:
        """Keep rows with the key of their case."""
        with self._database:
            self._database.executemany(
                "INSERT INTO history VALUES (?, ?, ?)",
                ((key, row.line, json.dumps(dict(row.values), ensure_ascii=False)) for key, row in rows),
            )

    def finish(self) -> None:
        """Prepare the look-ups."""
        self._database.execute("CREATE INDEX history_by_case ON history (case_key, line)")

    def history(self, keys: Collection[str]) -> dict[str, list[SourceRow]]:
        """Return the rows of some cases in the order of the file."""
        found: dict[str, list[SourceRow]] = {}
        for one in keys:
            rows = self._database.execute(
                "SELECT line, content FROM history WHERE case_key = ? ORDER BY line", (one,)
            )
            found[one] = [SourceRow(line, json.loads(content)) for line, content in rows]
        return found

    def seen(self, entity: str, key: str) -> str | None:
        """Return the digest of an earlier line with a key in the same import, if it was not rejected."""
        query = "SELECT digest FROM seen WHERE entity = ? AND own_key = ?"
        found = self._database.execute(query, (entity, key)).fetchone()
        return found[0] if found else None

    def see(self, entity: str, key: str, digest: str) -> None:
        """Note a line."""
        self._database.execute("INSERT INTO seen VALUES (?, ?, ?)", (entity, key, digest))


@contextmanager
def staging() -> Iterator[Staging]:
    """Yield a temporary database, which is deleted afterwards."""
    with (
        working_folder("import") as folder,
        closing(sqlite3.connect(Path(folder) / "staging.db")) as database,
    ):
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA journal_mode = MEMORY")
        yield Staging(database)
