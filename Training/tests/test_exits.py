"""Increments, exit tables and the choice of τ (Eq. 12, 13) on scores made up for it."""

import pytest

from deblur_training.evaluation.exits import derive, exit_table, increments, outcome, pick_tau
from deblur_training.evaluation.score import TileScores


def test_increments_and_exit_tables():
    scores = [TileScores("a", 0, 0, [20, 21, 21.5]), TileScores("b", 0, 1, [22, 22.5, 22.5]),
              TileScores("c", 1, 1, [30, 30.2, 30.21]), TileScores("d", 2, 2, [45, 40, 41])]
    gains = increments(scores, 4)
    assert gains[0] == pytest.approx([0.75, 0.25]) and gains[3] == [None, None]
    assert exit_table(gains, 0.05) == [2, 1, 0, 2]
    assert exit_table(gains, 0.3) == [1, 0, 0, 2]
    o = outcome(scores, [2, 1, 0, 2])
    assert o.psnr == pytest.approx((21.5 + 22.5 + 30.2 + 45) / 4) and o.d_rate == pytest.approx(4 / 8)
    assert outcome(scores, 2).worst == pytest.approx(-4) and outcome(scores, 2).worse == 0.25
    assert outcome(scores, exit_table(gains, pick_tau(scores, gains))).d_rate <= 0.85


def test_sharp_inputs_do_not_hide_what_a_lean_table_costs():
    blurred = [TileScores("a", 0, 0, [20, 20.4, 20.8]), TileScores("b", 1, 1, [27, 27.3, 27.31])] * 10
    sharp = [TileScores("s", 2, 2, [100, 50, 45])] * 3
    gains, tau, table, rows = derive(blurred, sharp, 3, None, 0.03)
    assert table == [2, 1, 0] and rows[0]["psnr"] == pytest.approx(24.055)
    # With them counted in, leaving everything as it came would pass for no loss at all.
    assert exit_table(gains, pick_tau(blurred + sharp, gains, 0.03)) == [0, 0, 0]
    assert derive(blurred, sharp, 3, 0.35, 0.03)[1:3] == (0.35, [2, 0, 0])
