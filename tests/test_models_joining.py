"""Hidden features of several modalities made one vector; what holds for every registered way of it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from musaic.config import Config
from musaic.errors import UsageError
from musaic.models.inputs import InputError
from musaic.models.vae.fusion_config import FUSIONS, EarlyConfig, FusionConfig
from musaic.models.vae.joining import JOININGS, Joining, Mean, joining

KINDS = sorted(JOININGS)
WIDTHS = {"audio": 5, "lyrics": 3, "descriptors": 4}


class Asked(Config):
    """A configuration with a fusion in it."""

    fusion: FusionConfig = EarlyConfig()


def made(kind: str, **options: Any) -> Joining:
    torch.manual_seed(0)
    return joining(WIDTHS, FUSIONS[kind].parse(options)).eval()  # type: ignore[arg-type]


def tracks(n: int = 12) -> tuple[list[Tensor], Tensor]:
    """Return hidden features, and presence of all sorts but nothing."""
    generator = torch.Generator().manual_seed(1)
    present = torch.tensor([[bits >> m & 1 for m in range(3)] for bits in (np.arange(n) % 7 + 1).tolist()]).float()
    return [torch.randn(n, width, generator=generator) for width in WIDTHS.values()], present


@pytest.mark.parametrize("joint", [(), (64,), (16, 8)])
@pytest.mark.parametrize("kind", KINDS)
def test_the_width_is_as_stated(kind: str, joint: tuple[int, ...]) -> None:
    module = made(kind, joint=joint)
    assert module(*tracks()).shape == (12, module.width)
    assert module.width == (joint[-1] if joint else {"early": 5 + 3 + 4 + 3}.get(kind, 5))


@pytest.mark.parametrize("kind", KINDS)
def test_absent_modalities_never_matter_and_learn_nothing(kind: str) -> None:
    module, (hidden, present) = made(kind, joint=(6,)), tracks()
    plain = module(hidden, present)
    for garbage in (1e30, -7.0, float("nan")):
        spoilt = [h.masked_fill(present[:, [m]] == 0, garbage).requires_grad_() for m, h in enumerate(hidden)]
        found = module(spoilt, present)
        assert torch.equal(found, plain)
        found.square().sum().backward()
        for m, h in enumerate(spoilt):
            assert h.grad is not None
            assert torch.isfinite(h.grad).all()
            assert (h.grad[present[:, m] == 0] == 0).all()
            assert (h.grad[present[:, m] == 1] != 0).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_feature_of_zero_is_not_an_absent_modality(kind: str) -> None:
    module, (hidden, _) = made(kind), tracks()
    hidden[1] = torch.zeros_like(hidden[1])
    here, absent = torch.ones(12, 3), torch.tensor([1.0, 0.0, 1.0]).expand(12, 3)
    assert not torch.isclose(module(hidden, here), module(hidden, absent)).all(dim=1).any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_track_does_not_depend_on_the_company(kind: str) -> None:
    module, (hidden, present) = made(kind, joint=(6,)), tracks()
    whole = module(hidden, present)
    others = [torch.cat([h[:5], 100 * torch.randn_like(h[5:])]) for h in hidden]
    assert torch.equal(module(others, present)[:5], whole[:5])
    torch.testing.assert_close(module([h[3:4] for h in hidden], present[3:4]), whole[3:4])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_present_is_finite(kind: str) -> None:
    hidden, _ = tracks()
    assert torch.isfinite(made(kind)(hidden, torch.zeros(12, 3))).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_low_precision_comes_near(kind: str, dtype: torch.dtype) -> None:
    module, (hidden, present) = made(kind, joint=(6,)), tracks()
    with torch.autocast("cpu", dtype):
        found = module([h.to(dtype) for h in hidden], present)
    torch.testing.assert_close(found.float(), module(hidden, present), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if isinstance(made(kind), Mean)])
def test_weights_are_shares_of_what_is_there(kind: str) -> None:
    module, (hidden, present) = made(kind), tracks()
    assert isinstance(module, Mean)
    weights = module.weights(hidden, present)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(12))
    assert ((weights > 0) == (present > 0)).all()
    spoilt = [h.masked_fill(present[:, m, None] == 0, float("nan")) for m, h in enumerate(hidden)]
    assert torch.equal(module.weights(spoilt, present), weights)
    assert not module.weights(hidden, torch.zeros(12, 3)).any()
    alone = torch.tensor([0.0, 1.0, 0.0]).expand(12, 3)
    torch.testing.assert_close(module(hidden, alone), module.values[1](hidden[1]))


def test_configured_weights_are_renormalised() -> None:
    module, (hidden, _) = made("weighted", weights={"lyrics": 3.0, "descriptors": 2.0}), tracks()
    assert isinstance(module, Mean)
    for here, expected in (((1, 1, 1), (1 / 6, 3 / 6, 2 / 6)), ((1, 1, 0), (1 / 4, 3 / 4, 0)), ((0, 0, 0), (0, 0, 0))):
        weights = module.weights(hidden, torch.tensor(here).expand(12, 3))
        torch.testing.assert_close(weights, torch.tensor(expected, dtype=torch.float32).expand(12, 3))
    with pytest.raises(InputError, match=r"unknown modality 'lirycs' in fusion.weights, did you mean 'lyrics'"):
        made("weighted", weights={"lirycs": 2.0})


def test_attention_is_the_softmax_of_numpy() -> None:
    module, (hidden, present) = made("attention"), tracks()
    parameters = {name: value.detach().numpy().astype(float) for name, value in module.state_dict().items()}
    scores = np.full((12, 3), -np.inf)
    for m, h in enumerate(hidden):
        here = present[:, m].numpy() > 0
        key = np.tanh(h.numpy() @ parameters[f"keys.{m}.weight"].T + parameters[f"keys.{m}.bias"])
        scores[here, m] = (key @ parameters["query.weight"][0])[here]
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert isinstance(module, Mean)
    found = module.weights(hidden, present)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-6)
    values = [
        h.numpy() @ parameters[f"values.{m}.weight"].T + parameters[f"values.{m}.bias"] for m, h in enumerate(hidden)
    ]
    fused = sum(expected[:, [m]] * value for m, value in enumerate(values))
    np.testing.assert_allclose(module(hidden, present).detach().numpy(), fused, atol=1e-5)


def test_one_modality_alone_needs_no_flag() -> None:
    module = joining({"audio": 5}, EarlyConfig())
    h = torch.randn(4, 5)
    assert torch.equal(module([h], torch.ones(4, 1)), h)


@pytest.mark.parametrize("kind", FUSIONS)
def test_a_fusion_is_asked_for_by_name_and_round_trips(kind: str) -> None:
    asked = Asked.parse({"fusion": kind})
    assert type(asked.fusion) is FUSIONS[kind]
    assert Asked.parse(json.loads(json.dumps(asked.plain()))) == asked
    assert Asked.parse({"fusion": {"kind": kind}}) == asked == Asked(fusion=asked.fusion)


def test_what_has_no_meaning_is_refused_in_one_sentence() -> None:
    refusals: list[tuple[Any, str]] = [
        ("pow", "unknown fusion 'pow', did you mean 'poe'"),
        ({"joint": [3]}, "does not say which kind"),
        ({"kind": "poe", "weights": {"গান": 2}}, r"poe fusion cannot take 'weights' \(only late, weighted can\)"),
        ({"kind": "moe", "joint": [64]}, "moe fusion cannot take 'joint'.*it takes dropout"),
        ({"kind": "late", "dropout": 0.2}, "late fusion cannot take 'dropout'.*it takes as_is, weights"),
        ({"kind": "attention", "weights": {"audio": 2}}, "attention fusion cannot take 'weights'"),
        ({"kind": "early", "as_is": ["genre"]}, "early fusion cannot take 'as_is'"),
        ({"kind": "late", "as_iss": ["genre"]}, "late fusion cannot take 'as_iss', did you mean 'as_is'"),
        ({"kind": "late", "as_is": ["genre", "genre"]}, "'genre' more than once"),
        ({"kind": "late", "weights": {"كلمات": 0}}, "the weight of 'كلمات' must be a positive number, not 0"),
        ({"kind": "weighted", "weights": {"audio": float("inf")}}, "positive number, not inf"),
        ({"kind": "weighted", "joint": [0]}, "joint must be whole numbers from 1"),
        ({"kind": "poe", "dropout": 1.0}, "less than 1, not 1.0"),
        ({"kind": ["poe", "moe"]}, "unknown fusion"),
        (7, "fusion"),
    ]
    for fusion, words in refusals:
        with pytest.raises(UsageError, match=words) as refusal:
            Asked.parse({"fusion": fusion})
        assert "\n" not in str(refusal.value)
