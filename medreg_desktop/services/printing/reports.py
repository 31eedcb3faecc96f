"""One-page reports of the office, drawn by the form engine from templates of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from medreg_core.contract.v1.proofs import Proof, embedded
from medreg_core.domain.deadlines import china_date
from medreg_core.domain.records import CommandId
from medreg_desktop.services.cache import outages, sync_state
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outages import Outage
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.ports import Clock
from medreg_desktop.services.printing import outage_report, receipt_report
from medreg_desktop.services.printing.form_document import FormContent, FormEngine
from medreg_desktop.services.printing.outage_report import OutageReport
from medreg_desktop.services.printing.template import Template
from medreg_desktop.services.printing.template_reader import read_template


class ReportDesk:
    """Used on background threads: the first page opens the fonts."""

    def __init__(
        self,
        store: CacheStore,
        engine: FormEngine,
        folder: Path,
        clock: Clock,
        names: Callable[[Connection], Mapping[str, str]],
    ) -> None:
        """``folder`` holds the templates; ``names`` gives registrars' names by account id."""
        self._names = names
        self._store = store
        self._engine = engine
        self._folder = folder
        self._clock = clock

    def outages(self) -> list[OutageReport]:
        """Return the outages kept, newest first, each with what became of its decisions."""

        def work(conn: Connection) -> list[OutageReport]:
            names = self._names(conn)
            return [outage_report.report_of(conn, outage, names) for outage in outages.latest(conn, 20)]

        return self._store.read(work)

    def outage_page(self, outage: Outage, causes: Mapping[str, str]) -> bytes:
        """Return the page of one outage as PDF. ``causes``: words for the fault codes."""
        report = self._store.read(lambda conn: outage_report.report_of(conn, outage, self._names(conn)))
        texts = outage_report.texts_of(report, causes, self._clock.now())
        return self._drawn("outage.toml", outage_report.FIELDS, texts, "")

    def receipt_page(self, command_id: CommandId) -> tuple[str, bytes]:
        """Return a file name and the page that proves one decision. Raises KnownFault ``receipt_missing``."""

        def work(conn: Connection) -> tuple[Proof, str, str]:
            proof = receipt_report.proof_of(conn, command_id)
            institution = sync_state.institution(conn)
            name = self._names(conn).get(proof.link.actor, "")
            return proof, name, institution.name if institution else ""

        proof, name, institution = self._store.read(work)
        texts = receipt_report.texts_of(proof, name, institution, self._clock.now())
        page = self._drawn("receipt.toml", receipt_report.FIELDS, texts, embedded(proof))
        return receipt_report.file_name(proof.command), page

    def _drawn(self, file: str, fields: frozenset[str], texts: Mapping[str, str], keywords: str) -> bytes:
        template = self._template(file, fields)
        content = FormContent(template, template.id, texts)
        dated = china_date(self._clock.now())
        return self._engine.render([content], dated=dated, keywords=keywords).pdf

    def _template(self, file: str, fields: frozenset[str]) -> Template:
        try:
            toml = (self._folder / file).read_text("utf-8")
        except OSError as error:
            raise KnownFault("form_template_invalid", where=file, reason=type(error).__name__) from error
        return read_template(toml, fields, frozenset())
