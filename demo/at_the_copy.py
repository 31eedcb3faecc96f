"""What the encrypted copy on this PC holds, and what of it waits."""

from __future__ import annotations

from demo.driving import settle, wait_until
from demo.hands import Answer, Hands
from medreg_desktop.services.cache import audit, sync_state


class Copy:
    """Questions about the local copy; one method each, named as the command."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def outbox(self) -> Answer:
        """Return the registrar's commands with where they stand."""
        items = self._hands.office.outbox.items(open_only=False)
        return {
            "items": [
                {
                    "id": item.row.command.id,
                    "application": item.row.command.application_id,
                    "kind": item.row.kind.value,
                    "state": item.row.state.value,
                    "outcome": item.row.outcome.kind.value if item.row.outcome else "",
                    "name": item.applicant,
                }
                for item in items
            ],
            "papers": [
                {"form": line.paper.form_number, "outstanding": line.paper.outstanding}
                for line in self._hands.office.papers.papers_to_recall()
            ],
        }

    def rehearsed(self) -> Answer:
        """Wait until the service has said what would become of the queue."""

        def is_told() -> bool:
            told = self._hands.office._report.rehearsed
            return told is not None and not told.is_running

        wait_until(is_told, "the rehearsal")
        settle(300)
        told = self._hands.office._report.rehearsed
        return {"passes": told.passes, "needs_you": told.needs_you}

    def send_all(self) -> Answer:
        """Press 全部发送 on the rehearsal."""
        self._hands.office.center.strip.all_button.click()
        return {}

    def drained(self) -> Answer:
        """Wait until nothing is queued or in flight any more."""

        def is_done() -> bool:
            counts = self._hands.office.outbox.counts()
            return counts.unsent == 0

        wait_until(is_done, "the outbox drained")
        settle(600)
        return self.outbox()

    def keys(self) -> Answer:
        """Return the public keys that sign forms."""
        known = self._hands.program.doorway.get().store.read(sync_state.public_keys)
        return {"keys": {key.kid: key.key.hex() for key in known}}

    def verify(self) -> Answer:
        """Recompute the chain of the local audit."""
        broken = self._hands.program.doorway.get().store.read(audit.first_broken)
        return {"broken": broken}
