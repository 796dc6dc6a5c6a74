"""Every preset beside raw features and PCA, on one corpus: what the clusters tell of genre and language, over seeds.

    python benchmarks/presets.py --out DIR [--corpus PATH] [--table presets|language|lyrics] [--seeds N] [--write FILE]

Without a corpus, the songs of `musaic demo` are made. Three tables: ``presets`` has all models on statistics,
spectrograms and lyrics; ``language`` has what takes language out of sound and lyrics, beside the plain model: centring,
erasing, condition, independence; ``lyrics`` the same with lyrics alone. The run in DIR goes on where it was left.
``--write`` gives FILE.csv, one row a seed, and FILE.md.

K-Means with as many clusters as there are genres, on every seed's embedding. A model is held against `pca` of the same
input by a paired bootstrap over tracks and seeds; with the demo's songs, latents are also held against the known
factors that the songs were made from (MIG with expected information taken out, arXiv:1802.04942; SAP,
arXiv:1711.00848).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path
from typing import Any

from about import command, commit

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

LYRICS = {"scaling": {"lyrics": "none"}}
APART = {**LYRICS, "without": {"lyrics": "language"}}
BOTH = ["statistics", "lyrics"]
CONSISTENT = {"penalties": ["crop-consistency"]}

PRESETS: dict[str, dict[str, Any]] = {
    "raw": {"model": "raw", "input": "statistics"},
    "pca": {"model": "pca", "input": "statistics"},
    "autoencoder": {"model": "autoencoder", "input": "statistics"},
    "basic-vae": {"model": "basic-vae", "input": "statistics"},
    "beta-vae": {"model": "beta-vae", "input": "statistics"},
    "cvae": {"model": "cvae", "input": "statistics"},
    "vade": {"model": "vade", "input": "statistics"},
    "pca-mel": {"model": "pca", "input": "log_mel"},
    "conv1d-vae": {"model": "conv1d-vae", "input": "log_mel"},
    "conv2d-vae": {"model": "conv2d-vae", "input": "log_mel"},
    "conv2d-vae-consistent": {"model": "conv2d-vae", "input": "log_mel", **CONSISTENT},
    "deep-conv-vae": {"model": "deep-conv-vae", "input": "log_mel"},
    "raw-both": {"model": "raw", "input": BOTH, **APART},
    "pca-both": {"model": "pca", "input": BOTH, **APART},
    "beta-vae-both": {"model": "beta-vae", "input": BOTH, **APART},
    "multimodal-vae": {"model": "multimodal-vae", "input": BOTH, **APART},
}
OUT: dict[str, dict[str, Any]] = {
    "pca": {"model": "pca", "input": BOTH, **LYRICS},
    "pca-centred": {"model": "pca", "input": BOTH, **APART},
    "plain": {"model": "beta-vae", "input": BOTH, **LYRICS},
    "centred": {"model": "beta-vae", "input": BOTH, **APART},
    "erased": {"model": "beta-vae", "input": BOTH, **APART, "removal": "erase"},
    "condition": {"model": "beta-vae", "input": BOTH, **LYRICS, "condition": "language"},
    "hsic": {
        "model": "beta-vae",
        "input": BOTH,
        **LYRICS,
        "penalties": [{"kind": "independence", "label": "language"}],
    },
    "adversary": {
        "model": "beta-vae",
        "input": BOTH,
        **LYRICS,
        "penalties": [{"kind": "independence", "label": "language", "method": "adversary"}],
    },
}
ALONE = {"model": "basic-vae", "input": "lyrics", "scaling": "none"}
LYRICS_ALONE: dict[str, dict[str, Any]] = {
    "pca": {"model": "pca", "input": "lyrics", "scaling": "none"},
    "pca-centred": {"model": "pca", "input": "lyrics", "scaling": "none", "without": "language"},
    "plain": ALONE,
    "centred": {**ALONE, "without": "language"},
    "condition": {**ALONE, "condition": "language"},
    "hsic": {**ALONE, "penalties": OUT["hsic"]["penalties"]},
    "adversary": {**ALONE, "penalties": OUT["adversary"]["penalties"]},
}
TABLES = {"presets": PRESETS, "language": OUT, "lyrics": LYRICS_ALONE}
TITLES = {
    "presets": "Presets",
    "language": "Language out of latents",
    "lyrics": "Language out of latents of lyrics alone",
}
FACTORS = (
    "tempo_bpm",
    "metre",
    "mode",
    "lead_program",
    "kit",
    "groove",
    "register_midi",
    "busyness",
    "swing_ratio",
    "reverb_share",
    "tilt_db",
    "loudness_dbfs",
    "width",
    "density_notes_per_s",
)


def main() -> None:
    """Run what is missing, print the table, and write it where asked."""
    from musaic.experiment import run
    from musaic.progress import Reporter

    arguments = _arguments()
    corpus = arguments.corpus or _demo(arguments.out.with_name(f"{arguments.out.name}-corpus"))
    finished = run(_experiment(arguments), corpus=corpus, out=arguments.out, only=arguments.only, reporter=Reporter())
    rows = _rows(finished, corpus)
    text = _markdown(arguments, finished, rows, corpus)
    print(text)
    if arguments.write:
        rows.to_csv(arguments.write.with_suffix(".csv"), index=False, float_format="%.4f", lineterminator="\n")
        arguments.write.with_suffix(".md").write_text(text, encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the run folder; what stands there is kept")
    parser.add_argument("--corpus", type=Path, help="a folder or table of songs with genres; the demo's where none")
    parser.add_argument("--table", choices=TABLES, default="presets", help="what is compared (presets)")
    parser.add_argument("--seeds", type=int, default=5, help="how many (5)")
    parser.add_argument("--epochs", type=int, default=150, help="the most that spectrogram models are trained (150)")
    parser.add_argument("--only", action="append", default=[], help="cells by name, * for anything; repeatable")
    parser.add_argument("--write", type=Path, help="also write FILE.csv and FILE.md")
    return parser.parse_args()


def _demo(folder: Path) -> Path:
    from musaic.demo.corpus import write_corpus

    return folder if (folder / "factors.csv").exists() else write_corpus(folder, seed=0, n_tracks=360)


def _experiment(arguments: argparse.Namespace) -> dict[str, Any]:
    has_lyrics = arguments.corpus is None
    cells = []
    for name, cell in TABLES[arguments.table].items():
        if not has_lyrics and ("lyrics" in cell["input"] or cell["model"] == "cvae"):
            continue
        spectrogram = {"training": {"epochs": arguments.epochs, "batch_size": 32}} if "conv" in name else {}
        cells.append({"name": name, **cell, **spectrogram})
    return {
        "version": 1,
        "name": f"presets-{arguments.table}",
        "features": {"names": ["log_mel", "statistics", "descriptors"], "n_mels": 64},
        "cells": cells,
        "clusterings": [{"algorithm": "kmeans", "n_clusters": "labels:genre"}],
        "figures": {"maps": []},
        "seeds": arguments.seeds,
    }


def _rows(run: Any, corpus: Path) -> Any:
    """Return one row a cell and seed."""
    import pandas as pd

    from musaic.experiment.scoring import read_scores
    from musaic.files import read_json

    timings, rows = read_json(run.timings_file), []
    for cell in run.cells:
        if cell["status"] != "done":
            print(f"{cell['cell']}: {cell['status']} {cell['reason'] or ''}", file=sys.stderr)
            continue
        scores = read_scores(run, cell["cell"]).set_index(["seed", "label"])
        for seed in cell["seeds"]:
            folder = run.model_folder(cell["cell"], seed)
            history = folder / "history.csv"
            row: dict[str, Any] = {
                "cell": cell["cell"].rpartition("-")[0],
                "model": cell["model"],
                "input": cell["told"],
                "seed": seed,
                "dims": cell["dims"],
                "active_units": read_json(folder / "config.json")["fitted"].get("active_units"),
                "epochs": len(pd.read_csv(history)) if history.exists() else None,
                "seconds": timings.get(cell["cell"], {}).get(f"seed-{seed}"),
            }
            for label in ("genre", "language"):
                if (seed, label) in scores.index:
                    found = scores.loc[(seed, label)]
                    row |= {f"{label}_{score}": found[score] for score in ("nmi", "ari", "ami")}
                    row[f"{label}_leaked"] = label in found["labels_used"].split(";")
            rows.append(row | _factors(run, cell, seed, corpus / "factors.csv"))
    return pd.DataFrame(rows)


def _factors(run: Any, cell: dict[str, Any], seed: int, table: Path) -> dict[str, float]:
    """Return how latents stand to the factors that the songs were made from; nothing for other songs."""
    import pandas as pd

    from musaic.evaluation.disentanglement import mig, sap

    if not table.exists():
        return {}
    latents = pd.read_parquet(run.embedding_file(cell["cell"], seed)).set_index("track_id")
    codes = latents[[name for name in latents if name.startswith("z_")]].to_numpy()
    factors = pd.read_csv(table).set_index("track_id").reindex(latents.index)[list(FACTORS)]
    known = {name: factors[name].tolist() for name in factors}
    kinds = {"lead_program": "discrete"}
    return {"mig": mig(codes, known, kinds=kinds, adjusted=True).score, "sap": sap(codes, known, kinds=kinds).score}


def _markdown(arguments: argparse.Namespace, run: Any, rows: Any, corpus: Path) -> str:
    shown = []
    for name, cell in rows.groupby("cell", sort=False):
        first = cell.iloc[0]
        row = {"": name, "model": first["model"], "input": first["input"]}
        for score in ("genre_ami", "genre_nmi", "genre_ari", "language_nmi"):
            if score in cell and cell[score].notna().any():
                leaked = " (leaked)" if cell[f"{score.partition('_')[0]}_leaked"].any() else ""
                row[score.replace("_", " ")] = f"{cell[score].mean():.3f} ± {cell[score].std():.3f}{leaked}"
        row["genre AMI less pca's"] = _against(run, name)
        for column, digits in (("active_units", 1), ("mig", 3), ("sap", 3), ("epochs", 0), ("seconds", 1)):
            if column in cell:
                mean = cell[column].astype(float).mean()
                row[column.replace("_", " ")] = "" if mean != mean else f"{mean:.{digits}f}"
        shown.append(row)
    columns = list(dict.fromkeys(key for row in shown for key in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(row.get(column, "")) for column in columns) + " |" for row in shown]
    about = __doc__.strip().rpartition("\n\n")[2]
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, one thread a model"
    return (
        f"# {TITLES[arguments.table]} on {corpus.name}\n\n`{command(__file__)}`\n\n{about}\n\n"
        + "\n".join(lines)
        + "\n\n"
        f"{len(run.tracks)} tracks, {arguments.seeds} seeds, mean ± standard deviation over them; differences with "
        f"95 % intervals in brackets. Commit {commit()}, {machine}.\n"
    )


def _against(run: Any, name: str) -> str:
    """Return a cell's AMI on genre less that of `pca` with the same input, with its interval."""
    from musaic.evaluation.paired import paired_bootstrap

    cells = {cell["cell"].rpartition("-")[0]: cell for cell in run.cells if cell["status"] == "done"}
    mine = cells[name]
    rivals = [cell for cell in cells.values() if cell["model"] == "pca" and cell["told"] == mine["told"]]
    if not rivals or rivals[0] is mine:
        return ""
    genre = list(run.tracks.set_index("track_id")["genre"])
    difference, low, high = paired_bootstrap(_contender(run, mine), _contender(run, rivals[0]), genre)
    return f"{difference:+.3f} [{low:+.3f}, {high:+.3f}]"


def _contender(run: Any, cell: dict[str, Any]) -> Any:
    import pandas as pd

    from musaic.evaluation.contenders import Contender

    clustering, ids = cell["clusterings"][0], run.tracks["track_id"]
    found = {}
    for seed in cell["seeds"]:
        clusters = pd.read_parquet(run.clusters_file(cell["cell"], seed, clustering["id"])).set_index("track_id")[
            "cluster"
        ]
        found[seed] = clusters.reindex(ids)
    present = found[cell["seeds"][0]].notna().to_numpy()
    labelings = {seed: clusters.fillna(-1).to_numpy(int) for seed, clusters in found.items()}
    return Contender(
        cell["cell"],
        cell["model"],
        cell["told"],
        "kmeans",
        "latent",
        clustering["n_clusters"],
        labelings,
        present=present,
    )


if __name__ == "__main__":
    main()
