"""Does the engine's effects on the way out of a revoked device; the worker hands them on."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from medreg_core.contract.v1 import devices
from medreg_core.contract.v1.devices import Purpose, WipeCheck, WipeDone
from medreg_desktop.services.sync import effects, events
from medreg_desktop.services.sync.effects import Effect
from medreg_desktop.services.sync.events import Event, Moment
from medreg_desktop.services.sync.ports import Departure, LocalCopy, Service
from medreg_desktop.services.transport.trouble import TransportFault, Trouble, TroubleKind

EXCHANGES = (effects.AskWipe, effects.Rescue, effects.ConfirmWiped)
LOCAL = (
    effects.SealCopy,
    effects.UnsealCopy,
    effects.ReadPending,
    effects.TakeLeave,
    effects.DestroyKey,
    effects.DeleteCopy,
    effects.NoteGone,
)


class Leaving:
    """Owned by the worker. A program that was given no ``departure`` asks nothing and destroys nothing."""

    def __init__(
        self, copy: LocalCopy, service: Service, departure: Departure | None, now: Callable[[], Moment]
    ) -> None:
        self._copy = copy
        self._service = service
        self._departure = departure
        self._now = now

    def ask(self, effect: Effect) -> Event:
        """Do one exchange. Raises TransportFault, KnownFault."""
        departure = self._departure
        if departure is None:
            raise TransportFault(Trouble(TroubleKind.REFUSED, "device_revoked", 403))
        match effect:
            case effects.AskWipe():
                nonce = secrets.token_hex(16)
                query = departure.signed(Purpose.WIPE_CHECK, WipeCheck(nonce, asks_epoch=True))
                return events.WipeAnswered(self._now(), self._service.wipe_check(query, nonce))
            case effects.Rescue(ids=ids):
                nonce = secrets.token_hex(16)
                content = devices.Rescue(nonce=nonce, commands=self._copy.rescued(ids))
                receipt = self._service.rescue(departure.signed(Purpose.RESCUE, content), nonce)
                return events.RescueAnswered(self._now(), receipt.kept)
            case _:
                self._service.wipe_done(departure.done())
                return events.WipeConfirmed(self._now())

    def act(self, effect: Effect) -> Event | None:
        """Do one act on this computer. Raises KnownFault."""
        departure = self._departure
        assert departure is not None, "without one nothing was ever proven"
        match effect:
            case effects.SealCopy(order=order):
                self._copy.seal(order)
            case effects.UnsealCopy():
                self._copy.unseal()
            case effects.ReadPending():
                return events.PendingRead(self._now(), self._copy.pending())
            case effects.TakeLeave(order=order, rescued=rescued):
                done = departure.signed(Purpose.WIPE_DONE, WipeDone(rescued))
                departure.take_leave(order, done, rescued)
            case effects.DestroyKey():
                departure.destroy_key()
            case effects.DeleteCopy():
                departure.delete_copy()
                return events.CopyDestroyed(self._now())
            case _:
                departure.note_gone()
        return None
