"""Saved filters and chosen columns of lists of cases."""

from sqlalchemy import JSON, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped

from civicportal.core.db import Base, BigId, id_column, tagged_column
from civicportal.core.reference import REFERENCE

LONGEST_NAME = 40
"""Characters of the name of a view."""


class SavedView(Base):
    """The filters of a list, saved with a name by a person, or shared by a unit.

    It has exactly one owner: a person or a unit.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("user_id", "page", "name"),
        UniqueConstraint("unit_id", "page", "name"),
        {"info": REFERENCE},
    )

    id: Mapped[int] = id_column()
    user_id: Mapped[int | None] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), erase="row"
    )
    unit_id: Mapped[int | None] = tagged_column(BigId, ForeignKey("units.id", ondelete="CASCADE"))
    #: Name of the route of the list.
    page: Mapped[str] = tagged_column(String(60))
    name: Mapped[str] = tagged_column(String(LONGEST_NAME), pii="content", erase="row")
    #: Parameters of the URL of the list.
    query: Mapped[dict[str, str]] = tagged_column(JSON, default=dict, pii="content", erase="row")
    position: Mapped[int] = tagged_column(Integer)


class ListColumns(Base):
    """The columns of a list that a person has chosen."""

    __tablename__ = "list_columns"
    __table_args__ = {"info": REFERENCE}

    user_id: Mapped[int] = tagged_column(
        BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, erase="row"
    )
    page: Mapped[str] = tagged_column(String(60), primary_key=True)
    names: Mapped[list[str]] = tagged_column(JSON, default=list)
