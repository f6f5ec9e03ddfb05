"""Does small text stay readable? Crops of rendered text, blurred by at most two pixels, read by Tesseract before and after.

    python studies/legible.py make OUT [--count 60]               # OUT/blur/*.png and OUT/truth.json
    deblur image OUT/blur OUT/restored
    python studies/legible.py read OUT blur restored              # share of characters read, each folder, and crops that lost

`read` needs the program tesseract (Debian: tesseract-ocr). Text is drawn with the fonts that --fonts names, else Pillow's own.
"""

import argparse
import json
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from deblur_training.data.blur import MARGIN, to_linear, to_srgb
from deblur_training.data.camera import softened
from deblur_training.data.jpeg import jpeg
from deblur_training.data.motion import camera_motion, exposed
from deblur_training.data.text import WORDS

SIDE = 384
ENLARGED = 3  # Tesseract wants capitals of 20 pixels and more; before and after are enlarged alike
LOST = 0.05  # a crop of which so large a share of its characters is no longer read has lost


def page(rng: random.Random, fonts: list[str]) -> tuple[Image.Image, str]:
    """A board with lines of words, numbers and plates, 9 to 20 pixels high, and what stands on it."""
    side = SIDE + 2 * MARGIN
    dark = rng.random() < 0.7
    ink, board = (tuple(rng.randint(*span) for _ in range(3)) for span in (((0, 90), (150, 255)) if dark else ((170, 255), (0, 100))))
    image = Image.new("RGB", (side, side), board)
    draw, height = ImageDraw.Draw(image), rng.randint(9, 20)
    font = ImageFont.truetype(rng.choice(fonts), height) if fonts else ImageFont.load_default(size=height)
    lines, y = [], MARGIN + 12
    while y + height < MARGIN + SIDE - 12:
        words = []
        while font.getlength(" ".join(words + [word := _word(rng)])) < SIDE - 30:
            words.append(word)
        draw.text((MARGIN + 12, y), " ".join(words), fill=ink, font=font)
        lines.append(" ".join(words))
        y += round(height * rng.uniform(1.5, 2.0))
    return image, "\n".join(lines)


def _word(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return "".join(rng.choice("ABCDEFGHKLMNPRSTVXYZ") for _ in range(rng.randint(2, 3))) + str(rng.randint(100, 9999))
    word = rng.choice([w for w in WORDS if w.isascii()])
    return rng.choice([word, word.capitalize()])


def shaken(image: Image.Image, rng: random.Random) -> Image.Image:
    """A path of at most two pixels, a camera's softness, noise and JPEG."""
    generator = torch.Generator().manual_seed(rng.randrange(1 << 30))
    light = to_linear(torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255)
    path = camera_motion(torch.tensor([rng.uniform(0.0, 2.0)]), 8, generator).homographies
    sigma = torch.tensor([rng.uniform(0.3, 0.8)])
    light = softened(exposed(light, path, SIDE), sigma, sigma, torch.zeros(1))
    strength = 1.5e-4 * rng.random()
    light = light + torch.randn(light.shape, generator=generator) * (strength * light).sqrt()
    picture = jpeg(to_srgb(light.clamp(0, 1)), torch.tensor([rng.uniform(85.0, 98.0)]), rng.random() < 0.5)
    return Image.fromarray((picture[0] * 255).round().byte().permute(1, 2, 0).numpy())


def make(arguments: argparse.Namespace) -> None:
    rng, truth = random.Random(arguments.seed), {}
    (arguments.folder / "blur").mkdir(parents=True, exist_ok=True)
    for i in range(arguments.count):
        drawn, text = page(rng, arguments.fonts)
        shaken(drawn, rng).save(arguments.folder / "blur" / f"{i:03}.png")
        truth[f"{i:03}"] = text
    (arguments.folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


def text_in(path: Path) -> str:
    with Image.open(path) as image:
        large = image.convert("L").resize((image.width * ENLARGED, image.height * ENLARGED), Image.Resampling.BICUBIC)
    raw = subprocess.run(["tesseract", "stdin", "stdout", "--psm", "6", "--dpi", "200"], input=_png(large), capture_output=True,
                         check=True, env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/bin:/bin:/usr/local/bin"})
    return "\n".join(line for line in raw.stdout.decode().splitlines() if line.strip())


def _png(image: Image.Image) -> bytes:
    from io import BytesIO
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def share_read(found: str, truth: str) -> float:
    """1 − edit distance over the truth's length, not below 0."""
    row = list(range(len(truth) + 1))
    for i, a in enumerate(found, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(truth, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return max(0.0, 1 - row[-1] / len(truth))


def read(arguments: argparse.Namespace) -> None:
    truth = json.loads((arguments.folder / "truth.json").read_text())
    found = {}
    with ThreadPoolExecutor(2) as pool:
        for name in arguments.names:
            texts = pool.map(lambda stem: text_in(arguments.folder / name / f"{stem}.png"), truth)
            found[name] = [share_read(text, wanted) for text, wanted in zip(texts, truth.values())]
    first = found[arguments.names[0]]
    for name, shares in found.items():
        lost = sum(b - a > LOST for a, b in zip(shares, first))
        gained = sum(a - b > LOST for a, b in zip(shares, first))
        print(f"{name}: {sum(shares) / len(shares):.4f} of the characters; {lost} of {len(shares)} crops lost over {LOST:.0%}, "
              f"{gained} gained")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("make")
    one.add_argument("folder", type=Path)
    one.add_argument("--count", type=int, default=60)
    one.add_argument("--seed", type=int, default=11)
    one.add_argument("--fonts", nargs="*", default=[])
    one.set_defaults(run=make)
    two = commands.add_parser("read")
    two.add_argument("folder", type=Path)
    two.add_argument("names", nargs="+")
    two.set_defaults(run=read)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
