"""The weighted mean of models that were trained on from one another, and a shift of what the classifier calls sharp.

    python studies/mean.py OUT MODEL=0.7 RUN/last.pt=0.3 [--depths 1] [--sharp-shift 2] [--name NAME]

The first model says the sizes; a tensor that the others lack is its own. Models of one origin whose weights are averaged are often
better than each of them (Wortsman et al., "Model soups", ICML 2022). --sharp-shift adds to the logits of the classes from 35 dB on:
fewer sharp pictures are changed, more blurred ones are left.
"""

import argparse
import json
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from deblur_training.training.setup import tensors_of

SHARP_DB = 35  # the two highest classes begin here, of 20, 25, 30, 35 and 40 dB
LOGITS = "ape.2.classifier.3.bias"


def read(path: Path) -> dict:
    return load_file(path) if path.suffix == ".safetensors" else tensors_of(path)


def mean(models: list[tuple[dict, float]], depths: int) -> dict:
    """The sum of weight · tensor, of those models that have it; the weights of those are scaled to a sum of one.

    Sub-decoders beyond `depths` stay the first model's. Where they hand on what they get, their heads follow the last one before them.
    """
    first, found = models[0][0], {}
    for name, tensor in first.items():
        kind, _, rest = name.partition(".")
        number, _, rest = rest.partition(".")
        if kind in ("subdenets", "outputs") and int(number) >= depths:
            twin = f"{kind}.{depths - 1}.{rest}"
            is_handed_on = kind == "outputs" and torch.equal(tensor, first[twin])
            found[name] = found[twin].clone() if is_handed_on else tensor
            continue
        having = [(other[name], weight) for other, weight in models if name in other and other[name].shape == tensor.shape]
        total = sum(weight for _, weight in having)
        found[name] = sum(other.float() * (weight / total) for other, weight in having).to(tensor.dtype).contiguous()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("models", nargs="+", help="FILE=WEIGHT: a model file or a run's checkpoint")
    parser.add_argument("--depths", type=int, default=1)
    parser.add_argument("--sharp-shift", type=float, default=0)
    parser.add_argument("--name")
    arguments = parser.parse_args()
    parts = [model.rsplit("=", 1) for model in arguments.models]
    with safe_open(parts[0][0], "pt") as file:
        metadata = file.metadata()
    config = json.loads(metadata["config"])
    tensors = mean([(read(Path(path)), float(weight)) for path, weight in parts], arguments.depths)
    sharp = sum(limit < SHARP_DB for limit in config["classifier"]["thresholds_db"]) + 1
    tensors[LOGITS][sharp:] += arguments.sharp_shift
    if arguments.name:
        config["name"] = arguments.name
    save_file(tensors, arguments.out, metadata | {"config": json.dumps(config, separators=(",", ":"), sort_keys=True)})


if __name__ == "__main__":
    main()
