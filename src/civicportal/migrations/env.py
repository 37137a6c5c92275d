"""Alembic's environment for core and plugins.

It runs inside ``civicportal.portal.upgrade``.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import BigInteger

from civicportal.core.db import UTCDateTime


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Render column types by their import names in revisions."""
    if kind == "type" and isinstance(item, UTCDateTime):
        name = "db.UTCDateTime()"
    elif kind == "type" and isinstance(item, BigInteger) and "sqlite" in item._variant_mapping:
        name = "db.BigId"
    else:
        return False
    autogen.imports.add("from civicportal import db")
    return name


def run() -> None:
    """Run the requested migration on the given connection.

    ``civicportal.portal.upgrade`` has opened and locked it.
    """
    attributes = context.config.attributes
    package, progress = attributes["package"], attributes.get("progress")

    def tell(ctx: object, step: MigrationInfo, heads: object, run_args: object) -> None:
        if progress:
            progress(f"{package.name} {'' if step.is_upgrade else '-'}{step.up_revision_id}")

    context.configure(
        connection=attributes["connection"],
        target_metadata=package.metadata,
        version_table=package.version_table,
        include_object=package.owns,
        render_item=render_item,
        render_as_batch=True,
        on_version_apply=tell,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
