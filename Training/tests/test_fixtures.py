"""The committed fixtures: float64 gives them again, float32 comes as near as it can, and each likely mistake would be seen."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import REPOSITORY
from precision import check, recorded, truth_and_room

from deblur_training.fixtures.parameters import TensorRecipe, uniform
from deblur_training.network import AdaRevD, ModelConfig, blocks
from deblur_training.network.checkpoint import load_model, parameters_sha256, read_tensors
from deblur_training.network.inference import ExitRule, restore

FIXTURES = REPOSITORY / "Tests" / "Fixtures" / "network"
CASES = sorted(p.parent.name for p in FIXTURES.glob("*/config.json"))


def load(case):
    folder = FIXTURES / case
    config = json.loads((folder / "config.json").read_text())
    image = torch.from_numpy(np.load(folder / config["input"]))
    if config["weights"]:
        model = load_model(folder / config["weights"][0])
        if "classifier" in config:
            own, _ = read_tensors(folder / config["classifier"])
            model.config.classifier_type, model.config.dx = config["classifier_type"], config["dx"]
            fresh = AdaRevD(model.config)
            rest = {k: v for k, v in model.state_dict().items() if not k.startswith("ape.")}
            fresh.load_state_dict(rest | {f"ape.{k}": v.float() for k, v in own.items()})
            model = fresh.eval()
    else:
        model = AdaRevD(ModelConfig(config["width"], config["enc_blk_nums"], config["sub_decoders"],
                                    encoder=config["encoder"])).eval()
        recipes = json.loads((folder / config["stored_dtype"]).read_text())
        model.load_state_dict({r["name"]: torch.from_numpy(TensorRecipe(**r).values()) for r in recipes})
    assert parameters_sha256(model.state_dict()) == config["parameters_sha256"]
    return folder, config, model, image


def run(config, model, image, blend="edge_safe"):
    rule = ExitRule(tau=config["exit_threshold"], table=config["exit_idx"],
                    fixed=config["sub_decoders"] if config["mode"] == "tile" else None)
    return restore(model, image, rule, config["mode"] == "A", blend, config["tile"], config["overlap"])


@pytest.mark.parametrize("case", CASES)
def test_float64_gives_them_and_float32_comes_near(case):
    folder, config, model, image = load(case)
    exits = [t["exit"] for t in json.loads((folder / "tiles.json").read_text())]
    styles = {"edge_safe": "expected_edge_safe.npy", "authors": "expected.npy"}

    def outputs(model):
        given = image.to(next(model.parameters()).dtype)
        done = {style: run(config, model, given, style) for style, file in styles.items() if (folder / file).exists()}
        assert all([t.exit for t in d.tiles] == exits for d in done.values())
        return {style: d.image for style, d in done.items()}

    truth, room = truth_and_room(model, outputs)
    for style, value in outputs(model).items():
        stored = np.load(folder / styles[style])
        # Rounded to float32 once: half a unit in the last place, and a hair for the order of float64's own sums.
        assert (np.abs(truth[style].numpy() - stored) <= 0.501 * np.spacing(np.abs(stored))).all()
        check(style, value, truth[style], room[style])
        recorded(case, style, room[style])


def test_the_recipe_in_words():
    """The generator once more, number by number, as the README tells it."""
    mask = (1 << 64) - 1

    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    start = mix(200_017)
    expected = [(mix((start + (i + 1) * 0x9E3779B97F4A7C15) & mask) >> 40) / 2**23 - 1 for i in range(50)]
    assert uniform(200_017, 50).tolist() == expected


def wrong_irfft(spectrum, height, width):
    return torch.fft.ifft2(torch.cat([spectrum, spectrum[..., 1:-1].flip(-1).conj()], -1)).real


MISTAKES = {
    "norm eps 1e-5": lambda m, p: [setattr(x, "eps", 1e-5) for x in m.modules() if isinstance(x, blocks.ChannelNorm)],
    "fuse eps 1e-6": lambda m, p: [setattr(x.body, "eps", 1e-6) for x in m.modules() if isinstance(x, blocks.FuseNorm)],
    "tanh GELU": lambda m, p: p.setattr(blocks.F, "gelu", lambda x, g=F.gelu: g(x, approximate="tanh")),
    "spectrum mirrored instead of Hermitian": lambda m, p: p.setattr(blocks, "inverse_real_transform", wrong_irfft),
    "no complex bias": lambda m, p: [x.complex_conv2.bias.zero_() for x in m.modules()
                                  if isinstance(x, blocks.FourierConv)],
    "α without its sign": lambda m, p: [a.abs_() for n, a in m.named_parameters() if ".alpha" in n],
    "features unscaled": lambda m, p: [a.fill_(1) for a in m.conv_features],
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_seen(mistake, monkeypatch):
    folder, config, model, image = load("nafnet_tile")
    with torch.no_grad():
        MISTAKES[mistake](model, monkeypatch)
        done = run(config, model, image)
    expected = np.load(folder / "expected_edge_safe.npy")
    # Three times the tolerance of the engine's tests.
    assert np.abs(done.image.numpy() - expected).max() > 6e-4 * (expected - image.numpy()).std()


def test_a_wrong_eps_in_the_classifier_is_seen():
    folder, _, model, image = load("nafnet_tile")
    expected = np.load(folder / "activations" / "logits.npy")
    with torch.no_grad():
        assert np.abs(model.logits(model.features(image[None]))[0].numpy() - expected).max() < 1e-3
        model.ape[2].classifier[0].eps = 1e-5
        assert np.abs(model.logits(model.features(image[None]))[0].numpy() - expected).max() > 1e-2
