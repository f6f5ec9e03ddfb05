"""One phase of training."""

from __future__ import annotations

import csv
import math
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from ..data.blur import BlurMaker
from ..data.encoded import EncodedPool
from ..data.photos import PhotoStore
from ..data.pool import PairPool
from ..network import AdaRevD
from ..network.classifier import classification_loss, degradation_class
from .clock import Clock, learning_rate, spelled
from .loss import decibel_loss, restoration_loss
from .recipe import PHASES, Recipe, Stage
from .state import Average, cut_log, read_state, write_atomically

COLUMNS = ["step", "seconds", "progress", "rate", "patch", "batch", "loss", "gradient", "blurred_db", "restored_db",
           "accuracy", "patches_per_second"]


class Trainer:
    def __init__(self, recipe: Recipe, phase: str, model: AdaRevD, store: PhotoStore, clock: Clock, run: Path,
                 precision: str = "fp32", channels_last: bool = False):
        self.recipe, self.phase, self.clock, self.run = recipe, phase, clock, run
        self.options = recipe.phase(phase)
        weights, depth = self.options.depth_weights, model.config.sub_decoders
        if weights is not None and len(weights) != depth:
            raise ValueError(f"depth_weights has {len(weights)} weights for {depth} sub-decoders")
        self.device, self.precision, self.channels_last = store.device, precision, channels_last
        self.model = model.to(self.device)
        if channels_last:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.trained = self._choose_parameters()
        self.optimizer = torch.optim.AdamW(self.trained, lr=self.options.rate, betas=self.options.betas,
                                           weight_decay=self.options.weight_decay, fused=True)
        self.average = Average(self.model, self.options.ema**self.options.ema_every)
        own = {name: value for name in ("sharp", "tones") if (value := getattr(self.options, name)) is not None}
        self.maker = BlurMaker(store, recipe.seed, replace(recipe.blur, **own))
        self.pairs = self.maker
        if self.options.pool and self.options.pool_encoded and phase == "classifier":
            self.pairs = EncodedPool(self.maker, self._encoded, self.options.pool, self.options.pool_uses)
        elif self.options.pool:
            self.pairs = PairPool(self.maker, self.options.pool, self.options.pool_side, self.options.pool_uses)
        if hasattr(self.model.encoder, "noise"):
            self.model.encoder.noise = self.options.kernel_noise
        self.best: float | None = None
        run.mkdir(parents=True, exist_ok=True)
        self.checkpoint, self.log, self.pool = run / "last.pt", run / f"{phase}.csv", run / "pool.pt"
        self.board = None  # a SummaryWriter of TensorBoard; gets the columns of the log too

    def _choose_parameters(self) -> list[torch.nn.Parameter]:
        parts = PHASES[self.phase]
        if self.options.classification and self.phase != "classifier":
            if self.model.config.classifier_type != "hard_simple":
                raise ValueError("classification has a weight in the recipe, the model no classifier")
            parts += ("ape",)
        chosen = []
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(name.split(".")[0] in parts)
            if parameter.requires_grad:
                chosen.append(parameter)
        if not chosen:
            raise ValueError(f"phase {self.phase!r} finds nothing to train in this model")
        return chosen

    # Steps

    def autocast(self):
        return torch.autocast(self.device.type, dtype=torch.bfloat16) if self.precision == "bf16" else nullcontext()

    def step(self) -> dict[str, torch.Tensor]:
        """One optimiser step; the numbers stay on the device. A batch too large for the device is halved for good."""
        while True:
            stage = self.options.stage(self.clock.progress)
            try:
                return self._step(stage)
            except torch.OutOfMemoryError:
                if stage.batch == 1:
                    raise
            stage.batch //= 2
            self.optimizer.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()
            print(f"out of memory: batches of {stage.batch} from here on for patches of {stage.patch}", flush=True)

    def _step(self, stage: Stage) -> dict[str, torch.Tensor]:
        blurred, sharp = self.pairs.batch(stage.batch, stage.patch)
        rate = learning_rate(self.options, self.clock.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        with self.autocast():
            losses = self._classifier_losses if self.phase == "classifier" else self._restoration_losses
            numbers = losses(blurred, sharp)
        self.optimizer.zero_grad(set_to_none=True)
        numbers["loss"].backward()
        numbers["gradient"] = torch.nn.utils.clip_grad_norm_(self.trained, self.options.clip or math.inf, foreach=True)
        self.optimizer.step()
        self.model.clamp_alpha()
        if self.clock.step % self.options.ema_every == 0:
            self.average.update(self.clock.step // self.options.ema_every)
        self.clock.tick()
        return {k: v.detach() for k, v in numbers.items()}

    def _restoration_losses(self, blurred, sharp):
        image = blurred.contiguous(memory_format=torch.channels_last) if self.channels_last else blurred
        with torch.set_grad_enabled(self.phase != "decoder"):
            encoded = self.model.encoder(image)
        features = self.model.scaled(encoded)
        residuals = self.model.residuals(features, self.options.reversible)
        if self.options.loss == "psnr":
            loss = decibel_loss(residuals, blurred, sharp, self.options.smallest_error, self.options.depth_weights)
        else:
            loss = restoration_loss(residuals, blurred, sharp, self.options.frequency_weight)
        numbers = {}
        if self.options.classification:
            numbers = self._classification(self.model.classified(features), self._classes(blurred, sharp))
            loss = loss + self.options.classification * numbers["loss"]
        with torch.no_grad():
            restored = (blurred + residuals[-1].float()).clamp(0, 1)
            return numbers | {"loss": loss, "blurred_db": mean_psnr(blurred, sharp),
                              "restored_db": mean_psnr(restored, sharp)}

    @torch.no_grad()
    def _encoded(self, blurred, sharp):
        """(what the classifier sees, the true classes)."""
        with self.autocast():
            features = self.model.classified(self.model.features(blurred))
        return features, self._classes(blurred, sharp)

    def _classes(self, blurred, sharp):
        return degradation_class(blurred, sharp, self.model.config.thresholds_db)

    def _classifier_losses(self, first, second):
        features, labels = (first, second) if isinstance(self.pairs, EncodedPool) else self._encoded(first, second)
        return self._classification(features, labels)

    def _classification(self, features, labels):
        logits = self.model.ape(features)
        return {"loss": classification_loss(logits, labels), "accuracy": (logits.argmax(1) == labels).float().mean()}

    # Runs

    def train(self, minutes: float | None = None, save_every: float = 120, log_every: int = 50,
              validate=None, validate_every: float = 240, began: float | None = None) -> bool:
        """Goes on until the phase is over (True) or `minutes` of wall clock have gone by since `began`, else now (False).
        Saves on the way, at the end, and when interrupted."""
        deadline = math.inf if minutes is None else (began or time.monotonic()) + 60 * minutes
        saved = validated = time.monotonic()
        collected: list[dict[str, torch.Tensor]] = []
        self.model.train()
        self.clock.start()
        since = (self.clock.seconds, 0)
        try:
            while self.clock.progress < 1 and time.monotonic() < deadline:
                collected.append(self.step())
                stage = self.options.stage(self.clock.progress)
                since = (since[0], since[1] + stage.batch)
                if self.clock.step % log_every == 0 or self.clock.progress >= 1:
                    self._synchronize()
                    self._log(collected, since)
                    collected, since = [], (self.clock.seconds, 0)
                if time.monotonic() - saved > save_every:
                    if not sound(collected):
                        self._log(collected, since)  # says so, and stops here
                    self.save()
                    saved = time.monotonic()
                if validate and time.monotonic() - validated > validate_every:
                    self._validate(validate)
                    self.clock.start()  # its time is not training time
                    validated = time.monotonic()
            if collected:
                self._synchronize()
                self._log(collected, since)
        finally:
            if sound(collected):
                self.save()
                self._save_pool()
        if validate:
            self._validate(validate)
            self.save()  # with the score, so that a later run knows what it has to beat
        return self.clock.progress >= 1

    def _synchronize(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def _log(self, collected: list[dict[str, torch.Tensor]], since: tuple[float, int]) -> None:
        means = {k: float(torch.stack([c[k].float() for c in collected]).mean()) for k in collected[0]}
        if not (math.isfinite(means["loss"]) and math.isfinite(means["gradient"])):
            raise FloatingPointError(f"the loss is {means['loss']}, its gradient {means['gradient']} at step "
                                     f"{self.clock.step}; {self.checkpoint}, if there, is sound")
        progress = self.clock.progress
        stage = self.options.stage(progress)
        speed = since[1] / max(1e-9, self.clock.seconds - since[0])
        row = {"step": self.clock.step, "seconds": self.clock.seconds, "progress": progress,
               "rate": learning_rate(self.options, progress), "patch": stage.patch, "batch": stage.batch,
               "patches_per_second": speed, **means}
        fresh = not self.log.exists()
        with open(self.log, "a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            if fresh:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})
        if self.board:
            for name, value in row.items():
                if name != "step":
                    self.board.add_scalar(f"{self.phase}/{name}", value, self.clock.step)
        shown = "  ".join(f"{k} {means[k]:.4g}" for k in means)
        print(f"{self.phase} {progress:6.1%}  step {self.clock.step}  {shown}  {speed:.1f} patches/s of {stage.patch}  "
              f"left {spelled(self.clock.remaining_seconds)}", flush=True)

    def _validate(self, validate) -> None:
        encoder = self.model.encoder
        noise = getattr(encoder, "noise", False)
        self.average.swap()
        self.model.eval()
        if noise:
            encoder.noise = False  # the engine draws none; and the run's own draws must not depend on validation
        try:
            score = validate(self.model)
        finally:
            self.average.swap()
            self.model.train()
            if noise:
                encoder.noise = True
        if self.board:
            self.board.add_scalar(f"{self.phase}/validation", score, self.clock.step)
        best = math.isfinite(score) and (self.best is None or score > self.best)
        print(f"validation {score:.4f}{'  (best so far)' if best else ''}", flush=True)
        if best:
            self.best = score
            self.save("best.pt")

    # Checkpoints

    def save(self, name: str = "last.pt") -> None:
        cpu = lambda tensors: {k: v.detach().cpu() for k, v in tensors.items()}
        write_atomically({
            "recipe": self.recipe.as_json(), "phase": self.phase, "best": self.best, **self.clock.state(),
            "parameters": cpu(self.model.state_dict()), "average": cpu(self.average.state()),
            "optimizer": self.optimizer.state_dict(), "blur": self.maker.state(),
            "torch": torch.get_rng_state()}, self.run / name)

    def _save_pool(self) -> None:
        """The pool of pairs, hundreds of megabytes: when a command ends, not every two minutes."""
        if isinstance(self.pairs, PairPool):
            pairs = self.pairs.state()
            write_atomically(pairs | {"pairs": [p.cpu() for p in pairs["pairs"]], "step": self.clock.step}, self.pool)

    def _resume_pool(self) -> None:
        """Only the pool of the very step: after a kill, the checkpoint is older or newer and the pool is made anew."""
        if isinstance(self.pairs, PairPool) and self.pool.exists():
            state = torch.load(self.pool, map_location="cpu", weights_only=True)
            if state["step"] == self.clock.step:
                self.pairs.restore(state)

    def start_afresh(self) -> None:
        """Leaves nothing of an earlier run in the folder."""
        for path in (self.checkpoint, self.log, self.pool, self.run / "best.pt"):
            path.unlink(missing_ok=True)

    def resume(self, path: Path | None = None) -> None:
        """Continues this phase where a checkpoint stands. A slim one has no moments: they start anew. What the recipe
        says of the optimiser now holds, not what it said then."""
        state = read_state(path or self.checkpoint)
        if state["phase"] != self.phase:
            raise ValueError(f"{self.run} holds a {state['phase']} phase, not {self.phase}; choose another --run")
        own = self.model.state_dict()
        other = [k for k in own.keys() | state["parameters"].keys()
                 if k not in own or k not in state["parameters"] or own[k].shape != state["parameters"][k].shape]
        if other:
            raise ValueError(f"{self.run} holds a model of other sizes than the recipe's ({len(other)} tensors differ, for "
                             f"instance {min(other)}); choose another --run and start from its last.pt with --init")
        self.model.load_state_dict(state["parameters"])
        self.average.load(state["average"])
        if "optimizer" in state:
            self.optimizer.load_state_dict(state["optimizer"])
            for group in self.optimizer.param_groups:
                group["betas"], group["weight_decay"] = tuple(self.options.betas), self.options.weight_decay
        else:
            print("slim checkpoint: the optimiser starts afresh", file=sys.stderr)
        self.maker.restore(state["blur"])
        torch.set_rng_state(state["torch"])
        self.clock.step, self.clock.seconds, self.best = state["step"], state["seconds"], state["best"]
        self._resume_pool()
        cut_log(self.log, self.clock.step)


def sound(collected: list[dict[str, torch.Tensor]]) -> bool:
    """Whether the parameters are: what is not finite once stays so, so the newest numbers tell."""
    return all(bool(torch.isfinite(n[k])) for n in collected[-1:] for k in ("loss", "gradient"))


def mean_psnr(image: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """dB of each image of a batch, at most 60 (equal ones would be infinite), then their mean."""
    mse = (image.float() - truth.float()).square().mean(dim=(1, 2, 3))
    return (-10 * torch.log10(mse.clamp_min(1e-6))).mean()
