#!/usr/bin/env python3
"""Makes the README's pictures: real.jpg, a photograph that is really blurred, and failures.jpg.

    pip install numpy pillow scikit-image
    swift build -c release --product deblur
    (cd Training && python studies/legible.py make /tmp/legible)
    python docs/pictures/readme.py /tmp/legible

The photographs are scikit-image's `text` (a written page, from Wikipedia) and `clock` (by Stefan van der Walt), both in the
public domain and blurred by the camera that took them. The board with words is rendered by studies/legible.py and blurred by
less than two pixels. Environment: DEBLUR, the program (default .build/release/deblur).
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image
from skimage import data

HERE = pathlib.Path(__file__).resolve().parent
DEBLUR = os.environ.get("DEBLUR", HERE.parent.parent / ".build/release/deblur")
GAP = 6  # pixels, white


def restored(image):
    with tempfile.TemporaryDirectory() as folder:
        before, after = (pathlib.Path(folder, name) for name in ("before.png", "after.png"))
        image.save(before)
        subprocess.run([DEBLUR, "image", "--quiet", before, after], check=True)
        with Image.open(after) as result:
            return result.convert("RGB")


def pair(image, box, zoom):
    """The part of both in the box (left, top, right, bottom), enlarged, beside each other."""
    parts = [one.crop(box) for one in (image, restored(image))]
    width, height = (length * zoom for length in parts[0].size)
    both = Image.new("RGB", (2 * width + GAP, height), "white")
    for index, part in enumerate(parts):
        both.paste(part.resize((width, height), Image.Resampling.BICUBIC), (index * (width + GAP), 0))
    return both


def main():
    photo = Image.fromarray(data.text()).convert("RGB")
    pair(photo, (0, 22, 224, 172), 2).save(HERE / "real.jpg", quality=90, optimize=True)
    with Image.open(pathlib.Path(sys.argv[1], "blur/042.png")) as board:
        words = pair(board.convert("RGB"), (0, 0, 224, 84), 2)
    clock = pair(Image.fromarray(data.clock()).convert("RGB"), (92, 88, 316, 216), 2)
    both = Image.new("RGB", (words.width, words.height + GAP + clock.height), "white")
    both.paste(words, (0, 0))
    both.paste(clock, (0, words.height + GAP))
    both.save(HERE / "failures.jpg", quality=90, optimize=True)


if __name__ == "__main__":
    main()
