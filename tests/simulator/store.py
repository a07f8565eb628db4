# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SQLite store: case records with indexed columns, and documents (comments, alerts, users, tenants) as JSON.

A list of 100,000 cases must page quickly at any depth and for any filter. Three things make it so: an index for each
sort field that holds every filtered column, so that no filter reads a record; answers kept as ready JSON text, so
that a page is a join of strings; totals, and the order that somebody pages through, kept until the next write.
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

COLUMNS = (
    "ticket_id",
    "cust_id",
    "status",
    "severity",
    "assignee",
    "modified_by",
    "size",
    "created_at",
    "modified_at",
    "score",
)
SORT_FIELDS = ("created_at", "modified_at", "score")

SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL,
    ticket_id INTEGER, cust_id TEXT, status TEXT, severity TEXT, assignee TEXT, modified_by TEXT, size INTEGER,
    created_at INTEGER, modified_at INTEGER, score REAL
);
CREATE TABLE IF NOT EXISTS tags (tag TEXT, seq INTEGER, PRIMARY KEY (tag, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS documents (kind TEXT, id TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alert_owner (alert_id TEXT PRIMARY KEY, case_id TEXT NOT NULL) WITHOUT ROWID;
"""
INDEXES = {"by_ticket": "cases (ticket_id)", "tags_of": "tags (seq)"} | {
    f"by_{field}": f"cases ({', '.join([field, 'seq', *(column for column in COLUMNS if column != field)])})"
    for field in SORT_FIELDS
}
KEPT_ORDERS = 16
TABLES = ("cases", "tags", "answers", "documents", "alert_owner")

Record = dict[str, Any]


class Store:
    def __init__(self, path: str = ":memory:") -> None:
        # autocommit; the server handles one request at a time between two awaits
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = MEMORY")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(SCHEMA)
        self._make_indexes()
        self._totals: dict[tuple[str, tuple[Any, ...]], int] = {}
        self._orders: dict[tuple[str, tuple[Any, ...]], array[int]] = {}

    def close(self) -> None:
        self._db.close()

    def _make_indexes(self) -> None:
        for name, columns in INDEXES.items():
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    def _forget_lists(self) -> None:
        self._totals.clear()
        self._orders.clear()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._forget_lists()
        self._db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def clear(self) -> None:
        with self._transaction():
            for table in TABLES:
                self._db.execute(f"DELETE FROM {table}")

    def is_empty(self) -> bool:
        return self._db.execute("SELECT 1 FROM cases LIMIT 1").fetchone() is None

    # Cases.

    def fill(self, records: Iterable[Record]) -> None:
        """Add cases to an empty store: the indexes are quicker to make at the end than to keep."""
        for name in INDEXES:
            self._db.execute(f"DROP INDEX {name}")
        with self._transaction():
            for seq, record in enumerate(records, 1):
                self._db.execute(
                    f"INSERT INTO cases (seq, id, record, {', '.join(COLUMNS)}) VALUES (?, ?, ?{', ?' * len(COLUMNS)})",
                    [seq, record["_id"], json.dumps(record), *(record[column] for column in COLUMNS)],
                )
                for tag in record["tags"]:
                    self._db.execute("INSERT INTO tags VALUES (?, ?)", [tag, seq])
        self._make_indexes()

    def add(self, records: Iterable[Record]) -> None:
        """Add cases, or put them in the place of those with the same id."""
        with self._transaction():
            for record in records:
                self._save(record)

    def save(self, record: Record) -> None:
        self.add([record])

    def _save(self, record: Record) -> None:
        values = [json.dumps(record), *(record[column] for column in COLUMNS)]
        names = ("record", *COLUMNS)
        cursor = self._db.execute(
            f"INSERT INTO cases (id, {', '.join(names)}) VALUES (?{', ?' * len(names)}) "
            f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)} RETURNING seq",
            [record["_id"], *values],
        )
        (seq,) = cursor.fetchone()
        cursor.close()
        self._db.execute("DELETE FROM tags WHERE seq = ?", [seq])
        self._db.executemany("INSERT OR IGNORE INTO tags VALUES (?, ?)", [(tag, seq) for tag in record["tags"]])
        self._db.execute("DELETE FROM answers WHERE seq = ?", [seq])

    def delete(self, case_id: str, kinds: Iterable[str]) -> None:
        """Delete a case and its documents of these kinds."""
        with self._transaction():
            self._delete(case_id)
            for kind in kinds:
                self.delete_document(kind, case_id)

    def _delete(self, case_id: str) -> None:
        for table in ("tags", "answers"):
            self._db.execute(f"DELETE FROM {table} WHERE seq = (SELECT seq FROM cases WHERE id = ?)", [case_id])
        self._db.execute("DELETE FROM cases WHERE id = ?", [case_id])

    @contextmanager
    def as_it_was(self, before: dict[str, Record | None]) -> Iterator[None]:
        """Let reads see these cases as they were, None for one that was not there, for the length of a `with`."""
        self._forget_lists()
        self._db.execute("BEGIN")
        try:
            for case_id, record in before.items():
                if record is None:
                    self._delete(case_id)
                else:
                    self._save(record)
            yield
        finally:
            self._db.execute("ROLLBACK")
            self._forget_lists()

    def get(self, case_id: str) -> Record | None:
        row = self._db.execute("SELECT record FROM cases WHERE id = ?", [case_id]).fetchone()
        return json.loads(row[0]) if row else None

    def records(self) -> Iterator[Record]:
        for (record,) in self._db.execute("SELECT record FROM cases ORDER BY seq"):
            yield json.loads(record)

    def highest_ticket(self) -> int:
        return self._db.execute("SELECT max(ticket_id) FROM cases").fetchone()[0] or 0

    def total(self, where: str, params: tuple[Any, ...]) -> int:
        key = (where, params)
        if key not in self._totals:
            if len(self._totals) > 1000:  # the bound of a default window is another one at each call
                self._totals.clear()
            (self._totals[key],) = self._db.execute(f"SELECT count(*) FROM cases WHERE {where}", params).fetchone()
        return self._totals[key]

    def page(
        self,
        where: str,
        params: tuple[Any, ...],
        order_by: str,
        limit: int,
        skip: int,
        render: Callable[[Record], Record],
    ) -> list[str]:
        """Return the JSON texts of one page. `render` is asked only for cases whose text is not kept."""
        seqs = self._seqs(where, params, order_by, limit, skip)
        rows = self._db.execute(
            "SELECT seq, answers.body, CASE WHEN answers.body IS NULL THEN record END "
            f"FROM cases LEFT JOIN answers USING (seq) WHERE seq IN ({', '.join('?' * len(seqs))})",
            seqs,
        ).fetchall()
        bodies = {seq: body for seq, body, _record in rows if body is not None}
        missing = {seq: json.dumps(render(json.loads(record))) for seq, _body, record in rows if record is not None}
        if missing:
            # a savepoint, since this may be in the transaction of as_it_was()
            self._db.execute("SAVEPOINT answers")
            self._db.executemany("INSERT OR REPLACE INTO answers VALUES (?, ?)", missing.items())
            self._db.execute("RELEASE answers")
        return [bodies.get(seq) or missing[seq] for seq in seqs]

    def page_records(self, where: str, params: tuple[Any, ...], order_by: str, limit: int, skip: int) -> list[Record]:
        return [self._record(seq) for seq in self._seqs(where, params, order_by, limit, skip)]

    def _seqs(self, where: str, params: tuple[Any, ...], order_by: str, limit: int, skip: int) -> list[int]:
        """Return the sequence numbers of the cases of a page.

        An offset into an index costs up to 10 ms; with a filter by tag, which no index holds, ten times that. For
        whoever skips there, and will come again, the whole order is kept until a write.
        """
        statement = f"SELECT seq FROM cases WHERE {where} ORDER BY {order_by}"
        if not skip or "FROM tags" not in where:
            return [seq for (seq,) in self._db.execute(f"{statement} LIMIT ? OFFSET ?", [*params, limit, skip])]
        if (statement, params) not in self._orders:
            if len(self._orders) >= KEPT_ORDERS:
                self._orders.clear()
            self._orders[statement, params] = array("q", (seq for (seq,) in self._db.execute(statement, params)))
        return self._orders[statement, params][skip : skip + limit].tolist()

    def _record(self, seq: int) -> Record:
        record: Record = json.loads(self._db.execute("SELECT record FROM cases WHERE seq = ?", [seq]).fetchone()[0])
        return record

    def forget_answers(self) -> None:
        """Forget the kept texts, when something changed how cases are shown: a switch, a user's or a tenant's name."""
        self._db.execute("DELETE FROM answers")

    # Documents.

    def put_document(self, kind: str, key: str, body: Any) -> None:
        self.put_documents([(kind, key, body)])

    def put_documents(self, documents: Iterable[tuple[str, str, Any]]) -> None:
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
                ((kind, key, json.dumps(body)) for kind, key, body in documents),
            )

    def document(self, kind: str, key: str) -> Any:
        row = self._db.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", [kind, key]).fetchone()
        return json.loads(row[0]) if row else None

    def documents(self, kind: str) -> dict[str, Any]:
        rows = self._db.execute("SELECT id, body FROM documents WHERE kind = ? ORDER BY id", [kind])
        return {key: json.loads(body) for key, body in rows}

    def delete_document(self, kind: str, key: str) -> None:
        self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", [kind, key])

    def own_alerts(self, case_id: str, alert_ids: Iterable[str]) -> None:
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO alert_owner VALUES (?, ?)", ((a, case_id) for a in alert_ids))

    def alert_owner(self, alert_id: str) -> str | None:
        row = self._db.execute("SELECT case_id FROM alert_owner WHERE alert_id = ?", [alert_id]).fetchone()
        return row[0] if row else None
