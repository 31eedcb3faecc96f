"""The widgets all screens are built from; each follows the theme by itself and has an accessible name."""

from medreg_desktop.ui.widgets.blocks import Banner, CheckRow, CheckRows, EmptyState, KeyValues, Pair, SectionHeader
from medreg_desktop.ui.widgets.button import Button, IconButton, Kind
from medreg_desktop.ui.widgets.cells import (
    ButtonCell,
    Cell,
    MaskedCell,
    TextCell,
    TickCell,
    TickState,
    WordCell,
    masked,
)
from medreg_desktop.ui.widgets.chips import Chip, ChipRow, ChipText
from medreg_desktop.ui.widgets.choice import ChoiceField, Option
from medreg_desktop.ui.widgets.columns import column_menu, drop_column_menu
from medreg_desktop.ui.widgets.date import DateField, parse_date
from medreg_desktop.ui.widgets.field import Field, TextField
from medreg_desktop.ui.widgets.flow import FlowLayout
from medreg_desktop.ui.widgets.labels import Hairline, IconLabel, Painted, Panel, Text, WordLabel, paint_word
from medreg_desktop.ui.widgets.progress import ProgressStrip
from medreg_desktop.ui.widgets.rows_model import Column, RowsModel
from medreg_desktop.ui.widgets.scrolling import ScrollArea, Splitter, ThinScrollBar, use_thin_bars
from medreg_desktop.ui.widgets.sheet import Sheet
from medreg_desktop.ui.widgets.table import Table
from medreg_desktop.ui.widgets.tabs import Tab, Tabs
from medreg_desktop.ui.widgets.tick import Tick, paint_tick
from medreg_desktop.ui.widgets.toasts import Toast, Toasts

__all__ = [
    "Banner",
    "Button",
    "ButtonCell",
    "Cell",
    "CheckRow",
    "CheckRows",
    "Chip",
    "ChipRow",
    "ChipText",
    "ChoiceField",
    "Column",
    "DateField",
    "EmptyState",
    "Field",
    "FlowLayout",
    "Hairline",
    "IconButton",
    "IconLabel",
    "KeyValues",
    "Kind",
    "MaskedCell",
    "Option",
    "Painted",
    "Pair",
    "Panel",
    "ProgressStrip",
    "RowsModel",
    "ScrollArea",
    "SectionHeader",
    "Sheet",
    "Splitter",
    "Tab",
    "Table",
    "Tabs",
    "Text",
    "TextCell",
    "TextField",
    "ThinScrollBar",
    "Tick",
    "TickCell",
    "TickState",
    "Toast",
    "Toasts",
    "WordCell",
    "WordLabel",
    "column_menu",
    "drop_column_menu",
    "masked",
    "paint_tick",
    "paint_word",
    "parse_date",
    "use_thin_bars",
]
