"""Privacy tags: owners of rows and values."""

from sqlalchemy import Column, Table

#: Columns that identify the owner by default; the first that a table has.
USUAL = {"user_id": "user", "case_id": "case"}


def links(table: Table) -> dict[str, str]:
    """Return the columns that identify an owner, each with its type.

    A type is "user", "case" or "mobile".
    """
    found = {column.name: str(sort) for column in table.columns if (sort := column.info.get("person"))}
    usual = owner_column(table)
    if usual:
        found.setdefault(usual, USUAL.get(usual, ""))
    for column in table.columns:
        if column.info.get("of"):
            found.setdefault(column.info["of"], "user")
    return found


def owner_column(table: Table) -> str | None:
    """Return the column of the row's owner, if any."""
    for name in USUAL:
        if name in table.columns and table.columns[name].info.get("person") is None:
            return name
    told = [column.name for column in table.columns if column.info.get("person")]
    return told[0] if told else None


def link_of(column: Column[object]) -> str | None:
    """Return the column of this value's owner, if any."""
    return column.info.get("of") or owner_column(column.table)
