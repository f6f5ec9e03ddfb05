"""Masks of rendered words, for signs and captions: strokes are where blur shows most."""

from __future__ import annotations

import random
import string

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 256
WORDS = ("the of and to in is street exit open north station market hotel coffee police museum taxi sale today "
         "school bridge park library theatre bakery street no entry parking airport gate platform ticket bank café "
         "warning fresh one way city centre river road garden music books paper light water").split()


def render_text_masks(count: int, seed: int) -> list[np.ndarray]:
    """`count` masks [256, 256] of bytes: several lines of words, numbers and letters at one size each."""
    rng = random.Random(seed)
    return [_mask(rng) for _ in range(count)]


def _mask(rng: random.Random) -> np.ndarray:
    image = Image.new("L", (SIZE, SIZE))
    draw = ImageDraw.Draw(image)
    height = rng.choice([9, 11, 13, 16, 20, 26, 34, 48])
    font = ImageFont.load_default(size=height)
    y = rng.randint(0, height)
    while y < SIZE:
        words = [_word(rng) for _ in range(1 + SIZE // (3 * height))]
        draw.text((rng.randint(-height, height), y), " ".join(words), fill=255, font=font,
                  stroke_width=rng.choice([0, 0, 0, 1]) if height > 13 else 0)
        y += int(height * rng.uniform(1.2, 1.8))
    return np.array(image)


def _word(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.2:
        return "".join(rng.choice(string.digits) for _ in range(rng.randint(1, 5)))
    if kind < 0.3:
        return "".join(rng.choice(string.ascii_letters + string.punctuation) for _ in range(rng.randint(2, 7)))
    word = rng.choice(WORDS)
    return rng.choice([word, word.capitalize(), word.upper()])
