"""Plain NAFBlock against FourierBlock in the sub-decoders, at equal steps and equal pairs (the paper's Table 4, small).

    python studies/blocks.py --photos train.npz --val val.npz --steps 3000 --out runs/blocks [--device cuda]

On a CPU, with the loss, the pool of pairs and the rates of a recipe's phase:

    python studies/blocks.py … --recipe recipes/default-cpu.json --phase encoder --batch 3 --precision bf16 --channels-last --threads 1
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch

from deblur_training.data.photos import PhotoStore
from deblur_training.evaluation.pairs import make_pairs
from deblur_training.evaluation.score import score_tiles
from deblur_training.network import AdaRevD, ModelConfig
from deblur_training.network.cost import cost_of
from deblur_training.training.clock import Clock
from deblur_training.training.recipe import PhaseOptions, Recipe, Stage
from deblur_training.training.setup import chosen_device
from deblur_training.training.trainer import Trainer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--val", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--decoders", type=int, default=2)
    parser.add_argument("--patch", type=int, default=128)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--recipe", type=Path, help="train as its --phase does, but for sizes and steps")
    parser.add_argument("--phase", default="joint")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", choices=["fp32", "bf16"], help="default: bf16 on CUDA")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = chosen_device(arguments.device)
    store = PhotoStore.open(arguments.photos, device)
    pairs = make_pairs(PhotoStore.open(arguments.val), arguments.pairs, seed=2024, size=2 * arguments.patch)
    precision = arguments.precision or ("bf16" if device.type == "cuda" else "fp32")
    results = []
    for block in ("naf", "fcnaf"):
        config = ModelConfig(arguments.width, [1, 1, 1, 8], arguments.decoders, base_block=block, classifier_type=None)
        options, blur = PhaseOptions(), Recipe.from_json({"model": {}}).blur
        if arguments.recipe:
            given = Recipe.read(arguments.recipe)
            options, blur = given.phase(arguments.phase), given.blur
        options.stages, options.reversible = [Stage(1.0, arguments.patch, arguments.batch)], False
        recipe = Recipe(config, blur=blur, phases={"joint": options})
        torch.manual_seed(1)
        trainer = Trainer(recipe, "joint", AdaRevD(config), store, Clock(total_steps=arguments.steps),
                          arguments.out / block, precision, arguments.channels_last)
        trainer.train()
        trainer.average.swap()
        scores = score_tiles(trainer.model, pairs, device)
        means = [round(sum(s.psnr[j] for s in scores) / len(scores), 3) for j in range(arguments.decoders + 1)]
        results.append({"block": block, "psnr_by_depth": means, "gflop": cost_of(config)["gflop"]["full depth"]})
        print(results[-1], flush=True)
    (arguments.out / "blocks.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
