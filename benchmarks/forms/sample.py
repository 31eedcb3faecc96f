"""What every engine draws: the same forms with the same words at the same places.

The peers get the shipped template already laid out (a list of boxes, words and lines), so that none pays for reading
our template, and the bar code and QR as the same runs of black, made by the same encoder inside the time measured.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.domain.forms import content_digest, make_form_number
from medreg_core.domain.records import Application, Institution, InstitutionId
from medreg_core.domain.tables import Tables, load_tables
from medreg_core.domain.vocabulary import FormState
from medreg_desktop.services.printing.fields import FormJob
from medreg_desktop.services.printing.forms import FormLibrary
from medreg_desktop.services.printing.template import Element, Template, Text
from medreg_server.services.demo.worklist import worklist_applications

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "resources" / "fonts"
TODAY = date(2026, 11, 23)
SEED = 20261123
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_INSTITUTION = Institution(
    id=InstitutionId("bench"),
    name="示例市第一人民医院",
    code="PDY990100EX0010A100111",
    credit_code="91990100MA0EXAMPL0",
    region="990100",
    address="示例省示例市示例区示例大道 00 号",
    postcode="000000",
    authority="示例市卫生健康委员会",
    departments=(),
    subjects=(),
)


@dataclass(frozen=True, slots=True)
class Form:
    """One form as texts and ticks."""

    texts: dict[str, str]
    ticks: tuple[str, ...]


def tables() -> Tables:
    """Return the shipped code tables."""
    return load_tables(lambda name: (ROOT / "medreg_core/tables" / name).read_text("utf-8"))


def library(of: Tables) -> FormLibrary:
    """Return the shipped templates."""
    files = {path.name: path.read_text("utf-8") for path in (ROOT / "resources/forms").glob("*.toml")}
    return FormLibrary.read(files, of)


def applications(count: int, of: Tables) -> list[Application]:
    """Return applications of the demo province that share the two-page form."""
    forms, found = library(of), []
    for application in worklist_applications(count * 2 + 100, SEED, tables=of, today=TODAY):
        if forms.template_of(application.kind).id == "registration-review" and len(found) < count:
            found.append(application)
    return found


def job(serial: int, application: Application) -> FormJob:
    """Return an agreed form with a signed code, as the program makes one."""
    number, digest = make_form_number("990100", 2026, serial), content_digest(application)
    claims = FormClaims(number, application.content_version, digest, FormState.AGREED, application.submitted_at)
    return FormJob(
        application=application,
        institution=_INSTITUTION,
        printed_on=TODAY,
        form_number=number,
        digest=digest,
        state=FormState.AGREED,
        code_text=sign_form_code(claims, _KEY, "bench"),
    )


def write(count: int, folder: Path) -> None:
    """Write what the workers read: all forms, the first alone (for the cold start), and the pages."""
    of = tables()
    forms = library(of)
    contents = [forms.content(job(n, one)) for n, one in enumerate(applications(count, of))]
    listed = [asdict(Form(dict(content.texts), tuple(sorted(content.ticks)))) for content in contents]
    (folder / "forms.json").write_text(json.dumps(listed, ensure_ascii=False), "utf-8")
    (folder / "first.json").write_text(json.dumps(listed[:1], ensure_ascii=False), "utf-8")
    (folder / "pages.json").write_text(json.dumps(_pages(contents[0].template), ensure_ascii=False), "utf-8")


def _pages(template: Template) -> list[list[dict[str, Any]]]:
    return [[_flat(element) for element in (*page.fixed, *page.values)] for page in template.pages]


def _flat(element: Element) -> dict[str, Any]:
    flat: dict[str, Any] = {"kind": type(element).__name__, **asdict(element)}
    if isinstance(element, Text):
        flat["pieces"] = list(element.pieces())
    return flat
