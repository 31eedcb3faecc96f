from __future__ import annotations

import pytest

from medreg_core.domain.vocabulary import Kind
from medreg_desktop.services.printing.forms import FormLibrary
from medreg_desktop.services.printing.template import Align, Barcode, CheckBox, Photo, QrCode, TemplateFault, Text
from medreg_desktop.services.printing.template_reader import read_template
from tests.helpers.review_forms import library, tables

FIELDS = frozenset({"name", "form_number"})
TICKS = frozenset({"registration", "pending"})

GOOD = """
id = "small"
version = 1
title = "样表"
kinds = ["registration"]
size = [210, 297]
[styles.value]
align = "center"
[[pages]]
items = [{ at = [-50, -20], text = "{name}，第 {page} 页", w = 40 }]
[[pages.tables]]
box = [20, 20, 170, 30]
rows = [
    { h = 10, cells = [{ w = 30, label = "姓名" }, { field = "name" }] },
    { cells = [
        { w = 30, items = [{ at = [2, 2], check = "registration", text = "注册" }] }, { text = "A", align = "right" },
    ] },
]
"""


def elements(toml: str) -> list[object]:
    page = read_template(toml, FIELDS, TICKS).pages[0]
    return [*page.fixed, *page.values]


def test_places_count_from_the_nearer_edge_when_negative() -> None:
    text = next(e for e in elements(GOOD) if isinstance(e, Text) and "page" in e.fields())
    assert (text.box.x, text.box.y, text.box.w) == (160, 277, 40)


def test_what_has_no_value_is_fixed_and_the_rest_is_not() -> None:
    page = read_template(GOOD, FIELDS, TICKS).pages[0]
    assert {e.text for e in page.fixed if isinstance(e, Text)} == {"姓名", "注册", "A"}
    assert {type(e) for e in page.values} == {Text, CheckBox}


def test_a_cell_takes_its_style_and_then_its_own_changes() -> None:
    styles = {e.text: e.style.align for e in elements(GOOD) if isinstance(e, Text)}
    assert styles["{name}"] is Align.CENTER
    assert styles["A"] is Align.RIGHT


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ('title = "样表"', "title = 样表", "file", "line 4"),
        ('title = "样表"', "", "file", "missing required field `title`"),
        ('label = "姓名"', 'lable = "姓名"', "page 1, table 1, row 1, cell 1", "unknown field `lable`"),
        ("h = 10,", 'h = "10",', "page 1, table 1, row 1, h", "Expected `float"),
        ('align = "center"', 'align = "middle"', "styles, align", "Invalid enum value 'middle'"),
        ('field = "name"', 'field = "nmae"', "page 1, table 1, row 1, cell 2", "no field “nmae”"),
        ('"{name}，', '"{nmae}，', "page 1, item 1", "no field “nmae”"),
        ('"{name}，', '"{name，', "page 1, item 1", "unexpected '{'"),
        ('check = "registration"', 'check = "registr"', "page 1, table 1, row 2, cell 1, item 1", "no field “registr”"),
        ('text = "A"', 'text = "A", style = "big"', "page 1, table 1, row 2, cell 2", "no style “big”"),
        ('text = "A"', 'text = "A", least = 20', "page 1, table 1, row 2, cell 2", "least ≤ size"),
        ('text = "A"', 'text = "A", label = "B"', "page 1, table 1, row 2, cell 2", "one of label"),
        ("w = 30, label", "w = 300, label", "page 1, table 1, row 1", "300 mm wide"),
        ("box = [20,", "box = [120,", "page 1", "outside the page"),
        ("w = 40 }", "w = 80 }", "page 1", "outside the page"),
        ('text = "{name}，第 {page} 页", w = 40', 'qr = "name", w = 40', "page 1, item 1", "needs w and h"),
        ('text = "{name}，第 {page} 页", ', "", "page 1, item 1", "needs text, check"),
        ("size = [210, 297]", "size = [0, 297]", "file", "size above zero"),
    ],
)
def test_a_bad_template_says_where_and_what(old: str, new: str, where: str, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(TemplateFault) as caught:
        read_template(GOOD.replace(old, new, 1), FIELDS, TICKS)
    assert caught.value.params["where"] == where
    assert reason in caught.value.params["reason"]
    assert str(caught.value) == f"{where}: {caught.value.params['reason']}"


def test_a_watermark_may_only_depend_on_a_known_tick() -> None:
    mark = '[[watermarks]]\nwhen = "wet"\ntext = "x"\nheight = 1\nangle = 0\nopacity = 1\ncentres = []\n'
    with pytest.raises(TemplateFault, match="watermark 1: there is no field “wet”"):
        read_template(GOOD + mark, FIELDS, TICKS)


def test_every_kind_has_one_shipped_form() -> None:
    served = {kind: library().template_of(kind).id for kind in Kind}
    assert set(served.values()) == {"registration-review", "cancellation-review"}
    assert served[Kind.CANCELLATION] == "cancellation-review"
    assert not library().template_of(Kind.REGISTRATION).landscape


def test_shipped_forms_keep_the_grid_of_the_design() -> None:
    template = library().template_of(Kind.REGISTRATION)
    assert (template.width, template.height, len(template.pages)) == (210, 297, 2)
    for page in template.pages:
        bars, qr = page.codes()
        assert isinstance(bars, Barcode)
        assert (bars.box.x, bars.box.y, bars.box.w, bars.box.h) == (25, 12, 62, 10)
        assert isinstance(qr, QrCode)
        assert (qr.box.x, qr.box.y, qr.box.w, qr.box.h) == (165, 12, 30, 30)
    photo = next(e for e in template.pages[0].fixed if isinstance(e, Photo))
    assert (photo.box.x, photo.box.w, round(photo.box.h, 6)) == (160, 35, 49.2)


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ('["registration"]', "no template serves “assistant_upgrade”"),
        ('["registration", "registration2"]', "is no application kind"),
    ],
)
def test_a_set_of_templates_must_serve_each_kind_once(kinds: str, reason: str) -> None:
    with pytest.raises(TemplateFault, match=reason):
        FormLibrary.read({"a.toml": GOOD.replace('["registration"]', kinds)}, tables())


def test_two_templates_for_one_kind_are_refused() -> None:
    with pytest.raises(TemplateFault, match="served by two templates"):
        FormLibrary.read({"a.toml": GOOD, "b.toml": GOOD}, tables())


def test_the_file_at_fault_is_named() -> None:
    with pytest.raises(TemplateFault) as caught:
        FormLibrary.read({"office.toml": "id = 1"}, tables())
    assert caught.value.params["where"].startswith("office.toml, ")
