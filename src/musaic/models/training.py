"""The training loop: the whole data set is one tensor, an epoch is one permutation of its rows.

Lightning Fabric owns device and precision; everything else is here, in sight.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from musaic.errors import MusaicError
from musaic.models.base import OnEpoch, Row
from musaic.models.config import TrainingConfig
from musaic.models.elbo import Terms, beta_at

LEAST_FOR_SPLIT = 20
"""Below this many tracks none is held out: one or two would decide by chance when to stop."""


@dataclass(frozen=True)
class Training:
    """What training leaves beside the weights.

    Attributes
    ----------
    history : list of dict
        One row an epoch: epoch, loss, reconstruction, kl, val_loss, val_reconstruction, val_kl (nats a track; the
        held-out ones NaN where none is held out), beta, and kl_000 … by latent dimension. ``loss`` has the beta of
        its epoch, ``val_loss`` always the full one, so that epochs compare.
    best_epoch : int
        The epoch whose weights were kept.
    """

    history: list[Row]
    best_epoch: int


def held_out(
    n_tracks: int, share: float, *, groups: NDArray[Any] | None = None, random_state: int = 0
) -> NDArray[np.bool_]:
    """Return which tracks are held out: whole groups, drawn until ``share`` of the tracks is reached.

    A group too large to be held out without overshooting by half is passed over.
    """
    chosen = np.zeros(n_tracks, bool)
    target = round(share * n_tracks)
    if n_tracks < LEAST_FOR_SPLIT or target == 0:
        return chosen
    members = np.arange(n_tracks) if groups is None else np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(members)
    for group in np.random.default_rng(random_state).permutation(len(sizes)):
        if chosen.sum() < target and chosen.sum() + sizes[group] <= max(1, 1.5 * target):
            chosen |= members == group
    return chosen


def train(
    module: nn.Module,
    data: tuple[Tensor, ...],
    *,
    config: TrainingConfig,
    beta: float,
    warmup: int,
    latent_dim: int,
    hold: NDArray[np.bool_],
    sampling: bool = True,
    accelerator: str = "auto",
    on_epoch: OnEpoch | None = None,
) -> Training:
    """Fit ``module`` in place; the weights of the best held-out epoch are kept (the last ones without a split).

    Parameters
    ----------
    module : nn.Module
        Called with the rows of ``data`` and ``noise`` of shape (B, Z), it returns `Terms`.
    data : tuple of Tensor
        All tracks, first axis N each.
    config : TrainingConfig
        Epochs, steps, early stop.
    beta : float
        Weight of the KL term after ``warmup`` epochs.
    warmup : int
        Epochs over which beta grows; the early stop begins after it.
    latent_dim : int
        Z.
    hold : ndarray of bool, shape (N,)
        Tracks that only judge.
    sampling : bool
        Whether latents are drawn from the posteriors, or are their means (an autoencoder).
    accelerator : str
        What Fabric calls it: 'auto', 'cpu', 'cuda'.
    on_epoch : callable, optional
        Called with the epoch and its row of the history.

    Raises
    ------
    MusaicError
        Where a loss or a weight is no longer finite; the step is named.
    """
    fabric = Fabric(accelerator=accelerator, devices=1)
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    model, optimizer = fabric.setup(module, optimizer)
    rows = torch.from_numpy(np.flatnonzero(~hold))
    learning = tuple(tensor[rows].to(fabric.device) for tensor in data)
    judging = tuple(tensor[torch.from_numpy(np.flatnonzero(hold))].to(fabric.device) for tensor in data)
    # the held-out bound is always taken with the same noise, so that epochs differ by their weights only
    draw = torch.randn if sampling else torch.zeros
    fixed = draw(int(hold.sum()), latent_dim).to(fabric.device)
    n_steps = max(1, len(rows) // config.batch_size)
    history: list[Row] = []
    best, best_epoch, best_weights = math.inf, 0, None
    for epoch in range(config.epochs):
        now = beta_at(epoch, beta, warmup)
        model.train()
        losses, sums = [], torch.zeros(2 + latent_dim, device=fabric.device)
        for batch in torch.randperm(len(rows)).tensor_split(n_steps):
            inputs = tuple(tensor[batch.to(fabric.device)] for tensor in learning)
            terms: Terms = model(*inputs, noise=draw(len(batch), latent_dim).to(fabric.device))
            loss = terms.nll.mean() + now * terms.divergence().mean()
            optimizer.zero_grad(set_to_none=True)
            fabric.backward(loss)
            fabric.clip_gradients(model, optimizer, max_norm=config.clip, error_if_nonfinite=False)
            optimizer.step()
            losses.append(loss.detach())
            sums += _parts(terms).sum(dim=0)
        _check(torch.stack(losses), epoch, epoch * n_steps, config)
        row = _row(epoch, sums / len(rows), now, now)
        if len(fixed):
            model.eval()
            with torch.no_grad():
                terms = model(*judging, noise=fixed)
            val = _row(epoch, _parts(terms).mean(dim=0), beta, now)
            row |= {f"val_{name}": val[name] for name in ("loss", "reconstruction", "kl")}
        history.append(_ordered(row))
        if on_epoch is not None:
            on_epoch(epoch, history[-1])
        if len(fixed) and epoch >= warmup:
            if best_weights is None or row["val_loss"] < best:
                best, best_epoch = row["val_loss"], epoch
                best_weights = copy.deepcopy(module.state_dict())
            elif epoch - best_epoch >= config.patience:
                break
    if best_weights is not None:
        module.load_state_dict(best_weights)
    else:
        best_epoch = len(history) - 1
    weights = torch.cat([parameter.detach().flatten() for parameter in module.parameters()])
    _check(weights.sum()[None], len(history) - 1, len(history) * n_steps - 1, config)
    module.to("cpu").eval()
    return Training(history, best_epoch)


def _parts(terms: Terms) -> Tensor:
    """Return negative log-likelihood, divergence of the component and of every dimension, shape (B, 2 + Z)."""
    return torch.cat([terms.nll[:, None], terms.component[:, None], terms.kl], dim=1).detach()


def _row(epoch: int, parts: Tensor, beta: float, shown: float) -> Row:
    """Return a row of the history from the means of what `_parts` returns."""
    nll, component, *kl = parts.tolist()
    total = math.fsum((component, *kl))
    row = {"epoch": float(epoch), "loss": nll + beta * total, "reconstruction": nll, "kl": total, "beta": shown}
    return row | {f"kl_{position:03d}": value for position, value in enumerate(kl)}


def _ordered(row: Row) -> Row:
    named = ("epoch", "loss", "reconstruction", "kl", "val_loss", "val_reconstruction", "val_kl", "beta")
    return {name: row.get(name, math.nan) for name in named} | {n: v for n, v in row.items() if n not in named}


def _check(values: Tensor, epoch: int, first_step: int, config: TrainingConfig) -> None:
    """Stop at the first value that is not finite."""
    wrong = torch.nonzero(~torch.isfinite(values)).flatten()
    if len(wrong):
        step = int(wrong[0])
        raise MusaicError(
            f"training stopped at epoch {epoch}, step {first_step + step}: the loss is {float(values[step])}; "
            f"lower learning_rate (now {config.learning_rate}), lower clip (now {config.clip}) or choose "
            "scaling 'standard'."
        )
