"""Run as a program: a revoked computer leaves, killed with SIGKILL at every single step in turn, and goes on.

``python -m tests.desktop.auth.killed_leaving FOLDER`` prints a line of JSON: the steps, and what was violated.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import msgspec

from medreg_core.contract.v1.devices import Rescue, RescueReceipt, SignedByDevice, WipeAnswer
from medreg_core.contract.v1.messages import MAGIC, PublicKey
from medreg_core.domain.records import AccountId, CommandId
from medreg_desktop.services.auth import farewell, office
from medreg_desktop.services.auth.departure import Departure
from medreg_desktop.services.auth.device_key import device_key
from medreg_desktop.services.cache import commands, drafts, unfinished
from medreg_desktop.services.cache.drafts import Draft
from medreg_desktop.services.cache.keys import Cost, DatabaseKeys
from medreg_desktop.services.cache.store import CacheStore
from medreg_desktop.services.settings import options
from medreg_desktop.services.settings.store import Settings
from medreg_desktop.services.sync import events
from medreg_desktop.services.sync.copy import CacheCopy
from medreg_desktop.services.sync.driver import SyncDriver
from medreg_desktop.services.sync.worker import Device
from tests.desktop.cache.office import LI, NOW, WANG, StillClock, agree, application, judge
from tests.desktop.sync.leaving import ORDER

LOGIN, PASSWORD = "wang", "correct horse battery"
IDS = tuple(CommandId(f"command-{number}") for number in range(5))
LEFT = {"removed.json", "settings", "settings/computer.json"}


class FileKeyring:
    """A keyring that outlives the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> bytes | None:
        path = self._folder / name
        return path.read_bytes() if path.exists() else None

    def set(self, name: str, secret: bytes) -> None:
        (self._folder / name).write_bytes(secret)

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)


class FileLane:
    """The service's side, durable: a file for each command it keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def expect(self, server_id: str) -> None:
        pass

    def trust(self, keys: tuple[PublicKey, ...], heard: tuple[PublicKey, ...] = ()) -> None:
        pass

    def wipe_check(self, query: SignedByDevice, nonce: str) -> WipeAnswer:
        return ORDER

    def rescue(self, query: SignedByDevice, nonce: str) -> RescueReceipt:
        found = [item.command.id for item in msgspec.json.decode(query.content, type=Rescue).commands]
        for command in found[:2]:  # the rest must be asked for again: a receipt may name fewer
            (self._folder / command).touch()
        kept = tuple(found[:2])
        return RescueReceipt(magic=MAGIC, server_id="s", device_id=query.device_id, nonce=nonce, kept=kept)

    def wipe_done(self, query: SignedByDevice) -> None:
        (self._folder / "done").write_bytes(query.content)


class World:
    """One computer's folder, the system's keyring and the service, all on the disk."""

    def __init__(self, root: Path) -> None:
        self.pc, self.ring, self.lane = root / "pc", root / "ring", root / "lane"

    def keys(self) -> DatabaseKeys:
        return DatabaseKeys(self.pc, FileKeyring(self.ring), StillClock(), cost=Cost(8, 1, 1))

    def set_up(self) -> None:
        for folder in (self.pc, self.ring, self.lane):
            folder.mkdir(parents=True)
        key = self.keys().admit(LOGIN, PASSWORD)
        office.load_office(self.pc, StillClock())
        settings = Settings(self.pc / "settings")
        settings.set(options.LAST_ACCOUNT, LOGIN)
        settings.set(options.SERVER_ADDRESS, "https://registry.example.cn")
        settings.use_registrar(WANG)
        settings.set(options.schemes("applications"), "欧阳娜")
        store = CacheStore.open(self.pc / "cache.db", key, StillClock())
        for number, command in enumerate(IDS):
            who: AccountId = (WANG, LI)[number % 2]
            row = application(number + 1)
            store.write(lambda conn, r=row, c=command, w=who: commands.save(conn, agree(r, c), w, NOW))
        store.write(lambda conn: drafts.save(conn, application(9).id, WANG, Draft(content_version=1, opinion="x"), NOW))
        device_key(store)
        store.close()
        (self.pc / "cache.damaged-20260101T000000.db").write_bytes(b"noise")
        (self.pc / "cache.before-1.2.db").write_bytes(b"noise")

    def live(self) -> None:
        """One run of the program, as far as leaving goes."""
        kept = farewell.find(self.pc)
        store = None if kept else self._opened()
        copy: Any = CacheCopy(store, judge) if store else object()
        known = office.load_office(self.pc, StillClock()) if store else None
        end = Departure(
            self.pc,
            self.pc / "cache.db",
            self.keys(),
            device_key(store) if store else None,
            identity=lambda: known or office.load_office(self.pc, StillClock()),
            let_go=store.close if store else lambda: None,
        )
        device = Device(known.device_id if known else ORDER.device_id, b"k" * 32, "1")
        driver = SyncDriver(
            copy, FileLane(self.lane), StillClock(), device, seed=1, on_report=lambda _: None, departure=end
        )  # type: ignore[arg-type]  # only the way out is asked for
        if kept is not None:
            driver.tell(lambda at: events.LeaveTaken(at, kept.order, kept.rescued))
        else:
            driver.tell(events.DeviceRefused)
        clock = driver._clock
        for _ in range(8):  # a receipt that names fewer makes the engine wait
            driver.run_once()
            clock.pass_by(hours=1)

    def _opened(self) -> CacheStore:
        key = self.keys().found(LOGIN, PASSWORD)
        assert key is not None, "the key is gone and no farewell says so"
        return CacheStore.open(self.pc / "cache.db", key, StillClock())

    def safe(self) -> set[str]:
        return {path.name for path in self.lane.iterdir()} - {"done"}

    def violations(self) -> list[str]:
        """What must hold after any death."""
        if farewell.find(self.pc) is not None:
            return [] if self.safe() >= set(IDS) else ["destroyed before it was safe"]
        store = self._opened()
        there = {command for command, _ in store.read(unfinished.sizes)}
        store.close()
        return [] if there == set(IDS) else ["lost from the disk"]

    def remains(self) -> list[str]:
        """What must hold at the end."""
        left = {path.relative_to(self.pc).as_posix() for path in self.pc.rglob("*")} - {"settings/registrars"}
        kept = farewell.find(self.pc)
        words = "".join(path.read_text("utf-8") for path in self.pc.rglob("*.json"))
        checks = {
            "not handed over": self.safe() == set(IDS),
            "not told": (self.lane / "done").exists(),
            "not noted": kept is not None and kept.gone and kept.rescued == len(IDS),
            f"files left: {sorted(left - LEFT)}": left <= LEFT,
            "key left": not list(self.ring.iterdir()),
            "a person named": LOGIN not in words and "欧阳" not in words,
        }
        return [name for name, holds in checks.items() if not holds]


class Reaper:
    """Counts the steps of this process, before and after each call it is put around, and kills it at one of them."""

    def __init__(self, at: int) -> None:
        self._left = at

    def step(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def around(self, owner: type, name: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        @wraps(inner)
        def outer(*args: Any, **named: Any) -> Any:
            self.step()
            answer = inner(*args, **named)
            self.step()
            return answer

        setattr(owner, name, outer)


def one_life(world: World, dies_at: int | None) -> bool:
    """Live in a process of its own; return whether it came to its end."""
    child = os.fork()
    if child == 0:
        if dies_at is not None:
            reaper = Reaper(dies_at)
            for owner, names in (
                (FileLane, ("wipe_check", "rescue", "wipe_done")),
                (CacheCopy, ("seal", "pending", "rescued")),
                (Departure, ("take_leave", "destroy_key", "delete_copy", "note_gone")),
                (CacheStore, ("close",)),
                (Path, ("unlink", "replace")),
            ):
                for name in names:
                    reaper.around(owner, name)
        world.live()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def main(folder: str) -> None:
    """Die at step 0, 1, 2 … of leaving, until a life comes to its end."""
    # The keyring's entry is named after the folder, so every life is lived in the same place.
    template, here = Path(folder) / "template", Path(folder) / "here"
    World(here).set_up()
    here.rename(template)
    violations: list[str] = []
    steps, came_to_its_end = 0, False
    while not came_to_its_end:
        shutil.copytree(template, here)
        world = World(here)
        came_to_its_end = one_life(world, steps)
        violations += [f"killed at {steps}: {text}" for text in world.violations()]
        if not came_to_its_end and not one_life(world, None):
            violations.append(f"killed at {steps}: the next life did not end")
        violations += [f"killed at {steps}, then on: {text}" for text in world.remains()]
        shutil.rmtree(here)
        steps += 1
    sys.stdout.write(json.dumps({"steps": steps, "violations": violations}))


if __name__ == "__main__":
    main(*sys.argv[1:])
