"""What a registrar does at the program, kind of work by kind of work. What is refused leaves nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from medreg_core.contract.v1.courier import ANSWERS_SUFFIX, COMMANDS_SUFFIX
from medreg_core.domain.vocabulary import CommandKind, HandOutWay, State
from medreg_desktop.services.activation.code_desk import CodeLine, Slip
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.outbox import OutboxState
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.deciding import Decision
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.sheet import is_recallable
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.events import Wish
from simulator.compare import every_row
from simulator.kills.office import Office
from simulator.kills.said import CalledBack, Drafted, GivenCode, Typed, VoidedCode
from simulator.streams import Random
from simulator.template import PHYSICIANS, physician_id

_KINDS = (*(CommandKind.AGREE,) * 6, CommandKind.RETURN, CommandKind.REFUSE)
_NEAR = tuple(physician_id(login) for login, computer in PHYSICIANS.items() if computer == "a")
_THIS_ONE = 0.8


def decide(office: Office, chance: Random) -> None:
    """Decide on an application that waits."""
    rows = [row for row in office.rows() if row.state is State.SUBMITTED]
    if not rows:
        return
    row, kind = chance.choice(rows), chance.choice(_KINDS)
    words = "同意聘用" if kind is CommandKind.AGREE else "请补充材料"
    receipt = office.reviews.decide(row.id, Decision(kind, row.content_version, words))
    office.tell_saved([receipt.command_id] if receipt.command_id else [])


def agree_to_many(office: Office, chance: Random) -> None:
    """Agree to several applications in one go."""
    rows = [row.id for row in office.rows() if row.state is State.SUBMITTED]
    wanted = chance.sample(rows, min(len(rows), 4))
    report = office.reviews.batch_agree(wanted, lambda *_: None, lambda: False)
    office.tell_saved([receipt.command_id for receipt in report.done if receipt.command_id])


def print_form(office: Office, chance: Random) -> None:
    """Print a form that may be printed."""
    rows = [row for row in office.rows() if row.state in {State.SUBMITTED, State.AGREED}]
    for row in chance.sample(rows, len(rows)):
        try:
            form = office.papers.form(row.id)
        except Refused:
            continue
        (note,) = office.papers.announce_prints([form], chance.randrange(1, 3), to_file=False)
        record = office.papers.record_print(form, note.copies, to_file=False, announced=note)
        office.tell_saved([record.id] if _is_sent(office, record.id) else [])
        return


def recall_paper(office: Office, chance: Random) -> None:
    """Take a void form back."""
    lines = [line for line in office.papers.papers_to_recall() if line.paper.outstanding]
    if lines:
        office.papers.record_recall(chance.choice(lines).paper, 1)


def withdraw(office: Office, chance: Random) -> None:
    """Take a decision back."""
    rows = [row for row in office.rows() if row.state is State.AGREED]
    if rows:
        receipt = office.reviews.withdraw(chance.choice(rows).id, "误操作")
        office.tell_saved([receipt.command_id] if receipt.command_id else [])


def call_back(office: Office, chance: Random) -> None:
    """Take back a decision that never left this computer: it is closed here, and the register never hears of it."""
    rows = [row for row in office.store.read(every_row) if row.kind in MOVES and is_recallable(row)]
    if rows:
        row = chance.choice(rows)
        office.outbox.cancel(row.command.id)
        office.say(CalledBack(row.command.id))


def type_draft(office: Office, chance: Random) -> None:
    """Type an opinion that is not yet a decision."""
    rows = [row for row in office.rows() if row.state is State.SUBMITTED]
    if rows:
        row, opinion = chance.choice(rows), f"意见{chance.randrange(1000)}"
        office.say(Typed(row.id, opinion))
        office.reviews.save_draft(row.id, Draft(content_version=row.content_version, opinion=opinion))
        office.say(Drafted(row.id, opinion))


def give_up(office: Office, chance: Random) -> None:
    """Drop a decision that the register did not take."""
    rows = [row for row in office.store.read(every_row) if row.state is OutboxState.NEEDS_YOU]
    if rows:
        office.outbox.drop(chance.choice(rows).command.id)


def hand_out(office: Office, chance: Random) -> None:
    """Give a physician a code on a slip."""
    _tell_given(office, office.codes.hand_out(chance.choice(_NEAR), HandOutWay.SLIP))


def show_again(office: Office, chance: Random) -> None:
    """Print the slip of a code that stands once more."""
    if lines := _standing(office):
        _tell_given(office, office.codes.reprint(chance.choice(lines).code.reference, HandOutWay.SLIP))


def void_code(office: Office, chance: Random) -> None:
    """Make a code that stands worthless."""
    if lines := _standing(office):
        code = chance.choice(lines).code
        office.codes.void(code.physician_id, code.reference, "误操作")
        office.driver.tell(events.CommandSaved)
        office.say(VoidedCode(code.reference))


def _standing(office: Office) -> list[CodeLine]:
    return [line for physician in _NEAR for line in office.codes.codes_of(physician) if line.stands]


def _tell_given(office: Office, slip: Slip) -> None:
    (physician,) = {line.code.physician_id for line in _standing(office) if line.code.reference == slip.reference}
    office.say(GivenCode(slip.reference, physician, hashlib.sha256(slip.code.encode()).hexdigest()))
    office.tell_saved([slip.command_id])


def go_by_courier(office: Office, chance: Random) -> None:
    """Have what waits carried to the service on a stick, take the answers, and only then let the network carry on.

    Now and then an older file of the stick is carried once more, and its answers are read here.
    """
    office.driver.tell(lambda at: events.Asked(at, Wish.PAUSE))
    office.courier.write_to(office.place.stick)
    note = office.driver.run_once().bundle
    files = sorted(path.name for path in office.place.stick.glob("*" + COMMANDS_SUFFIX))
    name = note.name if note.name and chance.random() < _THIS_ONE else chance.choice(files) if files else ""
    if name:
        path = office.place.stick / name
        office.courier.carry(path)
        office.courier.read(path.with_suffix(ANSWERS_SUFFIX))
    office.driver.tell(lambda at: events.Asked(at, Wish.RESUME))
    office.sync()


def synchronise(office: Office, _: Random) -> None:
    """Let the sync engine work."""
    office.sync()


Deed = Callable[[Office, Random], None]
DEEDS: dict[str, Deed] = {
    "decide": decide,
    "batch": agree_to_many,
    "print": print_form,
    "recall": recall_paper,
    "withdraw": withdraw,
    "cancel": call_back,
    "draft": type_draft,
    "give up": give_up,
    "hand out": hand_out,
    "show again": show_again,
    "void code": void_code,
    "courier": go_by_courier,
    "sync": synchronise,
}
"""Every deed by the name of its work."""


def do(office: Office, name: str, chance: Random) -> None:
    """Do a deed; a registrar who is refused goes on with something else."""
    try:
        DEEDS[name](office, chance)
    except (Refused, KnownFault):
        return


def _is_sent(office: Office, command_id: str) -> bool:
    """Return whether a print became a command: one of a form that is void already does not."""
    return any(row.command.id == command_id for row in office.store.read(every_row))
