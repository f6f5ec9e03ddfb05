"""Eq. 9 and 10: the inverse is exact, and the backward pass built on it gives autograd's gradients."""

import pytest
import torch

from deblur_training.fixtures.parameters import fill
from deblur_training.network import AdaRevD, ModelConfig
from deblur_training.training.loss import restoration_loss


def network(dtype, sub_decoders=4, seed=11):
    model = AdaRevD(ModelConfig(8, [1, 1, 1, 1], sub_decoders, classifier_type=None)).to(dtype)
    with torch.no_grad():
        fill(model, seed)
    return model


def gradients(model, reversible, frozen_encoder=False):
    generator = torch.Generator().manual_seed(5)
    blurred, sharp = torch.rand(2, 2, 3, 32, 48, generator=generator, dtype=next(model.parameters()).dtype)
    for p in model.encoder.parameters():
        p.requires_grad_(not frozen_encoder)
    model.zero_grad()
    features = model.features(blurred)
    restoration_loss(model.residuals(features, reversible), blurred, sharp, 0.01).backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-4), (torch.float64, 1e-8)])
def test_gradients_equal_autograds(dtype, tolerance, frozen):
    model = network(dtype)
    plain, reversible = gradients(model, False, frozen), gradients(model, True, frozen)
    assert plain.keys() == reversible.keys()
    for name, expected in plain.items():
        assert (expected - reversible[name]).abs().max() <= tolerance * expected.abs().max(), name


def test_one_step_of_the_optimiser_is_the_same():
    moved = []
    for reversible in (False, True):
        model = network(torch.float64, sub_decoders=2)
        for name, gradient in gradients(model, reversible).items():
            parameter = model.get_parameter(name)
            parameter.data.sub_(0.01 * gradient)
        moved.append(model.state_dict())
    assert all(torch.allclose(moved[0][k], moved[1][k], rtol=1e-9, atol=1e-12) for k in moved[0])


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-4), (torch.float64, 1e-12)])
def test_the_inverse_gives_the_features_back(dtype, tolerance):
    model = network(dtype)  # |α| from 0.5 to 1, half of them negative
    with torch.no_grad():
        features = model.features(torch.rand(1, 3, 48, 32, dtype=dtype, generator=torch.Generator().manual_seed(1)))
        *_, state = model.states(features)
        for sub_decoder in reversed(model.subdenets):
            state = sub_decoder.inverse(features[4], state)
    for got, expected in zip(state, model.first_state(features)):
        assert (got - expected).abs().max() <= tolerance * expected.abs().max()


def test_nothing_is_stored_per_sub_decoder():
    """Bytes that autograd keeps for the backward pass grow with K by the residuals alone."""
    def kept(sub_decoders, reversible):
        model, seen = network(torch.float32, sub_decoders), {}
        features = [f.detach().requires_grad_() for f in model.features(torch.rand(1, 3, 32, 32))]

        def pack(t):
            if not isinstance(t, torch.nn.Parameter):
                seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
            return t

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            residuals = model.residuals(features, reversible)
        assert len(residuals) == sub_decoders
        return sum(seen.values())

    # Parameters reach the graph as views too; their share is what a second network of the same size adds.
    grown = kept(6, True) - kept(2, True)
    assert grown == 0
    assert kept(6, False) - kept(2, False) > 4 * 8 * 32 * 32 * 4


def test_alpha_stays_away_from_zero():
    model = network(torch.float32, sub_decoders=1)
    sub_decoder = model.subdenets[0]
    with torch.no_grad():
        sub_decoder.alpha2[0, :3, 0, 0] = torch.tensor([1e-5, -1e-5, 0.0])
    assert sub_decoder.alpha(2)[0, :3, 0, 0].tolist() == pytest.approx([1e-3, -1e-3, 0.0])
    sub_decoder.clamp_alpha()
    assert sub_decoder.alpha2[0, :3, 0, 0].tolist() == pytest.approx([1e-3, -1e-3, 1e-3])


def test_reduced_precision_runs_through_the_reversible_pass():
    model = network(torch.float32, sub_decoders=2)
    blurred = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    found = []
    for reversible in (False, True):
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            features = model.features(blurred)
            loss = restoration_loss(model.residuals(features, reversible), blurred, torch.zeros_like(blurred), 0.01)
        loss.backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    # Rounding to bfloat16 differs where a recomputed input differs in its last bit; the direction must not.
    assert torch.cosine_similarity(*found, dim=0) > 0.99
