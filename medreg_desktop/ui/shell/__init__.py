"""The parts of the main window: top bar, rail, pages, status bar, finder, shortcut sheet, cover."""
