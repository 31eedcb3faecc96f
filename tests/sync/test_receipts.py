"""A decision's receipt from the registrar's desk to the register and back, over real sockets."""

from __future__ import annotations

from medreg_core.contract.v1.proofs import Proof, ProofFlaw, flaws_of
from medreg_desktop.services.cache import receipts, sync_state
from tests.helpers.fault_proxy import FaultProxy, swallow_answer
from tests.helpers.server import Hospital, ServerHandle, seed_applications
from tests.sync.office import Pc


def proof_of(pc: Pc, place: int) -> Proof:
    row = pc.rows()[place]
    receipt = pc.store.write(lambda conn: receipts.find(conn, row.command.id))
    assert receipt is not None
    return Proof(command=row.command, link=receipt.link, counter=receipt.counter)


def keys(pc: Pc) -> dict[str, bytes]:
    return {key.kid: key.key for key in pc.store.write(sync_state.public_keys)}


def test_decided_offline_and_proven_after_the_next_contact(server: ServerHandle, hospital: Hospital, pc: Pc) -> None:
    made = seed_applications(server.service, hospital.institution, 3)
    pc.until_quiet()
    for application in made:
        pc.agree(application.id)
    assert flaws_of(proof_of(pc, 0), keys(pc)) == (ProofFlaw.NOT_COUNTERSIGNED,)
    pc.until_quiet()
    for place in range(3):
        proof = proof_of(pc, place)
        assert flaws_of(proof, keys(pc)) == ()
        assert proof.counter is not None
        row = pc.rows()[place]
        assert row.outcome is not None
        assert (proof.counter.seq, proof.counter.version) == (row.outcome.seq, row.outcome.version)


def test_a_lost_answer_brings_the_same_word_again(
    server: ServerHandle, hospital: Hospital, pc: Pc, proxy: FaultProxy
) -> None:
    (application,) = seed_applications(server.service, hospital.institution)
    pc.until_quiet()
    pc.send_back(application.id)
    proxy.rule("/sync/commands", swallow_answer, times=2)
    pc.until_quiet()
    assert flaws_of(proof_of(pc, 0), keys(pc)) == ()
