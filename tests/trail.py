"""Changing what has been written."""

from sqlalchemy import text

from civicportal.audit.append_only import take_guards


def open_trail(work):
    """Let this unit of work change the trail, as whoever owns the tables can."""
    connection = work.session.connection()
    if connection.dialect.name == "sqlite":
        take_guards(connection)
    else:
        connection.execute(text("SET LOCAL civicportal.trail = 'open'"))
