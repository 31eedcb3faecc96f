"""The office's one-page reports: the outage for the head physician, the receipt with its proof inside."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pypdf import PdfReader

from medreg_core.contract.v1.commands import Outcome, RecordPrint
from medreg_core.contract.v1.messages import Account, PublicKey
from medreg_core.contract.v1.proofs import flaws_of, read_proof
from medreg_core.contract.v1.receipts import CounterSignature
from medreg_core.domain.records import AccountId, CommandId, InstitutionId
from medreg_core.domain.vocabulary import FormState, OutcomeKind, Role
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.cache import commands, outages, outbox_moves, receipts, sync_state
from medreg_desktop.services.cache.outbox import LOST_BY_SERVER, Resolution
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.printing.fonts import open_fonts
from medreg_desktop.services.printing.form_document import FormEngine
from medreg_desktop.services.printing.outage_report import SHOWN, Tally, texts_of
from medreg_desktop.services.printing.reports import ReportDesk
from tests.desktop.cache.office import KEY, NOW, StillClock, agree, application

RESOURCES = Path(__file__).parents[3] / "resources"
SERVICE = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
PUBLIC = SERVICE.public_key().public_bytes_raw()


@pytest.fixture
def store(tmp_path: Path) -> CacheStore:  # type: ignore[misc]  # a generator, as pytest wants it
    opened = CacheStore.open(tmp_path / "cache.db", KEY, StillClock())
    opened.write(lambda conn: sync_state.write(conn, keys=msgspec.json.encode((PublicKey("k1", PUBLIC),)).decode()))
    for login, name in (("wang", "王敏"), ("li", "李强")):
        account = Account(login, login, name, Role.REGISTRAR, InstitutionId("hospital"))  # type: ignore[arg-type]
        opened.write(lambda conn, a=account: known_accounts.remember(conn, a))  # type: ignore[misc]
    yield opened
    opened.close()


@pytest.fixture
def desk(store: CacheStore) -> ReportDesk:
    engine = FormEngine(open_fonts(RESOURCES / "fonts"))
    return ReportDesk(store, engine, RESOURCES / "reports", StillClock(), known_accounts.names)


def decide(store: CacheStore, n: int, actor: str, kind: OutcomeKind | None = None) -> CommandId:
    made = agree(application(n), f"{n:032d}")
    store.write(lambda conn: commands.save(conn, made, actor, NOW))  # type: ignore[arg-type]
    if kind is not None:
        store.write(lambda conn: outbox_moves.set_in_flight(conn, [made.id]))
        store.write(lambda conn: commands.settle(conn, Outcome(id=made.id, kind=kind), NOW + timedelta(hours=3)))
    return made.id


def text_of(pdf: bytes) -> str:
    pages = PdfReader(BytesIO(pdf)).pages
    assert len(pages) == 1
    return pages[0].extract_text().replace("\n", " ")


def test_an_outage_tells_when_why_and_what_became_of_each_registrars_decisions(
    store: CacheStore, desk: ReportDesk
) -> None:
    store.write(lambda conn: outages.note(conn, NOW, "server_unreachable", 0.0))
    decide(store, 1, "wang", OutcomeKind.ACCEPTED)
    decide(store, 2, "wang", OutcomeKind.CONFLICT)
    decide(store, 3, "li", OutcomeKind.REJECTED)
    decide(store, 4, "li")
    store.write(lambda conn: outages.end(conn, NOW + timedelta(hours=2, minutes=5), None, 0.0))
    (report,) = desk.outages()
    assert report.lines == (
        ("王敏", Tally(decided=2, sent=2, accepted=1, conflicts=1)),
        ("李强", Tally(decided=2, sent=1, refused=1, waiting=1)),
    )
    assert report.total == Tally(decided=4, sent=3, accepted=1, conflicts=1, refused=1, waiting=1)
    page = text_of(desk.outage_page(report.outage, {"server_unreachable": "连不上服务端"}))
    for words in ("中断小结", "2 小时 5 分钟", "连不上服务端", "王敏", "李强"):
        assert words in page
    assert "欧阳娜" not in page
    assert "11010519491231002X" not in page


def test_what_a_restored_register_no_longer_holds_is_not_counted_as_accepted(
    store: CacheStore, desk: ReportDesk
) -> None:
    """And what the service put off has no answer yet: every decision stands in one column."""
    store.write(lambda conn: outages.note(conn, NOW, "server_unreachable", 0.0))
    lost, dropped = (decide(store, n, "wang", OutcomeKind.ACCEPTED) for n in (1, 2))
    decide(store, 3, "wang", OutcomeKind.DEFERRED)
    decide(store, 4, "wang", OutcomeKind.RETRY)
    for command_id in (lost, dropped):
        store.write(lambda conn, i=command_id: outbox_moves.reopen(conn, i, LOST_BY_SERVER))  # type: ignore[misc]
    store.write(lambda conn: commands.close(conn, dropped, Resolution.DROPPED, NOW))
    (report,) = desk.outages()
    assert report.total == Tally(decided=4, sent=4, waiting=3)


def test_more_registrars_than_lines_are_summed_up(store: CacheStore, desk: ReportDesk) -> None:
    store.write(lambda conn: outages.note(conn, NOW, "server_unreachable", 0.0))
    for n in range(SHOWN + 3):
        decide(store, n + 1, f"r{n}")
    (report,) = desk.outages()
    texts = texts_of(report, {}, NOW)
    assert texts[f"name_{SHOWN - 1}"] == "其他 4 人"
    assert texts[f"decided_{SHOWN - 1}"] == "4"
    assert texts["total_decided"] == str(SHOWN + 3)
    assert texts["ended"] == "尚未恢复"


def test_a_receipt_is_read_by_people_and_proven_by_the_file_itself(store: CacheStore, desk: ReportDesk) -> None:
    command_id = decide(store, 1, "wang")
    receipt = store.write(lambda conn: receipts.find(conn, command_id))
    assert receipt is not None
    counter = CounterSignature(
        kid="k1", receipt=receipt.link.digest, outcome=OutcomeKind.ACCEPTED, version=2, seq=9, epoch="e", at=NOW
    )
    signed = msgspec.structs.replace(counter, signature=SERVICE.sign(counter.message))
    answer = Outcome(id=command_id, kind=OutcomeKind.ACCEPTED, version=2, seq=9, receipt=signed)
    store.write(lambda conn: commands.settle(conn, answer, NOW))
    name, pdf = desk.receipt_page(command_id)
    assert flaws_of(read_proof(pdf), {"k1": PUBLIC}) == ()
    page = text_of(pdf)
    for words in ("决定回执", "王敏", receipt.link.digest[:24]):
        assert words in page
    assert name == f"medreg-receipt-{command_id[-8:]}.pdf"


def test_what_has_no_receipt_gets_a_sentence(store: CacheStore, desk: ReportDesk) -> None:
    command_id = decide(store, 1, "wang")
    store.write(lambda conn: conn.execute("DROP TRIGGER receipt_is_kept"))
    store.write(lambda conn: conn.execute("DELETE FROM receipt"))
    with pytest.raises(KnownFault) as refused:
        desk.receipt_page(command_id)
    assert refused.value.code == "receipt_missing"


def test_a_sheet_printed_in_an_outage_is_no_decision(store: CacheStore, desk: ReportDesk) -> None:
    store.write(lambda conn: outages.note(conn, NOW, "server_unreachable", 0.0))
    decide(store, 1, "wang", OutcomeKind.ACCEPTED)
    printed = RecordPrint(
        form_number="n", digest="d", form_state=FormState.PENDING, printed_at=NOW, copies=1, reprint=0
    )
    made = msgspec.structs.replace(agree(application(3), f"{3:032d}"), body=printed)
    store.write(lambda conn: commands.save(conn, made, AccountId("wang"), NOW))
    (report,) = desk.outages()
    assert report.total.decided == 1
