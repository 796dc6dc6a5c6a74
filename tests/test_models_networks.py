"""The networks' own parts."""

from __future__ import annotations

import pytest
import torch

from musaic.models.config import MlpConfig
from musaic.models.networks import Dropout, MlpDecoder, MlpEncoder


@pytest.mark.parametrize("p", [0.0, 0.1, 0.3, 0.5, 0.99])
def test_dropout_silences_its_share_and_keeps_the_mean(p: float) -> None:
    torch.manual_seed(0)
    dropout = Dropout(p)
    x = torch.ones(1001, 307, requires_grad=True)
    y = dropout(x)
    assert (y == 0).float().mean().item() == pytest.approx(p, abs=0.006)
    assert y.mean().item() == pytest.approx(1.0, abs=0.05)
    assert len(y.unique()) <= 2
    y.sum().backward()
    assert torch.equal(x.grad, y)
    for axis in (0, 1):
        assert (y == 0).float().mean(dim=axis).std().item() < 0.04
    dropout.eval()
    assert torch.equal(dropout(x), x)


def test_every_bit_of_a_random_byte_is_used() -> None:
    """The bytes come eight at a time; none of the eight may be different from the others."""
    torch.manual_seed(0)
    kept = Dropout(0.5)(torch.ones(80_000)).reshape(-1, 8).mean(dim=0)
    assert kept.sub(1.0).abs().max().item() < 0.04


@pytest.mark.parametrize("widths", [(), (7,), (9, 4)])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_shapes(widths: tuple[int, ...], norm: str) -> None:
    config = MlpConfig(widths=widths, norm=norm)  # type: ignore[arg-type]
    mean, log_variance = MlpEncoder(5, 3, config)(torch.randn(4, 5))
    assert mean.shape == log_variance.shape == (4, 3)
    assert MlpDecoder(3, 5, config)(mean).shape == (4, 5)
