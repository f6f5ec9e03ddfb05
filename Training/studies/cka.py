"""CKA of each level's features after each sub-decoder with the blur's pattern and with the degree of degradation (Fig. 8).

    python studies/cka.py MODEL --photos val.npz --out cka.csv [--plot cka.png]

Every photograph is blurred by every one of a set of camera paths. Pattern: the path's trace at the patch's centre on a
19×19 grid, blurred by a pixel. Degree: the PSNR of the blurred patch. Features: the mean over the patch of each channel.
"""

import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from deblur_training.data.blur import MARGIN, to_linear, to_srgb
from deblur_training.data.motion import camera_motion, exposed
from deblur_training.data.photos import PhotoStore
from deblur_training.evaluation.score import psnr
from deblur_training.network.checkpoint import load_model


def linear_cka(x: torch.Tensor, y: torch.Tensor) -> float:
    """Of two sets of vectors [samples, any]: 1 when they agree up to rotation and scale, 0 when unrelated."""
    x, y = ((v.double() - v.double().mean(0)) for v in (x, y))
    cross = (x.T @ y).square().sum()
    return float(cross / ((x.T @ x).square().sum().sqrt() * (y.T @ y).square().sum().sqrt()))


def trace(homographies: torch.Tensor, size: int = 19) -> torch.Tensor:
    """[T, 3, 3] to the path's density on a size×size grid around the centre, flattened."""
    seen = homographies[:, :2, 2] / homographies[:, 2:, 2]
    at = torch.arange(size) - size // 2
    distance = (at[None, :, None] - seen[:, 1, None, None]) ** 2 + (at[None, None, :] - seen[:, 0, None, None]) ** 2
    return torch.exp(-distance / 2).mean(0).flatten()


@torch.no_grad()
def gather(model, store: PhotoStore, paths: int, patch: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.linspace(2, 24, paths)
    motion = camera_motion(lengths, 33, generator).homographies
    centre = (torch.stack([store.heights, store.widths]) - patch - 2 * MARGIN) // 2
    index = torch.arange(len(store))
    light = to_linear(store.crops(index, centre[0], centre[1], patch + 2 * MARGIN, torch.zeros_like(index)))
    sharp = to_srgb(light[..., MARGIN:-MARGIN, MARGIN:-MARGIN])
    patterns, degrees, features = [], [], {}
    for path in motion:
        for photo in range(len(store)):
            blurred = to_srgb(exposed(light[photo:photo + 1], path[None], patch).clamp(0, 1))
            patterns.append(trace(path))
            degrees.append(psnr(blurred, sharp[photo:photo + 1]).float())
            scaled = model.features(blurred)
            for j, state in enumerate([model.first_state(scaled), *model.states(scaled)]):
                for name, d in zip(("d4", "d3", "d2", "d1"), state):
                    features.setdefault((name, j), []).append(d.mean(dim=(2, 3))[0])
    return torch.stack(patterns), torch.stack(degrees).view(-1, 1), {k: torch.stack(v) for k, v in features.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--paths", type=int, default=24)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--plot", type=Path, help="needs matplotlib")
    arguments = parser.parse_args()
    patterns, degrees, features = gather(load_model(arguments.model), PhotoStore.open(arguments.photos),
                                         arguments.paths, arguments.patch, arguments.seed)
    rows = [{"level": name, "sub_decoder": j, "pattern": round(linear_cka(f, patterns), 4),
             "degree": round(linear_cka(f, degrees), 4)} for (name, j), f in sorted(features.items())]
    with open(arguments.out, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    if arguments.plot:
        plot(rows, arguments.plot)


def plot(rows: list[dict], path: Path) -> None:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.5), sharey=True)
    for axis, kind in zip(axes, ("pattern", "degree")):
        for level in ("d1", "d2", "d3", "d4"):
            own = [r for r in rows if r["level"] == level]
            axis.plot([r["sub_decoder"] for r in own], [r[kind] for r in own], marker="o", label=level)
        axis.set(title=f"CKA with the blur's {kind}", xlabel="sub-decoder (0: encoder)")
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main()
