"""Putting a database back to an earlier state, fast: only tables that were touched are emptied, in one call."""

from typing import Any, LiteralString

from psycopg import Connection
from psycopg.sql import SQL, Identifier

TABLES_SQL = """
select relname from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
  and relname not in ('django_migrations', 'django_content_type', 'auth_permission')
order by relname
"""
SEQUENCES_SQL = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'"
COLUMNS_SQL = "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and attgenerated = ''"
KEPT = "kept_"
SMALL_BYTES = 100_000

# A function of this session. Small tables are emptied by DELETE: TRUNCATE makes new files for each table and index,
# tens of milliseconds for a partitioned one. Its lock is taken all the same: what another session still writes would
# come into the next test. Triggers and foreign keys rest: the order is ours, and the audit log forbids deleting.
RESTORE_SQL: LiteralString = """
create function pg_temp.restore(kept text[]) returns void language plpgsql as $$
declare
    leaf record;
    filled bool;
begin
    set local lock_timeout = '20s';
    set local session_replication_role = replica;
    for leaf in
        select c.oid::regclass as name, pg_relation_size(c.oid) as bytes from pg_class c
        where relnamespace = 'public'::regnamespace and relkind = 'r'
          and relname not in ('django_migrations', 'django_content_type', 'auth_permission')
        order by relname
    loop
        continue when leaf.bytes = 0;
        execute format('select exists (select from %s)', leaf.name) into filled;
        continue when not filled;
        execute format('lock table %s', leaf.name);
        if leaf.bytes > %(small)s then
            execute format('truncate %s cascade', leaf.name);
        else
            execute format('delete from %s', leaf.name);
        end if;
    end loop;
    for i in 1 .. cardinality(kept) loop
        execute kept[i];
    end loop;
end $$
"""


class Snapshot:
    """What the tables hold and where the sequences stand; taken at construction. For databases with few rows.

    It lives in the session of the connection, and ends with it.
    """

    def __init__(self, connection: Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        kept = [self._keep(name) for (name,) in connection.execute(TABLES_SQL).fetchall() if self._is_filled(name)]
        for (name,) in connection.execute(SEQUENCES_SQL).fetchall():
            query = SQL("select last_value, is_called from {}").format(Identifier(name))
            ((value, is_called),) = connection.execute(query).fetchall()
            kept.append(SQL("select setval({}::regclass, {}, {})").format(name, value, is_called).as_string(connection))
        self._kept = kept
        connection.execute(SQL(RESTORE_SQL.replace("%(small)s", str(SMALL_BYTES))))

    def restore(self) -> None:
        """Back to the state of the snapshot; fails after 20 s when another session holds a table."""
        self._connection.execute("select pg_temp.restore(%s)", [self._kept])

    def _is_filled(self, name: str) -> bool:
        return bool(self._connection.execute(SQL("select 1 from {} limit 1").format(Identifier(name))).fetchone())

    def _keep(self, name: str) -> str:
        """Keeps the rows in a temporary table; the statement that brings them back."""
        columns = SQL(", ").join(Identifier(column) for (column,) in self._connection.execute(COLUMNS_SQL, [name]))
        names = {"kept": Identifier(KEPT + name), "table": Identifier(name), "columns": columns}
        self._connection.execute(SQL("create temp table {kept} as select {columns} from {table}").format(**names))
        back = SQL("insert into {table} ({columns}) overriding system value select {columns} from pg_temp.{kept}")
        return back.format(**names).as_string(self._connection)
