"""The state machine of an application, as data (``design.md`` §4); nothing else decides whether a move is allowed."""

from __future__ import annotations

from dataclasses import dataclass

from medreg_core.domain.vocabulary import Kind, Move, Role, State

_INSTITUTION = frozenset({Role.REGISTRAR, Role.SUPERVISOR})
_PHYSICIAN = frozenset({Role.PHYSICIAN})
_COMMISSION = frozenset({Role.COMMISSION})


@dataclass(frozen=True, slots=True)
class Rule:
    """One allowed move: from where to where, by whom, and whether words must be given."""

    move: Move
    sources: frozenset[State]
    target: State
    roles: frozenset[Role]
    needs_reason: bool = False
    new_content: bool = False  # the applicant's content changes: content_version rises


def _rule(
    move: Move,
    sources: State | tuple[State, ...],
    target: State,
    roles: frozenset[Role],
    *,
    needs_reason: bool = False,
    new_content: bool = False,
) -> Rule:
    starts = (sources,) if isinstance(sources, State) else sources
    return Rule(move, frozenset(starts), target, roles, needs_reason, new_content)


RULES: dict[Move, Rule] = {
    rule.move: rule
    for rule in (
        _rule(Move.SUBMIT, State.DRAFT, State.SUBMITTED, _PHYSICIAN),
        _rule(Move.RESUBMIT, State.RETURNED, State.SUBMITTED, _PHYSICIAN, new_content=True),
        _rule(Move.WITHDRAW, (State.SUBMITTED, State.RETURNED), State.WITHDRAWN, _PHYSICIAN),
        _rule(Move.AGREE, State.SUBMITTED, State.AGREED, _INSTITUTION),
        _rule(Move.RETURN, State.SUBMITTED, State.RETURNED, _INSTITUTION, needs_reason=True),
        _rule(Move.REFUSE, State.SUBMITTED, State.REFUSED, _INSTITUTION, needs_reason=True),
        # Papers may be with the authority already, yet until 受理 the consent is still the institution's to take back.
        _rule(Move.WITHDRAW_CONSENT, (State.AGREED, State.SUPPLEMENT), State.SUBMITTED, _INSTITUTION),
        _rule(Move.ACCEPT, State.AGREED, State.ACCEPTED, _COMMISSION),
        _rule(Move.NOT_ACCEPT, (State.AGREED, State.SUPPLEMENT), State.NOT_ACCEPTED, _COMMISSION, needs_reason=True),
        _rule(Move.ASK_SUPPLEMENT, State.AGREED, State.SUPPLEMENT, _COMMISSION, needs_reason=True),
        _rule(Move.SUPPLY, State.SUPPLEMENT, State.ACCEPTED, _COMMISSION),
        _rule(Move.APPROVE, State.ACCEPTED, State.APPROVED, _COMMISSION),
        _rule(Move.DENY, State.ACCEPTED, State.DENIED, _COMMISSION, needs_reason=True),
        _rule(Move.CERTIFY, State.APPROVED, State.CERTIFIED, _COMMISSION),
        _rule(Move.COLLECT, State.CERTIFIED, State.COLLECTED, _COMMISSION),
    )
}

FINAL: frozenset[State] = frozenset(State) - frozenset(s for rule in RULES.values() for s in rule.sources)
"""States that no move leaves: 已领证, 已撤回, 机构不同意, 不予受理, 不予注册."""

OPEN: frozenset[State] = frozenset(State) - FINAL - {State.DRAFT, State.APPROVED, State.CERTIFIED}
"""States in which an application is still in progress (全部在办)."""


STARTED_BY_INSTITUTION: frozenset[Kind] = frozenset({Kind.CANCELLATION, Kind.DEPARTURE_FILING})
"""Kinds that an institution may also start by itself: it has to report both (医师法 Art. 17)."""


def may_start(kind: Kind, role: Role) -> bool:
    """Return whether ``role`` may start an application of this kind."""
    return role in _PHYSICIAN or (role in _INSTITUTION and kind in STARTED_BY_INSTITUTION)


def rule_for(state: State, move: Move) -> Rule | None:
    """Return the rule that lets ``move`` happen in ``state``, or None."""
    rule = RULES[move]
    return rule if state in rule.sources else None


def moves_from(state: State, role: Role) -> frozenset[Move]:
    """Return what ``role`` may do to an application in ``state``."""
    return frozenset(rule.move for rule in RULES.values() if state in rule.sources and role in rule.roles)
