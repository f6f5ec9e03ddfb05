#!/usr/bin/env python3
"""Makes the pairs of pictures here and scores.json: PSNR and SSIM by scikit-image, SciPy and OpenCV.

    pip install numpy scikit-image opencv-python-headless==4.10.0.84 && python make.py

Formulas: the evaluation protocol of specification 14. OpenCV stays at 4: from 5 on it samples
between pixels in another way than the version that published numbers come from.
"""

import json
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

HERE = Path(__file__).parent
C1, C2 = 0.01**2, 0.03**2


def gopro_ssim(a, b, kind):
    """One 3-D SSIM of bytes. float32: the authors' arithmetic, a direct convolution, tap after tap. float64: the same
    formula without its rounding."""
    taps = np.exp(-np.arange(-5, 6) ** 2 / (2 * 1.5**2))
    taps /= taps.sum()
    window = (taps[:, None, None] * taps[None, :, None] * taps[None, None, :]).astype(kind)

    def mean(v):
        padded, total = np.pad(v, 5, mode="edge"), np.zeros_like(v)
        for i, j, k in np.ndindex(window.shape):
            total += window[i, j, k] * padded[i:i + v.shape[0], j:j + v.shape[1], k:k + v.shape[2]]
        return total

    x, y = a.astype(kind), b.astype(kind)
    mx, my = mean(x), mean(y)
    sxx, syy, sxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    c1, c2 = kind(C1 * 255**2), kind(C2 * 255**2)
    ssim = ((2 * mx * my + c1) * (2 * sxy + c2)) / ((mx * mx + my * my + c1) * (sxx + syy + c2))
    return float(ssim.mean(dtype=np.float64))


def realblur(x, z, mask):
    """Steps 5 and 6: values 0…1, mask (h, w, 3)."""
    z, x = z * mask, x * mask
    psnr = 10 * np.log10(1 / (np.sum((x - z) ** 2) / np.sum(mask)))
    channels = []
    for c in range(3):
        _, found = structural_similarity(
            x[..., c], z[..., c], gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0,
            full=True)
        inner = (slice(5, -5), slice(5, -5))
        channels.append(np.sum((found * mask[..., c])[inner]) / np.sum(mask[..., c][inner]))
    return float(psnr), float(np.mean(channels))


def aligned(truth, restored):
    x, z = np.float32(truth) / 255, np.float32(restored) / 255
    z = np.float32(z * (np.sum(x * z, dtype=np.float64) / np.sum(z * z, dtype=np.float64)))
    h, w = x.shape[:2]
    warp = np.eye(3, dtype=np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 0)
    found = True
    try:
        _, warp = cv2.findTransformECC(
            cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), cv2.cvtColor(z, cv2.COLOR_RGB2GRAY), warp, cv2.MOTION_HOMOGRAPHY,
            criteria, None, 5)
    except cv2.error:
        found = False
    mask = np.ones_like(x)
    if found:
        z = cv2.warpPerspective(
            z, warp, (w, h), flags=cv2.INTER_CUBIC + cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT)
        mask = cv2.warpPerspective(
            mask, warp, (w, h), flags=cv2.INTER_NEAREST + cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT,
            borderValue=0)
    psnr, ssim = realblur(x.astype(np.float64), z.astype(np.float64), mask.astype(np.float64))
    return {"found": found, "homography": warp.ravel().tolist(), "psnr": psnr, "ssim": ssim}


def texture(rng, h, w):
    """Something between noise and a photograph: noise of several scales, some edges."""
    total = np.zeros((h, w, 3))
    for scale in (0.7, 1.5, 3, 8):
        total += ndimage.gaussian_filter(rng.standard_normal((h, w, 3)), (scale, scale, 0)) * scale
    total += 1.5 * np.sign(ndimage.gaussian_filter(rng.standard_normal((h, w)), 9))[..., None]
    total = (total - total.min()) / (total.max() - total.min())
    return total


def save(name, picture):
    picture = np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)
    cv2.imwrite(str(HERE / name), picture[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return picture


def main():
    rng = np.random.default_rng(1)
    pairs = []
    for i in range(10):
        h, w = (int(n) for n in rng.integers(24, 65, 2))
        truth = texture(rng, h, w)
        blurred = ndimage.gaussian_filter(truth, (*rng.uniform(0, 2.5, 2), 0))
        test = 0.9 * blurred + 0.05 + rng.normal(0, rng.uniform(0, 0.05), truth.shape)
        truth, test = save(f"{i}-truth.png", truth), save(f"{i}-test.png", test)
        plain = realblur(truth / 255.0, test / 255.0, np.ones(truth.shape))
        pairs.append({
            "psnr": float(peak_signal_noise_ratio(truth, test, data_range=255)),
            "ssim_gopro": gopro_ssim(test, truth, np.float32),
            "ssim_gopro_float64": gopro_ssim(test, truth, np.float64),
            "psnr_realblur_without_alignment": plain[0], "ssim_realblur_without_alignment": plain[1]})
    moved = []
    for i, change in enumerate([
            [1, 0, 1.3, 0, 1, -0.8, 0, 0], [1.004, 0.006, -1.1, -0.005, 0.997, 0.7, 2e-5, -1e-5],
            [0.99, -0.012, 2.1, 0.009, 1.006, -1.7, -1e-5, 3e-5]]):
        h, w = 120, 160
        large = texture(rng, h + 40, w + 40).astype(np.float32)
        truth = large[20:-20, 20:-20]
        shift = np.array([[1, 0, 20], [0, 1, 20], [0, 0, 1]], np.float64)
        test = cv2.warpPerspective(
            large, shift @ np.array([*change, 1.0]).reshape(3, 3), (w, h), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        test = 0.85 * ndimage.gaussian_filter(test, (1, 1, 0)) + rng.normal(0, 0.01, test.shape)
        truth, test = save(f"moved-{i}-truth.png", truth), save(f"moved-{i}-test.png", test)
        moved.append(aligned(truth, test))
    h, w = 40, 60
    hopeless = save("hopeless-truth.png", rng.random((h, w, 3))), save("hopeless-test.png", rng.random((h, w, 3)))
    (HERE / "scores.json").write_text(json.dumps(
        {"opencv": cv2.__version__, "pairs": pairs, "moved": moved, "hopeless": aligned(*hopeless)}, indent=1) + "\n")


if __name__ == "__main__":
    main()
