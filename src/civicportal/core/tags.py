"""What the privacy tags of a table's columns say of each other: whose row it is, and whose value."""

from typing import Any

from sqlalchemy import Column, Table

#: A column of this name says whose row it is without being told; the first that a table has.
USUAL = {"user_id": "user", "case_id": "case"}


def links(table: Table) -> dict[str, str]:
    """Return the columns that say whose row or value it is, each with its sort: "user", "case" or "mobile"."""
    found = {column.name: str(sort) for column in table.columns if (sort := column.info.get("person"))}
    usual = usual_link(table)
    if usual:
        found.setdefault(usual, USUAL.get(usual, ""))
    for column in table.columns:
        if column.info.get("of"):
            found.setdefault(column.info["of"], "user")
    return found


def usual_link(table: Table) -> str | None:
    """Return the column that says whose row it is, if the table is about people at all."""
    for name in USUAL:
        if name in table.columns and table.columns[name].info.get("person") is None:
            return name
    told = [column.name for column in table.columns if column.info.get("person")]
    return told[0] if told else None


def link_of(column: Column[Any]) -> str | None:
    """Return the column that says whose value this is; None where it is nobody's."""
    return column.info.get("of") or usual_link(column.table)
