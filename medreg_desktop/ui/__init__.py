"""The toolkit all screens stand on: look, widgets, background work, notices, shell.

How to build a screen ``views/<name>/``:

* ``presenter.py`` knows no Qt. It takes services and a :class:`~medreg_desktop.services.ports.Runner`, and renders one
  frozen state through a ``Protocol`` view. It may import :mod:`medreg_desktop.ui.tokens` and
  :mod:`medreg_desktop.ui.words`, which are free of Qt: ``words.STATES[state]`` is a word, an icon and a colour.
* ``view.py`` composes :mod:`medreg_desktop.ui.widgets` in layouts and implements ``render(state)``.
* Never name a hex colour, a font or a file: use ``look().colour(Colour.TEXT2)``, ``look().font(Type.SMALL)``,
  ``look().px(8)``, ``look().metrics.row``, ``icons.paint(…)``, ``assets.path(…)``. A widget that draws itself derives
  from ``Painted``; one that keeps a colour or size renews it on ``QEvent.StyleChange``. Pages stand on ``SURFACE``.

Widgets (``from medreg_desktop.ui.widgets import …``):

* ``Text(text, Type.SMALL, Colour.TEXT2, wrap=True)``, ``IconLabel``, ``WordLabel(word)``, ``Hairline``, ``Panel``.
* ``Button(tr("Agree"), Kind.FILLED, icon="tick", keys="Ctrl+Return", tall=True)``; kinds FILLED (one per pane),
  OUTLINED, PLAIN, QUIET, LINK, FINAL, FINAL_FILLED. ``shown_keys`` prints keys that something else handles.
  ``IconButton("bell", name, keys=…)``; ``Tick(text)`` is the check box.
* ``TextField(label, placeholder=…, icon="search", keys="Ctrl+F")``: ``edited(str)``, ``submitted()``, ``set_text``,
  ``set_problem(sentence)``. ``ChoiceField(label, options, many=True)``: ``chosen(tuple)``, ``set_values``.
  ``DateField(label)``: ``changed(date | None)``, ``set_value``.
* ``ChipRow``: ``set_chips((ChipText(key, label, value), …))``, ``removed(key)``, ``cleared()``.
* ``Tabs(name, (Tab(key, text, count, work=Colour.WARN), …))``: ``chosen(key)``.
* Tables: declare ``Column(key, title, width, cell=lambda row: TextCell(row.name, bold=True), stretch=…)``, put rows in
  ``RowsModel(columns, identity=lambda row: row.id, tickable=lambda row: row.can_act)``, show it with
  ``Table(model, name, schema=1)``. Cells: ``TextCell``, ``MaskedCell`` (``masked(number)``), ``WordCell((word, …))``,
  ``ButtonCell``; the tick column comes with ``tickable``. Signals: ``opened(row)``, ``pressed(row, column)``,
  ``sort_requested(column)``, ``current_changed(row)``; the model's ``more_wanted`` and ``ticks_changed``. Store
  ``header_state()`` in the settings on ``header_changed``; ``drop_column_menu`` chooses columns.
* ``Banner(Tone.CARE, what, todo)``, ``SectionHeader``, ``KeyValues((Pair(…), …))``, ``CheckRows((CheckRow(…), …))``,
  ``EmptyState``, ``ProgressStrip`` (``start/set_progress/finish``, ``cancelled``), ``Sheet`` (the one final sheet),
  ``ScrollArea``, ``Splitter``.

Background work: ``runner.submit(work, on_done, on_error) -> Handle`` (:mod:`medreg_desktop.ui.tasks`); cancel the
handle when the screen closes or asks again. News to the user: ``notices.post(Notice(text, tone, action, on_action))``.
"""
