#!/usr/bin/env python3
"""Makes the pictures of the page: Public/sample.jpg and Public/icons/.

    pip install numpy pillow scikit-image
    python docs/pictures/page.py

The sample is scikit-image's coffee cup (CC0, by Rachel Michetti), blurred by shake.py, as a JPEG. The icons are those of Public/icon.svg.
"""

import pathlib

import shake
from PIL import Image, ImageDraw
from skimage import data

PUBLIC = pathlib.Path(__file__).resolve().parents[2] / "Public"
GROUND, INK = (0x16, 0x45, 0x4A), (0xF6, 0xF4, 0xF0)
OVERSAMPLING = 4


def icon(side, margin):
    """The drawing of icon.svg in a square of `side`; `margin`: the share that masks may cut off, square corners."""
    scale = side * OVERSAMPLING * (1 - 2 * margin) / 64
    offset = side * OVERSAMPLING * margin
    full = side * OVERSAMPLING
    image = Image.new("RGBA", (full, full), GROUND + (255,) if margin else (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if not margin:
        draw.rounded_rectangle([0, 0, full - 1, full - 1], 14 * scale, fill=GROUND)

    def arc(x, y, radius, start, end, opacity):
        layer = Image.new("RGBA", image.size, INK + (0,))
        outer = [offset + (x - radius - 2.5) * scale, offset + (y - radius - 2.5) * scale,
                 offset + (x + radius + 2.5) * scale, offset + (y + radius + 2.5) * scale]
        ImageDraw.Draw(layer).arc(outer, start, end, fill=INK + (round(255 * opacity),), width=round(5 * scale))
        image.alpha_composite(layer)

    arc(40, 32, 14, 0, 360, 1)
    arc(26, 32, 14, 90, 270, 0.55)
    # From (18, 20) to (18, 44) with radius 14: its centre lies 7.2 to the right.
    arc(18 + (14**2 - 12**2) ** 0.5, 32, 14, 121, 239, 0.25)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def main():
    (PUBLIC / "icons").mkdir(exist_ok=True)
    for name, side, margin in (("192", 192, 0), ("512", 512, 0), ("maskable", 512, 0.1)):
        icon(side, margin).quantize(64).save(PUBLIC / f"icons/{name}.png", optimize=True)
    Image.fromarray(shake.shaken(data.coffee())).save(PUBLIC / "sample.jpg", quality=88, optimize=True)


if __name__ == "__main__":
    main()
