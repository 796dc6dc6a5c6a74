"""What a person sees while something is trained."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

from musaic.models import build, parse_config
from musaic.progress import Reporter, elbo_in_words


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_parts_of_the_bound_add_up() -> None:
    row = {"loss": 12.0, "reconstruction": 10.0, "kl": 0.5, "beta": 4.0, "val_loss": float("nan")}
    assert elbo_in_words(row) == "-ELBO 12.0 = reconstruction 10.0 + 4 × KL 0.50"
    assert elbo_in_words(row | {"val_loss": 13.0}).endswith(", held out 13.0")


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
def test_a_training_is_drawn_at_a_terminal_only(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    config = parse_config({"model": "basic-vae", "network": {"widths": [4]}, "training": {"epochs": 3}})
    with Reporter().training("আমার গান", 3) as on_epoch:
        build(config, on_epoch=on_epoch).fit(np.random.default_rng(0).normal(size=(12, 3)))
    assert ("reconstruction" in stream.getvalue()) == stream.isatty()
    assert ("3/3" in stream.getvalue()) == stream.isatty()
