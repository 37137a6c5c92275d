"""Rules for tables, checked against models and database."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import CheckConstraint, Connection, MetaData, inspect, text

from civicportal.core.tags import link_of

PII = {None, "contact", "identity", "content"}
ERASE = {"null", "row", "keep"}
PERSON = {None, "", "user", "case", "mobile"}
#: Columns that plugins may reference: their types never change.
REFERABLE = {"cases", "users", "units", "categories", "attachments"}


def untagged_columns(metadata: MetaData) -> Iterator[str]:
    """Yield the columns without privacy tags."""
    for table in metadata.sorted_tables:
        for column in table.columns:
            tags = column.info
            if "pii" not in tags or "erase" not in tags:
                yield f"{table.name}.{column.name} has no pii and erase tag: declare it with tagged_column()"
            elif tags["pii"] not in PII or tags["erase"] not in ERASE or tags.get("person") not in PERSON:
                yield f"{table.name}.{column.name} has unknown tags {tags!r}"


def ownerless_columns(metadata: MetaData) -> Iterator[str]:
    """Yield personal columns without an owner.

    They would be neither exported nor erased.
    """
    for table in metadata.sorted_tables:
        for column in table.columns:
            tags = column.info
            if (tags.get("pii") or tags.get("erase", "keep") != "keep") and link_of(column) is None:
                yield (
                    f"{table.name}.{column.name} holds personal data, but no column names the person: name one user_id or case_id, "
                    "or tag it with person="
                )


def wrong_references(metadata: MetaData) -> Iterator[str]:
    """Yield disallowed foreign keys of a plugin."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            target = key.column.table
            if target.metadata is metadata:
                continue
            place = f"{table.name}.{key.parent.name} refers to {target.name}.{key.column.name}"
            if target.name not in REFERABLE or key.column.name != "id":
                yield f"{place}: plugins may refer to the id of {', '.join(sorted(REFERABLE))} only"
            elif key.ondelete != "CASCADE":
                yield f"{place} without ON DELETE CASCADE"


def lost_details(connection: Connection, metadata: MetaData) -> Iterator[str]:
    """Yield differences that autogenerate does not compare.

    They are check constraints, and autoincrement on SQLite.
    """
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        there = {constraint["name"] for constraint in inspector.get_check_constraints(table.name)}
        for constraint in table.constraints:
            if isinstance(constraint, CheckConstraint) and _name(connection, constraint) not in there:
                yield f"{table.name}: the check {_name(connection, constraint)!r} is not in the database"
        if connection.dialect.name == "sqlite" and table.dialect_options["sqlite"]["autoincrement"]:
            sql = connection.execute(
                text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name}
            ).scalar()
            if "AUTOINCREMENT" not in str(sql):
                yield (
                    f"{table.name} lost AUTOINCREMENT: give its batch_alter_table "
                    "table_kwargs={'sqlite_autoincrement': True}"
                )


def incompatible_tables(connection: Connection, metadata: MetaData) -> Iterator[str]:
    """Yield why code with these models cannot work on the existing tables.

    Tables migrated by newer code are compatible if no table or column is missing and no unknown column requires
    a value.
    """
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in present:
            yield f"{table.name} is gone"
            continue
        columns = {column["name"]: column for column in inspector.get_columns(table.name)}
        yield from (f"{table.name}.{name} is gone" for name in sorted(table.columns.keys() - columns.keys()))
        for name in sorted(columns.keys() - table.columns.keys()):
            if not columns[name]["nullable"] and columns[name]["default"] is None:
                yield f"{table.name}.{name} must be filled"


def _name(connection: Connection, constraint: Any) -> str:
    return str(connection.dialect.identifier_preparer.format_constraint(constraint)).strip('"')
