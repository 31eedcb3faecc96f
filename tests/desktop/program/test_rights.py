"""What may leave the computer is offered to those alone who may take it out; everybody of the office may read."""

from __future__ import annotations

import pytest

from medreg_core.domain.vocabulary import Role
from tests.desktop.program.conftest import OpenDesk
from tests.helpers.server import PASSWORD, Hospital, ServerHandle, seed_applications


@pytest.mark.parametrize(
    ("role", "may"), [(Role.REGISTRAR, True), (Role.READ_ONLY, False), (Role.INSTITUTION_ADMIN, False)]
)
def test_only_who_may_takes_the_list_and_the_full_numbers_out(
    open_desk: OpenDesk, server: ServerHandle, hospital: Hospital, role: Role, may: bool
) -> None:
    seed_applications(server.service, hospital.institution, 1)
    desk = open_desk()
    desk.at_work(hospital.logins[role], PASSWORD)
    assert desk.office.list is not None
    assert desk.office.list.export.isVisibleTo(desk.office.list) is may
    desk.open_review(desk.rows[0])
    assert ("显示全号" in desk.words()) is may
    desk.open_preview()
    assert ("您的角色不能办理这一步。" in desk.words()) is not may
    assert not desk.preview.print.isEnabled()
