"""Putting a database back to an earlier state, fast: only tables that were touched are emptied."""

from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

TABLES_SQL = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
  and relname not in ('django_migrations', 'django_content_type', 'auth_permission')
order by relname
"""
SEQUENCES_SQL = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'"


class Snapshot:
    """What the tables hold and where the sequences stand; taken at construction. For databases with few rows."""

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._tables = [name for (name,) in connection.execute(TABLES_SQL)]
        self._rows = {name: self._copy_out(name) for name in self._tables if self._is_filled(name)}
        self._sequences = [
            (
                name,
                *connection.execute(SQL("select last_value, is_called from {}").format(Identifier(name))).fetchall()[0],
            )
            for (name,) in connection.execute(SEQUENCES_SQL).fetchall()
        ]

    def restore(self) -> None:
        """Back to the state of the snapshot; fails after 20 s when another session holds a table."""
        touched = {name for name in self._tables if self._is_filled(name)} | set(self._rows)
        with self._connection.transaction():
            self._connection.execute("set local lock_timeout = '20s'")
            names = SQL(", ").join(map(Identifier, sorted(touched)))
            self._connection.execute(SQL("truncate {} cascade").format(names))
            for name, rows in self._rows.items():
                self._copy_in(name, rows)
            for sequence in self._sequences:
                self._connection.execute("select setval(%s::regclass, %s, %s)", sequence)

    def _is_filled(self, name: str) -> bool:
        return bool(self._connection.execute(SQL("select 1 from {} limit 1").format(Identifier(name))).fetchone())

    def _copy_out(self, name: str) -> bytes:
        with self._connection.cursor().copy(SQL("copy {} to stdout").format(Identifier(name))) as copy:
            return b"".join(copy)

    def _copy_in(self, name: str, rows: bytes) -> None:
        with self._connection.cursor().copy(SQL("copy {} from stdin").format(Identifier(name))) as copy:
            copy.write(rows)
