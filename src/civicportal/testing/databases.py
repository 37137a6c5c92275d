"""Empty databases for one run of tests."""

from pathlib import Path
from typing import Literal

from civicportal.testing.postgres import TemporaryCluster

Kind = Literal["sqlite", "postgresql"]


class Databases:
    """Makes databases; the PostgreSQL cluster starts when the first one is asked for.

    :param folder: where SQLite files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cluster: TemporaryCluster | None = None
        self._made = 0

    def create(self, kind: Kind, *, ctype: str = "C.UTF-8") -> str:
        """Return the address of a new, empty database.

        :param ctype: ``LC_CTYPE`` on PostgreSQL.
        :raises PostgresMissing: when it is PostgreSQL's turn and there is none.
        """
        if kind == "sqlite":
            self._made += 1
            return f"sqlite:///{self._folder / f'test{self._made}.db'}"
        if self._cluster is None:
            self._cluster = TemporaryCluster()
        return self._cluster.create_database(ctype)

    def close(self) -> None:
        """Stop the cluster, if it was started."""
        if self._cluster:
            self._cluster.stop()
