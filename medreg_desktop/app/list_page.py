"""业务办理 joined to the services behind it."""

from __future__ import annotations

from collections.abc import Callable

from medreg_core.domain.access import Action, may
from medreg_core.domain.records import Institution
from medreg_core.domain.vocabulary import Role
from medreg_desktop.app.around import APPLICATIONS
from medreg_desktop.app.exports import ListExports
from medreg_desktop.app.house import Desks, House
from medreg_desktop.app.scheme_shelf import SchemeShelf
from medreg_desktop.app.worklist import EngineWorklist, ReviewBatches
from medreg_desktop.services.settings import options
from medreg_desktop.ui.notices import Notice, Tone
from medreg_desktop.views.applications.presenter import ApplicationsPresenter
from medreg_desktop.views.applications.view import ApplicationsView, Surroundings
from medreg_desktop.views.applications.words import broken_off_words
from medreg_desktop.views.signin.state import Entered


def list_page(
    house: House,
    desks: Desks,
    entered: Entered,
    institution: Institution,
    worklist: EngineWorklist,
    saved: Callable[[], None],
    *,
    may_decide: bool,
) -> tuple[ApplicationsView, ApplicationsPresenter]:
    """Make the page, which shows its list at once, and its presenter; ``saved`` is called on the writer thread."""
    page = ApplicationsView(_surroundings(house, entered, institution))
    doorway = house.doorway
    presenter = ApplicationsPresenter(
        page,
        worklist,
        ReviewBatches(desks.reviews, doorway.tables, saved),
        house.searching,
        house.writing,
        doorway.clock,
        entered.account_id,
        may_decide=may_decide,
        exports=_exports(house, entered, institution),
        note_batch=lambda rows: house.settings.set(options.BATCH_UNDER_WAY, rows),
    )
    page.attach(presenter)
    _tell_broken_off(house)
    return page, presenter


def _tell_broken_off(house: House) -> None:
    """Tell of the batch that was under way when this registrar left: its result found nobody here."""
    rows = house.settings.get(options.BATCH_UNDER_WAY)
    if rows:
        house.notices.post(Notice(broken_off_words(rows), Tone.CARE))
        house.settings.set(options.BATCH_UNDER_WAY, 0)


def _exports(house: House, entered: Entered, institution: Institution) -> ListExports | None:
    """Return what takes the list out as a file; None for whoever may only read it here."""
    if not may(Role(entered.role), Action.EXPORT):
        return None
    doorway = house.doorway
    return ListExports(doorway.store, doorway.clock, entered.account_id, entered.name, lambda: institution.name)


def _surroundings(house: House, entered: Entered, institution: Institution) -> Surroundings:
    settings = house.settings
    columns, schemes = options.columns(APPLICATIONS), SchemeShelf(house, entered.account_id, APPLICATIONS)
    return Surroundings(
        tables=house.doorway.tables,
        institution=institution,
        handlers=(entered.name,),  # whose names can be chosen; the list itself finds any name
        today=house.today,
        notices=house.notices,
        header_state=settings.get(columns),
        keep_header=lambda state: settings.set(columns, state),
        schemes=schemes.read(),
        keep_schemes=schemes.keep,
    )
