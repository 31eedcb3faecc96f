"""The language of the screens: our catalogues, Qt's own words, and the locale of dates and numbers."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from medreg_desktop.services.texts import translator
from medreg_desktop.ui import assets

CHINESE, ENGLISH = "zh_CN", "en"


def use(app: QApplication, language: str = CHINESE) -> None:
    """Show ``language`` in every window made from now on."""
    translator.install(assets.catalogues(language))
    QLocale.setDefault(QLocale(language))
    qt = QTranslator(app)
    if qt.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        app.installTranslator(qt)
