"""The forms an office can print: which template serves which application, and a job made ready to be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from medreg_core.domain.tables import Tables
from medreg_core.domain.vocabulary import Kind
from medreg_desktop.services.printing.field_names import FIELDS, TICKS
from medreg_desktop.services.printing.fields import FormJob, form_texts, form_ticks
from medreg_desktop.services.printing.form_document import FormContent
from medreg_desktop.services.printing.template import Template, TemplateFault
from medreg_desktop.services.printing.template_reader import read_template


class FormLibrary:
    """All templates of the program. Every application kind has exactly one."""

    def __init__(self, templates: Iterable[Template], tables: Tables) -> None:
        self._by_kind = _by_kind(templates)
        self._tables = tables

    @classmethod
    def read(cls, files: Mapping[str, str], tables: Tables) -> FormLibrary:
        """Read templates from file name → TOML text; raises TemplateFault naming the file."""
        templates = []
        for name, toml in sorted(files.items()):
            try:
                templates.append(read_template(toml, FIELDS, TICKS))
            except TemplateFault as fault:
                raise TemplateFault(f"{name}, {fault.params['where']}", fault.params["reason"]) from fault
        return cls(templates, tables)

    def template_of(self, kind: Kind) -> Template:
        """Return the template that serves ``kind``."""
        return self._by_kind[kind]

    def content(self, job: FormJob) -> FormContent:
        """Return ``job`` as the engine draws it, reported under its form number."""
        template = self.template_of(job.application.kind)
        return FormContent(template, job.form_number, form_texts(job, self._tables), form_ticks(job))


def _by_kind(templates: Iterable[Template]) -> dict[Kind, Template]:
    found: dict[Kind, Template] = {}
    for template in templates:
        for name in sorted(template.kinds):
            kind = next((kind for kind in Kind if kind.value == name), None)
            if kind is None or kind in found:
                reason = "is served by two templates" if kind else "is no application kind"
                raise TemplateFault(template.id, f"“{name}” {reason}")
            found[kind] = template
    missing = [kind.value for kind in Kind if kind not in found]
    if missing:
        raise TemplateFault("templates", f"no template serves “{missing[0]}”")
    return found
