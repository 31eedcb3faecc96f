from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from medreg_desktop.services.ports import Runner
from medreg_desktop.services.texts.faults import SENTENCES
from medreg_desktop.views.signin.presenter import NO_SERVICE, UNEXPECTED, SignInPresenter, with_scheme
from medreg_desktop.views.signin.state import Busy, Entered, Step
from tests.desktop.views.signin.fakes import REGISTRAR, FakeAccess, FakeClock, FakeKnown, FakeView
from tests.helpers.runners import ImmediateRunner, ManualRunner

SERVER = "https://registry.example.cn"


@dataclass
class Desk:
    """A presenter and everything around it."""

    runner: Runner = field(default_factory=ImmediateRunner)
    server: str = SERVER
    account: str = "zharuoxi"
    locked_as: Entered | None = None

    def __post_init__(self) -> None:
        self.view, self.access, self.clock = FakeView(), FakeAccess(), FakeClock()
        self.remembered: list[tuple[str, str]] = []
        self.presenter = SignInPresenter(
            self.view, self.access, FakeKnown(), self.runner, self.clock,
            lambda server, account: self.remembered.append((server, account)),
            server=self.server, account=self.account, locked_as=self.locked_as,
        )  # fmt: skip
        self.presenter.start()

    @property
    def state(self):  # type: ignore[no-untyped-def]
        return self.view.states[-1]


def test_signing_in() -> None:
    desk = Desk()
    desk.presenter.submit("geheim")
    assert desk.access.asked == [("sign_in", SERVER, "zharuoxi", "geheim", "")]
    assert desk.view.entered == [REGISTRAR]
    assert desk.view.cleared == 1
    assert desk.remembered == [(SERVER, "zharuoxi")]


def test_the_first_time_everything_is_asked_and_said_field_by_field() -> None:
    desk = Desk(server="", account="")
    assert desk.state.shows_server
    desk.presenter.submit("")
    assert [problem.field for problem in desk.state.problems] == ["server", "account", "password"]
    assert desk.access.asked == []
    desk.presenter.account_typed(" zharuoxi ")
    assert [problem.field for problem in desk.state.problems] == ["server", "password"]
    desk.presenter.server_typed("registry.example.cn/")
    desk.presenter.submit("geheim")
    assert desk.access.asked == [("sign_in", SERVER, "zharuoxi", "geheim", "")]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("a.cn", "https://a.cn"), (" https://a.cn/ ", "https://a.cn"), ("http://127.0.0.1:8000", "http://127.0.0.1:8000")],
)
def test_an_address_without_a_scheme_means_https(typed: str, meant: str) -> None:
    assert with_scheme(typed) == meant


def test_a_wrong_password_is_asked_again_and_the_rest_stays() -> None:
    desk = Desk()
    desk.access.fail("bad_credentials")
    desk.presenter.submit("falsch")
    assert (desk.state.server, desk.state.account) == (SERVER, "zharuoxi")
    assert desk.state.fault.code == "bad_credentials"
    assert desk.view.cleared == 1
    assert desk.state.may_submit


@pytest.mark.parametrize("code", sorted(NO_SERVICE))
def test_without_the_service_a_known_account_may_work_offline(code: str) -> None:
    desk = Desk()
    desk.access.fail(code)
    desk.presenter.submit("geheim")
    assert desk.state.fault.step is Step.OFFLINE
    assert desk.view.cleared == 0, "the password was not wrong"
    desk.access.fault = None
    desk.presenter.take_step("geheim")
    assert desk.access.asked[-1] == ("unlock", "zharuoxi", "geheim")
    assert desk.view.entered == [REGISTRAR]


def test_an_unknown_account_can_only_try_again() -> None:
    desk = Desk(account="lisi")
    assert not desk.state.can_go_offline
    desk.access.fail("server_unreachable")
    desk.presenter.submit("geheim")
    assert desk.state.fault.step is Step.TRY_AGAIN
    desk.presenter.go_offline("geheim")
    assert [asked[0] for asked in desk.access.asked] == ["sign_in"]
    desk.access.fault = None
    desk.presenter.take_step("geheim")
    assert desk.view.entered == [REGISTRAR]


def test_a_captive_portal_opens_the_browser() -> None:
    desk = Desk()
    desk.access.fail("captive_portal")
    desk.presenter.submit("geheim")
    desk.presenter.take_step("geheim")
    assert desk.view.opened == [SERVER]


def test_a_damaged_copy_can_be_rebuilt() -> None:
    desk = Desk()
    desk.access.fail("cache_damaged")
    desk.presenter.submit("geheim")
    assert desk.state.fault.step is Step.REBUILD
    desk.access.fault = None
    desk.presenter.take_step("geheim")
    assert desk.access.asked[-1] == ("rebuild", SERVER, "zharuoxi", "geheim")


def test_behind_a_damaged_key_file_nothing_is_rebuilt_that_no_key_opens() -> None:
    """Who signs in with the service gets the key out of the key store, if it is there; unsent work stays."""
    desk = Desk()
    desk.access.fail("key_file_damaged")
    desk.presenter.submit("geheim")
    assert desk.state.fault.step is Step.TRY_AGAIN
    desk.access.fault = None
    desk.presenter.take_step("geheim")
    assert desk.access.asked[-1][0] == "sign_in"
    assert "rebuilt" not in SENTENCES["key_file_damaged"]


def test_a_missing_key_store_asks_for_the_passphrase_and_uses_it() -> None:
    desk = Desk()
    desk.access.fail("key_passphrase_needed")
    desk.presenter.submit("geheim")
    assert desk.state.asks_passphrase
    desk.access.fault = None
    desk.presenter.submit("geheim", "losung")
    assert desk.access.asked[-1] == ("sign_in", SERVER, "zharuoxi", "geheim", "losung")


def test_too_many_tries_count_down_and_then_the_button_acts_again() -> None:
    desk = Desk()
    desk.access.fail("too_many_attempts", wait_s="30")
    desk.presenter.submit("falsch")
    assert (desk.state.wait_s, desk.state.may_submit) == (30, False)
    desk.presenter.submit("noch einmal")
    assert len(desk.access.asked) == 1
    desk.clock.seconds += 12
    desk.presenter.tick()
    assert desk.state.wait_s == 18
    desk.clock.seconds += 18
    desk.presenter.tick()
    assert (desk.state.wait_s, desk.state.may_submit, desk.state.fault) == (0, True, None)


@pytest.mark.parametrize("wait_s", ["", "x", "-5", "99999999999", "1.5"])
def test_an_unreadable_waiting_time_is_a_minute(wait_s: str) -> None:
    desk = Desk()
    desk.access.fail("too_many_attempts", wait_s=wait_s)
    desk.presenter.submit("falsch")
    assert desk.state.wait_s == 60


def test_while_it_works_nothing_is_sent_twice_and_a_closed_page_hears_nothing() -> None:
    runner = ManualRunner()
    desk = Desk(runner=runner)
    desk.presenter.submit("geheim")
    desk.presenter.submit("geheim")
    assert desk.state.busy is Busy.SIGNING_IN
    assert len(runner.queue) == 1
    desk.presenter.close()
    runner.release_all()
    assert desk.view.entered == []


def test_a_lock_opens_with_the_password_of_who_is_in_and_nothing_else() -> None:
    desk = Desk(locked_as=REGISTRAR, account="")
    assert desk.state.account == "zharuoxi"
    desk.access.fail("offline_password_wrong", left="3")
    desk.presenter.submit("falsch")
    assert desk.access.asked == [("unlock", "zharuoxi", "falsch")]
    assert (desk.state.fault.params, desk.view.cleared) == ({"left": "3"}, 1)
    desk.access.fault = None
    desk.presenter.submit("geheim")
    assert desk.view.entered == [REGISTRAR]


def test_a_bug_does_not_hang_the_page() -> None:
    desk = Desk()
    desk.access.fault = RuntimeError("x")
    with pytest.raises(RuntimeError):
        desk.presenter.submit("geheim")
    assert (desk.state.busy, desk.state.fault.code) == (Busy.NO, UNEXPECTED)


def test_no_state_ever_holds_a_password() -> None:
    desk = Desk()
    for code in ("bad_credentials", "server_unreachable", "cache_damaged"):
        desk.access.fail(code)
        desk.presenter.submit("Gehe1m!")
    assert all("Gehe1m!" not in repr(state) for state in desk.view.states)
    kept = {name: value for name, value in vars(desk.presenter).items() if name != "_access"}
    assert "Gehe1m!" not in repr(kept)


def test_an_address_fault_shows_the_address_again() -> None:
    desk = Desk()
    assert not desk.state.shows_server
    desk.access.fail("address_invalid")
    desk.presenter.submit("geheim")
    assert desk.state.shows_server
    other = Desk()
    other.presenter.change_server()
    assert other.state.shows_server


def test_every_fault_named_here_has_a_sentence() -> None:
    named = NO_SERVICE | {UNEXPECTED, "bad_credentials", "server_missing", "account_missing", "password_missing"}
    assert named <= SENTENCES.keys()
