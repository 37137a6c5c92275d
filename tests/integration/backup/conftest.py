"""A city to be backed up, and places to restore it to."""

import pytest
from backup_portals import populate

from civicportal.testing import make_site, make_site_file


@pytest.fixture
def assemble(tmp_path, civic_session, civic_database):
    """Return a function that assembles a site with an empty database and store."""
    sites = []

    def assemble(name, *, kind=civic_database, **tables):
        table = {"database_url": civic_session.new_database(kind), **tables.pop("site", {})}
        site = make_site(make_site_file(tmp_path / name, site=table, **tables))
        sites.append(site)
        return site

    yield assemble
    for site in sites:
        site.engines.dispose()


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    """The tables of a site that keeps its pictures in a folder, or in a bucket."""
    if request.param == "folder":
        return dict

    def tables():
        table = request.getfixturevalue("s3_service").new_bucket()
        for name in ("access_key", "secret_key"):
            (tmp_path / name).write_text(table[name])
            table[name] = {"file": f"../{name}"}
        return {"s3": table}

    return tables


@pytest.fixture
def fill(civic_session):
    """Return a function that gives a site its tables and a few cases."""

    def fill(site):
        civic_session.databases.migrate(site)
        populate(site)

    return fill


@pytest.fixture
def city(assemble, fill):
    """A site with tables and a few cases."""
    site = assemble("city")
    fill(site)
    return site
