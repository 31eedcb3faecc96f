"""No name, ID number or telephone in a log, a file name, a window title, or in the bytes of the data folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from medreg_core.domain.records import Person
from medreg_core.domain.vocabulary import Role
from medreg_desktop.services.search.conditions import Query
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.views.applications.schemes import Scheme
from tests.desktop.program.conftest import OpenDesk
from tests.desktop.program.test_local_copy import DAMAGED, flip_bytes
from tests.desktop.program.test_lock import idle
from tests.helpers.fault_proxy import FaultProxy, http_answer
from tests.helpers.program import Desk, Listener, click
from tests.helpers.server import (
    PASSWORD,
    Hospital,
    ServerHandle,
    make_application,
    make_person,
    store_applications,
)

NAME, PHONE, OPINION = "欧阳鹮蓼", "13912345678", "经查蓼同志符合条件"


def secrets_of(person: Person) -> list[bytes]:
    """Return what must not be found, in the encodings a file may have it in."""
    texts = (NAME, NAME[2:], PHONE, person.id_number, person.id_number[6:14], OPINION, PASSWORD)
    return [text.encode(coding) for text in texts for coding in ("utf-8", "utf-16-le", "gb18030")]


def test_personal_data_stay_inside_the_encrypted_copy(
    open_desk: OpenDesk, proxy: FaultProxy, server: ServerHandle, hospital: Hospital, log: Listener, tmp_path: Path
) -> None:
    person = replace(make_person(), name=NAME, phone=PHONE)
    store_applications(server.service, [make_application(hospital.institution, person)])
    login = hospital.logins[Role.REGISTRAR]
    desk = open_desk()
    desk.at_work(login, PASSWORD)
    desk.program.window.person_sought.emit(NAME)
    desk.until(lambda: desk.rows, "found by name")
    _save_scheme(desk, person)
    _a_day_with_trouble(desk, proxy)
    desk.close()
    flip_bytes(tmp_path / "pc" / "cache.db")
    again = open_desk()
    again.sign_in(login, PASSWORD)
    assert again.fault == DAMAGED
    click(again.fault_button)
    again.until(lambda: len(again.rows) == 1, "rebuilt")
    assert NAME in _menu_of_schemes(again), "as it was saved before the copy was rebuilt"
    again.close()
    everything = "\n".join(log.lines).encode()
    titles = "\n".join(desk.titles | again.titles).encode()
    found = [path for path in (tmp_path / "pc").rglob("*") if path.is_file()]
    assert len(found) >= 5
    for secret in secrets_of(person):
        assert secret not in everything
        assert secret not in titles
        for path in found:
            assert secret not in str(path.relative_to(tmp_path)).encode(), path
            assert secret not in path.read_bytes(), path.name


def test_schemes_of_an_older_program_move_into_the_copy(
    open_desk: OpenDesk, server: ServerHandle, hospital: Hospital, tmp_path: Path
) -> None:
    """Everybody's at once: who has left the office would never come to fetch his."""
    person = replace(make_person(), name=NAME)
    store_applications(server.service, [make_application(hospital.institution, person)])
    old = msgspec.json.encode([Scheme(NAME, Query(text=person.id_number))]).decode()
    accounts = [hospital.accounts[role] for role in (Role.REGISTRAR, Role.SUPERVISOR)]
    before = Settings(tmp_path / "pc" / "settings")
    for account in accounts:
        before.use_registrar(account)
        before.set(options.schemes("applications"), old)
    desk = open_desk()
    for role in (Role.REGISTRAR, Role.SUPERVISOR):
        desk.at_work(hospital.logins[role], PASSWORD)
        assert NAME in _menu_of_schemes(desk)
        desk.until(lambda: not before.of_registrars(options.schemes("applications")), "moved")
        desk.program.sign_out()
    desk.close()
    for path in (tmp_path / "pc" / "settings").rglob("*.*"):
        for secret in secrets_of(person):
            assert secret not in path.read_bytes(), path


def _save_scheme(desk: Desk, person: Person) -> None:
    assert desk.office.list is not None
    assert desk.office.list._presenter is not None
    desk.office.list._presenter.change(Query(text=NAME, id_number=person.id_number))
    desk.until(lambda: len(desk.rows) == 1, "found")
    desk.office.list.schemes.named.emit("", NAME)


def _menu_of_schemes(desk: Desk) -> str:
    assert desk.office.list is not None
    menu = desk.office.list.schemes.menu()
    words = "\n".join(action.text() for action in menu.actions())
    menu.deleteLater()
    return words


def _a_day_with_trouble(desk: Desk, proxy: FaultProxy) -> None:
    """Review, preview, lock, and a service that answers nonsense: all that could make the program write something."""
    row = desk.rows[0]
    desk.open_review(row)
    desk.type(desk.review.acts.opinion, OPINION)
    desk.until(lambda: desk.draft_of(row) == OPINION, "the draft")
    desk.open_preview()
    assert desk.office.preview is not None
    desk.office.preview.close()
    proxy.answer_at_once("/sync/", http_answer(500, f"{NAME} {PHONE}".encode()), times=3)
    click(desk.review.acts.agree_button)
    desk.until(lambda: desk.queue(open_only=False), "decided")
    desk.close_review()
    idle(desk)
    desk.unlock("wrong")
    desk.unlock(PASSWORD)
    desk.until(lambda: not desk.is_shut, "in again")
