"""Pairs made once and used several times: on a CPU, making every patch anew would cost as much as learning from it."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from .blur import BlurMaker


class RenewedPool:
    """`capacity` pairs, of which the oldest gives way to a new one so often that each is used about `uses` times. What a pair
    is, and how `_make` makes some, is a subclass's."""

    MADE_AT_ONCE = 2

    def __init__(self, capacity: int, uses: float):
        self.capacity, self.uses = capacity, uses
        self.pairs: list = []
        self.next = 0
        self.owed = 0.0

    def _make(self, count: int) -> None:
        raise NotImplementedError

    def _clear(self) -> None:
        self.pairs, self.next = [], 0

    def _keep(self, pair) -> None:
        if len(self.pairs) < self.capacity:
            self.pairs.append(pair)
        else:
            self.pairs[self.next] = pair
            self.next = (self.next + 1) % self.capacity

    def _renew(self, count: int) -> None:
        """Before `count` pairs are taken. A young pool grows with what is taken from it; it need not be full before the
        first step."""
        self.owed += count / self.uses
        if len(self.pairs) < min(self.capacity, 4 * count):
            self._make(4 * count)
        whole = int(self.owed) // self.MADE_AT_ONCE * self.MADE_AT_ONCE
        if whole:
            self._make(whole)
            self.owed -= whole


class PairPool(RenewedPool):
    """`capacity` pairs of `side` pixels as bytes. A batch is crops of as many of them, each flipped, turned and with its
    channels in another order; every so many patches the oldest pair gives way to a new one, so that a pair is used about
    `uses` times."""

    ORDERS = list(itertools.permutations(range(3)))

    def __init__(self, maker: BlurMaker, capacity: int, side: int, uses: float):
        super().__init__(capacity, uses)
        self.maker, self.side = maker, side

    def state(self) -> dict:
        return {"pairs": self.pairs, "next": self.next, "owed": self.owed, "side": self.side}

    def restore(self, state: dict) -> None:
        """A pool that held more than this one's capacity is cut to it."""
        self.side, self.owed = max(self.side, state["side"]), state["owed"]
        self._clear()
        if state["side"] == self.side:
            device = self.maker.store.device
            self.pairs = [pair.to(device) for pair in state["pairs"][:self.capacity]]
            self.next = state["next"] % self.capacity if len(self.pairs) == self.capacity else 0

    def _make(self, count: int) -> None:
        """Made by twos: an object that moves is cut from the other photograph of the two."""
        for _ in range(0, count, 2):
            for blurred, sharp in zip(*self.maker.batch(2, self.side)):
                self._keep((torch.stack([blurred, sharp]) * 255).round().byte())

    @torch.no_grad()
    def batch(self, count: int, patch: int) -> tuple[Tensor, Tensor]:
        """(blurred, sharp), each [count, 3, patch, patch] in 0…1."""
        if patch > self.side:
            self.side = patch
            self._clear()
        self._renew(count)
        draw = self.maker.generator
        which = torch.randint(0, len(self.pairs), (count,), generator=draw).tolist()
        corners = torch.randint(0, self.side - patch + 1, (count, 2), generator=draw).tolist()
        turns = torch.randint(0, 8, (count,), generator=draw).tolist()
        orders = [self.ORDERS[i] for i in torch.randint(0, 6, (count,), generator=draw).tolist()]
        patches = []
        for pair, (top, left), turn, order in zip(which, corners, turns, orders):
            crop = self.pairs[pair][:, order, top:top + patch, left:left + patch]
            crop = torch.rot90(crop, turn & 3, (2, 3))
            patches.append(crop.flip(3) if turn & 4 else crop)
        both = torch.stack(patches, dim=1).float() / 255
        return both[0], both[1]
