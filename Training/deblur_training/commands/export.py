from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path, help="last.pt or best.pt of a run")
    parser.add_argument("out", type=Path, help="model file: .safetensors, or .pth in the published form")
    parser.add_argument("--dtype", choices=["fp32", "fp16", "bf16"], default="bf16")
    parser.add_argument("--name", help="the model's name in its metadata")
    parser.add_argument("--raw", action="store_true", help="the parameters themselves, not their averages")
    parser.add_argument("--no-classifier", action="store_true", help="leave the classifier out")


def run(arguments: Namespace) -> None:
    from ..network import AdaRevD
    from ..network.checkpoint import save_model, save_pth
    from ..training.recipe import Recipe
    from ..training.state import average_of

    state, tensors = average_of(arguments.checkpoint)
    recipe = Recipe.from_json(state["recipe"])
    config = recipe.model
    config.name = arguments.name or config.name
    if arguments.no_classifier:
        config.classifier_type = None
    tensors = state["parameters"] if arguments.raw else tensors
    model = AdaRevD(config)
    model.load_state_dict({k: v for k, v in tensors.items() if config.classifier_type or not k.startswith("ape.")})
    if config.classifier_type == "hard_simple" and config.exit_table is None:
        # Until `calibrate` has measured one: every tile goes all the way.
        config.exit_table = [config.sub_decoders] * config.classes
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    if arguments.out.suffix == ".pth":
        save_pth(model, arguments.out, arguments.dtype)
    else:
        save_model(model, arguments.out, arguments.dtype, config)
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB, step {state['step']}, best {state['best']}")
