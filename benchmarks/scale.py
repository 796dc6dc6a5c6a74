"""How time and memory grow with the number of tracks: clusterings, scores, map and report of known clusters.

    python benchmarks/scale.py [--sizes N ...] [--folder DIR] [--write FILE.md]

Made-up latents of 16 dimensions in 12 Gaussian clusters of different sizes and shapes that touch, with the cluster as
genre and one of 3 languages, go the way that songs go: a table as corpus, without audio; one cell that is given the
vectors from a file; one seed; K-Means by the number of genres and by a number found, mixture of normals, spectral,
Ward and HDBSCAN; scores, probes and the questions about language; a UMAP map; cluster cards; figures and report. Above
20,000 tracks a graph of nearest neighbours stands in for all distances, above 500,000 here (--micro-above; a million
by default elsewhere) the centres of 5,000 micro-clusters do.

Seconds are wall-clock, with as many processes as there are cores. Memory is the most that all processes together held
(resident sizes, what they share counted in each). ARI is against the known clusters, noise as one more cluster. Growth
is the exponent b of seconds ~ tracks^b, between 10,000 and 100,000 tracks and fitted over all sizes from 1,000 on. A
size that was measured is kept in the folder and not measured again; a run that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from about import command, commit
from musaic.experiment import run as run_experiment
from musaic.files import write_json
from musaic.progress import Advance, Reporter
from musaic.report import draw_report

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DIMS, CLUSTERS, APART = 16, 12, 5.0
CENTRES = 5_000
LANGUAGES = ("বাংলা", "العربية", "english")
AIMS = "100,000 tracks: under 10 minutes and 8 GB, growth at most 1.2; 1,000,000: under 30 minutes."


@dataclass(frozen=True)
class Clock(Reporter):
    """Notes how long each stage takes."""

    quiet: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        """Yield a function that advances nothing."""
        began = time.perf_counter()
        yield lambda steps: None
        self.seconds[label] = self.seconds.get(label, 0.0) + time.perf_counter() - began
        print(f"{label}: {self.seconds[label]:.1f} s", file=sys.stderr, flush=True)


def main() -> None:
    """Measure what is not measured yet, print, and write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="numbers of tracks")
    parser.add_argument("--folder", type=Path, default=Path("runs/scale"), help="where runs and results are kept")
    parser.add_argument("--micro-above", type=int, default=500_000, help="tracks from which on micro-clusters are made")
    parser.add_argument("--write", type=Path, help="also write the results, as Markdown")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        _measure(arguments.one, arguments.folder / str(arguments.one), arguments.micro_above)
        return
    found = [_measured(size, arguments.folder, arguments.micro_above) for size in sorted(arguments.sizes)]
    text = _table(found)
    print(text)
    if arguments.write:
        end = f"Commit {commit()}, Python {platform.python_version()}, {os.cpu_count()} cores."
        arguments.write.parent.mkdir(parents=True, exist_ok=True)
        about = "\n\n".join(__doc__.split("\n\n")[2:]).strip()
        parts = ("# Growth with the number of tracks", f"`{command(__file__)}`", about, text, end)
        arguments.write.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _measured(size: int, folder: Path, micro_above: int) -> dict[str, Any]:
    """Return what was measured of a size, now or before; a process of its own is measured from outside."""
    kept = folder / f"{size}.json"
    if not kept.exists():
        load = os.getloadavg()[0]
        given = ["--one", str(size), "--folder", str(folder), "--micro-above", str(micro_above)]
        process = subprocess.Popen([sys.executable, __file__, *given])
        watch = _Watch(process.pid)
        if process.wait() != 0:
            sys.exit(f"{size:,} tracks could not be measured (see above); run the same command again to go on")
        result = json.loads((folder / str(size) / "result.json").read_text(encoding="utf-8"))
        write_json(kept, {**result, "gigabytes": watch.stop(), "load": load})
    measured: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return measured


class _Watch:
    """Sees how much memory a process and all that descend from it hold together, twice a second."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most, self.over = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()

    def stop(self) -> float:
        """Return the most that was held, GB."""
        self.over.set()
        self.thread.join()
        return self.most / 1e9

    def _look(self) -> None:
        while not self.over.wait(0.5):
            self.most = max(self.most, sum(_resident(pid) for pid in _family(self.pid)))


def _family(root: int) -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, fresh = {root}, {root}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _measure(size: int, folder: Path, micro_above: int) -> None:
    """Make a run of so many tracks, and write what it took."""
    corpus, vectors, truth = _made_up(size, folder)
    clock = Clock()
    began = time.perf_counter()
    run = run_experiment(_experiment(vectors, size, micro_above), corpus=corpus, out=folder / "run", reporter=clock)
    made = time.perf_counter()
    draw_report(run.path, reporter=Reporter(quiet=True))
    drawn = time.perf_counter()
    print(f"report: {drawn - made:.1f} s", file=sys.stderr, flush=True)
    stages = {**clock.seconds, "report": drawn - made}
    failed = [f"{cell['cell']}: {cell['reason']}" for cell in run.cells if cell["status"] != "done"]
    if failed:
        sys.exit("; ".join(failed))
    stages["the rest"] = drawn - began - sum(stages.values())
    write_json(
        folder / "result.json",
        {"tracks": size, "seconds": drawn - began, "stages": stages, "clusterings": _agreement(run, truth)},
    )


def _made_up(size: int, folder: Path) -> tuple[Path, Path, pd.Series]:
    """Write a corpus without audio and a file of vectors; return both and the known clusters by ``track_id``."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(CLUSTERS, DIMS))
    centres *= APART / np.linalg.norm(centres, axis=1, keepdims=True)
    shapes = 1 + 0.2 * rng.normal(size=(CLUSTERS, DIMS))
    cluster = rng.choice(CLUSTERS, size=size, p=rng.dirichlet(np.full(CLUSTERS, 8.0)))
    Z = (centres[cluster] + rng.normal(size=(size, DIMS)) * shapes[cluster]).astype(np.float32)
    ids = [f"song {row:07d}" for row in range(size)]
    genre = np.array([f"genre {number:02d}" for number in range(CLUSTERS)])[cluster]
    language = np.array(LANGUAGES)[rng.integers(0, len(LANGUAGES), size)]
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame({"track_id": ids, "audio": "", "title": ids, "genre": genre, "language": language})
    table.to_parquet(folder / "corpus.parquet", index=False)
    columns = {f"z_{dim:03d}": Z[:, dim] for dim in range(DIMS)}
    pd.DataFrame({"track_id": ids, **columns}).to_parquet(folder / "vectors.parquet", index=False)
    return folder / "corpus.parquet", folder / "vectors.parquet", pd.Series(cluster, index=ids)


def _experiment(vectors: Path, size: int, micro_above: int) -> dict[str, Any]:
    counted = {"n_clusters": CLUSTERS}
    # the least cluster is a 200th of the tracks; above micro_above 25 tracks, fewer than most micro-clusters have
    clustered = CENTRES if size > micro_above else size
    return {
        "name": "scale",
        "cells": [{"model": "raw", "input": f"latents:{vectors}", "scaling": "none"}],
        "clusterings": [
            {"algorithm": "kmeans", "n_clusters": ["labels:genre", "auto"]},
            {"algorithm": "gmm", **counted},
            {"algorithm": "spectral", **counted},
            {"algorithm": "agglomerative", **counted},
            {"algorithm": "hdbscan", "min_cluster_size": max(5, clustered // 200), "min_samples": 15},
        ],
        "evaluation": {"labels": ["genre", "language"]},
        "seeds": 1,
        "figures": {"maps": ["umap"]},
        "compute": {"micro_above": micro_above, "micro_clusters": CENTRES},
    }


def _agreement(run: Any, truth: pd.Series) -> dict[str, dict[str, Any]]:
    """Return of every clustering how it agrees with the known clusters, and what it covers."""
    from sklearn.metrics import adjusted_rand_score

    found = {}
    rows = run.leaderboard.drop_duplicates("clustering_id")
    for row in rows.to_dict("records"):
        clusters = run.clusters(row["cell"], row["clustering_id"])["cluster"].reindex(truth.index).to_numpy()
        note = row["approximation"] if isinstance(row["approximation"], str) else ""
        found[f"{row['clustering']} {row['params']}"] = {
            "ari": float(adjusted_rand_score(truth, clusters)),
            "coverage": float((clusters >= 0).mean()),
            "note": note,
        }
    return dict(sorted(found.items()))


def _table(found: list[dict[str, Any]]) -> str:
    stages = list(dict.fromkeys(name for one in found for name in one["stages"]))
    head = [f"{one['tracks']:,}" for one in found]
    lines = [f"| tracks | {' | '.join(head)} |", f"|---|{'---:|' * len(found)}"]
    lines += [_row(name, [f"{one['stages'].get(name, 0):.1f} s" for one in found]) for name in stages]
    lines.append(_row("**all**", [f"**{one['seconds']:.0f} s**" for one in found]))
    lines.append(_row("most memory", [f"{one['gigabytes']:.1f} GB" for one in found]))
    lines.append(_row("load at the start", [f"{one['load']:.1f}" for one in found]))
    ways: dict[str, list[str]] = {}
    for place, one in enumerate(found):
        for name, way in one["clusterings"].items():
            plain = re.sub(r"(min_cluster_size|n_clusters)=\d+(, )?", "", name).strip(", ")
            cells = ways.setdefault(plain, [""] * len(found))
            noise = f" ({way['coverage']:.0%} covered)" if way["coverage"] < 1 else ""
            cells[place] = f"{way['ari']:.3f}{noise}"
    lines += [_row(f"ARI of {name}", cells) for name, cells in ways.items()]
    notes = dict.fromkeys(
        f"{one['tracks']:,} tracks, {name}: {way['note']}."
        for one in found
        for name, way in one["clusterings"].items()
        if way["note"]
    )
    told = [f"Aims: {AIMS}", *_growth(found), *notes]
    return "\n".join([*lines, "", *(f"- {line}" for line in told)])


def _row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _growth(found: list[dict[str, Any]]) -> list[str]:
    sizes, seconds = (np.log([one[name] for one in found]) for name in ("tracks", "seconds"))
    told = []
    by_size = {one["tracks"]: one["seconds"] for one in found}
    if {10_000, 100_000} <= set(by_size):
        told.append(f"Growth between 10,000 and 100,000 tracks: {np.log10(by_size[100_000] / by_size[10_000]):.2f}.")
    if len(found) > 1:
        told.append(f"Growth fitted over all sizes: {np.polyfit(sizes, seconds, 1)[0]:.2f}.")
    return told


if __name__ == "__main__":
    main()
