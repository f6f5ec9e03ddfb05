from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

# Variants and what asks `train` for them. Unless said otherwise: nothing stored less, bf16 on CUDA and fp32 on a CPU.
FLAGS = {"plain": "", "channels-last": "--channels-last", "reversible": "--reversible on", "compile": "--compile",
         "fp32": "--precision fp32", "bf16": "--precision bf16"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--patches", default="128,256,384")
    parser.add_argument("--megapixels", default="0.5,1,2", help="of a batch")
    parser.add_argument("--variants", default="plain,channels-last,reversible",
                        help=f"of {', '.join(FLAGS)}; several at once joined by +: bf16+channels-last")
    parser.add_argument("--phase", choices=["encoder", "joint"], default="joint", help="encoder: with one sub-decoder")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=25, help="at most, per row")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, help="of the CPU")
    parser.add_argument("--flags", type=Path, help="writes the fastest variant's options for `train` to this file")


def run(arguments: Namespace) -> None:
    import copy
    import tempfile
    import time

    import torch

    from ..data.photos import PhotoStore
    from ..network import AdaRevD
    from ..training.clock import Clock
    from ..training.recipe import Recipe, Stage
    from ..training.setup import chosen_device, compile_blocks, wait
    from ..training.trainer import Trainer

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    variants = [(name, set(name.split("+"))) for name in arguments.variants.split(",")]
    unknown = set().union(*(parts for _, parts in variants)) - FLAGS.keys()
    if unknown:
        raise ValueError(f"no variant {min(unknown)!r}; there are {', '.join(FLAGS)}")
    if any({"fp32", "bf16"} <= parts for _, parts in variants):
        raise ValueError("a variant has one precision")
    device = chosen_device(arguments.device)
    store = PhotoStore.open(arguments.photos, device)

    def now() -> float:
        wait(device)
        return time.monotonic()

    best = (0.0, "")
    print("variant, patch, batch: milliseconds per step (making that batch without a pool), megapixels/s, patches/s, peak GiB", flush=True)
    for variant, parts in variants:
        precision = next((p for p in ("fp32", "bf16") if p in parts), "bf16" if device.type == "cuda" else "fp32")
        flags = ["" if "reversible" in parts else "--reversible off", *(FLAGS[p] for p in sorted(parts))]
        for patch in map(int, arguments.patches.split(",")):
            for megapixels in map(float, arguments.megapixels.split(",")):
                recipe = copy.deepcopy(Recipe.read(arguments.recipe))
                batch = max(1, round(megapixels * 1e6 / patch**2))
                options = recipe.phase(arguments.phase)
                options.stages, options.reversible = [Stage(1, patch, batch)], "reversible" in parts
                if arguments.phase == "encoder":
                    recipe.model.sub_decoders = 1
                if device.type == "cuda":
                    torch.cuda.empty_cache()
                    torch.cuda.reset_peak_memory_stats()
                with tempfile.TemporaryDirectory() as folder:
                    trainer = Trainer(recipe, arguments.phase, AdaRevD(recipe.model), store, Clock(total_steps=10**6),
                                      Path(folder), precision, "channels-last" in parts)
                    if "compile" in parts:
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
                best = max(best, (batch * patch**2 / step, " ".join(filter(None, flags))))
                del trainer
    if arguments.flags:
        arguments.flags.write_text(best[1] + "\n")
