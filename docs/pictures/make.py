#!/usr/bin/env python3
"""Makes before-after.jpg: scikit-image's astronaut (public domain, NASA), blurred here, restored by deblur.

    pip install numpy pillow scikit-image
    swift build -c release --product deblur
    python docs/pictures/make.py

The blur is camera shake along a slightly bent line, averaged in linear light, with sensor noise and JPEG as a camera
would add them. Prints the PSNR against the sharp picture before and after.
"""

import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

HERE = pathlib.Path(__file__).resolve().parent
DEBLUR = HERE.parent.parent / ".build/release/deblur"
LENGTH, ANGLE, BEND, STEPS = 9.0, 0.5, 0.15, 33
CROP = (96, 10, 400, 314)  # left, top, right, bottom


def linear(srgb):
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def srgb(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def shaken(picture):
    """Average of shifted copies along the path; shifts by phase in the Fourier domain, borders mirrored."""
    margin = 32
    light = np.pad(linear(picture / 255.0), ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    fy = np.fft.fftfreq(light.shape[0])[:, None]
    fx = np.fft.rfftfreq(light.shape[1])[None]
    transfer = 0
    for t in np.linspace(-0.5, 0.5, STEPS):
        along, across = LENGTH * t, LENGTH * BEND * (2 * t) ** 2
        dx = along * np.cos(ANGLE) - across * np.sin(ANGLE)
        dy = along * np.sin(ANGLE) + across * np.cos(ANGLE)
        transfer = transfer + np.exp(-2j * np.pi * (fx * dx + fy * dy)) / STEPS
    planes = [np.fft.irfft2(np.fft.rfft2(light[..., c]) * transfer, s=light.shape[:2]) for c in range(3)]
    blurred = srgb(np.stack(planes, -1)[margin:-margin, margin:-margin])
    noise = np.random.default_rng(7).normal(0, 0.004, blurred.shape)
    return np.clip(np.rint((blurred + noise) * 255), 0, 255).astype(np.uint8)


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b.astype(float)) ** 2))


def main():
    sharp = data.astronaut()
    blurred = shaken(sharp)
    with tempfile.TemporaryDirectory() as folder:
        before, after = pathlib.Path(folder, "before.png"), pathlib.Path(folder, "after.png")
        Image.fromarray(blurred).save(before)
        subprocess.run([DEBLUR, "image", "--quiet", before, after], check=True)
        restored = np.asarray(Image.open(after).convert("RGB"))
    print(f"PSNR before {psnr(blurred, sharp):.2f} dB, after {psnr(restored, sharp):.2f} dB")

    size, gap, title = 480, 12, 34
    sheet = Image.new("RGB", (2 * size + gap, size + title), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(22)
    for column, (name, picture) in enumerate([("before", blurred), ("after", restored)]):
        left = column * (size + gap)
        draw.text((left + 4, 4), name, fill="black", font=font)
        sheet.paste(Image.fromarray(picture).crop(CROP).resize((size, size), Image.Resampling.LANCZOS), (left, title))
    sheet.save(HERE / "before-after.jpg", quality=92)


if __name__ == "__main__":
    main()
