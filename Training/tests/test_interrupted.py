"""Runs that are stopped, killed, poisoned, changed or begun anew."""

import os
import signal

import pytest
import torch
from test_training import recipe, same, store, trainer  # noqa: F401 (store is a fixture)

from deblur_training.cli import main
from deblur_training.commands.train import summary_writer
from deblur_training.network import AdaRevD
from deblur_training.training.clock import Clock
from deblur_training.training.recipe import Recipe
from deblur_training.training.setup import stop_on_termination
from deblur_training.training.state import read_state
from deblur_training.training.trainer import Trainer


def pooled():
    own = recipe()
    own.phases["joint"].pool, own.phases["joint"].pool_side = 6, 48
    return own


def test_a_run_with_a_pool_resumes_exactly(store, tmp_path):  # noqa: F811
    straight = trainer(store, tmp_path / "straight", own=pooled())
    assert straight.train()
    broken = trainer(store, tmp_path / "broken", own=pooled())
    step, stop = broken.step, lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    broken.step = lambda: step() if broken.clock.step < 3 else stop()
    with pytest.raises(KeyboardInterrupt):
        broken.train()
    again = trainer(store, tmp_path / "broken", own=pooled())
    again.resume()
    assert again.clock.step == 3 and len(again.pairs.pairs) == 6 and again.train()
    assert same(straight.model.state_dict(), again.model.state_dict())
    assert same(straight.average.state(), again.average.state())


def test_a_pool_of_another_step_is_left_alone(store, tmp_path):  # noqa: F811
    run = trainer(store, tmp_path, own=pooled())
    run.step()
    run._save_pool()
    run.step()
    run.save()
    again = trainer(store, tmp_path, own=pooled())
    again.resume()
    assert again.clock.step == 2 and not again.pairs.pairs
    again.step()


def test_a_termination_saves_the_run(store, tmp_path):  # noqa: F811
    run = trainer(store, tmp_path)
    step = run.step

    def terminated():
        if run.clock.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step()
    run.step = terminated
    before = signal.getsignal(signal.SIGTERM)
    try:
        stop_on_termination()
        with pytest.raises(KeyboardInterrupt):
            run.train()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert read_state(tmp_path / "last.pt")["step"] == 2


@pytest.mark.parametrize("log_every", [1, 1000])
def test_a_poisoned_run_keeps_its_last_sound_checkpoint(store, tmp_path, log_every):  # noqa: F811
    run = trainer(store, tmp_path, steps=9)
    step = run.step

    def poisoned():
        if run.clock.step == 3:
            with torch.no_grad():
                run.model.encoder.intro.weight[0] = float("nan")
        return step()
    run.step = poisoned
    with pytest.raises(FloatingPointError, match="last.pt"):
        run.train(save_every=-1, log_every=log_every)  # saves after every step
    state = read_state(tmp_path / "last.pt")
    assert state["step"] == 3 and all(v.isfinite().all() for v in state["parameters"].values())


def test_a_score_that_is_no_number_is_not_the_best(store, tmp_path):  # noqa: F811
    run = trainer(store, tmp_path)
    run._validate(lambda network: float("nan"))
    assert run.best is None and not (tmp_path / "best.pt").exists()


def test_what_a_killed_run_had_logged_is_not_logged_twice(store, tmp_path):  # noqa: F811
    run = trainer(store, tmp_path, steps=8)
    run.clock.total_steps = 4
    run.train(log_every=1)
    kept = (tmp_path / "last.pt").read_bytes()
    run.clock.total_steps = 7
    run.train(log_every=1)
    with open(tmp_path / "joint.csv", "a") as log:
        log.write("8,1.5,0.9")  # a row that the kill cut short
    (tmp_path / "last.pt").write_bytes(kept)
    again = trainer(store, tmp_path, steps=8)
    again.resume()
    again.train(log_every=1)
    rows = (tmp_path / "joint.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == [str(i) for i in range(1, 9)]


def test_a_fresh_run_leaves_nothing_of_the_old_one(store, tmp_path):  # noqa: F811
    run = trainer(store, tmp_path, steps=2, own=pooled())
    run.train(validate=lambda network: 1.0)
    assert {p.name for p in tmp_path.iterdir()} == {"last.pt", "best.pt", "joint.csv", "pool.pt"}
    run.start_afresh()
    assert not list(tmp_path.iterdir())


def test_a_longer_phase_goes_on_and_the_recipe_of_now_holds(store, tmp_path):  # noqa: F811
    run = trainer(store, tmp_path, steps=3)
    assert run.train()
    own = recipe()
    own.phases["joint"].betas, own.phases["joint"].weight_decay = (0.9, 0.99), 0.5
    longer = trainer(store, tmp_path, steps=6, own=own)
    longer.resume()
    assert longer.clock.progress == 0.5 and longer.train() and longer.clock.step == 6
    group = longer.optimizer.param_groups[0]
    assert group["betas"] == (0.9, 0.99) and group["weight_decay"] == 0.5


def test_a_run_of_other_sizes_is_refused_in_words(store, tmp_path):  # noqa: F811
    trainer(store, tmp_path).save()
    own = recipe()
    own.model.encoder_blocks = [1, 1, 1, 4]
    with pytest.raises(ValueError, match="--init"):
        trainer(store, tmp_path, own=own).resume()


def test_validation_of_a_ufpnet_draws_no_noise(store, tmp_path):  # noqa: F811
    own = Recipe.from_json({"model": {"width": 4, "encoder_blocks": [1, 1, 1, 1], "sub_decoders": 1, "encoder": "UFPNet"},
                            "phases": {"joint": {"stages": [{"until": 1, "patch": 32, "batch": 1}]}}})
    run = Trainer(own, "joint", AdaRevD(own.model), store, Clock(total_steps=2), tmp_path)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    seen, before = [], torch.get_rng_state()
    with torch.no_grad():
        for _ in range(2):
            run._validate(lambda network: seen.append(network.encoder(image)[0]) or 0.0)
    assert torch.equal(*seen) and torch.equal(before, torch.get_rng_state())
    assert run.model.encoder.noise  # and on again for the steps


def test_the_log_goes_to_tensorboard_too(store, tmp_path):  # noqa: F811
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trainer(store, tmp_path, steps=3)
    run.board = summary_writer(tmp_path)
    run.train(log_every=1, validate=lambda network: 0.25)
    run.board.close()
    found = EventAccumulator(str(tmp_path))
    found.Reload()
    assert [e.step for e in found.Scalars("joint/loss")] == [1, 2, 3]
    assert found.Scalars("joint/validation")[0].value == 0.25


def test_runs_go_on_from_their_mean(store, tmp_path):  # noqa: F811
    runs = []
    for seed, steps in ((1, 2), (2, 3)):
        own = pooled()
        own.seed = seed
        run = trainer(store, tmp_path / str(seed), own=own)
        for _ in range(steps):
            run.step()
        run.clock.seconds = 60.0 / steps  # the furthest by steps took the shortest time
        run.save()
        run._save_pool()
        runs.append(run)
    before = [read_state(run.checkpoint) for run in runs]
    folders = [str(run.run) for run in runs]
    assert main(["average", *folders]) == 0
    after = [read_state(run.checkpoint) for run in runs]
    for kind in ("parameters", "average"):
        assert same(after[0][kind], after[1][kind])
        for name, value in after[0][kind].items():
            assert torch.allclose(value, (before[0][kind][name] + before[1][kind][name]) / 2, atol=1e-7), name
    first, second = (state["optimizer"]["state"][0] for state in before)
    mean = after[0]["optimizer"]["state"][0]
    assert torch.allclose(mean["exp_avg"], (first["exp_avg"] + second["exp_avg"]) / 2) and mean["step"] == second["step"]
    assert [state["step"] for state in after] == [3, 3]
    for state, old in zip(after, before):
        assert torch.equal(state["blur"]["generator"], old["blur"]["generator"])
    assert not torch.equal(after[0]["blur"]["generator"], after[1]["blur"]["generator"])
    again = trainer(store, tmp_path / "1", own=pooled())
    again.resume()
    assert again.clock.step == 3 and len(again.pairs.pairs) == 6  # the pool goes on too
    again.step()
    again.save()  # its pool is now of an earlier step
    assert main(["average", *folders]) == 0
    last = trainer(store, tmp_path / "1", own=pooled())
    last.resume()
    assert last.clock.step == 4 and not last.pairs.pairs


def test_a_mean_of_plans_by_minutes_goes_on_from_the_longest_trained(store, tmp_path):  # noqa: F811
    for seconds, steps in ((40.0, 1), (20.0, 2)):
        run = trainer(store, tmp_path / str(steps))
        for _ in range(steps):
            run.step()
        run.clock = Clock(total_seconds=60.0, step=steps, seconds=seconds)
        run.save()
    assert main(["average", str(tmp_path / "1"), str(tmp_path / "2")]) == 0
    assert [read_state(tmp_path / name / "last.pt")["seconds"] for name in ("1", "2")] == [40.0, 40.0]
    assert [read_state(tmp_path / name / "last.pt")["step"] for name in ("1", "2")] == [1, 1]


def test_runs_without_a_mean_are_refused_and_left_alone(store, tmp_path, capsys):  # noqa: F811
    for phase in ("joint", "classifier"):
        trainer(store, tmp_path / phase, phase).save()
    kept = [(tmp_path / phase / "last.pt").read_bytes() for phase in ("joint", "classifier")]
    assert main(["average", str(tmp_path / "joint"), str(tmp_path / "classifier")]) == 1
    assert main(["average", str(tmp_path / "joint"), str(tmp_path / "joint")]) == 1
    assert [(tmp_path / phase / "last.pt").read_bytes() for phase in ("joint", "classifier")] == kept
    trainer(store, tmp_path / "young").save()
    assert main(["average", str(tmp_path / "joint"), str(tmp_path / "young")]) == 1
    said = capsys.readouterr().err
    assert "several phases" in said and "a folder of its own" in said and "without a step" in said
