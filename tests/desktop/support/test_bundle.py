"""The support bundle over a real copy: data of persons planted everywhere, and the zip's bytes searched for them."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from medreg_core.contract.v1.activation import CodeLease, LeasedCode
from medreg_core.contract.v1.messages import Account
from medreg_core.domain.records import AccountId
from medreg_core.domain.vocabulary import CommandKind, Role
from medreg_desktop.app.support import SupportDesk
from medreg_desktop.services.auth import known_accounts
from medreg_desktop.services.cache import audit, codes, outbox_moves
from medreg_desktop.services.cache.diary import LampChange
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.support import bundle, contents
from medreg_desktop.services.support.bundle import Bundle, Part
from medreg_desktop.services.support.log_book import LogLine
from medreg_desktop.services.support.readiness import Situation, readiness
from medreg_desktop.services.support.scan import Known
from medreg_desktop.services.sync.diary import Diary
from medreg_desktop.services.sync.lamp import Lamp, LampKind
from medreg_desktop.services.sync.report import SyncReport, Wait
from medreg_desktop.services.transport.attempts import Attempt
from tests.core.builders import person, qualification
from tests.desktop.cache.office import NOW, StillClock
from tests.desktop.review.office import Office, application

NAME, LATIN, PHONE, CODE, TOKEN, LOGIN = (
    "欧阳鹮蓼",
    "Kamila O'Hara",
    "13912345678",
    "K7QF-02MD-9XWA",
    "tok-5e55",
    "kohara",
)
OPINION = "Reviewed by heart, agreed"


@dataclass
class Bench:
    """One office with persons in it, and everything a bundle is made from."""

    office: Office
    folder: Path

    def __post_init__(self) -> None:
        self.id_number = application(1).person.id_number
        self.office.receives(
            application(1, person=person(name=NAME, phone=PHONE), qualification=qualification(name=NAME), version=2),
            application(2, person=person(name=LATIN), qualification=qualification(name=LATIN), version=2),
        )
        self.diary = Diary(StillClock())
        self.settings = Settings(self.folder / "settings")
        self.settings.use_registrar("wang")
        account = Account(AccountId("wang"), LOGIN, LATIN, Role.REGISTRAR)
        self.store.write(lambda conn: known_accounts.remember(conn, account))
        self.desk = SupportDesk(
            self.store, self.office.clock, self.diary, AccountId("wang"), self.settings, lambda: TOKEN
        )
        lease = CodeLease(NOW + timedelta(days=30), (LeasedCode("r1", CODE),))
        self.store.write(lambda conn: codes.add(conn, lease))
        self.report = SyncReport(epoch="e1", seq=7, server_version="1.2.0")

    @property
    def store(self) -> CacheStore:
        return self.office.store

    @property
    def secrets(self) -> tuple[str, ...]:
        return (NAME, NAME[2:], LATIN, PHONE, self.id_number, CODE, CODE.replace("-", ""), TOKEN, LOGIN, OPINION)

    def prepare(self) -> Bundle:
        return self.desk.prepare(self.desk.settings(), self.report, readiness(Situation()))

    def write_log(self, *lines: LogLine) -> None:
        folder = self.folder / "logs"
        folder.mkdir(exist_ok=True)
        (folder / "program.log").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))


@pytest.fixture
def bench(office: Office) -> Bench:
    return Bench(office, office.store.path.parent)


def everything_in(content: bytes) -> bytes:
    """The zip's own bytes, its names, and what it holds when unpacked."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return content + b"".join(name.encode() + archive.read(name) for name in archive.namelist())


def assert_clean(content: bytes, secrets: tuple[str, ...]) -> None:
    whole = everything_in(content)
    for secret in secrets:
        for coding in ("utf-8", "utf-16-le", "gb18030"):
            assert secret.encode(coding) not in whole, secret
        assert json.dumps(secret).strip('"').encode() not in whole, secret


def test_an_honest_day_is_told_in_versions_states_and_counts(bench: Bench) -> None:
    made = bench.prepare()
    told = {part.name: part.content for part in made.parts}
    assert json.loads(told["copy.json"])["applications"] == 3
    assert json.loads(told["sync.json"])["epoch"] == "e1"
    assert json.loads(told["program.json"])["qt"]
    assert json.loads(told["offline.json"])["verdict"] == "better_not"
    assert made.file_name == f"medreg-support-{NOW.astimezone(bundle.CHINA):%Y%m%d-%H%M%S}.zip"
    assert_clean(bundle.zipped(made), bench.secrets)


def test_nothing_planted_anywhere_gets_out(bench: Bench) -> None:
    """Causes, codes, ids, versions, settings, names of files, log lines: each place a text could come from."""
    bad = f"{NAME} {LATIN} {bench.id_number} {PHONE} {CODE} {TOKEN}"
    for call in ("commands", bad):
        bench.diary.log.record(Attempt(NOW, call, bad, bad, 500, 12, bad, NOW), [bad])
    bench.diary._changes = [LampChange(NOW, bad, bad)]
    bench.report = replace(
        bench.report, lamp=Lamp(LampKind.OFFLINE, code=bad), sending=Wait(1, bad, NOW), resync_reason=bad, epoch=bad,
        server_version=bad,
    )  # fmt: skip
    bench.settings.set(options.SERVER_ADDRESS, f"https://{LOGIN}:{TOKEN}@registry.example.cn/{NAME}?{PHONE}")
    bench.settings.set(options.LAST_ACCOUNT, LOGIN)
    bench.settings.set(options.schemes("applications"), bad)
    bench.settings.set(options.PRINTER_PRESETS, (options.PrinterPreset(NAME, f"{LATIN}'s printer"),))
    bench.write_log(
        LogLine("t", "INFO", "medreg_desktop.x", message=f"agreed for {bench.id_number}"),
        LogLine("t", "INFO", "medreg_desktop.x", message="%s", values=(LATIN,)),
        LogLine("t", "INFO", "medreg_desktop.x", message=NAME),
        LogLine("t", "INFO", "medreg_desktop.x", places=(f"{PHONE}.py:1 x",)),
        LogLine("t", "INFO", "medreg_desktop.x", message="an honest line"),
    )
    (bench.folder / "logs" / f"{NAME} {PHONE}.log").write_text(bad)
    command = bench.office.reviews.decide(application(3).id, Decision(CommandKind.AGREE, 1, OPINION)).command_id
    assert command is not None
    bench.store.write(lambda conn: outbox_moves.quarantine(conn, command, bad))
    made = bench.prepare()
    assert_clean(bundle.zipped(made), bench.secrets)
    told = {part.name: part.content for part in made.parts}
    log = [msgspec.json.decode(line, type=LogLine) for line in told["log.jsonl"].splitlines()]
    assert [(line.message, line.values) for line in log] == [("an honest line", ()), ("%d lines were left out", (4,))]
    assert json.loads(told["settings.json"])["server"] == "https://registry.example.cn"
    assert json.loads(told["copy.json"])["waiting"][0]["cause"] == contents.OTHER
    assert {item["code"] for item in json.loads(told["sync.json"])["attempts"]} == {contents.OTHER}


@pytest.mark.parametrize("which", range(7))
def test_the_last_look_refuses_what_slipped_through_and_no_file_appears(
    bench: Bench, which: int, tmp_path: Path
) -> None:
    """As if a field had been added without care: each kind of secret, in a bundle that is made already."""
    secret = (NAME, LATIN, PHONE, bench.id_number, CODE, CODE.replace("-", "").lower(), TOKEN)[which]
    made = bench.prepare()
    spoilt = replace(made, parts=(*made.parts, Part("new.json", json.dumps({"a": secret}).encode())))
    if which == 0:
        spoilt = replace(made, parts=(Part("new.json", secret.encode()),))
    target = tmp_path / "out" / "bundle.zip"
    target.parent.mkdir()
    with pytest.raises(KnownFault) as fault:
        bench.desk.save(spoilt, target)
    assert (fault.value.code, fault.value.params) == ("bundle_not_clean", {"part": "new.json"})
    assert list(target.parent.iterdir()) == []


def test_what_is_saved_is_what_was_shown_and_the_audit_knows(bench: Bench, tmp_path: Path) -> None:
    made = bench.prepare()
    target = tmp_path / made.file_name
    size = bench.desk.save(made, target)
    assert target.stat().st_size == size
    with zipfile.ZipFile(target) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {p.name: p.content for p in made.parts}
        assert archive.testzip() is None
    last = bench.store.read(lambda conn: audit.lines(conn, 1))[0]
    assert last.action == "support_bundle"
    assert NAME not in last.detail


def test_a_folder_that_cannot_be_written_is_said_and_leaves_nothing(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(KnownFault) as fault:
        bench.desk.save(bench.prepare(), tmp_path / "gone" / "b.zip")
    assert fault.value.code == "file_not_written"


def test_only_the_newest_lines_of_a_long_log_are_handed_over(bench: Bench) -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC).isoformat()
    bench.write_log(*(LogLine(at, "INFO", "medreg_desktop.x", "line %d", (n,)) for n in range(bundle.LOG_LINES + 50)))
    log = next(part for part in bench.prepare().parts if part.name == "log.jsonl").content.splitlines()
    assert len(log) == bundle.LOG_LINES + 1
    assert msgspec.json.decode(log[-2], type=LogLine).values == (bundle.LOG_LINES + 49,)


def test_the_same_things_make_the_same_zip(bench: Bench) -> None:
    made = bench.prepare()
    assert bundle.zipped(made) == bundle.zipped(made)
    bundle.check(made, Known())
