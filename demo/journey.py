"""The registrar's whole job, headless: each step done through the real windows and checked; see ``journey.json``."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pypdfium2
from PIL import Image

from demo.client import OfficeProcess
from demo.journal import Journal, Step
from demo.province import People, Province
from demo.relay import Relay
from demo.wire import Applicant, Colleague, Commission
from medreg_core.contract.v1.form_code import FormCodeForged, read_form_code
from medreg_core.domain.records import Application
from medreg_core.domain.vocabulary import FormState, ScanResult
from medreg_desktop.services.printing.scan import scan_page

REGISTRAR, COLLEAGUE, OFFICER = "zharuoxi", "lisi", "zhouzhengyan"
BATCH = 20
_DPI = 200


class Journey:
    """One run: a province, a line that can be cut, an office that can be killed."""

    def __init__(self, out: Path, physicians: int) -> None:
        self._out = out
        self._physicians = physicians
        self.journal = Journal(out / "journey.json")
        self._screens, self._forms = out / "screens", out / "forms"
        for folder in (self._screens, self._forms):
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.iterdir():
                old.unlink()
        self._province = Province(out / "province")
        self._people = People("", {})
        self._relay: Relay | None = None
        self._office: OfficeProcess | None = None
        self._batch: list[str] = []
        self._agreed = ""
        self._queue: list[dict[str, Any]] = []

    def run(self) -> None:
        """Go through all steps; the first that does not hold ends the journey."""
        try:
            for name, step in self._steps():
                with self.journal.step(name) as account:
                    step(account)
        finally:
            if self._office is not None:
                self._office.kill()
            if self._relay is not None:
                self._relay.cut()
            self._province.stop()

    def _steps(self) -> tuple[tuple[str, Any], ...]:
        return (
            ("service up and seeded", self._seed),
            ("sign-in and first snapshot", self._sign_in),
            ("an application comes in from the physician", self._arrival),
            ("every condition alone and ten combinations", self._conditions),
            ("办理业务 with one failing check", self._failing),
            ("preview before agreeing", self._preview),
            ("agree", self._agree),
            ("form printed, decoded and verified", self._print),
            ("network cut", self._cut),
            ("twenty decisions offline with pending forms", self._offline_batch),
            ("killed and restarted, queue intact", self._kill),
            ("meanwhile one applicant withdraws and a colleague decides", self._meanwhile),
            ("network back: 18 accepted, 1 conflict, 1 superseded", self._back),
            ("commission accepts and approves, the practice code arrives", self._approve),
            ("audit chains verify, nothing lost, nothing doubled", self._verify),
            ("dark screens, lock and end", self._end),
        )

    @property
    def _at(self) -> OfficeProcess:
        assert self._office is not None
        return self._office

    # -- steps ------------------------------------------------------------------------------------------------------

    def _seed(self, step: Step) -> None:
        self._people = self._province.seed(self._physicians)
        self._province.serve()
        with sqlite3.connect(self._province.database) as db:
            physicians = db.execute("SELECT count(*) FROM physician").fetchone()[0]
            institutions = db.execute("SELECT count(*) FROM institution").fetchone()[0]
        step.check(f"{physicians} physicians, at least {self._physicians}", physicians >= self._physicians, physicians)
        step.check(f"{institutions} institutions", institutions == 3, institutions)
        for words in ("the exam centre's pass list is imported", "imported again, nothing changes"):
            status, said = self._province.import_exam()
            step.check(f"{words}: {said.splitlines()[-1] if said else ''}", status == 0, said)
        self._relay = Relay(("127.0.0.1", self._province.port))

    def _start_office(self) -> None:
        assert self._relay is not None
        self._office = OfficeProcess(self._out / "office", self._relay.url, self._screens, self._out / "office.log")

    def _sign_in(self, step: Step) -> None:
        self._start_office()
        self._at.do("shot", name="sign-in")
        answer = self._at.do("sign_in", account=REGISTRAR, password=self._people.password)
        step.check("signed in online", answer["online"])
        step.check("the list shows rows", answer["rows"] > 0, answer)
        lamp = self._at.do("wait_lamp", kind="synced")
        step.check(f"the lamp says {lamp['lamp']}", lamp["lamp"].startswith("已同步"), lamp)
        self._at.do("shot", name="applications")

    def _arrival(self, step: Step) -> None:
        returned = self._at.do("find_returned")["applications"]
        application = next(
            msgspec.convert(each, type=Application) for each in returned if each["id"] in self._people.applicants
        )
        applicant = Applicant(self._province.url, self._people.applicants[application.id], self._people.password)
        again = applicant.submit_again(application)
        step.check("the portal took the corrected application", again.state.value == "submitted", again.state)
        row = self._at.do("wait_row", id=application.id, state="submitted")
        step.check("it stands in the work list as 待机构审核", row["version"] == again.version, row)

    def _conditions(self, step: Step) -> None:
        asked = self._at.do("conditions")["asked"]
        for line in asked:
            step.check(f"{line['name']}: {line['rows']} rows equal to the filter", line["equal"], line)
            step.check(f"{line['name']}: the total agrees", line["total"], line)
        step.check("every condition found something", all(line["rows"] for line in asked[:23]), asked)
        self._at.do("shot", name="conditions")

    def _failing(self, step: Step) -> None:
        found = self._at.do("find_failing")
        sheet = self._at.do("open_review", id=found["id"])
        step.check(f"{sheet['checks']} checks, one failed: {sheet['failed']}", len(sheet["failed"]) == 1, sheet)
        step.check("同意 is not possible", not sheet["can_agree"], sheet)
        step.check(f"the keyboard stands on {sheet['focus']}", sheet["focus"] == "退回修改", sheet["focus"])
        self._at.do("shot", name="review-blocked")
        self._at.do("close_review")

    def _preview(self, step: Step) -> None:
        sound = self._at.do("find_sound", count=BATCH + 1)
        step.check(f"{len(sound['ids'])} applications may be agreed to", len(sound["ids"]) == BATCH + 1, sound)
        self._agreed, *self._batch = sound["ids"]
        sheet = self._at.do("open_review", id=self._agreed)
        step.check("nothing stands in the way", sheet["can_agree"], sheet)
        step.check(f"the keyboard stands on {sheet['focus']}", sheet["focus"] == "打印预览", sheet["focus"])
        self._at.do("shot", name="review")
        shown = self._at.do("preview", ids=[self._agreed], picture="preview-undecided")
        step.check("shown for reading, two pages, no number yet", shown["standing"] == "undecided", shown)
        step.check("two pages", shown["pages"] == 2, shown)

    def _agree(self, step: Step) -> None:
        answer = self._at.do("agree")
        step.check("the application stands as 机构已同意", answer["state"] == "agreed", answer)
        self._at.do("shot", name="review-agreed")
        self._at.do("drained")
        self._at.do("close_review")
        row = self._at.do("wait_row", id=self._agreed, state="agreed")
        step.check("the list says 已同步", row["sync"] == "synced", row)

    def _print(self, step: Step) -> None:
        path = self._forms / "review-form.pdf"
        shown = self._at.do("preview", ids=[self._agreed], save_to=str(path), picture="preview")
        step.check("the register holds the consent", shown["standing"] == "agreed", shown)
        step.check("saved bytes are the bytes shown", shown["sha"] == shown["saved_sha"], shown)
        self._read_form(step, path, shown["numbers"][0], FormState.AGREED)
        again = self._at.do("preview", ids=[self._agreed])
        step.check("the next print will be 补打 1", again["reprint"] == 1, again)

    def _read_form(self, step: Step, path: Path, number: str, state: FormState) -> None:
        """Decode both codes of both pages from pixels and verify signature and register."""
        keys = {kid: bytes.fromhex(key) for kid, key in self._at.do("keys")["keys"].items()}
        commission = Commission(self._province.url, OFFICER, self._people.password)
        for page, image in enumerate(_pages(path), start=1):
            codes = scan_page(image)
            step.check(f"page {page}: Code128 reads {codes.form_number}", codes.form_number == number, codes)
            answer = commission.scan(codes.qr)
            if state is FormState.AGREED:
                claims = read_form_code(codes.qr, keys)
                step.check(f"page {page}: the server's signature verifies", claims.state is state, claims)
                step.check(f"page {page}: a scan says 真", answer.result is ScanResult.VALID, answer.result)
                step.check(f"page {page}: one changed letter is forged", _is_forged(codes.qr, keys))
            else:
                step.check(f"page {page}: a scan says 待同步", answer.result is ScanResult.PENDING, answer.result)

    def _cut(self, step: Step) -> None:
        assert self._relay is not None
        self._relay.cut()
        self._at.do("wait_lamp", kind="offline")
        step.check("the sockets are closed and the lamp says 离线", holds=True)
        self._at.do("shot", name="offline")

    def _offline_batch(self, step: Step) -> None:
        answer = self._at.do("batch", ids=self._batch, picture="batch")
        step.check(f"the notice says: {answer['notice']}", f"{BATCH} 条已同意" in answer["notice"], answer)
        box = self._at.do("outbox")
        queued = [item for item in box["items"] if item["outcome"] == "" and item["kind"] == "agree"]
        step.check(
            f"{len(queued)} decisions wait in the outbox",
            len(queued) == BATCH,
            Counter(i["state"] for i in box["items"]),
        )
        path = self._forms / "pending-forms.pdf"
        shown = self._at.do("preview", ids=self._batch, save_to=str(path), picture="preview-pending")
        step.check("the forms carry 待同步", shown["standing"] == "pending", shown)
        step.check(
            f"{shown['forms']} forms in one document", shown["forms"] == BATCH and shown["pages"] == 2 * BATCH, shown
        )
        for image, number in zip(_pages(path)[::2], shown["numbers"], strict=True):
            codes = scan_page(image)
            step.check(f"Code128 reads {number}", codes.form_number == number, codes)
        self._at.do("screen", key="sync")
        self._at.do("shot", name="sync-offline")

    def _kill(self, step: Step) -> None:
        unfinished = self._at.do("find_failing")["id"]
        self._at.do("open_review", id=unfinished)
        typed = self._at.do("type_opinion", text="draft-kept-over-a-kill")["opinion"]
        before = {i["id"]: i["application"] for i in self._at.do("outbox")["items"] if i["outcome"] == ""}
        self._at.kill()
        self._start_office()
        answer = self._at.do("sign_in", account=REGISTRAR, password=self._people.password)
        step.check("let in offline by the local password", not answer["online"], answer)
        self._queue = [i for i in self._at.do("outbox")["items"] if i["outcome"] == ""]
        after = {i["id"]: i["application"] for i in self._queue}
        step.check(f"all {len(before)} unanswered commands are there, none more", after == before, len(after))
        self._at.do("open_review", id=unfinished)
        self._at.do("shot", name="draft-after-kill")
        kept = self._at.do("type_opinion", text=typed)["opinion"]
        step.check("the opinion being typed is still there", kept == typed, kept)
        self._at.do("close_review")

    def _meanwhile(self, step: Step) -> None:
        withdrawn = next(id_ for id_ in self._batch if id_ in self._people.applicants)
        login = self._people.applicants[withdrawn]
        Applicant(self._province.url, login, self._people.password).withdraw(
            withdrawn, self._at.do("row", id=withdrawn)["version"]
        )
        decided = next(id_ for id_ in reversed(self._batch) if id_ != withdrawn)
        outcome = Colleague(self._province.url, COLLEAGUE, self._people.password).agree(decided)
        step.check("the applicant's withdrawal is in the register", holds=True)
        step.check("the colleague's consent was accepted", outcome.kind.value == "accepted", outcome)

    def _back(self, step: Step) -> None:
        assert self._relay is not None
        self._relay.restore()
        self._at.do("screen", key="sync")
        self._relogin(step)
        told = self._at.do("rehearsed")
        step.check(f"rehearsed: {told['passes']} pass, {told['needs_you']} needs you", told["needs_you"] == 1, told)
        self._at.do("screen", key="sync")
        self._at.do("shot", name="sync-rehearsal")
        self._at.do("send_all")
        box = self._at.do("drained")
        mine = [i for i in box["items"] if i["application"] in self._batch and i["kind"] == "agree"]
        outcomes = Counter(item["outcome"] for item in mine)
        wanted = Counter(accepted=BATCH - 2, conflict=1, superseded=1)
        step.check(f"outcomes {dict(outcomes)}", outcomes == wanted, box["items"])
        papers = [paper for paper in box["papers"] if paper["outstanding"]]
        step.check(f"{len(papers)} papers to recall are listed", len(papers) == 2, box["papers"])
        self._at.do("wait_lamp", kind="needs_you")
        self._at.do("screen", key="sync")
        self._at.do("shot", name="sync-conflict")

    def _relogin(self, step: Step) -> None:
        """The session was lost with the killed program: sign in again online."""
        answer = self._at.do("sign_in_again", account=REGISTRAR, password=self._people.password)
        step.check("signed in again online", answer["online"], answer)

    def _approve(self, step: Step) -> None:
        commission = Commission(self._province.url, OFFICER, self._people.password)
        accepted = commission.act(self._agreed, "accept", self._at.do("row", id=self._agreed)["version"])
        self._at.do("wait_row", id=self._agreed, state="accepted")
        approved = commission.act(self._agreed, "approve", accepted.version)
        row = self._at.do("wait_row", id=self._agreed, state="approved")
        code = approved.practice_code
        step.check(f"the practice code {code} stands in the list", row["practice_code"] == code != "", row)
        sheet = self._at.do("open_review", id=self._agreed)
        step.check("and in the review window", sheet["practice_code"] == code, sheet)
        self._at.do("shot", name="approved")
        self._at.do("close_review")

    def _verify(self, step: Step) -> None:
        step.check("the office's audit chain verifies", self._at.do("verify")["broken"] is None)
        step.check("the service's audit chains verify", self._province.verify_audit() == 0)
        made = {item["id"] for item in self._at.do("outbox")["items"]}
        with sqlite3.connect(self._province.database) as db:
            answered = Counter(row[0] for row in db.execute("SELECT id FROM command"))
            bodies = [row[0] for row in db.execute("SELECT body FROM application")]
        step.check("every command of the office is in the register once", all(answered[i] == 1 for i in made), made)
        step.check(f"{len(made)} commands, none lost", len(made) >= BATCH + 1, len(made))
        batch = {self._agreed, *self._batch}
        agreements = {}
        for body in bodies:
            application = msgspec.json.decode(body, type=Application)
            if application.id in batch:
                agreements[application.id] = sum(entry.move.value == "agree" for entry in application.history)
        step.check(
            "each application was agreed to once, the withdrawn one never",
            Counter(agreements.values()) == Counter({1: BATCH, 0: 1}),
            agreements,
        )
        step.check(f"the event loop was held {self._at.do('longest_hold')['ms']} ms at most", holds=True)

    def _end(self, step: Step) -> None:
        self._at.do("theme", mode="dark")
        for key in ("applications", "sync"):
            self._at.do("screen", key=key)
            self._at.do("shot", name=f"{key}-dark")
        self._at.do("theme", mode="light")
        self._at.do("resize", width=1280, height=720)
        self._at.do("screen", key="applications")
        self._at.do("shot", name="applications-small")
        self._at.do("resize", width=1440, height=900)
        self._at.do("theme", mode="dark")
        sound = self._at.do("find_failing")
        self._at.do("open_review", id=sound["id"])
        self._at.do("shot", name="review-dark")
        self._at.do("lock")
        self._at.do("shot", name="locked")
        status = self._at.quit()
        self._office = None
        step.check("the program ended by itself", status == 0, status)


def _pages(path: Path) -> list[Image.Image]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.render(scale=_DPI / 72).to_pil() for page in document]


def _is_forged(code: str, keys: dict[str, bytes]) -> bool:
    place = len(code) // 2
    changed = code[:place] + ("A" if code[place] != "A" else "B") + code[place + 1 :]
    try:
        read_form_code(changed, keys)
    except FormCodeForged:
        return True
    return False
