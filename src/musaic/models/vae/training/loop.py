"""The training loop: an epoch is one permutation of the tracks, one crop each.

Lightning Fabric owns device and precision; everything else is here, in sight.

Letters: B tracks of a batch, Z latent dimensions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from musaic.errors import MusaicError
from musaic.models.base import OnEpoch, Row, State
from musaic.models.vae.config import TrainingConfig
from musaic.models.vae.data import Tracks
from musaic.models.vae.elbo import Terms
from musaic.models.vae.module import VaeModule
from musaic.models.vae.penalties import free_bits
from musaic.models.vae.training.devices import Together
from musaic.models.vae.training.schedules import Annealing, cosine

if TYPE_CHECKING:
    from lightning_fabric import Fabric

Save = Callable[[Callable[[], State]], None]
"""Called after every epoch with what returns all that it takes to go on; it is for it to say how often that is kept."""

LEAST_FOR_SPLIT = 20
"""Below this many tracks none is held out: one or two would decide by chance when to stop."""
JUDGED_AT = (1 / 8, 3 / 8, 5 / 8, 7 / 8)
"""Where held-out tracks of frames are cropped: the same places in every epoch."""
JUDGED_AT_ONCE = 1024


@dataclass(frozen=True)
class Training:
    """What training leaves beside the weights.

    Attributes
    ----------
    history : list of dict
        One row an epoch: epoch, loss, reconstruction, kl, val_loss, val_reconstruction, val_kl (nats a track; the
        held-out ones NaN where none is held out), beta, learning_rate, penalties by name, and kl_000 … by latent
        dimension. ``loss`` is the negative ELBO with the beta of its epoch, ``val_loss`` that with the full one, so
        that epochs compare; penalties are in neither.
    best_epoch : int
        The epoch whose weights were kept.
    """

    history: list[Row]
    best_epoch: int


@dataclass
class Progress:
    """How far a training has come: with the weights, all that it takes to go on."""

    epoch: int = 0
    best: float = math.inf
    best_epoch: int = 0
    slower: int = 0
    """How often the learning rate was halved."""
    since: int = 0
    """Epochs since the held-out bound was better or the learning rate was halved."""
    history: list[Row] = field(default_factory=list)


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
    module: VaeModule,
    tracks: Tracks,
    *,
    config: TrainingConfig,
    fabric: Fabric,
    annealing: Annealing,
    hold: NDArray[np.bool_],
    random_state: int = 0,
    on_epoch: OnEpoch | None = None,
    save: Save | None = None,
    resume: State | None = None,
) -> Training:
    """Fit ``module`` in place; the weights of the best held-out epoch are kept (the last ones without a split).

    Parameters
    ----------
    module : VaeModule
        What is trained.
    tracks : Tracks
        On the device of ``fabric``.
    config : TrainingConfig
        Epochs, steps, early stop.
    fabric : Fabric
        Devices and precision.
    annealing : Annealing
        How the divergence counts; the early stop begins when it counts in full.
    hold : ndarray of bool, shape (N,)
        Tracks that only judge.
    random_state : int >= 0
        With the number of an epoch, all that its random numbers depend on: one that is resumed draws the same.
    on_epoch : callable, optional
        Called with the epoch and its row of the history.
    save : callable, optional
        Called after every epoch (see `Save`); in one process only, where several train together.
    resume : State, optional
        What ``save`` was last called with, by a training of the same kind.

    Raises
    ------
    MusaicError
        Where a loss or a weight is no longer finite (the step is named, and the weights of the last good epoch are
        kept), or the device has too little memory.

    Notes
    -----
    Processes that train together (`musaic.models.vae.training.devices`) draw the same batches, and their gradients are
    summed, so that the result is that of one process up to rounding. What networks draw themselves (dropout, input
    noise) differs by process, and what is computed over a whole batch (batch norm, penalties, free bits) is computed
    over each process's share.
    """
    try:
        loop = _Loop(module, tracks, config, fabric, annealing.within(config.epochs), hold, random_state)
        if resume is not None:
            loop.restore(resume)
        while not loop.finished:
            loop.epoch()
            if on_epoch is not None:
                on_epoch(loop.progress.epoch - 1, loop.progress.history[-1])
            if save is not None and fabric.is_global_zero:
                save(loop.state)
        loop.keep_best()
    except torch.OutOfMemoryError:
        raise MusaicError(
            f"the device has too little memory for batches of {config.batch_size} tracks; set training.batch_size to "
            f"{max(2, config.batch_size // 2)}, or a smaller crop or network."
        ) from None
    finally:
        module.to("cpu").eval()
    return Training(loop.progress.history, loop.progress.best_epoch)


class _Loop:
    """One training, an epoch at a time."""

    def __init__(
        self,
        module: VaeModule,
        tracks: Tracks,
        config: TrainingConfig,
        fabric: Fabric,
        annealing: Annealing,
        hold: NDArray[np.bool_],
        random_state: int,
    ) -> None:
        self.module, self.tracks, self.config, self.fabric, self.annealing = module, tracks, config, fabric, annealing
        self.random_state, self.together = random_state, Together(fabric)
        self.parameters = list(module.to(fabric.device).parameters())
        self.optimizer: Any = fabric.setup_optimizers(
            torch.optim.AdamW(module.paces, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True)
        )
        self.apart = module.apart
        self.learning = torch.from_numpy(np.flatnonzero(~hold)).to(fabric.device)
        self.n_steps = max(1, len(self.learning) // config.batch_size)
        self.together.check_share(len(self.learning) // self.n_steps)
        self.progress = Progress()
        self.best_weights: dict[str, Tensor] | None = None
        places = JUDGED_AT if tracks.has_frames else (0.5,)
        judging = torch.from_numpy(np.flatnonzero(hold)).repeat_interleave(len(places))
        self.n_judging = len(judging)
        # the held-out bound is always taken with the same noise, so that epochs differ by their weights only
        noise = self._noise(len(judging), self._generator())
        told = judging, noise, torch.tensor(places).repeat(len(judging) // len(places))
        at_once = min(JUDGED_AT_ONCE, module.at_once)
        self.judging = [torch.split(self.together.own(part).to(fabric.device), at_once) for part in told]

    @property
    def finished(self) -> bool:
        """Whether all epochs are over, or the held-out bound has been better for too long."""
        now = self.progress
        judged = self.n_judging > 0 and now.epoch > self.annealing.full_from
        return now.epoch >= self.config.epochs or (judged and now.epoch - 1 - now.best_epoch >= self.config.patience)

    def epoch(self) -> None:
        """Go once through the tracks, judge, and note how it went."""
        now, good = self.progress, _copy(self.module)
        beta, rate = self.annealing.at(now.epoch), self._learning_rate()
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["pace"]
        self.module.train()
        sizes, told = zip(*(self._step(*batch, beta) for batch in self._batches()), strict=True)
        steps = self.together.total(torch.stack(told)).cpu().double()
        self._check(steps / torch.tensor(sizes)[:, None], good)
        row = self._row(steps.sum(dim=0) / sum(sizes), beta)
        row |= {"epoch": float(now.epoch), "beta": beta, "learning_rate": rate}
        if self.n_judging:
            judged = self._row(self._judge(), self.annealing.beta)
            row |= {f"val_{name}": judged[name] for name in ("loss", "reconstruction", "kl")}
        now.history.append(_ordered(row))
        self._compare(row)
        now.epoch += 1

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield the tracks in a new order, a batch at a time: rows (B,), noise (B, Z), places of two crops (B, 2)."""
        n, drawn = len(self.learning), self._generator(self.progress.epoch)
        # what networks draw themselves comes from elsewhere, and differs by process
        torch.manual_seed(_seed(self.random_state, self.progress.epoch, 1 + self.together.rank))
        rows = self.learning[torch.randperm(n, generator=drawn).to(self.fabric.device)]
        noise = self._noise(n, drawn).to(self.fabric.device)
        places = torch.rand(n, 2, generator=drawn).to(self.fabric.device)
        yield from zip(*(part.tensor_split(self.n_steps) for part in (rows, noise, places)), strict=True)

    def _step(self, rows: Tensor, noise: Tensor, places: Tensor, beta: float) -> tuple[int, Tensor]:
        """Take one step; return B, and the sums over tracks of bound's parts and penalties, shape (2 + Z + penalties,).

        Of processes that train together, the sums are over the own share.
        """
        size, (rows, noise, places) = len(rows), (self.together.own(part) for part in (rows, noise, places))
        batch = self.tracks.batch(rows, places[:, 0])
        other = self.tracks.batch(rows, places[:, 1]) if self.module.needs_second_view else None
        with self.fabric.autocast():
            terms: Terms = self.module(batch, noise, other)
        kl = free_bits(terms.kl, self.annealing.free) if self.annealing.free else terms.kl.sum(dim=1).mean()
        loss = terms.nll.mean() + beta * (kl + terms.component.mean())
        for penalty in terms.penalties.values():
            loss = loss + penalty
        for parameter in self.parameters:
            parameter.grad = None
        self.fabric.backward(loss * (len(rows) / size))
        self.together.total_gradients(self.parameters)
        self.fabric._precision.unscale_gradients(self.optimizer)
        for parameters in self.apart:
            torch.nn.utils.clip_grad_norm_(parameters, self.config.clip)
        self.optimizer.step()
        return size, _parts(terms)

    def _judge(self) -> Tensor:
        """Return the means of the parts of the bound over held-out tracks, shape (2 + Z,)."""
        self.together.average_buffers(self.module)
        self.module.eval()
        with torch.no_grad(), self.fabric.autocast():
            told = [
                _parts(self.module(self.tracks.batch(rows, places), noise))
                for rows, noise, places in zip(*self.judging, strict=True)
            ]
        return self.together.total(torch.stack(told).sum(dim=0)).cpu().double() / self.n_judging

    def _generator(self, *numbers: int) -> torch.Generator:
        """Return random numbers that all processes share, by the seed and whatever else numbers them."""
        return torch.Generator().manual_seed(_seed(self.random_state, *numbers))

    def _noise(self, n: int, generator: torch.Generator) -> Tensor:
        """Return the noise of n posterior samples, shape (n, Z); without a divergence, latents are the means."""
        shape = n, self.module.n_latent
        return torch.randn(shape, generator=generator) if self.annealing.beta else torch.zeros(shape)

    def _row(self, parts: Tensor, beta: float) -> Row:
        """Return the part of a row of the history that `_parts` tells, averaged over tracks."""
        nll, component, *others = parts.tolist()
        kl, penalties = others[: self.module.n_latent], others[self.module.n_latent :]
        total = math.fsum((component, *kl))
        row = {"loss": nll + beta * total, "reconstruction": nll, "kl": total}
        row |= dict(zip((penalty.name for penalty in self.module.penalties), penalties, strict=False))
        return row | {f"kl_{position:03d}": value for position, value in enumerate(kl)}

    def _learning_rate(self) -> float:
        rate = self.config.learning_rate * 0.5**self.progress.slower
        if self.config.schedule == "cosine":
            rate *= cosine(self.progress.epoch, self.config.epochs)
        return rate

    def _compare(self, row: Row) -> None:
        """Keep the weights where the held-out bound is the best yet; else slow down where it was so for long."""
        now = self.progress
        if not self.n_judging or now.epoch < self.annealing.full_from:
            return
        if self.best_weights is None or row["val_loss"] < now.best:
            now.best, now.best_epoch, now.since = row["val_loss"], now.epoch, 0
            self.best_weights = _copy(self.module)
            return
        now.since += 1
        if self.config.schedule == "plateau" and now.since >= max(1, self.config.patience // 3):
            now.slower, now.since = now.slower + 1, 0

    def keep_best(self) -> None:
        """Give the module the weights of the best epoch: the last one where none was held out."""
        if self.best_weights is not None:
            self.module.load_state_dict(self.best_weights)
        else:
            self.progress.best_epoch = len(self.progress.history) - 1

    def _check(self, steps: Tensor, good: dict[str, Tensor]) -> None:
        """Stop where the bound of a step, or a weight, is not finite; go back to the weights before the epoch."""
        weights = torch.stack([parameter.detach().sum() for parameter in self.parameters]).sum()
        wrong = torch.nonzero(~torch.isfinite(steps).all(dim=1)).flatten()
        if not len(wrong) and bool(torch.isfinite(weights)):
            return
        self.module.load_state_dict(good)
        step = int(wrong[0]) if len(wrong) else len(steps) - 1
        raise MusaicError(
            f"training stopped at epoch {self.progress.epoch}, step {self.progress.epoch * len(steps) + step}: "
            f"{self._cause(steps[step])}; the weights of the epoch before are kept."
        )

    def _cause(self, parts: Tensor) -> str:
        """Say what is not finite, and what most likely helps."""
        rate, clip = self.config.learning_rate, self.config.clip
        slower = f"lower learning_rate (now {rate:g}) or clip (now {clip:g})"
        nll, component, *others = torch.isfinite(parts).tolist()
        names = [penalty.name for penalty in self.module.penalties]
        if not nll:
            return f"the reconstruction is {float(parts[0])}; {slower}, or choose scaling 'standard'"
        if not all((component, *others[: self.module.n_latent])):
            return f"the divergence is not finite; {slower}, or give beta a longer warmup"
        for name, fine in zip(names, others[self.module.n_latent :], strict=True):
            if not fine:
                return f"the penalty {name} is not finite; lower its weight, or {slower}"
        return f"a weight is not finite; {slower}"

    def state(self) -> State:
        """Return all that it takes to go on."""
        now = self.progress
        head = {key: value for key, value in vars(now).items() if key != "best"}
        head["best"] = None if math.isinf(now.best) else now.best
        arrays = {f"weights.{name}": tensor for name, tensor in self.module.state_dict().items()}
        arrays |= {f"best.{name}": tensor for name, tensor in (self.best_weights or {}).items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            arrays |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        scaler = getattr(self.fabric._precision, "scaler", None)
        if scaler is not None:
            head["scaler"] = scaler.state_dict()
        return head, {name: tensor.detach().cpu().numpy().copy() for name, tensor in arrays.items()}

    def restore(self, state: State) -> None:
        """Go on where `state` was called."""
        head, arrays = state
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        scaler = getattr(self.fabric._precision, "scaler", None)
        if scaler is not None:
            scaler.load_state_dict(head["scaler"])
        best = math.inf if head["best"] is None else head["best"]
        self.progress = Progress(**{key: head[key] for key in vars(Progress()) if key != "best"}, best=best)
        self.module.load_state_dict(_under(tensors, "weights."))
        self.best_weights = _under(tensors, "best.") or None
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "optimizer.").items():
            index, _, moment = name.partition(".")
            moments.setdefault(int(index), {})[moment] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _parts(terms: Terms) -> Tensor:
    """Return sums over tracks: negative log-likelihood, divergence of the component, of every dimension, penalties."""
    sums = [terms.nll.sum()[None], terms.component.sum()[None], terms.kl.sum(dim=0)]
    if terms.penalties:
        sums.append(torch.stack(list(terms.penalties.values())) * len(terms.nll))
    return torch.cat(sums).detach()


def _ordered(row: Row) -> Row:
    named = ("epoch", "loss", "reconstruction", "kl", "val_loss", "val_reconstruction", "val_kl", "beta")
    return {name: row.get(name, math.nan) for name in named} | {n: v for n, v in row.items() if n not in named}


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _copy(module: VaeModule) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return what has a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
