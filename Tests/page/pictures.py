"""Test pictures, drawn here: nothing to fetch, no photographs to license."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter


def scene(width=1200, height=900, seed=7):
    """Something with edges, flat parts and text, so that sharp and blurred can be told apart by eye."""
    rng = random.Random(seed)
    sky = Image.linear_gradient("L").resize((width, height))
    image = Image.merge("RGB", [sky.point(lambda v: 120 + v // 3), sky.point(lambda v: 150 + v // 4),
                                sky.point(lambda v: 215 - v // 5)])
    draw = ImageDraw.Draw(image)
    ground = height * 2 // 3
    draw.rectangle([0, ground, width, height], fill=(92, 104, 78))
    x = 0
    while x < width:
        house, roof = rng.randint(60, 170), rng.randint(height // 5, height // 2)
        colour = tuple(rng.randint(70, 200) for _ in range(3))
        draw.rectangle([x, ground - roof, x + house, ground + 30], fill=colour)
        for wx in range(x + 10, x + house - 16, 28):
            for wy in range(ground - roof + 12, ground - 10, 34):
                draw.rectangle([wx, wy, wx + 13, wy + 19], fill=(250, 236, 180) if rng.random() < 0.5 else (45, 50, 62))
        x += house + rng.randint(0, 30)
    for line in range(6):
        draw.text((40, ground + 40 + line * 36), "the quick brown fox jumps over the lazy dog " * 3,
                  fill=(240, 238, 230), font_size=18 + 2 * line)
    return image


def blurred(image, length=15):
    """Motion blur to the right."""
    kernel = [0] * 25
    for column in range(5):
        kernel[10 + column] = 1
    for _ in range(max(1, length // 5)):
        image = image.filter(ImageFilter.Kernel((5, 5), kernel))
    return image


def encoded(image, kind="JPEG", **options):
    file = io.BytesIO()
    image.save(file, kind, **({"quality": 90} if kind == "JPEG" else {}), **options)
    return file.getvalue()


def deep_png(width=200, height=120):
    """A gray PNG of 16 bits."""
    image = Image.new("I;16", (width, height))
    image.putdata([(x * 65535 // width) for _ in range(height) for x in range(width)])
    return encoded(image, "PNG")


def turned_jpeg(width=800, height=600):
    """A JPEG whose EXIF turns it by 90 degrees: seen as `height` by `width`, red at the top, blue at the bottom."""
    image = Image.new("RGB", (width, height), (30, 60, 200))
    # Orientation 6: the first column of the file is the top row as seen, turned clockwise.
    image.paste((210, 40, 30), (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(image, "JPEG", exif=exif)
