"""The whole `multilingual` recipe on as many songs as its reference has: how long it takes, and what it finds.

    python benchmarks/multilingual.py --out DIR [--workers N] [--write FILE]

1,119 songs of 30 s in five languages are made on the spot (not timed), 677 of them with lyrics. What is timed is one
command with an empty cache: features, all models over all seeds, all clusterings, scores, maps, questions about
language, cards, figures and the report. A run that was stopped goes on, and the times of its parts are added up.
``--write`` gives FILE.md, and the leaderboard as FILE.csv.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from about import command, commit

TRACKS, WITH_LYRICS, SECONDS = 1119, 677, 30.0
REFERENCE = "The reference system states about 20 hours for its plan, on a machine with a GPU."


def main() -> None:
    """Make the songs, run the recipe, and write the results where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the run folder; songs and cache lie beside it")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (all cores)")
    parser.add_argument("--write", type=Path, help="also write FILE.md and FILE.csv")
    arguments = parser.parse_args()
    corpus = _songs(arguments.out.with_name(f"{arguments.out.name}-corpus"))
    log = arguments.out.with_name(f"{arguments.out.name}-times.json")
    parts: list[dict[str, Any]] = json.loads(log.read_text()) if log.exists() else []
    begun = time.perf_counter()
    call = [sys.executable, "-m", "musaic", "run", "multilingual", "--corpus", str(corpus), "--out", str(arguments.out)]
    call += ["--cache", str(arguments.out.with_name(f"{arguments.out.name}-cache"))]
    call += ["--workers", str(arguments.workers)]
    try:
        code = subprocess.run(call, check=False).returncode
    finally:
        parts.append({"seconds": round(time.perf_counter() - begun, 1), "load": os.getloadavg()[0]})
        log.write_text(json.dumps(parts))
    if code:
        raise SystemExit(code)
    text = _markdown(arguments, parts)
    print(text)
    if arguments.write:
        arguments.write.with_suffix(".md").write_text(text, encoding="utf-8")
        arguments.write.with_suffix(".csv").write_bytes((arguments.out / "leaderboard.csv").read_bytes())


def _songs(folder: Path) -> Path:
    """Make the songs, and leave the lyrics of as many as the reference has: those whose names hash lowest."""
    from musaic.demo.corpus import write_corpus

    if not (folder / "counted").exists():
        write_corpus(folder, seed=0, n_tracks=TRACKS, seconds=SECONDS)
        files = sorted((folder / "lyrics").glob("*.txt"), key=lambda file: hashlib.sha256(file.name.encode()).digest())
        for file in files[WITH_LYRICS:]:
            file.unlink()
        (folder / "counted").touch()
    return folder


def _markdown(arguments: argparse.Namespace, parts: list[dict[str, Any]]) -> str:
    import musaic

    run = musaic.open_run(arguments.out)
    tracks, board = run.tracks, run.leaderboard
    states = {name: sum(cell["status"] == name for cell in run.cells) for name in ("done", "failed", "skipped")}
    fits = sum(len(cell["seeds"]) for cell in run.cells if cell["status"] == "done")
    ways = sum(len(cell["seeds"]) * len(cell["clusterings"]) for cell in run.cells)
    timings = json.loads(run.timings_file.read_text(encoding="utf-8"))
    stages: dict[str, float] = {}
    for cell in timings.values():
        for part, seconds in cell.items():
            name = part.split("-")[0]
            stages[name] = stages.get(name, 0.0) + seconds
    minutes = sum(part["seconds"] for part in parts) / 60
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    spent = ", ".join(f"{name} {seconds / 60:.1f}" for name, seconds in sorted(stages.items(), key=lambda x: -x[1])[:8])
    lines = [
        "# The whole multilingual recipe",
        f"`{command(__file__)}`",
        __doc__.split("\n\n")[2].strip(),
        f"**{minutes:.1f} minutes** with {arguments.workers} processes on {os.cpu_count()} cores"
        + (f", in {len(parts)} parts" if len(parts) > 1 else "")
        + f" (load when it ended {parts[-1]['load']:.1f}); the largest process held {peak:.1f} GB. {REFERENCE}",
        f"{len(tracks):,} songs, {int(tracks['lyrics'].notna().sum())} with lyrics, {tracks['language'].nunique()} "
        f"languages, {tracks['genre'].nunique()} genres; {states['done']} cells done, {states['failed']} failed, "
        f"{states['skipped']} skipped; {fits} fits, {ways:,} clusterings, {len(board):,} rows in the leaderboard.",
        f"Minutes of one core, by stage: {spent}.",
        run.verdict,
        _best(board),
        f"Commit {commit()}, Python {platform.python_version()}, {platform.machine()}.\n",
    ]
    return "\n\n".join(lines)


def _best(board: Any) -> str:
    """Return each cell's best row on genre, and those that may not be ranked with the reason."""
    rows = board[board["label"] == "genre"].drop_duplicates("cell")
    lines = [
        "| rank | cell | clustering | AMI | NMI (chance) | ARI | stability | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows.to_dict("records"):
        rank = f"{row['rank']:.0f}" if row["rank"] == row["rank"] else "–"
        spread = f"{row['ami']:.3f} ± {row['ami_sd']:.3f} [{row['ami_low']:.3f}, {row['ami_high']:.3f}]"
        remarks = row["remarks"] if isinstance(row["remarks"], str) else ""
        lines.append(
            f"| {rank} | {row['cell'].rpartition('-')[0]} | {row['clustering']} {row['params']} | {spread} "
            f"| {row['nmi']:.3f} ({row['nmi_chance']:.3f}) | {row['ari']:.3f} | {row['stability']:.2f} | {remarks} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
