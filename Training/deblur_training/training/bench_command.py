from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--patches", default="128,256,384")
    parser.add_argument("--megapixels", default="0.5,1,2", help="of a batch")
    parser.add_argument("--variants", default="plain,channels-last,reversible",
                        help="also: compile, fp32")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=25, help="at most, per row")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--flags", type=Path, help="writes the fastest variant's options for `train` to this file")


def run(arguments: Namespace) -> None:
    import copy
    import tempfile
    import time

    import torch

    from ..data.photos import PhotoStore
    from ..network import AdaRevD
    from .clock import Clock
    from .recipe import Recipe, Stage
    from .setup import chosen_device, compile_blocks, wait
    from .trainer import Trainer

    device = chosen_device(arguments.device)
    store = PhotoStore.open(arguments.photos, device)

    def now() -> float:
        wait(device)
        return time.monotonic()

    best = (0.0, "")
    flags = {"plain": "--reversible off", "channels-last": "--reversible off --channels-last",
             "reversible": "--reversible on", "compile": "--reversible off --compile",
             "fp32": "--reversible off --precision fp32"}
    print("variant, patch, batch: milliseconds per step (of them blur), megapixels/s, patches/s, peak GiB", flush=True)
    for variant in arguments.variants.split(","):
        for patch in map(int, arguments.patches.split(",")):
            for megapixels in map(float, arguments.megapixels.split(",")):
                recipe = copy.deepcopy(Recipe.read(arguments.recipe))
                batch = max(1, round(megapixels * 1e6 / patch**2))
                options = recipe.phase("joint")
                options.stages, options.reversible = [Stage(1, patch, batch)], variant == "reversible"
                precision = "bf16" if device.type == "cuda" and variant != "fp32" else "fp32"
                if device.type == "cuda":
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                with tempfile.TemporaryDirectory() as folder:
                    trainer = Trainer(recipe, "joint", AdaRevD(recipe.model), store, Clock(total_steps=10**6),
                                      Path(folder), precision, variant == "channels-last")
                    if variant == "compile":
                        compile_blocks(trainer.model)
                    try:
                        for _ in range(2):
                            trainer.step()
                        begin, steps = now(), 0
                        while steps < arguments.steps and (steps == 0 or time.monotonic() - begin < arguments.seconds):
                            trainer.step()
                            steps += 1
                        step = (now() - begin) / steps
                        batch = options.stages[0].batch  # one that did not fit was halved
                        begin = now()
                        trainer.maker.batch(batch, patch)
                        blur = now() - begin
                    except torch.OutOfMemoryError:
                        print(f"{variant}, {patch}, {batch}: out of memory", flush=True)
                        continue
                peak = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else float("nan")
                print(f"{variant}, {patch}, {batch}: {step * 1e3:.0f} ({blur * 1e3:.0f}), "
                      f"{batch * patch**2 / step / 1e6:.1f}, {batch / step:.1f}, {peak:.1f}", flush=True)
                best = max(best, (batch * patch**2 / step, flags[variant]))
                del trainer
    if arguments.flags:
        arguments.flags.write_text(best[1] + "\n")
