#!/usr/bin/env python3
"""The increments of `deblur calibrate` by PyTorch, with the reference network of Training/ and arithmetic of its own:

    PYTHONPATH=Training python Tests/Fixtures/calibration/increments.py pairs PHOTOS PAIRS
    deblur calibrate --model M --blur PAIRS/blur --sharp PAIRS/sharp --tau 0.05 --json swift.json
    PYTHONPATH=Training python Tests/Fixtures/calibration/increments.py compare M PAIRS/blur PAIRS/sharp swift.json

`pairs` takes the first eight photographs of a folder, at most 800×600 of the middle of each, and blurs them by one motion:
nine steps of (2, 1) pixels, averaged. Other pairs will do as well, of equal names, both sides at least as long as the
model's tile. `compare` ends with 1 where a mean differs by more
than 0.01 dB or a table, a count or a sweep's D-Rate differs.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from deblur_training.network.checkpoint import load_model


def picture(path):
    return torch.from_numpy(np.array(Image.open(path).convert("RGB"))).permute(2, 0, 1).float() / 255


def psnr(a, b):
    return float(10 * torch.log10(1 / (a.double() - b.double()).square().mean() + 1e-8))


def tile_starts(length, tile, overlap):
    starts = []
    while not starts or starts[-1] + tile < length:
        starts.append(min(len(starts) * (tile - overlap), length - tile))
    return starts


def table(increments, tau, depth):
    exits = []
    for row in increments:
        exits.append(next((j for j, gain in enumerate(row) if gain is not None and gain < tau), depth))
        if row[0] is None:
            exits[-1] = depth
    return exits


def pairs(photos, out):
    for side in ("blur", "sharp"):
        (Path(out) / side).mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(photos).glob("*.jpg"))[:8]:
        whole = np.array(Image.open(path).convert("RGB")).astype(np.float64)
        height, width = (min(limit, side - 16) for limit, side in zip((600, 800), whole.shape))
        top, left = ((side - part) // 2 for part, side in zip((height, width), whole.shape))
        steps = [whole[top + dy:top + dy + height, left + 2 * dy:left + 2 * dy + width] for dy in range(-4, 5)]
        for side, picture in (("blur", np.mean(steps, axis=0)), ("sharp", steps[4])):
            Image.fromarray(np.rint(picture).astype(np.uint8)).save(Path(out) / side / f"{path.stem}.png")
    return 0


@torch.no_grad()
def compare(model_path, blur, sharp, found_path):
    model = load_model(model_path)
    found = json.loads(Path(found_path).read_text())
    thresholds, depth = found["thresholds_db"], model.config.sub_decoders
    tile, overlap = model.config.tile, model.config.overlap
    gains, predicted = [[] for _ in range(len(thresholds) + 1)], []
    for path in sorted(Path(blur).glob("*.png")):
        x, y = picture(path), picture(Path(sharp) / path.name)
        for top in tile_starts(x.shape[1], tile, overlap):
            for left in tile_starts(x.shape[2], tile, overlap):
                part = (slice(None), slice(top, top + tile), slice(left, left + tile))
                features = model.features(x[part][None])
                outputs = [x[part]] + [x[part] + r[0] for r in model.residuals(features)]
                values = [psnr(output, y[part]) for output in outputs]
                label = sum(values[0] > t for t in thresholds)
                gains[label].append(np.diff(values))
                predicted.append(int(model.logits(features)[0].argmax()))
    means = [np.mean(g, axis=0).tolist() if g else [None] * depth for g in gains]
    worst = max(
        abs(a - b) for mine, theirs in zip(means, found["increments_db"]) for a, b in zip(mine, theirs)
        if a is not None)
    print("classes", [len(g) for g in gains], "largest difference of a mean", worst, "dB")
    good = worst <= 0.01 and [len(g) for g in gains] == found["tiles"]
    for row in found["sweep"]:
        mine = [depth] * len(means) if row.get("tau") is None else table(means, row["tau"], depth)
        rate = sum(mine[c] for c in predicted) / (depth * len(predicted))
        print(row.get("tau"), mine, row["exit_table"], rate, row["d_rate"])
        good = good and mine == row["exit_table"] and abs(rate - row["d_rate"]) < 1e-9
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit({"pairs": pairs, "compare": compare}[sys.argv[1]](*sys.argv[2:]))
