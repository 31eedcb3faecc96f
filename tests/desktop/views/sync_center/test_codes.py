"""An activation code that the register did not take: what the registrar reads, and what he does next."""

from __future__ import annotations

import pytest

from medreg_core.domain.vocabulary import HandOutWay, OutcomeKind
from medreg_desktop.services.cache import codes
from medreg_desktop.services.review.outbox_desk import Conflict
from medreg_desktop.services.texts.moments import near
from medreg_desktop.views.sync_center import words
from tests.desktop.activation.test_code_desk import ANNA, desk_of, lease
from tests.desktop.cache.office import NOW
from tests.desktop.review.office import Office
from tests.desktop.views.sync_center.bench import Bench


def refused(office: Office, kind: OutcomeKind, code: str, **answer: object) -> tuple[Bench, Conflict]:
    """Hand a code out, hear that answer, look at it in 同步中心."""
    office.store.write(lambda conn: codes.add(conn, lease()))
    slip = desk_of(office).hand_out(ANNA, HandOutWay.SLIP)
    office.sends()
    office.hears(slip.command_id, kind, code=code, **answer)
    bench = Bench(office)
    assert bench.view.state.current is not None
    return bench, bench.view.state.current


def test_one_that_a_restore_has_forgotten_says_so_and_what_to_do(office: Office) -> None:
    bench, current = refused(office, OutcomeKind.REJECTED, "code_unknown")
    (row,) = bench.rows()
    assert row == current.row.command.id
    assert words.title(current) == ("医师的激活码", "")
    assert words.what_happened(current, NOW) == (
        "服务端没有这个激活码，可能因恢复备份而丢失。请收回已交给医师的激活码，另发一个。"
        f"您 {near(NOW, NOW)} 的「发放激活码」服务端没有采用。"
    )
    assert words.decided_line(current, NOW) == f"发放激活码于 {near(NOW, NOW)}"
    assert words.register_line(current, NOW) == "—"
    assert desk_of(office).hand_out(ANNA, HandOutWay.SLIP).reference, "another one may be handed out at once"


@pytest.mark.parametrize("code", ["code_handed_out", "already_active"])
def test_what_a_colleague_did_is_told_in_the_words_of_codes(office: Office, code: str) -> None:
    _, current = refused(office, OutcomeKind.CONFLICT, code, by="李经办", at=NOW)
    assert words.what_happened(current, NOW).startswith(("同事已向这位医师发放激活码", "这位医师的账户已激活"))
    assert words.register_line(current, NOW) == f"李经办 {near(NOW, NOW)}"
