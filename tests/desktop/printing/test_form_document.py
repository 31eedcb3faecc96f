from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pypdf
import pytest
from PIL import ImageChops

from medreg_core.contract.v1.form_code import read_form_code
from medreg_core.domain.vocabulary import FormState, Kind
from medreg_desktop.services.printing.fields import FormJob
from medreg_desktop.services.printing.fonts import FontStack
from medreg_desktop.services.printing.form_document import (
    Defect,
    FormEngine,
    FormWarning,
    RenderCancelled,
    RenderedForms,
)
from medreg_desktop.services.printing.scan import scan_page
from medreg_desktop.services.review.deciding import LONGEST_OPINION
from tests.helpers.review_forms import (
    KEY,
    KID,
    PRINTED_ON,
    ROOT,
    application,
    draw,
    engine,
    job,
    library,
    named,
    page_image,
    region,
    undecided,
    with_address,
)

QR = (165.0, 12.0, 30.0, 30.0)
BARS = (25.0, 12.0, 62.0, 10.0)
NAME_CELL = (47.5, 52.6, 29.0, 7.0)
TABLE = (26.0, 53.0, 130.0, 220.0)


def render(*jobs: FormJob) -> RenderedForms:
    return engine().render([library().content(one) for one in jobs], dated=PRINTED_ON)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def black(pdf: bytes, where: tuple[float, float, float, float], dpi: int = 150) -> int:
    """Count the dark pixels of a region."""
    return sum(region(page_image(pdf, dpi=dpi), *where).histogram()[:128])


def same(one: bytes, other: bytes, where: tuple[float, float, float, float]) -> bool:
    """Whether a region with 1.5 mm round it is the same, pixel by pixel."""
    grown = (where[0] - 1.5, where[1] - 1.5, where[2] + 3, where[3] + 3)
    difference = ImageChops.difference(region(page_image(one), *grown), region(page_image(other), *grown))
    return difference.getbbox() is None


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize("state", list(FormState))
def test_both_codes_read_back_from_the_pixels_and_the_signature_holds(page: int, state: FormState) -> None:
    one = job(state=state)
    codes = scan_page(page_image(draw(one), page))
    assert codes.form_number == one.form_number
    claims = read_form_code(codes.qr, {KID: KEY.public_key().public_bytes_raw()})
    assert (claims.form_number, claims.digest, claims.state) == (one.form_number, one.digest, state)


def test_a_batch_is_one_document_in_order() -> None:
    jobs = [job(serial) for serial in (1, 2, 3)]
    jobs[1] = job(2, subject=application(Kind.CANCELLATION, registered=True))  # a one-page form between two of two
    rendered = render(*jobs)
    reader = pypdf.PdfReader(io.BytesIO(rendered.pdf))
    assert rendered.pages == len(reader.pages) == 5
    numbers = [scan_page(page_image(rendered.pdf, page)).form_number for page in range(5)]
    assert numbers == [jobs[0].form_number] * 2 + [jobs[1].form_number] + [jobs[2].form_number] * 2
    assert "第 1 页　共 1 页" in reader.pages[2].extract_text()
    assert "第 2 页　共 2 页" in reader.pages[4].extract_text()


def test_the_same_forms_give_the_same_bytes() -> None:
    jobs = [named("曾予安"), job(2, state=FormState.PENDING), named("𠮷野", 3)]
    assert draw(*jobs) == draw(*jobs)


def test_no_forms_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one form"):
        render()


def test_progress_counts_and_cancel_stops_at_once() -> None:
    seen: list[tuple[int, int]] = []
    contents = [library().content(job(n)) for n in range(4)]
    engine().render(contents, dated=PRINTED_ON, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    seen.clear()
    with pytest.raises(RenderCancelled):
        engine().render(
            contents,
            dated=PRINTED_ON,
            progress=lambda done, of: seen.append((done, of)),
            cancelled=lambda: len(seen) == 2,
        )
    assert seen == [(1, 4), (2, 4)]


def test_the_document_is_dated_as_told_and_names_nobody() -> None:
    pdf = engine().render([library().content(named("曾予安"))], dated=date(2027, 1, 2)).pdf
    properties = pypdf.PdfReader(io.BytesIO(pdf)).metadata
    assert properties is not None
    assert properties.creation_date is not None
    assert properties.creation_date.date() == date(2027, 1, 2)
    assert properties.title == "医师执业注册申请审核表"
    assert "曾予安" not in str(properties)


# ------------------------------------------------------------------------------------------------ watermark
def test_a_pending_form_is_marked_over_its_text_but_never_over_a_code() -> None:
    agreed, pending = draw(job()), draw(job(state=FormState.PENDING))
    for page in (0, 1):
        before, after = page_image(agreed, page), page_image(pending, page)
        marked = ImageChops.difference(region(before, *TABLE), region(after, *TABLE))
        share = sum(marked.histogram()[20:]) / (marked.width * marked.height)
        assert 0.03 < share < 0.3
    content = library().content(job(state=FormState.PENDING))
    unmarked = engine().render([replace(content, ticks=frozenset({"registration"}))], dated=PRINTED_ON).pdf
    for where in (QR, BARS):
        assert same(unmarked, pending, where)


def test_a_watermark_across_the_codes_is_cut_out_there() -> None:
    """The shipped form places its watermark clear of the codes; another template may not."""
    content = library().content(job(state=FormState.PENDING))
    mark = content.template.watermarks[0]
    across = replace(mark, centres=((180, 27), (56, 17)), opacity=1.0)
    template = replace(content.template, watermarks=(across,))
    marked = engine().render([replace(content, template=template)], dated=PRINTED_ON).pdf
    clean = draw(job(state=FormState.PENDING))
    for where in (QR, BARS):
        assert same(clean, marked, where)
    assert black(marked, (140, 12, 22, 30)) > black(clean, (140, 12, 22, 30))


def test_an_undecided_form_has_no_code_and_says_so() -> None:
    pdf = draw(undecided())
    codes = scan_page(page_image(pdf))
    assert (codes.qr, codes.bars) == ("", "")
    text = text_of(pdf)
    assert "（同意后编码）" in text
    assert "预览 · 尚未同意" in text
    assert "经办人：查若溪" not in text
    assert "待同步" not in text


@pytest.mark.parametrize(
    ("state", "reprint", "words"),
    [
        (FormState.PENDING, 0, "　首次打印"),
        (FormState.PENDING, 1, "　补打 1"),
        (FormState.AGREED, 0, "　本机首次打印"),  # another computer of the office may have printed it
        (FormState.AGREED, 12, "　本机补打 12"),
    ],
)
def test_the_footer_says_which_print_this_is(state: FormState, reprint: int, words: str) -> None:
    one = job(state=state, reprint=reprint)
    text = text_of(draw(one))
    assert text.count(words) == 2  # on both pages
    assert f"校验摘要 {one.digest[:4].upper()} {one.digest[4:8].upper()}" in text


# ------------------------------------------------------------------------------------------------ characters
@pytest.mark.parametrize("name", ["𠮷野", "䶮", "㛃", "𬱖", "麦麦提·图尔荪"])
def test_names_copy_out_of_the_document_as_they_are(name: str) -> None:
    rendered = render(named(name))
    assert name in text_of(rendered.pdf)
    assert rendered.warnings == ()


def test_a_rare_character_is_drawn_and_not_a_box() -> None:
    rare, boxed = draw(named("𠮷")), draw(named("\U000323b0"))  # extension H, which no font here has
    assert black(rare, NAME_CELL, 300) != black(boxed, NAME_CELL, 300)
    common = region(page_image(draw(named("吉")), dpi=300), *NAME_CELL)
    ours = region(page_image(rare, dpi=300), *NAME_CELL)
    differing = sum(ImageChops.difference(common, ours).histogram()[128:])
    assert 0 < differing < black(rare, NAME_CELL, 300), "𠮷 differs from 吉 in one stroke"


def test_an_uncovered_character_is_boxed_and_reported_with_its_field() -> None:
    rendered = render(named("王\U000323b0\U0001f600"))
    assert rendered.warnings == (
        FormWarning(job().form_number, "name", Defect.UNCOVERED, ("\U000323b0", "\U0001f600")),
    )
    empty = black(render(named("王　　")).pdf, NAME_CELL)
    assert black(rendered.pdf, NAME_CELL) > empty + 100


@pytest.mark.parametrize("hidden", ["\u200b", "\u202e", "\x07", "\ufe00"])
def test_an_invisible_character_is_not_passed_over(hidden: str) -> None:
    assert render(named(f"王{hidden}安")).warnings[0].characters == (hidden,)


@pytest.mark.parametrize(
    "name",
    [
        '<img src="/etc/passwd"/>',
        "<b>王</b>&amp;",
        ") Tj ET BT (x",
        "\\)\\(%",
        "{code}{0}%s",
    ],
)
def test_markup_and_operators_in_a_name_stay_letters(name: str) -> None:
    rendered = render(named(name))
    assert name in text_of(rendered.pdf).replace("\n", "")  # a long one takes two lines
    assert scan_page(page_image(rendered.pdf)).form_number == job().form_number


def test_a_name_of_300_characters_is_cut_with_dots_and_reported() -> None:
    rendered = render(named("医" * 300))
    assert FormWarning(job().form_number, "name", Defect.SHORTENED) in rendered.warnings
    text = text_of(rendered.pdf)
    assert "…" in text
    assert "医" * 300 not in text.replace("\n", "")
    outside = (140.0, 52.6, 18.0, 7.0)  # the cell of 民族 beside it
    assert black(rendered.pdf, outside) == black(draw(named("医")), outside)


def test_a_long_address_takes_two_lines_before_anything_is_lost() -> None:
    address = "示例省示例市示例区示例路 0 号示例小区 12 幢 3 单元 2401 室（原示例县示例镇第二中学对面）"
    rendered = render(with_address(address))
    assert rendered.warnings == ()
    assert address in text_of(rendered.pdf).replace("\n", "")


@pytest.mark.parametrize("kind", [Kind.REGISTRATION, Kind.CANCELLATION])
@pytest.mark.parametrize(("length", "defects"), [(LONGEST_OPINION, []), (400, ["opinion"])])
def test_the_longest_opinion_is_whole_and_who_agreed_stands_below_any(
    kind: Kind, length: int, defects: list[str]
) -> None:
    rendered = render(job(subject=replace(application(kind), opinion="医" * length)))
    assert [warning.field for warning in rendered.warnings] == defects
    assert "经办人：查若溪　2026 年 11 月 23 日" in text_of(rendered.pdf)


def test_an_ordinary_form_does_not_wait_for_the_rare_font() -> None:
    fonts = FontStack(ROOT / "resources/fonts")
    FormEngine(fonts).render([library().content(job())], dated=PRINTED_ON)
    assert sorted(fonts._opened) == ["NotoSerifSC-Bold.ttf", "NotoSerifSC-Regular.ttf"]


def test_line_ends_and_tabs_in_a_value_break_lines_only() -> None:
    rendered = render(with_address("甲路\r\n乙\t号"))
    assert rendered.warnings == ()
    assert "乙 号" in text_of(rendered.pdf)
