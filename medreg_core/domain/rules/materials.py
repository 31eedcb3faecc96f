"""The materials checklist: what this application must bring, and what is still missing."""

from __future__ import annotations

from enum import StrEnum

from medreg_core.domain.records import Application, Material
from medreg_core.domain.regions import province_of
from medreg_core.domain.rules.practice import needs_retraining
from medreg_core.domain.tables import MaterialRule, RegionMaterials, RequiredMaterial, Tables


class MaterialState(StrEnum):
    """How one line of the checklist stands."""

    COMPLETE = "complete"  # 齐
    ORIGINAL_UNSEEN = "original_unseen"  # 原件未核
    MISSING = "missing"  # 缺
    LATER = "later"  # 同意后打印


def material_list(application: Application, tables: Tables) -> tuple[RequiredMaterial, ...]:
    """Return what is asked for, in the order of the table: the national list as the province has altered it."""
    own = tables.materials.regions.get(province_of(application.request.place), RegionMaterials())
    lines: dict[str, RequiredMaterial] = {}
    for rule in (*tables.materials.rules, *own.rules):
        if rule.required.code in own.drop or not _applies(rule, application, tables):
            continue
        lines[rule.required.code] = _as_welcome(rule.required) if rule.required.code in own.optional else rule.required
    return tuple(lines.values())


def material_state(required: RequiredMaterial, application: Application) -> MaterialState:
    """Return how a line of the checklist stands for an application."""
    if required.after_agreement:
        return MaterialState.LATER
    material = next((item for item in application.materials if item.code == required.code), Material(required.code))
    if not material.pages and not material.original_seen and material.copies < required.copies:
        return MaterialState.MISSING
    unseen = required.needs_original and not material.original_seen
    return MaterialState.ORIGINAL_UNSEEN if unseen else MaterialState.COMPLETE


def missing_materials(application: Application, tables: Tables) -> tuple[RequiredMaterial, ...]:
    """Return the lines that must be there and are not."""
    return tuple(
        required
        for required in material_list(application, tables)
        if not required.optional and material_state(required, application) is MaterialState.MISSING
    )


def _applies(rule: MaterialRule, application: Application, tables: Tables) -> bool:
    if application.kind not in rule.kinds or (rule.parts and application.change_part not in rule.parts):
        return False
    return rule.when != "retraining" or needs_retraining(application, tables.rules.stopped_years)


def _as_welcome(required: RequiredMaterial) -> RequiredMaterial:
    return RequiredMaterial(
        required.code,
        required.needs_original,
        required.copies,
        optional=True,
        after_agreement=required.after_agreement,
    )
