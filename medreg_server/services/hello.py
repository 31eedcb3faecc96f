"""The first words between a client and the service: protocol, identity, keys, leases (``sync.md`` §5.1, §5.7)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from medreg_core.contract.v1.faults import FaultCode
from medreg_core.contract.v1.messages import MAGIC, OLDEST_PROTOCOL, PROTOCOL, Hello, Pong, PublicKey, Welcome
from medreg_core.contract.v1.versions import agreed
from medreg_server import __version__
from medreg_server.db.devices import Device
from medreg_server.db.transaction import WriteTransaction
from medreg_server.services.callers import Caller
from medreg_server.services.environment import Environment
from medreg_server.services.faults import ServiceFault
from medreg_server.services.identity_proof import NONCE, proven_welcome
from medreg_server.services.leases import LeaseDesk

_KEY_BYTES: Final = 32
_VERSION: Final = re.compile(r"[0-9A-Za-z.+_-]{1,40}")


class HelloDesk:
    """Answers hello and ping."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._leases = LeaseDesk(environment)

    def hello(self, hello: Hello, caller: Caller) -> Welcome:
        """Register the device and return what the client must know. Raises ServiceFault."""
        environment = self._environment
        protocol = _checked(hello, caller, environment.settings.minimum_client)
        institution_id = caller.institution_id
        now = environment.now()
        with environment.database.write() as transaction:
            identity = transaction.server_state.identity()
            institution = transaction.institutions.get(institution_id)
            if institution is None:
                raise LookupError("an account of an institution that is not in the register")
            self._registered(transaction, hello, caller)
            transaction.devices.note_user(hello.device_id, caller.account.id)
            if hello.known_epoch != identity.epoch:
                self._leases.take_back(transaction, hello, caller)
            lease = self._leases.numbers(transaction, hello, caller, institution, protocol)
            codes = self._leases.codes(transaction, hello, caller)
            keys = transaction.server_state.public_keys()
            leased = {"leased": str(lease.first) if lease else "", "codes": str(len(codes.codes) if codes else 0)}
            transaction.record(caller.event("device.hello", hello.device_id, **leased))
        welcome = Welcome(
            magic=MAGIC,
            server_id=identity.server_id,
            protocol=protocol,
            server_version=__version__,
            epoch=identity.epoch,
            server_time=now,
            account=caller.described(),
            institution=institution,
            offline_until=now + timedelta(days=environment.settings.offline_days),
            keys=tuple(PublicKey(kid, key) for kid, key in keys.items()),
            lease=lease,
            code_lease=codes,
            courier_key=environment.keys.courier_key.public_key().public_bytes_raw(),
        )
        return proven_welcome(welcome, environment.keys)

    def _registered(self, transaction: WriteTransaction, hello: Hello, caller: Caller) -> None:
        """Note the device. Its key is taken once: paper that it signed must stay verifiable."""
        now = self._environment.now()
        new = Device(hello.device_id, caller.institution_id, hello.device_key, hello.client_version)
        known = transaction.devices.get(new.id)
        if known is None:
            if transaction.devices.add(new, caller.account.id, now):
                return
            known = transaction.devices.get(new.id)  # another hello of it was faster
        if known is None or known.institution_id != new.institution_id or known.public_key != new.public_key:
            raise ServiceFault(FaultCode.FORBIDDEN)
        # A revocation waits from here on, and burns what this hello leases with the rest.
        if transaction.take_turn(new.id):
            raise ServiceFault(FaultCode.DEVICE_REVOKED)
        transaction.devices.seen(new.id, new.client_version, caller.account.id, now)

    def pong(self, nonce: str) -> Pong:
        """Return a signed answer that only this service can give. Raises ServiceFault for a nonce that is none."""
        if not NONCE.fullmatch(nonce):
            raise ServiceFault(FaultCode.BAD_REQUEST, where="nonce")
        keys, now = self._environment.keys, self._environment.now()
        server_id = self._environment.identity().server_id
        message = f"{MAGIC}.{server_id}.{nonce}.{now.isoformat()}".encode()
        return Pong(MAGIC, server_id, nonce, now, keys.kid, keys.sign(message))


def _checked(hello: Hello, caller: Caller, minimum_client: str) -> int:
    """Return the protocol to speak with this client. Raises ServiceFault when there is none, or hello is not right."""
    protocol = agreed(hello.protocol_min, hello.protocol_max)
    if protocol is None and hello.protocol_min > PROTOCOL:
        raise ServiceFault(FaultCode.SERVER_TOO_OLD, maximum=str(PROTOCOL))
    if protocol is None:
        raise ServiceFault(FaultCode.CLIENT_TOO_OLD, minimum=minimum_client or f"protocol {OLDEST_PROTOCOL}")
    if _numbers(hello.client_version) < _numbers(minimum_client):
        raise ServiceFault(FaultCode.CLIENT_TOO_OLD, minimum=minimum_client)
    if not _VERSION.fullmatch(hello.client_version):
        raise ServiceFault(FaultCode.BAD_REQUEST, where="client_version")
    if len(hello.device_key) != _KEY_BYTES:
        raise ServiceFault(FaultCode.BAD_REQUEST, where="device_key")
    if hello.device_id != caller.device_id:
        raise ServiceFault(FaultCode.FORBIDDEN)
    return protocol


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers for comparison: 0.10.0 is newer than 0.9.3."""
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version)[:3])
