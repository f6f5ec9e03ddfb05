#!/usr/bin/env python3
"""The increments of `deblur calibrate` by PyTorch, with the reference network of Training/ and arithmetic of its own:

    deblur calibrate --model M --blur B --sharp S --tau 0.05 --json swift.json
    PYTHONPATH=Training python Tests/Fixtures/calibration/increments.py M B S swift.json

B and S hold pictures of equal names, both sides of at least the model's tile. Ends with 1 where a mean differs by more
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


@torch.no_grad()
def main(model_path, blur, sharp, found_path):
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
        mine = [depth] * len(means) if row.get("tau") is None else table(found["increments_db"], row["tau"], depth)
        rate = sum(mine[c] for c in predicted) / (depth * len(predicted))
        print(row.get("tau"), mine, row["exit_table"], rate, row["d_rate"])
        good = good and mine == row["exit_table"] and abs(rate - row["d_rate"]) < 1e-9
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
