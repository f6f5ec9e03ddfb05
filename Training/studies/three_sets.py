"""A model on the three sets by which the default one is chosen: val synthetic (50 pairs), mild (50 pairs of 2 to 8 pixels), and pairs
of a real camera, whose sharp frames are inputs too. Every depth, no exits.

    python studies/three_sets.py MODEL… --val VAL --camera CAMERA_VAL [--threads 1] [--json found.json]
"""

import argparse
import json
from pathlib import Path
from statistics import mean, median

import torch

from deblur_training.data.blur import BlurOptions
from deblur_training.data.photos import PhotoStore
from deblur_training.evaluation.pairs import Pair, make_pairs, read_pairs
from deblur_training.evaluation.score import psnr, score_tiles
from deblur_training.network.checkpoint import load_model
from deblur_training.network.inference import ExitRule, restore
from deblur_training.training.setup import tensors_of
from deblur_training.training.state import average_of

CPU = torch.device("cpu")


def opened(path: Path):
    """A model file, or the averages of a run."""
    if path.suffix != ".pt":
        return load_model(path)
    from deblur_training.network import AdaRevD
    from deblur_training.training.recipe import Recipe
    config = Recipe.from_json(average_of(path)[0]["recipe"]).model
    model = AdaRevD(config)
    model.load_state_dict(tensors_of(path))
    return model.eval()


def synthetic(model, pairs: list[Pair]) -> list[dict]:
    scores = score_tiles(model, pairs, CPU, batch=2)
    return [summary([s.psnr[j] - s.psnr[0] for s in scores]) for j in range(1, model.config.sub_decoders + 1)]


def camera(model, pairs: list[Pair]) -> list[dict]:
    found = []
    for depth in range(1, model.config.sub_decoders + 1):
        gains, factors, kept = [], [], []
        for pair in pairs:
            restored = restore(model, pair.blurred, ExitRule(fixed=depth)).image
            gains.append(float(psnr(restored, pair.sharp) - psnr(pair.blurred, pair.sharp)))
            residual, wanted = restored - pair.blurred, pair.sharp - pair.blurred
            factors.append(float((residual * wanted).sum() / residual.square().sum().clamp_min(1e-9)))
            kept.append(float(psnr(restore(model, pair.sharp, ExitRule(fixed=depth)).image, pair.sharp)))
        found.append(summary(gains) | {"best_factor": median(factors), "sharp_frames_db": median(kept), "lowest_sharp_frame_db": min(kept)})
    return found


def summary(gains: list[float]) -> dict:
    return {"gain_db": mean(gains), "worst_db": min(gains), "best_db": max(gains)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--camera", type=Path, required=True, help="folder with blur/ and sharp/")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    store, real = PhotoStore.open(arguments.val), read_pairs(arguments.camera)
    sets = {"val": make_pairs(store, arguments.pairs, 2024),
            "mild": make_pairs(store, arguments.pairs, 2024, options=BlurOptions(shortest=2, longest=8))}
    everything = {}
    for path in arguments.models:
        model = opened(path)
        with torch.no_grad():
            found = {name: synthetic(model, pairs) for name, pairs in sets.items()} | {"camera": camera(model, real)}
        everything[str(path)] = found
        for name, depths in found.items():
            for depth, row in enumerate(depths, 1):
                print(f"{path.name:24} {name:7} depth {depth}  " + "  ".join(f"{k} {v:+.3f}" for k, v in row.items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(everything, indent=1) + "\n")


if __name__ == "__main__":
    main()
