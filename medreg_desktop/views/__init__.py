"""The screens: one package each, a view that shows and a presenter that decides."""
