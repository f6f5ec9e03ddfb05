"""Camera shake for pictures that are blurred here: along a slightly bent line, averaged in linear light, with sensor noise."""

import numpy as np

LENGTH, ANGLE, BEND, STEPS = 9.0, 0.5, 0.15, 33


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
