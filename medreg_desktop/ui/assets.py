"""The only door to ``resources/``: fonts, icons, catalogues, templates and tables shipped as files.

A checkout keeps ``resources/`` next to the packages; an installed wheel keeps it inside ``medreg_desktop``.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from PySide6.QtGui import QFontDatabase

import medreg_desktop

_SYSTEM_FAMILIES = (
    ("Microsoft YaHei UI", "Noto Sans CJK SC", "Noto Sans SC")
    if sys.platform == "win32"
    else ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei UI")
)
_BUNDLED = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf")
_RARE = "HanaMinB.ttf"
RARE_FAMILY = "HanaMinB"
"""Named in every font of the screens; has glyphs only once :func:`load_rare` was called."""


class AssetMissing(Exception):
    """A file the program is shipped with is not there: the installation is damaged."""


@cache
def folder() -> Path:
    """Return the resources folder; raises AssetMissing when the installation is damaged."""
    package = Path(medreg_desktop.__file__).resolve().parent
    for candidate in (package / "resources", package.parent / "resources"):
        if candidate.is_dir():
            return candidate
    raise AssetMissing("resources")


def path(*parts: str) -> Path:
    """Return the path of one shipped file; raises AssetMissing when it is not there."""
    found = folder().joinpath(*parts)
    if not found.exists():
        raise AssetMissing("/".join(parts))
    return found


def icon_svg(name: str) -> str:
    """Return the SVG of an icon, drawn with ``currentColor``; raises AssetMissing for an unknown name."""
    found = _icons().get(name)
    if found is None:
        raise AssetMissing(f"icons/{name}.svg")
    return found


def icon_names() -> tuple[str, ...]:
    """Return the names of all icons, sorted."""
    return tuple(sorted(_icons()))


@cache
def _icons() -> dict[str, str]:
    """Read all icons with the first one: one needed later is drawn by a window that must not wait for the disk.

    It is busy while a copy comes in: reading a file of 300 bytes held the window for a third of a second.
    """
    return {file.stem: file.read_text("utf-8") for file in path("icons").glob("*.svg")}


def catalogues(language: str) -> tuple[str, ...]:
    """Return the JSON catalogues of a language such as ``zh_CN``; empty for English, the source language."""
    directory = folder() / "translations" / language
    return tuple(file.read_text("utf-8") for file in sorted(directory.glob("*.json")))


@cache
def ui_family() -> str:
    """Return the family all screens use: the system's Chinese UI font, else the bundled Noto Sans SC, loaded now.

    Needs a running QGuiApplication.
    """
    present = set(QFontDatabase.families())
    for family in _SYSTEM_FAMILIES:
        if family in present:
            return family
    families = [_load(name) for name in _BUNDLED]
    return families[0]


@cache
def load_rare() -> str:
    """Load the family that covers rare characters of names (CJK extension B and beyond) and return its name.

    It is 30 MB: call it after the first paint.
    """
    return _load(_RARE)


def _load(name: str) -> str:
    number = QFontDatabase.addApplicationFont(str(path("fonts", name)))
    families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    if not families:
        raise AssetMissing(name)
    return families[0]
