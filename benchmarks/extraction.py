"""How much feature extraction costs beyond reading the sound, and how it grows with workers.

    python benchmarks/extraction.py PATH [--repeats N] [--seconds S] [--write FILE.md]

PATH is a folder of sound files. The ratio compares, over the same windows and in one process with one thread, the
whole extraction of the default features with decoding, downmixing and resampling alone: the median over interleaved
repeats of each, one divided by the other. The real-time factors are seconds of sound a second, through the executor
that `musaic features` uses, process start included.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

ENDINGS = {".mp3", ".wav", ".flac", ".ogg", ".m4a", ".aac", ".wma", ".opus", ".webm", ".aiff"}
TURNS = 3
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Measure, print, and write the results where asked."""
    os.environ.update(dict.fromkeys(THREADS, "1"))  # before NumPy is there
    from musaic.features.config import FeatureConfig
    from musaic.features.registry import feature

    arguments = _arguments()
    files = sorted(path for path in arguments.path.rglob("*") if path.suffix.lower() in ENDINGS)
    if not files:
        sys.exit(f"{arguments.path} holds no sound files.")
    config = FeatureConfig(duration=arguments.seconds)
    lines = [f"{len(files)} files, {config.seconds:g} s from the middle of each, one process, one thread"]
    load = os.getloadavg()[0]
    lines += [f"load of the machine at the start: {load:.1f} ({'busy: repeat when idle' if load > 0.5 else 'idle'})"]
    lines += [f"  {name}: {len(feature(name).dims(config))} columns" for name in config.names]
    lines += _ratio(files, config, arguments.repeats)
    lines += _workers(files, config, arguments.least)
    print("\n".join(lines))
    if arguments.write:
        _write(arguments.write, arguments.path, lines)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help="a folder of sound files")
    parser.add_argument("--repeats", type=int, default=7, help="rounds over all files (7)")
    parser.add_argument("--seconds", type=float, default=30.0, help="window, s (30)")
    parser.add_argument("--least", type=float, default=15.0, help="least time of the run with one worker, s (15)")
    parser.add_argument("--write", type=Path, help="also write the results, as Markdown")
    return parser.parse_args()


def _ratio(files: list[Path], config, repeats: int) -> list[str]:
    """Time reading alone and everything, in turns."""
    from musaic.audio.decode import load
    from musaic.features.analysis import measure_file

    def read(path: Path) -> float:
        y = load(path, sr=config.sample_rate, offset=config.offset, duration=config.seconds, normalize="none")
        return len(y) / config.sample_rate

    def everything(path: Path) -> float:
        facts = measure_file(path, config, lambda name, rows: None).facts
        return facts.seconds or 0.0

    rounds: dict[str, list[float]] = {"read": [], "everything": []}
    heard = {}
    for _ in range(repeats + 1):  # the first round fills the page cache and the filter banks
        for name, function in (("read", read), ("everything", everything)):
            begin = time.perf_counter()
            heard[name] = sum(function(path) for path in files)
            rounds[name].append(time.perf_counter() - begin)
    if abs(heard["read"] - heard["everything"]) > 0.01:
        raise SystemExit(f"not the same seconds: {heard}")
    median = {name: statistics.median(times[1:]) for name, times in rounds.items()}
    return [
        f"decode + downmix + resample  {1000 * median['read'] / len(files):7.1f} ms a file, "
        f"{heard['read'] / median['read']:.0f} x real time",
        f"the whole extraction         {1000 * median['everything'] / len(files):7.1f} ms a file, "
        f"{heard['everything'] / median['everything']:.0f} x real time",
        f"ratio {median['everything'] / median['read']:.2f}",
    ]


def _workers(files: list[Path], config, least: float) -> list[str]:
    """Time one and two workers in turns over the same tasks, as many as keep one busy for ``least`` seconds."""
    from musaic import parallel
    from musaic.features.extraction import Task, measure_task
    from musaic.features.staging import read_staged

    with tempfile.TemporaryDirectory() as folder:

        def measured(rounds: int, workers: int) -> float:
            tasks = [
                Task.of(path, Path(folder) / f"{workers}-{i}-{n}.npz", config)
                for i in range(rounds)
                for n, path in enumerate(files)
            ]
            begin = time.perf_counter()
            failed = [outcome for _, outcome in parallel.run(measure_task, tasks, workers=workers) if outcome]
            seconds = time.perf_counter() - begin
            if failed:
                sys.exit(str(failed[0]))
            heard = sum(read_staged(task.destination).measured.facts.seconds or 0 for task in tasks[: len(files)])
            return heard * rounds / seconds

        begin = time.perf_counter()
        measured(1, 0)
        rounds = max(1, round(least / (time.perf_counter() - begin)))
        pairs = [(measured(rounds, 1), measured(rounds, 2)) for _ in range(TURNS)]
    one, two = (statistics.median(factors) for factors in zip(*pairs, strict=True))
    return [
        f"1 worker: {one:.0f} x real time",
        f"2 workers: {two:.0f} x real time",
        f"2 workers / 1 worker {statistics.median(b / a for a, b in pairs):.2f} "
        f"(median of {TURNS} turns of {rounds * len(files)} tasks each, start-up included)",
    ]


def _write(path: Path, sounds: Path, lines: list[str]) -> None:
    command = f"python benchmarks/extraction.py {Path(*sounds.resolve().parts[-2:])} --write {path}"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(lines)
    path.write_text(f"# Feature extraction\n\n    {command}\n\n{machine}\n\n```\n{text}\n```\n", encoding="utf-8")


if __name__ == "__main__":
    main()
