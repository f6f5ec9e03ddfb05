from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ..training.recipe import PHASES


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--recipe", type=Path, required=True, help="JSON file, see recipes/")
    parser.add_argument("--phase", choices=PHASES, default="joint")
    parser.add_argument("--photos", type=Path, required=True, help="packed file (deblur-train pack) or folder")
    parser.add_argument("--run", dest="folder", type=Path, required=True, help="folder of checkpoints and logs")
    parser.add_argument("--init", type=Path, help="start from a model file or a checkpoint of an earlier phase")
    parser.add_argument("--encoder", type=Path, help="start with the encoder of this file")
    parser.add_argument("--seed", type=int, help="in place of the recipe's")
    parser.add_argument("--minutes", type=float, help="stop this command after so much wall clock; run again to go on")
    parser.add_argument("--total-minutes", type=float, help="length of the phase in minutes of training")
    parser.add_argument("--total-steps", type=int, help="length of the phase in steps, in place of minutes")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto", help="auto: bf16 on CUDA")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true", help="torch.compile of the blocks; costs minutes first")
    parser.add_argument("--reversible", choices=["recipe", "on", "off"], default="recipe")
    parser.add_argument("--batch-scale", default="1", help="multiplies every stage's batch; auto: 1, 2 or 4, by what the "
                        "device needs to be busy")
    parser.add_argument("--val", type=Path, help="packed file or folder of photographs to validate on")
    parser.add_argument("--val-pairs", type=int, default=32)
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--log-every", type=int, default=50)
    parser.add_argument("--fresh", action="store_true", help="throw away the run that --run holds")
    parser.add_argument("--tensorboard", action="store_true", help="the log for TensorBoard too (needs that package)")


def run(arguments: Namespace) -> None:
    began = time.monotonic()
    import torch

    from ..data.photos import PhotoStore
    from ..evaluation.pairs import make_pairs
    from ..evaluation.score import mean_gain
    from ..network import AdaRevD
    from ..training.clock import Clock
    from ..training.recipe import Recipe
    from ..training.setup import busy_batch_scale, chosen_device, compile_blocks, initialise, stop_on_termination, take_encoder
    from ..training.trainer import Trainer

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    device = chosen_device(arguments.device)
    recipe = Recipe.read(arguments.recipe)
    options = recipe.phase(arguments.phase)
    if arguments.reversible != "recipe":
        options.reversible = arguments.reversible == "on"
    if arguments.phase == "encoder":
        recipe.model.sub_decoders = 1
    if arguments.seed is not None:
        recipe.seed = arguments.seed
    torch.manual_seed(recipe.seed)
    model = AdaRevD(recipe.model)
    if arguments.init:
        initialise(model, arguments.init, options.further_share)
    if arguments.encoder:
        take_encoder(model, arguments.encoder)
    clock = Clock(arguments.total_steps, arguments.total_minutes and 60 * arguments.total_minutes)
    precision = arguments.precision
    if precision == "auto":
        precision = "bf16" if device.type == "cuda" else "fp32"
    store = PhotoStore.open(arguments.photos, device)
    scale = arguments.batch_scale
    if scale == "auto":
        scale = busy_batch_scale(recipe, arguments.phase, store, precision, arguments.channels_last)
    for stage in options.stages:
        stage.batch = max(1, round(stage.batch * float(scale)))
    trainer = Trainer(recipe, arguments.phase, model, store, clock, arguments.folder, precision,
                      arguments.channels_last)
    if arguments.fresh:
        trainer.start_afresh()
    elif trainer.checkpoint.exists():
        trainer.resume()
        print(f"resumed {arguments.phase} at step {clock.step}, {clock.progress:.1%}", flush=True)
    if arguments.compile:
        compile_blocks(trainer.model)
    validate = None
    if arguments.val and arguments.phase != "classifier":
        pairs = make_pairs(PhotoStore.open(arguments.val), arguments.val_pairs, seed=2024)
        validate = lambda network: mean_gain(network, pairs, device)
    if arguments.tensorboard:
        trainer.board = summary_writer(arguments.folder)
    stop_on_termination()
    done = trainer.train(arguments.minutes, log_every=arguments.log_every, validate=validate, began=began)
    print(f"{arguments.phase}: {'done' if done else f'{clock.progress:.1%} so far, run again to go on'}")
    if trainer.board:
        trainer.board.close()


def summary_writer(folder: Path):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("--tensorboard needs the package tensorboard: pip install tensorboard") from None
    return SummaryWriter(folder)
