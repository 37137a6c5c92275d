"""The example cities: each of their cases is attended to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from civicportal.core.site import Site
from civicportal.domain.kartable.custody import CustodyService
from civicportal.portal.demo import runner
from civicportal.portal.seeds.services import SeedService
from civicportal.testing import FakeClock

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(params=["shahreman", "rivertown"])
def city(
    request: pytest.FixtureRequest, tmp_path: Path, empty_database: str, civic_session: Any
) -> Iterator[Site]:
    name = request.param
    environ = {
        f"{name.upper()}_DATABASE_URL": empty_database,
        f"{name.upper()}_FILES": str(tmp_path / "files"),
        f"{name.upper()}_SECRET": "0123456789abcdef" * 4,
    }
    path = EXAMPLES / f"{name}_site/src/{name}_site/site.toml"
    site = Site(path, mode="demo", environ=environ, clock=FakeClock())
    civic_session.databases.migrate(site)
    with site.work() as work:
        work.get(SeedService).load()
    yield site
    site.engines.dispose()


def test_no_pair_of_unit_and_category_is_unattended(city: Site) -> None:
    with city.work() as work:
        custody = work.get(CustodyService)
        # Without people each of them is one.
        assert sum(gap.pairs for gap in custody.gaps()) == custody.pairs() > 20
        runner.load_people(work, city.data / "demo")
    with city.work(write=False) as work:
        found = [(gap.unit.key, gap.kind, len(gap.categories)) for gap in work.get(CustodyService).gaps()]
    assert found == []
