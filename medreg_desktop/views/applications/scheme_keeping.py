"""The schemes of the title row at work: used, saved, renamed, deleted and put back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from medreg_desktop.services.search.conditions import Query
from medreg_desktop.services.texts.translator import tr
from medreg_desktop.ui.notices import Notice, Notices, Tone
from medreg_desktop.views.applications.scheme_bar import SchemeBar
from medreg_desktop.views.applications.schemes import SchemeBook


class SchemeKeeping(QObject):
    """Joins the bar to the registrar's book; ``used`` carries the conditions of the scheme that was chosen."""

    used = Signal(object)

    def __init__(self, bar: SchemeBar, book: SchemeBook, notices: Notices) -> None:
        super().__init__(bar)
        self._bar, self._book, self._notices = bar, book, notices
        self._query = Query()
        self._may_save = False
        bar.chosen.connect(self._use)
        bar.named.connect(self._name)
        bar.deleted.connect(self._delete)

    def show(self, query: Query, *, may_save: bool) -> None:
        """Show which scheme the conditions in force are of."""
        self._query, self._may_save = query, may_save
        self._show_again()

    def _show_again(self) -> None:
        self._bar.show_schemes(self._book.names, self._book.chosen(self._query), may_save=self._may_save)

    def _use(self, number: int) -> None:
        query = self._book.use(number)
        if query is not None:
            self.used.emit(query)
            self._show_again()

    def _name(self, old: str, name: str) -> None:
        done = self._book.rename(old, name) if old else self._book.save(name, self._query)
        if not done and old:
            self._notices.say(tr("Another scheme is called {name}.", name=name), Tone.CARE)
        elif not done:
            self._notices.say(tr("Nine schemes are kept. Delete one first, or use its name."), Tone.CARE)
        self._show_again()

    def _delete(self, name: str) -> None:
        put_back = self._book.delete(name)

        def undo() -> None:
            put_back()
            self._show_again()

        self._show_again()
        words = tr("Scheme deleted: {name}.", name=name)
        self._notices.post(Notice(words, Tone.DONE, tr("Put back"), undo))
