"""Draws forms: any template, any number of them, one PDF document (``printing.md`` §2.4).

What every form has in common, the grid and its words, is drawn once per document as a form XObject; each page then
adds its values. Preview, single print and batch all come through :meth:`FormEngine.render`, so they show the same
bytes, and the same contents always give the same bytes: no clock, no random id, nothing of the machine goes in.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from medreg_desktop.services.printing.fonts import FontStack
from medreg_desktop.services.printing.painter import FormCanvas
from medreg_desktop.services.printing.template import Template

Progress = Callable[[int, int], None]
"""Called with (forms drawn, forms in all)."""

_BLANKS = {ord("\r"): "\n", ord("\t"): " ", ord("\v"): "\n", ord("\f"): "\n"}


@dataclass(frozen=True, slots=True)
class FormContent:
    """What one form says: its texts by field, the fields that are ticked, and the name it is reported under."""

    template: Template
    name: str
    texts: Mapping[str, str]
    ticks: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        # One kind of line end and blanks for tabs; nothing else of a value is changed or dropped.
        texts = {field: text.replace("\r\n", "\n").translate(_BLANKS) for field, text in self.texts.items()}
        object.__setattr__(self, "texts", texts)


class Defect(StrEnum):
    """Why a printed text is not quite what was written."""

    SHORTENED = "shortened"  # ends with …, even at the smallest size
    UNCOVERED = "uncovered"  # holds characters no font covers, drawn as boxes


@dataclass(frozen=True, slots=True)
class FormWarning:
    """One defect: of which form, in which field, and the characters concerned if any."""

    form: str
    field: str
    defect: Defect
    characters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenderedForms:
    """A finished PDF and everything in it that a reader must be told about."""

    pdf: bytes
    pages: int
    warnings: tuple[FormWarning, ...] = ()


class RenderCancelled(Exception):
    """The user stopped a batch; nothing was kept."""


class FormEngine:
    """Draws forms with one set of fonts. Holds no state between calls; any thread may call it."""

    def __init__(self, fonts: FontStack) -> None:
        self._fonts = fonts

    def render(
        self,
        forms: Sequence[FormContent],
        *,
        dated: date,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        keywords: str = "",
    ) -> RenderedForms:
        """Return ``forms`` as one document, in order, dated ``dated`` in its properties, with ``keywords`` among them.

        Raises RenderCancelled as soon as ``cancelled()`` is true, KnownFault ``font_missing``, SymbolFault for a code
        that cannot be drawn, and ValueError for no forms at all: a PDF has at least one page.
        """
        if not forms:
            raise ValueError("a document needs at least one form")
        sink = io.BytesIO()
        canvas = FormCanvas(sink, forms[0].template.title, self._fonts, dated)
        canvas.setKeywords(keywords)
        warnings: list[FormWarning] = []
        for done, form in enumerate(forms):
            if cancelled is not None and cancelled():
                raise RenderCancelled
            warnings += self._uncovered(form) + _draw_form(canvas, form)
            if progress is not None:
                progress(done + 1, len(forms))
        canvas.save()
        return RenderedForms(sink.getvalue(), sum(len(form.template.pages) for form in forms), tuple(warnings))

    def _uncovered(self, form: FormContent) -> list[FormWarning]:
        missing = self._fonts.uncovered(form.texts.values())
        if not missing:
            return []
        fields = ((field, tuple(c for c in missing if c in text)) for field, text in form.texts.items())
        return [FormWarning(form.name, field, Defect.UNCOVERED, found) for field, found in fields if found]


def _draw_form(canvas: FormCanvas, form: FormContent) -> list[FormWarning]:
    template = form.template
    canvas.use_page_of(template)
    shortened: dict[str, None] = {}
    for number, page in enumerate(template.pages):
        texts = {**form.texts, "page": str(number + 1), "pages": str(len(template.pages))}
        canvas.show_part(_grid(canvas, template, number))
        for element in page.values:
            shortened |= dict.fromkeys(sorted(canvas.draw(element, texts, form.ticks)))
        for index, mark in enumerate(template.watermarks):
            if mark.when in form.ticks:
                canvas.show_watermark(_watermark(canvas, template, number, index), mark.opacity)
        canvas.showPage()
    return [FormWarning(form.name, field, Defect.SHORTENED) for field in shortened]


def _grid(canvas: FormCanvas, template: Template, number: int) -> str:
    """Return the part with all that is fixed on page ``number``, drawn on first use in a document."""
    name = f"{template.id}-grid{number}"
    if not canvas.hasForm(name):
        canvas.begin_part(name)
        for element in template.pages[number].fixed:
            canvas.draw(element)
        canvas.end_part()
    return name


def _watermark(canvas: FormCanvas, template: Template, number: int, index: int) -> str:
    name = f"{template.id}-mark{number}-{index}"
    if not canvas.hasForm(name):
        canvas.define_watermark(name, template.watermarks[index], template.pages[number].codes())
    return name
