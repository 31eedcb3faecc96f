"""The engines that are compared: ours, and peers that answer the same questions from the same rows."""

from __future__ import annotations

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import psycopg
import sqlcipher3
import tantivy

from benchmarks.search.plain_sql import SHOWN, count_sql, page_sql, plain
from medreg_desktop.services.search import index
from medreg_desktop.services.search.conditions import TAB_STATES, CheckCondition, MaterialsCondition, Query, SortColumn
from medreg_desktop.services.search.connection import Connection
from medreg_desktop.services.search.engine import SearchEngine
from medreg_desktop.services.search.names import gram_tokens, tokens
from medreg_desktop.services.search.recent import MOST_ROWS
from medreg_desktop.services.search.rows import (
    CATEGORIES,
    KINDS,
    LEVELS,
    PERSON_COLUMNS,
    STATES,
    STATUS_COLUMNS,
    SYNCS,
    day_number,
)

COLUMNS = ("n", *PERSON_COLUMNS, *STATUS_COLUMNS)
Values = tuple[Any, ...]
_TEXT = set(PERSON_COLUMNS) | {
    "scopes", "education", "department", "department_sort", "handler", "handler_sort", "form_number", "form_key",
    "claim_account", "claim_name",
}  # fmt: skip


class Engine(ABC):
    """One way of answering; ``query`` is normalised."""

    name = ""

    @abstractmethod
    def page(self, query: Query) -> list[str]:
        """Read the first 100 rows with all shown values; return their application ids."""

    @abstractmethod
    def count(self, query: Query) -> int:
        """Return the exact number of rows."""

    @abstractmethod
    def close(self) -> None:
        """Give everything up."""


def open_file(path: Path) -> Connection:
    """Open the encrypted file with the settings of the desktop's cache."""
    connection = sqlcipher3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    for pragma in (
        f"key = \"x'{'5a' * 32}'\"",
        "cipher_page_size = 8192",
        "cache_size = -131072",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    opened: Connection = connection
    return opened


class Ours(Engine):
    """The product's engine on its encrypted file, columns loaded."""

    name = "MedReg"

    def __init__(self, path: Path) -> None:
        self.engine = SearchEngine(lambda: open_file(path))
        self.engine.prepare()
        gc.freeze()  # as the program does then

    def page(self, query: Query) -> list[str]:
        """See the base class."""
        return [row.id for row in self.engine.page(query).rows]

    def count(self, query: Query) -> int:
        """See the base class."""
        return self.engine.exact_count(query)

    def close(self) -> None:
        """See the base class."""
        self.engine.close()


class OursFromFile(Ours):
    """The product's engine before the columns are loaded: the router alone."""

    name = "MedReg, file only"

    def __init__(self, path: Path) -> None:
        self.engine = SearchEngine(lambda: open_file(path))


class LikeScan(Engine):
    """One pass over the same encrypted table, no index."""

    name = "LIKE scan"
    table = "worklist NOT INDEXED"

    def __init__(self, path: Path) -> None:
        self._connection = open_file(path)

    def page(self, query: Query) -> list[str]:
        """See the base class."""
        question = plain(query)
        rows = self._connection.execute(page_sql(question, self.table), question.values).fetchall()
        return [row[1] for row in rows]

    def count(self, query: Query) -> int:
        """See the base class."""
        question = plain(query)
        return int(self._connection.execute(count_sql(question, self.table), question.values).fetchone()[0])

    def close(self) -> None:
        """See the base class."""
        self._connection.close()


class PlainSql(LikeScan):
    """The same statements, SQLite's planner free to use the product's B-trees."""

    name = "plain SQL"
    table = "worklist"


def _definitions(text: str, number: str) -> str:
    return ", ".join(f"{column} {text if column in _TEXT else number}" for column in COLUMNS)


class Postgres(Engine):
    """PostgreSQL with pg_trgm on names and tails, B-trees on codes, dates and the usual pairs."""

    name = "PostgreSQL + pg_trgm"

    def __init__(self, dsn: str, rows: Callable[[], Iterator[Values]]) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        execute = self._connection.execute
        execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        execute("DROP TABLE IF EXISTS worklist")
        definitions = _definitions('text COLLATE "C"', "integer")
        execute(f"CREATE UNLOGGED TABLE worklist ({definitions}, PRIMARY KEY (n))")
        with self._connection.cursor().copy(f"COPY worklist ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows():
                copy.write_row(row)
        for column in ("folded", "tails"):
            execute(f"CREATE INDEX ON worklist USING gin ({column} gin_trgm_ops)")
        for columns in (
            "id_number", "id_tail", "qualification_code", "practice_code", "phone", "form_key", "name_sort, n",
            "deadline, n", "submitted, n", "state, submitted", "department, state, submitted", "department_sort, n",
            "state, name_sort, n", "state, deadline, n",
        ):  # fmt: skip
            execute(f"CREATE INDEX ON worklist ({columns})")
        execute("VACUUM ANALYZE worklist")

    def _run(self, sql: str, values: Values) -> list[Values]:
        return self._connection.execute(sql.replace("%", "%%").replace("?", "%s"), values).fetchall()

    def page(self, query: Query) -> list[str]:
        """See the base class."""
        question = plain(query)
        return [row[1] for row in self._run(page_sql(question, "worklist"), question.values)]

    def count(self, query: Query) -> int:
        """See the base class."""
        question = plain(query)
        return int(self._run(count_sql(question, "worklist"), question.values)[0][0])

    def close(self) -> None:
        """See the base class."""
        self._connection.close()


class DuckDb(Engine):
    """DuckDB in a file of its own, ART indexes on the codes."""

    name = "DuckDB"

    def __init__(self, path: Path, rows: Callable[[], Iterator[Values]]) -> None:
        self._connection = duckdb.connect(str(path))
        self._connection.execute(f"CREATE TABLE worklist ({_definitions('VARCHAR', 'INTEGER')})")
        lines = path.with_suffix(".csv")
        _write_csv(lines, rows())
        shapes = ", ".join(f"'{column}': 'VARCHAR'" for column in COLUMNS)
        self._connection.execute(
            f"INSERT INTO worklist SELECT * FROM read_csv('{lines}', header=false, delim=chr(1), quote='', escape='', "
            f"nullstr=chr(2), columns={{{shapes}}})"
        )
        lines.unlink()
        for column in ("id_number", "id_tail", "qualification_code", "practice_code", "phone", "form_key"):
            self._connection.execute(f"CREATE INDEX worklist_{column} ON worklist ({column})")

    def page(self, query: Query) -> list[str]:
        """See the base class."""
        question = plain(query)
        rows = self._connection.execute(page_sql(question, "worklist"), question.values).fetchall()
        return [row[1] for row in rows]

    def count(self, query: Query) -> int:
        """See the base class."""
        question = plain(query)
        found = self._connection.execute(count_sql(question, "worklist"), question.values).fetchone()
        assert found is not None
        return int(found[0])

    def close(self) -> None:
        """See the base class."""
        self._connection.close()


def _write_csv(path: Path, rows: Iterator[Values]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        while batch := list(islice(rows, 10_000)):
            file.writelines("\x01".join(str(value).replace("\n", "\x03") for value in row) + "\n" for row in batch)


class Tantivy(Engine):
    """tantivy with the product's own tokens, fast fields for ranges and orders; its 100 rows are read from our file.

    Rows read last are kept for it as the product keeps them for itself.
    """

    name = "tantivy"
    _ORDERS: ClassVar = {
        SortColumn.DEADLINE: "deadline",
        SortColumn.NAME: "name_rank",
        SortColumn.DEPARTMENT: "department_rank",
    }

    def __init__(
        self, path: Path, file: Path, rows: Callable[[], Iterator[Values]], ranks: dict[str, list[int]]
    ) -> None:
        schema = tantivy.SchemaBuilder()
        schema.add_text_field("tokens", tokenizer_name="whitespace", index_option="basic")
        schema.add_unsigned_field("n", stored=True, fast=True)
        for name in ("submitted", "deadline", "checks", "missing", *ranks):
            schema.add_unsigned_field(name, indexed=True, fast=True)
        self._index = tantivy.Index(schema.build(), path=str(path))
        writer = self._index.writer(heap_size=300_000_000, num_threads=2)
        for row in rows():
            at = dict(zip(COLUMNS, row, strict=True))
            document = tantivy.Document()
            document.add_text("tokens", self._tokens(at))
            for name in ("n", "submitted", "deadline", "checks", "missing"):
                document.add_unsigned(name, at[name])
            for name, values in ranks.items():
                document.add_unsigned(name, values[at["n"]])
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._searcher = self._index.searcher()
        self._schema = self._index.schema
        self._recent: dict[int, Values] = {}
        self._connection = open_file(file)

    @staticmethod
    def _tokens(at: dict[str, Any]) -> str:
        coded = [
            f"{column[0:2]}={at[column]}" for column in ("kind", "state", "sync", "category", "level", "education")
        ]
        codes = [
            f"{column[0:2]}:{at[column]}" for column in ("id_number", "qualification_code", "practice_code", "phone")
        ]
        scopes = [f"sc={scope}" for scope in at["scopes"].split()]
        tail = [f"it:{at['id_tail']}", f"de={at['department']}"]
        return " ".join([tokens(at["folded"], at["tails"]), *coded, *codes, *scopes, *tail])

    def _term(self, token: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, "tokens", token, index_option="basic")

    def _any(self, all_tokens: list[str]) -> tantivy.Query:
        if len(all_tokens) == 1:
            return self._term(all_tokens[0])
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, self._term(token)) for token in all_tokens])

    def _range(self, name: str, first: int, last: int) -> tantivy.Query:
        return tantivy.Query.range_query(self._schema, name, tantivy.FieldType.Unsigned, first, last)

    def _word(self, word: str) -> tantivy.Query:
        grams = [(tantivy.Occur.Must, self._term(gram)) for gram in gram_tokens(word)]
        in_name = tantivy.Query.boolean_query(grams) if len(grams) > 1 else grams[0][1]
        if not word.isascii():
            return in_name
        tail = (
            self._term(f"t{word}")
            if len(word) <= 6
            else tantivy.Query.regex_query(self._schema, "tokens", f"q{word}.*")
        )
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, in_name), (tantivy.Occur.Should, tail)])

    def _query(self, query: Query) -> tantivy.Query:
        musts = [self._word(word) for word in query.text.split()]
        for prefix, text in (("id", query.id_number), ("qu", query.qualification_code), ("ph", query.phone)):
            if text:
                short = prefix == "id" and len(text) == 6
                musts.append(self._term(f"it:{text[::-1]}" if short else f"{prefix}:{text}"))
        for prefix, order, chosen in (
            ("ki", KINDS, query.kinds),
            ("st", STATES, query.states or (tuple(TAB_STATES[query.tab]) if query.tab else ())),
            ("sy", SYNCS, query.sync),
            ("ca", CATEGORIES, query.categories),
            ("le", LEVELS, query.levels),
        ):
            if chosen:
                musts.append(self._any([f"{prefix}={order.index(value)}" for value in chosen]))
        for prefix, texts in (("de", query.departments), ("sc", query.scopes), ("ed", query.educations)):
            if texts:
                musts.append(self._any([f"{prefix}={text}" for text in texts]))
        musts += self._ranges(query)
        if not musts:
            return tantivy.Query.all_query()
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, must) for must in musts])

    def _ranges(self, query: Query) -> Iterator[tantivy.Query]:
        for name, first, last in (
            ("submitted", query.submitted_from, query.submitted_to),
            ("deadline", query.deadline_from, query.deadline_to),
        ):
            if first or last:
                yield self._range(name, day_number(first) if first else 0, day_number(last) if last else 65533)
        if query.check is CheckCondition.FAILED:
            yield self._range("checks", 100, 1_000_000)
        if query.materials is MaterialsCondition.MISSING:
            yield self._range("missing", 1, 1_000_000)

    def page(self, query: Query) -> list[str]:
        """See the base class."""
        order = tantivy.Order.Desc if query.sort.descending else tantivy.Order.Asc
        found = self._searcher.search(
            self._query(query), 100, count=False, order_by_field=self._ORDERS[query.sort.column], order=order
        )
        numbers = [self._searcher.doc(address)["n"][0] for _, address in found.hits]
        missing = [n for n in numbers if n not in self._recent]
        if missing:
            holes = ", ".join("?" * len(missing))
            rows = self._connection.execute(f"SELECT {SHOWN} FROM worklist WHERE n IN ({holes})", missing).fetchall()
            self._recent.update((row[0], row) for row in rows)
        ids = [self._recent[n][1] for n in numbers]
        if len(self._recent) > MOST_ROWS:
            self._recent = dict(islice(self._recent.items(), len(self._recent) - MOST_ROWS // 2, None))
        return ids

    def count(self, query: Query) -> int:
        """See the base class."""
        found: Any = self._searcher.search(self._query(query), 1, count=True)  # its stub lacks ``count``
        return int(found.count)

    def close(self) -> None:
        """See the base class."""
        self._connection.close()


def build_file(path: Path, rows: Iterator[index.IndexRow]) -> None:
    """Write the product's encrypted file."""
    connection = open_file(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    index.rebuild(connection, rows)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
