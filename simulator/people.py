"""What people do: registrars at their screens, applicants and the commission at the service."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from medreg_core.contract.v1.commands import RecordRecall
from medreg_core.contract.v1.feed import EntityKind, Op
from medreg_core.domain.forms import content_digest
from medreg_core.domain.records import AccountId, Application, ApplicationId, DeviceId, InstitutionId
from medreg_core.domain.vocabulary import CommandKind, Move, Role, State
from medreg_desktop.services.cache import outbox, synced
from medreg_desktop.services.cache.connection import Connection
from medreg_desktop.services.cache.outbox import OutboxRow, OutboxState
from medreg_desktop.services.cache.overlay import MOVES
from medreg_desktop.services.cache.quarantine import HANDED_OVER
from medreg_desktop.services.faults import KnownFault
from medreg_desktop.services.review.deciding import Decision, Receipt
from medreg_desktop.services.review.desk import Refused
from medreg_desktop.services.review.paper_desk import FormToPrint
from medreg_desktop.services.review.quarantine_desk import Reason
from medreg_desktop.services.sync import events
from medreg_server.db.accounts import AccountRecord
from medreg_server.db.audit import Event
from medreg_server.db.feed import Pending
from medreg_server.db.scope import WHOLE_REGISTER
from medreg_server.services.applicants import Content
from medreg_server.services.authority import Ruling
from medreg_server.services.callers import Caller
from medreg_server.services.faults import ServiceFault
from medreg_server.services.moves import Seen
from simulator import apart, by_hand, screen
from simulator.cases import REGION
from simulator.clocks import START
from simulator.pc import Pc
from simulator.register import Register
from simulator.streams import Random, Streams

_DECISIONS = (CommandKind.AGREE, CommandKind.AGREE, CommandKind.AGREE, CommandKind.RETURN, CommandKind.REFUSE)


def registrar_acts(pc: Pc, chance: Random) -> str:
    """One act at the screen; return what came of it. What was refused or could not be saved leaves nothing."""
    if Streams(pc.seed).is_wide and needs_somebody(pc) and chance.random() < _SEEN_FIRST:
        return done(pc, review_again, chance)
    return done(pc, chance.choices(tuple(_ACTS), tuple(_ACTS.values()))[0], chance)


def needs_somebody(pc: Pc) -> bool:
    """Return whether a decision waits to be looked at again."""
    return any(_may_be_corrected(pc, row) for row in own_rows(pc))


def done(pc: Pc, act: Callable[[Pc, Random], str], chance: Random) -> str:
    """Do one act at the screen and return what came of it."""
    if pc.is_removed:
        return "removed"
    known = len(pc.promised)
    try:
        with by_hand.noted(pc):
            said = act(pc, chance)
        pc.wire.spent.saved += max(1, len(pc.promised) - known)
    except Refused as refusal:
        said = "refused:" + ",".join(problem.code for problem in refusal.reasons)
    except KnownFault as fault:
        said = f"fault:{fault.code}"
    pc.tell(events.CommandSaved)
    return f"{named(act)} {said}"


def named(act: Callable[..., str]) -> str:
    """Return the name of an act."""
    return act.func.__name__ if isinstance(act, partial) else act.__name__


def decide(pc: Pc, chance: Random) -> str:
    """Decide on an application, mostly one that can still be decided; every other time on a sheet of a while ago."""
    beside = Random(chance.random())
    application = _picked(pc, chance)
    if application is None or pc.running.reviews is None:
        return "nothing"
    screen.open_all(pc)
    sheet = screen.lying_open(pc, beside) if beside.random() < screen.LEFT_OPEN else application
    return _decided(pc, sheet, chance)


def _decided(pc: Pc, sheet: Application, chance: Random) -> str:
    return decided(pc, sheet, decision(sheet, chance))


def decided(pc: Pc, sheet: Application, made: Decision) -> str:
    """Decide on what a sheet shows, and close it, whatever comes of it."""
    assert pc.running.reviews is not None
    pc.running.sheets.pop(sheet.id, None)
    receipt = pc.running.reviews.decide(sheet.id, made)
    said = promised(pc, receipt, sheet.content_version)
    screen.draw(pc, sheet.id)
    return said


def decision(sheet: Application, chance: Random) -> Decision:
    """Return what somebody decides who reads a sheet."""
    kind = chance.choice(_DECISIONS)
    words = "同意聘用" if kind is CommandKind.AGREE else "请补充材料"
    return Decision(kind, sheet.content_version, words, digest=content_digest(sheet))


def promised(pc: Pc, receipt: Receipt, content_version: int | None = None) -> str:
    """Remember what a registrar was told is saved, and on which content of the sheet before him."""
    if receipt.command_id is not None:
        pc.promised[receipt.command_id] = content_version
    return f"{receipt.application_id[:8]} {receipt.command_id}"


def review_again(pc: Pc, chance: Random) -> str:
    """Open what the register did not take, or what is set apart, as it is now, and decide anew."""
    desk, rows = pc.running.outbox, [row for row in own_rows(pc) if _may_be_corrected(pc, row)]
    if not rows or desk is None:
        return "nothing"
    sheet = desk.review_again(chance.choice(rows).command.id)
    return _decided(pc, sheet.application, chance)


def edit(pc: Pc, chance: Random) -> str:
    """Put another decision in the place of one that still waits."""
    desk, rows = pc.running.outbox, [row for row in own_rows(pc) if row.kind in MOVES and not row.sent]
    if not rows or desk is None:
        return "nothing"
    row = chance.choice(rows)
    sheet = pc.running.store.read(lambda conn: synced.find(conn, row.command.application_id))
    if sheet is None or apart.wrongly(pc, row):
        return "left"
    receipt = desk.edit(row.command.id, decision(sheet, chance))
    return promised(pc, receipt, sheet.content_version)


def _may_be_corrected(pc: Pc, row: OutboxRow) -> bool:
    waits = row.state in {OutboxState.NEEDS_YOU, OutboxState.QUARANTINED}
    return waits and row.kind in MOVES and not apart.wrongly(pc, row)


def withdraw(pc: Pc, chance: Random) -> str:
    """Take a decision back."""
    application = _picked(pc, chance, any_state=True)
    if application is None or pc.running.reviews is None:
        return "nothing"
    return promised(pc, pc.running.reviews.withdraw(application.id, "误操作"))


def agree_to_many(pc: Pc, chance: Random) -> str:
    """Agree to several applications in one go, as they stood on the list when they were ticked."""
    rows = held(pc)
    if not rows or pc.running.reviews is None:
        return "nothing"
    wanted = chance.sample(rows, min(len(rows), chance.randrange(2, 7)))
    ticked = screen.ticked(pc, wanted, chance)
    versions = {key: sheet.version for key, sheet in ticked.items()}
    wanted = list(ticked) or wanted
    report = pc.running.reviews.batch_agree(wanted, lambda *_: None, lambda: False, versions=versions)
    for receipt in report.done:
        sheet = ticked.get(receipt.application_id)
        promised(pc, receipt, sheet.content_version if sheet else None)
        if sheet and receipt.command_id is not None:
            pc.ticked[receipt.command_id] = sheet.version
    return f"{len(report.done)} of {len(wanted)}"


def print_form(pc: Pc, chance: Random) -> str:
    """Print a form, before or after the register has it."""
    application = _picked(pc, chance, any_state=True)
    if application is None or pc.running.papers is None:
        return "nothing"
    form = screen.preview(pc, application.id, chance)
    print_sheets(pc, form, chance.randrange(1, 3))
    return form.application.id[:8]


def print_sheets(pc: Pc, form: FormToPrint, copies: int) -> None:
    """Let copies of a form leave the printer, as the program does: announced before, recorded behind."""
    papers = pc.running.papers
    assert papers is not None
    now = screen.claim_now(pc, form)
    (note,) = papers.announce_prints([form], copies, to_file=False)
    if int(note.id[-1], 16) in _JAMS:
        papers.forget_print(note)
        return
    if form.claim != now:
        pc.stale.append(f"I12: a form was printed on {pc.name} as {form.claim}, which by then was {now}")
    pc.printed[form.number] += copies
    pc.sheets.append(form)
    record = papers.record_print(form, copies, to_file=False, announced=note)
    pc.promised[record.id] = None


def recall_paper(pc: Pc, chance: Random) -> str:
    """Take a void form back."""
    papers = pc.running.papers
    lines = [line for line in papers.papers_to_recall() if line.paper.outstanding] if papers else []
    if not lines or papers is None:
        return "nothing"
    paper = chance.choice(lines).paper
    pc.returned[paper.form_number] += 1
    papers.record_recall(paper, 1)
    pc.said.append(RecordRecall(form_number=paper.form_number, copies=1))
    return paper.form_number


def tend_outbox(pc: Pc, chance: Random) -> str:
    """Retry, cancel or drop a command of one's own."""
    desk, rows = pc.running.outbox, own_rows(pc)
    if not rows or desk is None:
        return "nothing"
    row = chance.choice(rows)
    if apart.wrongly(pc, row):
        return "left"  # the end shall see that (I7), under no other name
    if row.state is OutboxState.QUARANTINED or chance.random() < 0.3:
        desk.retry([row.command.id])
        return f"retry {row.command.id[:8]}"
    if row.state is OutboxState.NEEDS_YOU:
        desk.drop(row.command.id)
        return f"drop {row.command.id[:8]}"
    desk.cancel(row.command.id)
    return f"cancel {row.command.id[:8]}"


def settle_apart(pc: Pc, chance: Random) -> str:
    """Do something about a command that is set apart: hand it over to support, or give it up with a reason."""
    desk, rows = pc.running.quarantine, [row for row in own_rows(pc) if row.state is OutboxState.QUARANTINED]
    if not rows or desk is None:
        return "nothing"
    row = chance.choice(rows)
    if apart.wrongly(pc, row):
        return "left"
    if row.last_cause != HANDED_OVER and chance.random() < _HANDED_OVER:
        desk.hand_over(row.command.id, ())
        return f"handed over {row.command.id[:8]}"
    desk.give_up(row.command.id, chance.choice(tuple(Reason)))
    return f"given up {row.command.id[:8]}"


_HANDED_OVER = 0.7
_JAMS = (0, 8)
"""Last digits of the ids of prints of which no page has left the printer: no chance is drawn for it."""

_SEEN_FIRST = 0.5
"""How often what needs somebody is seen to before anything else."""

_ACTS = {
    decide: 60,
    withdraw: 12,
    agree_to_many: 8,
    print_form: 10,
    recall_paper: 4,
    tend_outbox: 6,
    review_again: 4,
    edit: 3,
}


def own_rows(pc: Pc) -> list[OutboxRow]:
    """Return the signed-in registrar's open commands."""
    if pc.is_removed:
        return []
    return pc.running.store.read(lambda conn: outbox.rows(conn, pc.actor))


def held(pc: Pc) -> list[ApplicationId]:
    """Return which applications the copy holds, in order."""
    return pc.running.store.read(screen.held)


def _picked(pc: Pc, chance: Random, *, any_state: bool = False) -> Application | None:
    """Return an application the registrar sees, unless ``any_state`` one that he can still decide on."""

    def work(conn: Connection) -> Application | None:
        ids = screen.held(conn)
        chance.shuffle(ids)
        rows = (synced.find(conn, key) for key in ids)
        return next((row for row in rows if row and (any_state or row.state is State.SUBMITTED)), None)

    return pc.running.store.read(work) if pc.actor else None


# ---- at the service -------------------------------------------------------------------------------------------------


def applicant_acts(register: Register, institution_id: InstitutionId, chance: Random) -> str:
    """An applicant withdraws, or submits anew what was returned."""
    application = _at_service(register, institution_id, chance)
    if application is None:
        return "applicant:nothing"
    who = caller(Role.PHYSICIAN, application)
    desk = register.desks.applicants
    try:
        if application.state is State.RETURNED and chance.random() < 0.8:
            content = Content(application.request, application.statement, materials=application.materials)
            desk.resubmit(application.id, Seen(application.version, application.moved_at), content, who)
            return f"resubmit {application.id[:8]}"
        if chance.random() < 0.3:
            desk.withdraw(application.id, Seen(application.version, application.moved_at), "", who)
            return f"withdraw {application.id[:8]}"
    except ServiceFault as fault:
        return f"applicant:{fault.code.value}"
    return "applicant:nothing"


def applications_leave(
    register: Register, place: InstitutionId, other: InstitutionId, most: int, chance: Random
) -> str:
    """Applications go over to another institution, at most so many."""
    with register.service.environment.database.write() as transaction:
        ids = sorted(key for key, _ in transaction.feed.versions(place) if key != place)
        leaving = chance.sample(ids, min(len(ids), most))
        for key in leaving:
            application = transaction.applications.lock(ApplicationId(key), WHOLE_REGISTER)
            assert application is not None
            moved = replace(application, institution_id=other, version=application.version + 1)
            transaction.applications.save(moved)
            transaction.feed.changed(Pending(place, EntityKind.APPLICATION, key, moved.version, Op.LEFT_SCOPE))
        transaction.record(Event("application.leave", chain=place))
    return f"{len(leaving)} leave"


_MOVES = {
    State.AGREED: (Move.ACCEPT, Move.ACCEPT, Move.ASK_SUPPLEMENT, Move.NOT_ACCEPT),
    State.SUPPLEMENT: (Move.SUPPLY, Move.NOT_ACCEPT),
    State.ACCEPTED: (Move.APPROVE, Move.DENY),
    State.APPROVED: (Move.CERTIFY,),
    State.CERTIFIED: (Move.COLLECT,),
}


def commission_acts(register: Register, institution_id: InstitutionId, chance: Random) -> str:
    """An officer moves an application that the institution has agreed to."""
    application = _at_service(register, institution_id, chance)
    if application is None or application.state not in _MOVES:
        return "commission:nothing"
    move = chance.choice(_MOVES[application.state])
    try:
        ruling = Ruling(application.version, ("补正材料",), application.moved_at)
        register.desks.authority.move(application.id, move, ruling, caller(Role.COMMISSION, application))
    except ServiceFault as fault:
        return f"commission:{fault.code.value}"
    return f"{move.value} {application.id[:8]}"


def _at_service(register: Register, institution_id: InstitutionId, chance: Random) -> Application | None:
    with register.service.environment.database.read() as transaction:
        ids = sorted(key for key, _ in transaction.feed.versions(institution_id) if key != institution_id)
        return transaction.applications.get(ApplicationId(chance.choice(ids)), WHOLE_REGISTER) if ids else None


def caller(role: Role, application: Application) -> Caller:
    """Return an applicant, or an officer of the commission, as the service knows whoever an application concerns."""
    account = AccountRecord(
        id=AccountId(f"{role.value}-of-the-simulator"),
        login=role.value,
        name="受理员" if role is Role.COMMISSION else "",
        role=role,
        password_hash="",
        created_at=START,
        institution_id=None,
        physician_id=application.physician_id if role is Role.PHYSICIAN else None,
        region=REGION[:2] + "0000" if role is Role.COMMISSION else "",
    )
    return Caller(account, DeviceId("browser"))
