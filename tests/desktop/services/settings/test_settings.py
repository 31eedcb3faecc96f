from __future__ import annotations

import json
from pathlib import Path

import pytest

from medreg_desktop.services.settings import options, store
from medreg_desktop.services.settings.options import OPTIONS, Option, PrinterPreset, Scope, columns
from medreg_desktop.services.settings.store import Settings

ACCOUNT = "0190a0000000700080000000000000aa"
OTHER = "0190a0000000700080000000000000bb"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(tmp_path)
    settings.use_registrar(ACCOUNT)
    return settings


def test_what_was_set_is_there_after_a_restart(settings: Settings, tmp_path: Path) -> None:
    preset = PrinterPreset("窗口双面", "审核窗口 黑白激光", "纸盒 2", "long_edge", 2)
    settings.set(options.THEME, "dark")
    settings.set(options.PRINTER_PRESETS, (preset,))
    settings.set(columns("applications"), "1::AAAA")
    settings.set(options.SERVER_ADDRESS, "https://example.invalid")

    again = Settings(tmp_path)
    assert again.get(options.SERVER_ADDRESS) == "https://example.invalid"
    assert again.get(options.THEME) == "system", "nobody is signed in yet"
    again.use_registrar(ACCOUNT)
    assert again.get(options.THEME) == "dark"
    assert again.get(options.PRINTER_PRESETS) == (preset,)
    assert again.get(columns("applications")) == "1::AAAA"


def test_each_registrar_has_his_own(settings: Settings) -> None:
    settings.set(options.FONT_PT, 12)
    settings.use_registrar(OTHER)
    assert settings.get(options.FONT_PT) == 10
    settings.set(options.FONT_PT, 14)
    settings.use_registrar(ACCOUNT)
    assert settings.get(options.FONT_PT) == 12


def test_a_key_outside_the_registry_is_refused(settings: Settings) -> None:
    stray = Option("stray", "", "", str, str)
    with pytest.raises(KeyError):
        settings.get(stray)
    with pytest.raises(KeyError):
        settings.set(stray, "x")


@pytest.mark.parametrize(
    ("option", "bad"),
    [(options.FONT_PT, 8), (options.FONT_PT, True), (options.THEME, "pink"), (options.DENSITY, "loose")],
)
def test_a_bad_value_is_refused_and_changes_nothing(settings: Settings, option: Option[object], bad: object) -> None:
    with pytest.raises(ValueError, match=str(bad)):
        settings.set(option, bad)
    assert settings.get(option) == option.default


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "x"}', '{"values": {}}', "\x00\x00"])
def test_a_damaged_file_is_put_aside_and_defaults_hold(tmp_path: Path, content: str) -> None:
    (tmp_path / "computer.json").write_text(content, "utf-8")
    settings = Settings(tmp_path)
    assert settings.get(options.LANGUAGE) == "zh_CN"
    assert (tmp_path / "computer.damaged").read_text("utf-8") == content
    settings.set(options.LANGUAGE, "en")
    assert Settings(tmp_path).get(options.LANGUAGE) == "en"


@pytest.mark.parametrize("stored", [15, "10", None, [10], {"a": 1}])
def test_one_unreadable_value_does_not_spoil_the_others(tmp_path: Path, stored: object) -> None:
    folder = tmp_path / "registrars"
    folder.mkdir()
    values = {"font_pt": stored, "theme": "dark", "of_a_newer_program": {"x": 1}}
    (folder / f"{ACCOUNT}.json").write_text(json.dumps({"schema": 1, "values": values}), "utf-8")
    settings = Settings(tmp_path)
    settings.use_registrar(ACCOUNT)
    assert settings.get(options.FONT_PT) == 10
    assert settings.get(options.THEME) == "dark"
    settings.set(options.THEME, "light")
    kept = json.loads((folder / f"{ACCOUNT}.json").read_text("utf-8"))["values"]
    assert kept["of_a_newer_program"] == {"x": 1}


def test_a_file_of_a_newer_schema_keeps_its_number(tmp_path: Path) -> None:
    content = {"schema": store.SCHEMA + 5, "values": {"language": "en"}}
    (tmp_path / "computer.json").write_text(json.dumps(content), "utf-8")
    settings = Settings(tmp_path)
    assert settings.get(options.LANGUAGE) == "en"
    settings.set(options.LANGUAGE, "zh_CN")
    assert json.loads((tmp_path / "computer.json").read_text("utf-8"))["schema"] == store.SCHEMA + 5


def test_upgrades_lead_from_every_old_schema_to_now() -> None:
    assert set(store.UPGRADES) == set(range(1, store.SCHEMA))


def test_watchers_hear_of_changes_only(settings: Settings) -> None:
    heard: list[str] = []
    settings.watch(heard.append)
    settings.set(options.THEME, "dark")
    settings.set(options.THEME, "dark")
    settings.use_registrar(None)
    assert heard == ["theme", ""]


def test_a_folder_that_cannot_be_written_loses_nothing_but_the_choice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(tmp_path / "file")
    settings.set(options.LANGUAGE, "en")
    assert settings.get(options.LANGUAGE) == "en"


def test_the_registry_is_sound() -> None:
    keys = [option.key for option in OPTIONS]
    assert len(keys) == len(set(keys))
    for option in OPTIONS:
        assert option.read(option.write(option.default)) == option.default  # type: ignore[arg-type]
        assert option.title
        assert option.scope in Scope
