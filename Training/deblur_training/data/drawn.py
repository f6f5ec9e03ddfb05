"""Drawn pictures: shapes, shades and words. They stand in for photographs where none are at hand (smoke runs, tests)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from .text import WORDS


def drawn_pictures(count: int, seed: int, width: int = 384, height: int = 320) -> list[Image.Image]:
    rng = np.random.default_rng(seed)
    return [_drawn(rng, width, height) for _ in range(count)]


def _drawn(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    corners = rng.integers(0, 256, (2, 2, 3), dtype=np.uint8)
    image = Image.fromarray(corners).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        w, h = (int(v) for v in rng.integers(6, 90, 2))
        match int(rng.integers(0, 4)):
            case 0:
                draw.ellipse((x, y, x + w, y + h), fill=colour)
            case 1:
                draw.polygon([(x, y), (x + w, y + h // 3), (x + w // 2, y + h)], fill=colour)
            case 2:
                draw.line((x, y, x + w, y + h), fill=colour, width=int(rng.integers(1, 5)))
            case _:
                word = WORDS[int(rng.integers(0, len(WORDS)))]
                draw.text((x, y), word, fill=colour, font=ImageFont.load_default(size=int(rng.integers(10, 40))))
    grain = rng.normal(0, 6, (height, width, 1))
    pixels = np.array(image.filter(ImageFilter.GaussianBlur(0.4))).astype(np.float32) + grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
