"""The backward pass that recomputes each sub-decoder's input from its output (Eq. 10) instead of storing it.

Kept from the forward pass: the last state, the feature maps of the encoder's scale 1/16, and nothing per sub-decoder
but the 3-channel residuals that the loss needs. Going back through a level computes its module once, with gradients on:
the value inverts the level, the graph gives its gradients. So the extra cost is one forward pass of the chain.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from .adarevd import AdaRevD


def reversible_residuals(model: "AdaRevD", features: list[Tensor]) -> tuple[Tensor, ...]:
    parameters = [p for module in (model.subdenets, model.outputs) for p in module.parameters()]
    return _Chain.apply(model, len(parameters), *features, *parameters)


class _Chain(torch.autograd.Function):
    @staticmethod
    def forward(ctx, model: "AdaRevD", count: int, *tensors: Tensor):
        features, parameters = tensors[:-count], tensors[-count:]
        ctx.model, ctx.parameters = model, parameters
        ctx.autocast = _autocast_state(features[0].device.type)
        state = model.first_state(list(features))
        residuals = []
        for sub_decoder, head in zip(model.subdenets, model.outputs):
            state = sub_decoder(features[4], state)
            residuals.append(head(state[3]))
        ctx.save_for_backward(features[4], *state)
        return tuple(residuals)

    @staticmethod
    def backward(ctx, *residual_grads: Tensor):
        f4, *state = ctx.saved_tensors
        model: AdaRevD = ctx.model
        walk = _Walk(f4, tuple(state))
        with ctx.autocast():
            for j in reversed(range(len(model.subdenets))):
                walk.back_through_head(model.outputs[j], residual_grads[j])
                walk.back_through(model.subdenets[j])
        d4, d3, d2, d1 = walk.grads
        features = (d1, d2, d3, d4, walk.f4_grad)
        return None, None, *features, *(walk.parameter_grads.get(id(p)) for p in ctx.parameters)


class _Walk:
    """State and gradients while going back through the chain."""

    def __init__(self, f4: Tensor, state: tuple[Tensor, ...]):
        self.f4 = f4
        self.state = list(state)  # d4, d3, d2, d1 after the current sub-decoder, then before it
        self.grads: list[Tensor | None] = [None, None, None, None]
        self.f4_grad: Tensor | None = None
        self.parameter_grads: dict[int, Tensor] = {}

    def back_through_head(self, head: nn.Module, grad: Tensor | None) -> None:
        if grad is None:
            return
        with torch.enable_grad():
            d1 = self.state[3].detach().requires_grad_()
            out = head(d1)
        self.grads[3] = _sum(self.grads[3], self._gradients(out, grad, head, [d1])[0])

    def back_through(self, sub_decoder: nn.Module) -> None:
        # Fine to coarse: level n reads the new coarser map and the old finer one, both known by then.
        for n in (3, 2, 1, 0):
            coarser = self.f4 if n == 0 else self.state[n - 1]
            inputs = [coarser] if n == 3 else [coarser, self.state[n + 1]]
            inputs = [x.detach().requires_grad_() for x in inputs]
            with torch.enable_grad():
                out = getattr(sub_decoder, f"level{n}")(*inputs)
            stored = getattr(sub_decoder, f"alpha{n}")
            alpha = sub_decoder.alpha(n).detach()
            with torch.no_grad():
                # In place of a new tensor where possible is not worth its bugs: a map here is short-lived.
                old = (self.state[n] - out) / alpha
            self.state[n] = old
            grad = self.grads[n]
            if grad is None:
                continue  # nothing behind this level reached the loss (d2…d4 of the last sub-decoder before its d1)
            input_grads = self._gradients(out, grad, getattr(sub_decoder, f"level{n}"), inputs)
            if n == 0:
                self.f4_grad = _sum(self.f4_grad, input_grads[0])
            else:
                self.grads[n - 1] = _sum(self.grads[n - 1], input_grads[0])
            if n < 3:
                self.grads[n + 1] = _sum(self.grads[n + 1], input_grads[1])
            if stored.requires_grad:
                self._add(stored, (grad * old).sum(dim=(0, 2, 3), keepdim=True).to(stored.dtype))
            self.grads[n] = grad * alpha

    def _gradients(self, out: Tensor, grad: Tensor, module: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
        parameters = [p for p in module.parameters() if p.requires_grad]
        found = torch.autograd.grad(out, [*inputs, *parameters], grad.to(out.dtype), allow_unused=True)
        for p, g in zip(parameters, found[len(inputs):]):
            if g is not None:
                self._add(p, g)
        return list(found[:len(inputs)])

    def _add(self, parameter: Tensor, grad: Tensor) -> None:
        self.parameter_grads[id(parameter)] = _sum(self.parameter_grads.get(id(parameter)), grad)


def _sum(a: Tensor | None, b: Tensor) -> Tensor:
    return b if a is None else a + b


def _autocast_state(device_type: str):
    """The forward pass's autocast, to be entered again: autograd runs backward functions outside it."""
    if not torch.is_autocast_enabled(device_type):
        return contextlib.nullcontext
    dtype = torch.get_autocast_dtype(device_type)
    # Weight casts are not cached: the cache would hold on to casts made without gradients in the forward pass.
    return lambda: torch.autocast(device_type, dtype=dtype, cache_enabled=False)
