from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medreg_core.domain.access import ACTION_OF_COMMAND, ACTION_OF_MOVE, RIGHTS, Action, may, may_command, may_move
from medreg_core.domain.states import FINAL, OPEN, RULES, may_start, moves_from, rule_for
from medreg_core.domain.vocabulary import CommandKind, Kind, Move, Role, State

WALKS = st.lists(st.sampled_from(Move), max_size=40)


def walk(moves: list[Move]) -> list[State]:
    """The states a draft passes through when each move is made where the rules let it."""
    states = [State.DRAFT]
    for move in moves:
        rule = rule_for(states[-1], move)
        if rule is not None:
            states.append(rule.target)
    return states


def test_every_move_has_one_rule_and_every_state_is_reachable() -> None:
    assert set(RULES) == set(Move)
    reached, frontier = {State.DRAFT}, [State.DRAFT]
    while frontier:
        state = frontier.pop()
        for move in Move:
            rule = rule_for(state, move)
            if rule is not None and rule.target not in reached:
                reached.add(rule.target)
                frontier.append(rule.target)
    assert reached == set(State)


def test_final_states_are_those_of_the_design() -> None:
    assert {State.COLLECTED, State.WITHDRAWN, State.REFUSED, State.NOT_ACCEPTED, State.DENIED} == FINAL
    assert {State.SUBMITTED, State.AGREED, State.ACCEPTED, State.SUPPLEMENT, State.RETURNED} == OPEN


@given(WALKS)
def test_final_stays_final(moves: list[Move]) -> None:
    states = walk(moves)
    assert not FINAL & set(states[:-1])


@given(WALKS)
def test_nothing_is_decided_without_the_institution(moves: list[Move]) -> None:
    states = walk(moves)
    if State.ACCEPTED in states:
        assert State.AGREED in states[: states.index(State.ACCEPTED)]
    if State.CERTIFIED in states:
        assert State.APPROVED in states[: states.index(State.CERTIFIED)]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("role", Role)
def test_moves_are_where_state_and_role_allow(state: State, role: Role) -> None:
    assert moves_from(state, role) == {m for m in Move if rule_for(state, m) is not None and may_move(role, m)}


@pytest.mark.parametrize(
    ("state", "role", "moves"),
    [
        (State.SUBMITTED, Role.REGISTRAR, {Move.AGREE, Move.RETURN, Move.REFUSE}),
        (State.SUBMITTED, Role.PHYSICIAN, {Move.WITHDRAW}),
        (State.SUBMITTED, Role.READ_ONLY, set()),
        (State.SUBMITTED, Role.INSTITUTION_ADMIN, set()),
        (State.SUBMITTED, Role.COMMISSION, set()),
        (State.AGREED, Role.PHYSICIAN, set()),  # withdrawing ends with the institution's consent
        (State.AGREED, Role.REGISTRAR, {Move.WITHDRAW_CONSENT}),
        (State.AGREED, Role.COMMISSION, {Move.ACCEPT, Move.NOT_ACCEPT, Move.ASK_SUPPLEMENT}),
        (State.SUPPLEMENT, Role.SUPERVISOR, {Move.WITHDRAW_CONSENT}),
        (State.SUPPLEMENT, Role.COMMISSION, {Move.SUPPLY, Move.NOT_ACCEPT}),
        (State.ACCEPTED, Role.REGISTRAR, set()),  # 受理 ends the institution's part
        (State.ACCEPTED, Role.COMMISSION, {Move.APPROVE, Move.DENY}),
        (State.RETURNED, Role.PHYSICIAN, {Move.RESUBMIT, Move.WITHDRAW}),
        (State.COLLECTED, Role.COMMISSION, set()),
    ],
)
def test_who_moves_what(state: State, role: Role, moves: set[Move]) -> None:
    assert moves_from(state, role) == moves


def test_negative_decisions_need_words_and_only_resubmitting_changes_content() -> None:
    assert {m for m, rule in RULES.items() if rule.needs_reason} == {
        Move.RETURN,
        Move.REFUSE,
        Move.NOT_ACCEPT,
        Move.ASK_SUPPLEMENT,
        Move.DENY,
    }
    assert [m for m, rule in RULES.items() if rule.new_content] == [Move.RESUBMIT]


def test_rights_and_moves_agree() -> None:
    for role in Role:
        for move in Move:
            assert may_move(role, move) == may(role, ACTION_OF_MOVE[move]), (role, move)


def test_every_role_and_command_has_rights_as_data() -> None:
    assert set(RIGHTS) == set(Role)
    assert set(ACTION_OF_COMMAND) == set(CommandKind)
    assert set(ACTION_OF_MOVE) == set(Move)
    assert set().union(*RIGHTS.values()) == set(Action)  # no right that nobody has


@pytest.mark.parametrize("kind", CommandKind)
def test_only_the_office_sends_commands(kind: CommandKind) -> None:
    assert {role for role in Role if may_command(role, kind)} == {Role.REGISTRAR, Role.SUPERVISOR}


def test_an_administrator_decides_nothing_and_a_registrar_appoints_nobody() -> None:
    assert not may(Role.INSTITUTION_ADMIN, Action.AGREE)
    assert may(Role.INSTITUTION_ADMIN, Action.MANAGE_REGISTRARS)
    assert not may(Role.REGISTRAR, Action.MANAGE_REGISTRARS)
    assert may(Role.SUPERVISOR, Action.TAKE_OVER_CLAIM)
    assert not may(Role.REGISTRAR, Action.TAKE_OVER_CLAIM)


@pytest.mark.parametrize("kind", Kind)
def test_institutions_start_only_cancellation_and_departure(kind: Kind) -> None:
    own = kind in {Kind.CANCELLATION, Kind.DEPARTURE_FILING}
    assert may_start(kind, Role.REGISTRAR) is own
    assert may_start(kind, Role.PHYSICIAN)
    assert not may_start(kind, Role.READ_ONLY)
