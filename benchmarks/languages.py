"""What lyrics vectors say of language, and what is left of theme and genre when language is taken out.

    python benchmarks/languages.py [--encoder NAME]... [--corpus PATH [--theme COLUMN]] [--seeds N] [--write FILE.md]

Without a corpus, the songs of `musaic demo` are made (their lyrics alone are read). Every encoder is compared as it is,
with every language moved to one mean (`without: language`), and with the directions that tell the language erased
(`removal: erase`). Retrieval is the share of the 10 nearest tracks, by cosine, that share theme or genre, those of the
query's artist left out; chance is its expectation in random order. The probe is a logistic regression on half of the
artists' tracks, tested on the others; what takes the language out is fitted on the same half.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from pathlib import Path

from about import command

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

NEIGHBOURS = 10
REMOVALS = {
    "as it is": {},
    "language centred": {"without": "language"},
    "language erased": {"without": "language", "removal": "erase"},
}


def main() -> None:
    """Measure, print, and write the results where asked."""
    import numpy as np
    import pandas as pd

    from musaic.experiment.loading import corpus_config
    from musaic.experiment.songs import read_corpus
    from musaic.lyrics.encoders import build

    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        root, labels = _songs(arguments, Path(folder))
        songs = read_corpus(root, corpus_config({"labels": labels} if labels else {}))
        told = songs.subset(np.array(songs.track_ids)[songs.has_lyrics]).tracks
    rows = []
    for name in arguments.encoder or ["tfidf"]:
        encoder = build(name, random_state=0)
        vectors = encoder.fit_transform(list(told["lyrics"]))
        label = name.rstrip("/").replace("/", ":").rpartition(":")[2]
        rows += [
            {"encoder": label, "vectors": how, **_measure(vectors, told, options, arguments)}
            for how, options in REMOVALS.items()
        ]
    table = pd.DataFrame(rows)
    about = f"{len(told)} lyrics in {told['language'].nunique()} languages, {arguments.seeds} seeds"
    text = f"{about}\n\n{_markdown(table)}\n"
    print(text)
    if arguments.write:
        _write(arguments.write, text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--encoder", action="append", help="as an experiment names it (tfidf); repeatable")
    parser.add_argument("--corpus", type=Path, help="a folder or table of songs with lyrics")
    parser.add_argument("--theme", default="theme", help="the label column of themes (theme)")
    parser.add_argument("--seeds", type=int, default=5, help="K-Means starts (5)")
    parser.add_argument("--write", type=Path, help="also write the results, as Markdown")
    return parser.parse_args()


def _songs(arguments: argparse.Namespace, folder: Path) -> tuple[Path, list[str]]:
    """Return the corpus and its table of further labels; the demo's songs are made short, as nobody hears them."""
    if arguments.corpus:
        return arguments.corpus, []
    from musaic.demo.corpus import write_corpus

    root = write_corpus(folder / "songs", seed=0, n_tracks=360, seconds=4.0)
    return root, [str(root / "factors.csv")]


def _measure(vectors, told, options: dict, arguments: argparse.Namespace) -> dict[str, str]:
    """Return the numbers of one kind of vectors, as a table shows them."""
    import numpy as np
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    from musaic.evaluation.neighbours import neighbour_precision

    language, artist = list(told["language"]), list(told["group"])
    Z = _without(vectors, vectors, language, language, options)
    k = len(set(language))
    nmi = [
        normalized_mutual_info_score(language, KMeans(k, n_init=10, random_state=seed).fit_predict(Z))
        for seed in range(arguments.seeds)
    ]
    probe = _probe(vectors, np.array(language), artist, options)
    majority = max(language.count(value) for value in set(language)) / len(language)
    found = {
        "NMI language": f"{np.mean(nmi):.3f} ± {np.std(nmi, ddof=1) if len(nmi) > 1 else 0:.3f}",
        "language probe": f"{probe:.3f} ({majority:.3f})",
    }
    for label in (arguments.theme, "genre"):
        for where in ("within", "across"):
            if label in told and told[label].notna().any():
                got = neighbour_precision(
                    Z, list(told[label]), k=NEIGHBOURS, domains=language, where=where, groups=artist, metric="cosine"
                )
                found[f"{label} {where}"] = f"{got.precision:.3f} ({got.chance:.3f})"
    return found


def _without(vectors, others, language, languages, options: dict):
    """Return ``others`` without their language, by what was learned from ``vectors``."""
    import numpy as np

    from musaic.models import build, parse_config

    model = build(parse_config({"model": "raw", "scaling": "none", **options}))
    model.fit(vectors, condition={"language": np.array(language)} if options else None)
    return model.transform(others, condition={"language": np.array(languages)} if options else None)


def _probe(vectors, language, artist: list[str], options: dict) -> float:
    """Return how often a linear classifier tells the language of artists that it has not seen."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    right = []
    for train, test in GroupKFold(2, shuffle=True, random_state=0).split(vectors, groups=artist):
        seen, unseen = (
            _without(vectors[train], vectors[rows], language[train], language[rows], options) for rows in (train, test)
        )
        probe = LogisticRegression(max_iter=2000, C=100.0).fit(seen, language[train])
        right.append(probe.score(unseen, language[test]))
    return float(np.mean(right))


def _markdown(table) -> str:
    lines = ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in table.itertuples(index=False, name=None))])


def _write(path: Path, text: str) -> None:
    from importlib.metadata import version

    libraries = ", ".join(f"{name} {version(name)}" for name in ("scikit-learn", "numpy"))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"# Language in lyrics vectors\n\n`{command(__file__)}`\n\n{__doc__.split(chr(10) * 2)[2].strip()}\n\n{text}\n"
        f"In brackets: the majority's share for the probe, chance for retrieval. "
        f"Python {platform.python_version()}, {libraries}.\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
