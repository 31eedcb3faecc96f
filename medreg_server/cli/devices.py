"""What an operator reads of devices and of what was rescued from them: ids, codes and moments, no personal data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from medreg_core.contract.v1.devices import DeviceEntry, RescuedEntry
from medreg_core.domain.records import CommandId
from medreg_server.db.scope import WHOLE_REGISTER, Scope
from medreg_server.services.commands import CommandDesk
from medreg_server.services.devices import DeviceDesk
from medreg_server.services.review_lane import PAGE_COMMANDS, ReviewLane
from medreg_server.services.service import Service


def device_lines(service: Service, scope: Scope = WHOLE_REGISTER) -> Iterator[str]:
    """Yield a line for each device: id, version, last contact, and whether it is revoked and wiped."""
    for entry in DeviceDesk(service.environment).entries(scope):
        yield f"{entry.id}  {entry.client_version}  last seen {_moment(entry.last_seen)}  {_standing(entry)}"


def rescued_lines(service: Service, scope: Scope = WHOLE_REGISTER) -> Iterator[str]:
    """Yield a line for each command of the review lane: id, kind, base version, maker's account, where it stands."""
    for entry in _lane(service, scope):
        command = entry.command
        kind = command.body.__struct_config__.tag
        answer = f" {entry.outcome.kind.value}" if entry.outcome else ""
        yield (
            f"{command.id}  {kind}  version {command.base_version}  made {_moment(command.made_at)}"
            f"  account {entry.account_id}  device {entry.device_id}  {entry.state.value}{answer}"
        )


def _lane(service: Service, scope: Scope) -> Iterator[RescuedEntry]:
    lane = ReviewLane(service.environment, CommandDesk(service.environment))
    after = CommandId("")
    while page := lane.entries(scope, after):
        yield from page
        if len(page) < PAGE_COMMANDS:
            return
        after = page[-1].command.id


def _standing(entry: DeviceEntry) -> str:
    if entry.revoked_at is None:
        return "in use"
    wiped = f", wiped {_moment(entry.wiped_at)}" if entry.wiped_at else ", not wiped yet"
    if entry.reason is None:  # whoever revokes gives one: see Devices.gone
        return f"its revocation was lost in a restore; it has left and is shut out again{wiped}"
    return f"revoked {_moment(entry.revoked_at)} ({entry.reason.value}){wiped}"


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
