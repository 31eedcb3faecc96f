"""``verify-receipt``: says what a receipt proves, and names exactly what fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from medreg_core.contract.v1.commands import CommandBatch, Return
from medreg_core.contract.v1.proofs import Proof, embedded
from medreg_server.cli import main
from medreg_server.services.service import Service
from tests.helpers.receipts import Chain
from tests.helpers.server import Hospital, seed_applications
from tests.server.clients import Office, command


@pytest.fixture
def proof(register: Service, hospital: Hospital) -> Proof:
    chain = Chain()
    office = Office(register, hospital, device_key=chain.public)
    sent = command(seed_applications(register, hospital.institution)[0], Return(opinion="请补充资料"))
    link = chain.link(sent, office.caller.account.id)
    batch = CommandBatch(device_id=office.device_id, commands=(sent,), receipts=(link,))
    (outcome,) = office.commands.answer(batch, office.caller).outcomes
    return Proof(command=sent, link=link, counter=outcome.receipt)


@pytest.fixture
def verify(
    register: Service, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    def run(content: bytes, keys: Path | None = None) -> tuple[int, str]:
        path = tmp_path / "receipt"
        path.write_bytes(content)
        place = ["--data-dir", register.environment.settings.data_dir]
        status = main(["verify-receipt", str(path), *place, *(["--keys", str(keys)] if keys else [])])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def test_a_receipt_is_proven_by_the_service_and_by_anybody_with_its_public_keys(
    proof: Proof,
    verify: Callable[..., tuple[int, str]],
    database_url: str,
    register: Service,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, said = verify(msgspec.json.encode(proof))
    assert (status, said.splitlines()[-1]) == (0, "PROVEN")
    assert f"decided by account {proof.link.actor}" in said
    assert "answered accepted" in said
    assert main(["public-keys", "--database", database_url, "--data-dir", register.environment.settings.data_dir]) == 0
    keys = tmp_path / "keys.json"
    keys.write_text(capsys.readouterr().out)
    assert verify(b"%PDF-1.4\n" + embedded(proof).encode(), keys)[0] == 0


OTHER = Return(opinion="别的理由")
FAILING: dict[str, tuple[Callable[[Proof], Any], str]] = {
    "content": (lambda p: {"command": msgspec.structs.replace(p.command, body=OTHER)}, "content was changed"),
    "time": (lambda p: {"link": msgspec.structs.replace(p.link, n=p.link.n + 1)}, "device's signature does not fit"),
    "answer": (lambda p: {"counter": msgspec.structs.replace(p.counter, seq=999)}, "service's signature does not fit"),
    "nobody": (lambda p: {"counter": None}, "only the device says so"),
    "key": (lambda p: {"counter": msgspec.structs.replace(p.counter, kid="00000000")}, "not among the keys given"),
}  # fmt: skip


@pytest.mark.parametrize("what", FAILING)
def test_what_fails_is_named(proof: Proof, verify: Callable[..., tuple[int, str]], what: str) -> None:
    change, words = FAILING[what]
    status, said = verify(msgspec.json.encode(msgspec.structs.replace(proof, **change(proof))))
    assert (status, said.splitlines()[-1]) == (1, "NOT PROVEN")
    assert words in said


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"%PDF-1.4 something else", "holds no receipt"), (b'{"command": 1}', "damaged"), (b"{" * (5 << 20), "too large")],
)
def test_a_file_that_is_none_gets_a_sentence(
    verify: Callable[..., tuple[int, str]], content: bytes, words: str
) -> None:
    status, said = verify(content)
    assert status == 1
    assert words in said
    assert "Traceback" not in said


def test_a_keys_file_that_is_none_gets_a_sentence(
    proof: Proof, verify: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    bad = tmp_path / "keys.json"
    bad.write_text("no keys")
    status, said = verify(msgspec.json.encode(proof), bad)
    assert status == 1
    assert "public-keys" in said
