"""Forms for tests: one invented physician, every field filled, and the real templates, tables and fonts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import pypdfium2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from medreg_core.contract.v1.form_code import FormClaims, sign_form_code
from medreg_core.domain.forms import content_digest, make_form_number
from medreg_core.domain.records import (
    Application,
    ApplicationId,
    Experience,
    Institution,
    InstitutionId,
    Person,
    PhysicianId,
    Qualification,
    Registration,
    Request,
    Statement,
)
from medreg_core.domain.tables import Tables, load_tables
from medreg_core.domain.vocabulary import Category, FormState, Kind, Level, RegistrationState, Sex, State
from medreg_desktop.services.printing.fields import FormJob
from medreg_desktop.services.printing.fonts import open_fonts
from medreg_desktop.services.printing.form_document import FormEngine
from medreg_desktop.services.printing.forms import FormLibrary

ROOT = Path(__file__).parents[2]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KID = "test-1"
ID_NUMBER = "11010519491231002X"  # the example of GB 11643 itself
DECIDED = datetime(2026, 11, 23, 2, 42, tzinfo=UTC)
PRINTED_ON = date(2026, 11, 23)

INSTITUTION = Institution(
    id=InstitutionId("institution-1"),
    name="示例市第二人民医院",
    code="PDY990100EX0010A100111",
    credit_code="91990100MA0EXAMPL0",
    region="990100",
    address="示例省示例市示例区示例大道 00 号",
    postcode="000000",
    authority="示例市卫生健康委员会",
    departments=("新生儿科",),
    subjects=("paediatrics",),
)

REGISTRATION = Registration(
    practice_code="110990100000123",
    state=RegistrationState.VALID,
    level=Level.PHYSICIAN,
    category=Category.CLINICAL,
    scopes=("paediatrics", "internal_medicine"),
    place="99",
    institution_name="示例市第一人民医院",
    institution_code="PDY990100EX0010A100222",
    department="儿科",
    registered_on=date(2020, 1, 1),
    sites=("示例区中医院",),
)


def application(kind: Kind = Kind.REGISTRATION, *, name: str = "曾予安", registered: bool = False) -> Application:
    """Return an agreed application of ``kind``."""
    return Application(
        id=ApplicationId("0" * 32),
        institution_id=INSTITUTION.id,
        physician_id=PhysicianId("1" * 32),
        kind=kind,
        state=State.AGREED,
        version=2,
        content_version=1,
        submitted_at=datetime(2026, 11, 22, 17, 0, tzinfo=UTC),  # already the 23rd in China
        person=Person(
            name=name,
            sex=Sex.FEMALE,
            birth_date=date(1949, 12, 31),
            id_number=ID_NUMBER,
            degree="410",
            school="示例医科大学",
            major="临床医学",
            graduated_on=date(1974, 6, 30),
            phone="13800000000",
            address="示例省示例市示例区示例路 0 号",
            postcode="000000",
        ),
        qualification=Qualification(
            code=f"202699110{ID_NUMBER}",
            level=Level.PHYSICIAN,
            category=Category.CLINICAL,
            exam_category="10",
            obtained_on=date(2026, 11, 2),
            issuer="示例省卫生健康委员会",
            name=name,
            id_number=ID_NUMBER,
        ),
        registration=REGISTRATION if registered else None,
        request=Request(
            place="99",
            institution_name=INSTITUTION.name,
            institution_code=INSTITUTION.code,
            institution_address=INSTITUTION.address,
            institution_postcode=INSTITUTION.postcode,
            department="新生儿科",
            level=Level.PHYSICIAN,
            category=Category.CLINICAL,
            scopes=("paediatrics",),
            start_on=date(2026, 12, 1),
        ),
        statement=Statement(
            experience=(Experience("2024.07—至今", INSTITUTION.name, "试用期／新生儿科", "折青禾"),),
            health="良好",
            punishments="无",
            other="无",
        ),
        opinion="同意聘用并申请注册。",
        decided_by="查若溪",
        decided_at=DECIDED,
    )


def job(
    serial: int = 371, *, state: FormState = FormState.AGREED, subject: Application | None = None, reprint: int = 0
) -> FormJob:
    """Return a form with a number, a digest and a really signed code."""
    subject = subject or application()
    number = make_form_number("990100", 2026, serial)
    digest = content_digest(subject)
    claims = FormClaims(number, subject.content_version, digest, state, DECIDED.replace(microsecond=0))
    return FormJob(
        application=subject,
        institution=INSTITUTION,
        printed_on=PRINTED_ON,
        form_number=number,
        digest=digest,
        state=state,
        code_text=sign_form_code(claims, KEY, KID),
        reprint=reprint,
    )


def undecided(subject: Application | None = None) -> FormJob:
    """Return a form that nobody has agreed to yet."""
    return FormJob(application=subject or application(), institution=INSTITUTION, printed_on=PRINTED_ON)


def named(name: str, serial: int = 371) -> FormJob:
    """Return a form whose applicant has this name."""
    return job(serial, subject=application(name=name))


def with_address(address: str) -> FormJob:
    """Return a form whose applicant lives there."""
    subject = application()
    return job(subject=replace(subject, person=replace(subject.person, address=address)))


@cache
def tables() -> Tables:
    """Return the shipped code tables."""
    return load_tables(lambda name: (ROOT / "medreg_core/tables" / name).read_text("utf-8"))


@cache
def library() -> FormLibrary:
    """Return the shipped templates."""
    files = {path.name: path.read_text("utf-8") for path in (ROOT / "resources/forms").glob("*.toml")}
    return FormLibrary.read(files, tables())


@cache
def engine() -> FormEngine:
    """Return an engine with the shipped fonts."""
    return FormEngine(open_fonts(ROOT / "resources/fonts"))


def draw(*jobs: FormJob) -> bytes:
    """Return the PDF of these forms."""
    return engine().render([library().content(one) for one in jobs], dated=PRINTED_ON).pdf


def page_image(pdf: bytes, page: int = 0, dpi: int = 150) -> Image.Image:
    """Return one page as grey pixels, drawn by PDFium: not the library that wrote it."""
    document = pypdfium2.PdfDocument(BytesIO(pdf))
    try:
        return document[page].render(scale=dpi / 72, grayscale=True).to_pil()
    finally:
        document.close()


def region(image: Image.Image, left: float, top: float, width: float, height: float) -> Image.Image:
    """Cut out a rectangle given in millimetres of an A4 page."""
    scale = image.width / 210
    return image.crop(
        (round(left * scale), round(top * scale), round((left + width) * scale), round((top + height) * scale))
    )
