"""How fast models train, against the loop that one would write: ratios of epochs within one run.

    python benchmarks/training.py [--repeats N] [--write FILE.md]

The rival is a plain float32 PyTorch loop over the very same layers: a Dataset, a DataLoader that shuffles, Adam, loss
and `.item()` in every step, maps in the order of PyTorch's defaults. It is timed with one thread, as our models train,
and with as many as PyTorch takes by itself. An epoch is timed from one callback to the next; loops take turns, and the
median of all epochs counts. `conv2d-vae`: crops of 128 frames and 64 bands of 256 synthetic tracks of 30 s, batches of
32. `basic-vae`: 360 vectors of 157 features, batches of 64. Seeds: four fits of `basic-vae` over two processes against
one fit, everything counted.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from about import command, commit

CONV = {"model": "conv2d-vae", "warmup": 0, "training": {"batch_size": 32, "held_out": 0.0}}
MLP = {"model": "basic-vae", "warmup": 0, "training": {"batch_size": 64, "held_out": 0.0}}


WHY = """\
More was aimed at: 1.6 for `conv2d-vae` without AMX, 3 for `basic-vae`, and at most 2.3 for the seeds, which alone is
reached. Channels-last maps gain a third here, not four fifths as on a processor with AMX; batch norm and SiLU, bound by
memory on either side, are a third of a convolution's step. Of a step of `basic-vae` matrix products are a quarter, by
the profiler; the rest is some hundreds of small operators, most of which the plain loop has too. Several seeds side by
side are what gains: four of ours over two processes take as long as 1.6 of one, and the plain loop takes four."""


def main() -> None:
    """Measure, print, and write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of every loop (5)")
    parser.add_argument("--write", type=Path, help="also write the results, as Markdown")
    arguments = parser.parse_args()
    load, threads = os.getloadavg()[0], torch.get_num_threads()
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(256 * 1292, 64)).astype(np.float16)
    offsets = np.arange(257) * 1292
    vectors = rng.normal(size=(360, 157)).astype(np.float32)
    lines = [f"| model | ours, s an epoch | plain, 1 thread | ratio | plain, {threads} threads | ratio |"]
    lines += ["|---|---|---|---|---|---|"]
    for config, epochs, data in ((CONV, 3, (frames, offsets)), (MLP, 30, (vectors,))):
        ours, one, many = _compare(config, epochs, data, arguments.repeats, threads)
        row = [f"{ours:.4f}", f"{one:.4f}", f"{one / ours:.2f}", f"{many:.4f}", f"{many / ours:.2f}"]
        lines.append(f"| {config['model']} | {' | '.join(row)} |")
        print(lines[-1], flush=True)
    alone, four = _seeds(vectors, arguments.repeats)
    amx = "has AMX" if torch.cpu._is_amx_tile_supported() else "has no AMX, so that everything is float32"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    lines += [
        "",
        f"4 seeds over 2 processes: {four:.2f} s against {alone:.2f} s for one, {four / alone:.2f} ×.",
        "",
        f"Peak memory of the whole benchmark: {peak:.2f} GB. The processor {amx}. Load at the start: {load:.1f}.",
    ]
    text = "\n".join(lines)
    print(text)
    if arguments.write:
        _write(arguments.write, text)


def _compare(config: dict[str, Any], epochs: int, data: tuple[Any, ...], repeats: int, threads: int) -> list[float]:
    """Return the median seconds of an epoch: ours, the plain loop with one thread and with PyTorch's own number."""
    times: list[list[float]] = [[], [], []]
    for _ in range(repeats):
        times[0] += _ours(config, epochs, data)
        for place, number in ((1, 1), (2, threads)):
            torch.set_num_threads(number)
            times[place] += _plain(config, epochs, data)
    torch.set_num_threads(threads)
    return [statistics.median(found) for found in times]


def _ours(config: dict[str, Any], epochs: int, data: tuple[Any, ...]) -> list[float]:
    from musaic.models import Frames, build, parse_config

    ticks: list[float] = []
    training = {**config["training"], "epochs": epochs + 1}
    model = build(parse_config({**config, "training": training}), on_epoch=lambda *_: ticks.append(time.perf_counter()))
    model.fit(Frames(*data) if len(data) > 1 else data[0])
    return np.diff(ticks).tolist()


class Crops(torch.utils.data.Dataset):
    """Random crops of tracks, one an index; or vectors as they are."""

    def __init__(self, data: tuple[Any, ...], crop: int) -> None:
        self.data, self.crop = data, crop

    def __len__(self) -> int:
        return len(self.data[-1]) - (len(self.data) > 1)

    def __getitem__(self, index: int) -> torch.Tensor:
        if len(self.data) == 1:
            return torch.from_numpy(self.data[0][index])
        values, offsets = self.data
        first = np.random.randint(offsets[index], offsets[index + 1] - self.crop + 1)
        return torch.from_numpy(values[first : first + self.crop].astype(np.float32))


class Plain(torch.nn.Module):
    """The layers of our network, called as one would."""

    def __init__(self, config: dict[str, Any], data: tuple[Any, ...]) -> None:
        super().__init__()
        from musaic.models import parse_config
        from musaic.models.inputs import Form
        from musaic.models.vae.module import VaeModule

        form = Form("frames", data[0].shape[1]) if len(data) > 1 else Form("vector", data[0].shape[1])
        module = VaeModule({"x": form}, parse_config(config), {})
        self.encoder, self.decoder = module.parts[0].encoder, module.parts[0].decoder
        self.head, self.log_variance = module.heads[0], torch.nn.Parameter(torch.zeros(data[0].shape[1]))
        self.convolves = len(data) > 1

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return what the decoder says, mean and log-variance."""
        if not self.convolves:
            mean, log_variance = self.head(self.encoder(x)).chunk(2, dim=1)
        else:
            hidden = self.encoder.head(self.encoder.maps(x.unsqueeze(1)).permute(0, 2, 3, 1).flatten(1))
            mean, log_variance = self.head(hidden).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        if not self.convolves:
            return self.decoder(z), mean, log_variance
        flat = self.decoder.flat(self.decoder.head(z))
        maps = flat.reshape(len(z), *self.decoder.smallest, -1).permute(0, 3, 1, 2).contiguous()
        return self.decoder.maps(maps).squeeze(1), mean, log_variance


def _plain(config: dict[str, Any], epochs: int, data: tuple[Any, ...]) -> list[float]:
    model = Plain(config, data)
    loader = torch.utils.data.DataLoader(Crops(data, 128), batch_size=config["training"]["batch_size"], shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    ticks = []
    for _ in range(epochs + 1):
        total = 0.0
        for x in loader:
            noisy = x if model.convolves else x + torch.randn_like(x)
            said, mean, log_variance = model(noisy) if not model.convolves else model(x)
            nll = 0.5 * (model.log_variance + (x - said) ** 2 * torch.exp(-model.log_variance)).flatten(1).sum(1).mean()
            kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
            loss = nll + kl
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            total += loss.item()
        ticks.append(time.perf_counter())
    return np.diff(ticks).tolist()


def _seeds(vectors: Any, repeats: int) -> tuple[float, float]:
    """Return the median seconds of one fit in a process, and of four over two."""
    from musaic.models import fit_seeds, parse_config

    config = parse_config({**MLP, "training": {**MLP["training"], "epochs": 200}})
    alone, four = [], []
    for _ in range(repeats):
        for seeds, workers, times in ((range(2), 2, None), ([0], 1, alone), (range(4), 2, four)):
            began = time.perf_counter()
            fit_seeds(config, vectors, list(seeds), workers=workers)
            if times is not None:
                times.append(time.perf_counter() - began)
    return statistics.median(alone), statistics.median(four)


def _write(path: Path, text: str) -> None:
    about = __doc__.split("\n\n")[2].strip()
    versions = (
        f"Python {platform.python_version()}, torch {torch.__version__.partition('+')[0]}, {os.cpu_count()} cores"
    )
    end = f"Commit {commit()}, {versions}."
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n\n".join(("# Speed of training", f"`{command(__file__)}`", about, text, WHY, end)) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
