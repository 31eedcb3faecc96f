"""The use cases that handlers call, built once by the composition root."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from medreg_server.api.turns import BoundedTurns
from medreg_server.services.activation import ActivationDesk
from medreg_server.services.applicants import ApplicantDesk
from medreg_server.services.authority import AuthorityDesk
from medreg_server.services.claims import ClaimDesk
from medreg_server.services.commands import CommandDesk
from medreg_server.services.courier import CourierDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.environment import Environment
from medreg_server.services.feed import FeedDesk
from medreg_server.services.feed_watch import FeedWatch
from medreg_server.services.hello import HelloDesk
from medreg_server.services.passwords import Passwords
from medreg_server.services.review_lane import ReviewLane
from medreg_server.services.scans import ScanDesk
from medreg_server.services.sign_in import SignInDesk
from medreg_server.services.snapshot import SnapshotDesk
from medreg_server.services.wipes import WipeDesk

_BATCHES_AT_ONCE: Final = 2
"""Of one process. One waits for the database while another computes; more only take the processor from each other
(a third more of it for each decision with six), and all threads from whoever asks something short."""

_SIGN_INS_WAITING: Final = 32
"""Of one process, beside those whose passwords are being hashed. A slow machine has hashed as many within the 30 s that
the program listens; for who waited longer it would be done for nobody."""


@dataclass(frozen=True, slots=True)
class Desks:
    """Every use case reachable over the network."""

    environment: Environment
    sign_in: SignInDesk
    hello: HelloDesk
    commands: CommandDesk
    courier: CourierDesk
    feed: FeedDesk
    watch: FeedWatch
    snapshot: SnapshotDesk
    claims: ClaimDesk
    applicants: ApplicantDesk
    activation: ActivationDesk
    authority: AuthorityDesk
    scans: ScanDesk
    devices: DeviceDesk
    wipes: WipeDesk
    lane: ReviewLane
    sign_ins: BoundedTurns
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_BATCHES_AT_ONCE))
    """Batches wait here for their turn, first come, first served, and hold no thread meanwhile."""


def open_desks(environment: Environment, passwords: Passwords) -> Desks:
    """Build the use cases over one environment."""
    commands = CommandDesk(environment)
    return Desks(
        environment=environment,
        sign_in=SignInDesk(environment, passwords),
        hello=HelloDesk(environment),
        commands=commands,
        courier=CourierDesk(environment),
        feed=FeedDesk(environment),
        watch=FeedWatch(environment.database),
        snapshot=SnapshotDesk(environment),
        claims=ClaimDesk(environment),
        applicants=ApplicantDesk(environment),
        activation=ActivationDesk(environment),
        authority=AuthorityDesk(environment),
        scans=ScanDesk(environment),
        devices=DeviceDesk(environment),
        wipes=WipeDesk(environment),
        lane=ReviewLane(environment, commands),
        sign_ins=BoundedTurns(environment.settings.hash_parallel, _SIGN_INS_WAITING),
    )
