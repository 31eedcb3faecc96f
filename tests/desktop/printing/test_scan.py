from __future__ import annotations

import random
from functools import cache

import pytest
from PIL import Image, ImageChops, ImageFilter

from medreg_desktop.services.printing.scan import ScannedCodes, scan_page
from tests.helpers.review_forms import draw, job, page_image


@cache
def page(dpi: int) -> Image.Image:
    return page_image(draw(job()), 0, dpi)


def expected() -> ScannedCodes:
    return ScannedCodes(job().code_text, job().form_number.replace("-", ""))


def turned(image: Image.Image, degrees: float) -> Image.Image:
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def photocopied(image: Image.Image, seed: int) -> Image.Image:
    """Blur, fade and dirt of an office copier: grain, then white and black specks."""
    faded = image.filter(ImageFilter.GaussianBlur(0.8)).point(lambda value: 40 + value * 0.75)
    noise = Image.frombytes("L", image.size, random.Random(seed).randbytes(image.width * image.height))
    grain = ImageChops.add(faded, noise.point(lambda value: value // 5), offset=-25)
    specks = noise.point(lambda value: 255 if value < 4 else 0)
    dirt = noise.point(lambda value: 255 if value > 251 else 0)
    grain.paste(255, mask=specks)
    grain.paste(0, mask=dirt)
    return grain


@pytest.mark.parametrize("dpi", [150, 200, 300])
@pytest.mark.parametrize("degrees", [0.0, 1.5, -4.0, 90.0, 180.0])
def test_codes_read_at_any_resolution_and_angle(dpi: int, degrees: float) -> None:
    assert scan_page(turned(page(dpi), degrees)) == expected()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dpi", [200, 300])
def test_codes_survive_a_photocopier(dpi: int, seed: int) -> None:
    assert scan_page(photocopied(turned(page(dpi), 0.7), seed)) == expected()


def test_a_page_without_codes_says_so() -> None:
    assert scan_page(Image.new("RGB", (600, 800), "white")) == ScannedCodes("", "")


def test_bars_with_a_wrong_check_character_are_no_form_number() -> None:
    assert ScannedCodes("", "9901002026000371A").form_number == ""
    assert ScannedCodes("", job().form_number.replace("-", "")).form_number == job().form_number
