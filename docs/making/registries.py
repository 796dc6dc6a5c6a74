"""Tables of what is registered: a new model, feature, clustering or score is in them by being registered."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from prose import code, first_paragraph, table

PAPERS = {
    "raw": "",
    "pca": "Pearson, Philosophical Magazine 2, 1901",
    "vae": "arXiv:1312.6114",
    "autoencoder": "Hinton and Salakhutdinov, Science 313, 2006",
    "beta": "Higgins et al., ICLR 2017",
    "mixture": "arXiv:1611.05148",
    "condition": "Sohn, Lee and Yan, NIPS 2015; arXiv:1406.5298",
    "poe": "arXiv:1802.05335",
    "moe": "arXiv:1911.03393",
}
"""The papers of the choices that presets make."""

_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def models() -> str:
    """Return the registered models: what each sets, where it comes from."""
    from musaic.models import MODELS

    rows = [
        [code(name), _kind(name), _preset(entry.preset) or "its defaults", linked(_papers(name))]
        for name, entry in MODELS.items()
    ]
    return table(["model", "what it is", "what it sets", "paper"], rows)


def _kind(name: str) -> str:
    """Return what sets a model apart, and whether it is a baseline; without it, what its configuration is."""
    from musaic.models import MODELS

    entry = MODELS[name]
    told = entry.kind
    return f"baseline: {told[0].lower()}{told[1:]}" if entry.baseline else f"{told[0].upper()}{told[1:]}"


def _preset(preset: Mapping[str, Any], above: str = "") -> str:
    told = []
    for key, value in preset.items():
        if isinstance(value, Mapping):
            told.append(_preset(value, f"{above}{key}."))
        else:
            told.append(code(f"{above}{key}: {json.dumps(value, ensure_ascii=False)}"))
    return ", ".join(told)


def _papers(name: str) -> str:
    """Return the papers of the choices that a model makes by itself, and those that its own code names."""
    from musaic.models import parse_config

    config: Any = parse_config({"model": name})
    told = [PAPERS.get(name, "")]
    if hasattr(config, "prior"):
        told += [PAPERS["vae"]] if config.beta else []
        told += [PAPERS["beta"]] if config.beta > 1 else []
        told += [PAPERS["condition"]] if config.condition else []
        told += [PAPERS.get(config.prior.kind, ""), PAPERS.get(config.fusion.kind, "")]
    else:
        module, _, cls = config.home.partition(":")
        home = getattr(importlib.import_module(module), cls)
        told += [f"arXiv:{number}" for number in _ARXIV.findall(f"{home.__doc__}{type(config).__doc__}")]
    return "; ".join(dict.fromkeys(filter(None, told)))


def linked(text: str) -> str:
    """Return a text with its arXiv numbers as links."""
    return _ARXIV.sub(lambda found: f"[arXiv:{found[1]}](https://arxiv.org/abs/{found[1]})", text)


def choices() -> str:
    """Return what the six choices of a variational autoencoder take."""
    from musaic.models.vae.config import MixturePriorConfig, StandardPriorConfig
    from musaic.models.vae.fusion_config import FUSIONS
    from musaic.models.vae.networks.registry import NETWORKS
    from musaic.models.vae.penalties import PENALTIES
    from musaic.models.vae.penalty_config import CropConsistencyConfig, FreeBitsConfig, IndependenceConfig

    priors = {"standard": StandardPriorConfig, "mixture": MixturePriorConfig}
    known = {one.model_fields["kind"].default: one for one in (CropConsistencyConfig, IndependenceConfig)}
    penalties = {kind: known[kind] for kind in PENALTIES} | {"free-bits": FreeBitsConfig}
    kinds: dict[str, Mapping[str, Any]] = {
        "network": {kind: entry.config for kind, entry in NETWORKS.items()},
        "prior": priors,
        "fusion": FUSIONS,
        "penalties": penalties,
    }
    rows = [
        [code(choice), code(kind), linked(first_paragraph(config))]
        for choice, options in kinds.items()
        for kind, config in options.items()
    ]
    return table(["choice", "option", "what it is"], rows)


def features() -> str:
    """Return the features: their kind, their size by default, what they are."""
    from musaic.features.config import FeatureConfig
    from musaic.features.kinds import Frames
    from musaic.features.registry import MODULES, feature

    config = FeatureConfig()
    rows = []
    for name, module in MODULES.items():
        one = feature(name)
        kind = "a row a frame" if isinstance(one, Frames) else "a vector a song"
        about = first_paragraph(importlib.import_module(module))
        rows.append([code(name), kind, str(len(one.dims(config))), about])
    return table(["feature", "kind", "numbers by default", "what it is"], rows)


def descriptors() -> str:
    """Return what every descriptor means."""
    from musaic.features import descriptors as module

    lines = (inspect.getdoc(module) or "").splitlines()
    first, last = (i for i, line in enumerate(lines) if line.startswith("=="))
    rows: list[list[str]] = []
    for line in lines[first + 1 : last]:
        name, about = line[:18].strip(), line[18:].strip()
        if name:
            rows.append([", ".join(code(one.strip()) for one in name.split(",")), about])
        else:
            rows[-1][1] += f" {about}"
    return table(["descriptor", "what it is"], rows)


def clusterings() -> str:
    """Return the clustering algorithms: whether they are told how many, and what they are."""
    from musaic.clustering import CLUSTERERS, CountedConfig

    rows = []
    for name, entry in CLUSTERERS.items():
        counted = "is told, or chooses" if issubclass(entry.config, CountedConfig) else "finds"
        rows.append([code(name), counted, linked(first_paragraph(entry.clusterer))])
    return table(["algorithm", "number of clusters", "what it is"], rows)


def metrics() -> str:
    """Return the scores."""
    from musaic.evaluation import METRICS

    looks = {"internal": "where the songs lie", "external": "a label"}
    best = {"high": "high is good", "low": "low is good"}
    rows = []
    for name, metric in METRICS.items():
        about = first_paragraph(metric.function).removeprefix("Return ")
        rows.append([code(name), looks[metric.kind], best[metric.best], about])
    return table(["score", "looks at", "best", "what it is"], rows)


def columns() -> str:
    """Return the columns of a leaderboard and what they mean."""
    from musaic.evaluation import LEADERBOARD
    from musaic.runs.leaderboard.columns import describe

    return table(["column", "what it is"], [[code(name), told or ""] for name, told in describe(LEADERBOARD).items()])


def encoders() -> str:
    """Return what turns texts into vectors."""
    from musaic.lyrics.encoders.registry import ENCODERS

    return f"Texts become vectors by {' or '.join(code(name) for name in ENCODERS)}, named under `lyrics.encoder`."


def recipes() -> str:
    """Return the shipped experiments, each with what it is and how it is run."""
    from musaic.experiment.loading import load_experiment
    from musaic.experiment.loading import recipes as shipped

    told = []
    for name in shipped():
        experiment = load_experiment(name)
        phases = dict.fromkeys(cell.phase for cell in experiment.cells if cell.phase)
        lines = [f"musaic run {name} --corpus songs", f"musaic run {name} --corpus songs --quick"]
        lines += [f"musaic run {name} --corpus songs --phase {phase}" for phase in phases]
        lines += [f"musaic run {name} --corpus songs --faithful"] if experiment.faithful else []
        text = experiment.about or _comment(shipped()[name])
        algorithms = dict.fromkeys(one.algorithm for one in experiment.clusterings)
        facts = [
            f"{len(experiment.cells)} cells",
            f"{len(experiment.seeds)} seed{'s' * (len(experiment.seeds) != 1)}",
            f"clustered by {', '.join(map(code, algorithms))}",
        ]
        commands = "\n".join(f"    {line}" for line in lines)
        told.append(f"## `{name}`\n\n{text}\n\n{'; '.join(facts)}.\n\n{commands}\n")
    return "\n".join(told)


def _comment(text: str) -> str:
    """Return the comment at the top of an experiment file."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def statuses() -> str:
    """Return the words that say what is wrong with a track's sound."""
    from musaic.corpus.status import Status

    return ", ".join(code(status.value) for status in Status)


def extras() -> str:
    """Return the extras that can be installed, with what they bring."""
    import tomllib
    from pathlib import Path

    from packaging.requirements import Requirement

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = {
        extra: [Requirement(text).name for text in texts]
        for extra, texts in project["optional-dependencies"].items()
        if extra not in ("test", "docs")
    }
    rows = [[code(f"pip install 'musaic[{extra}]'"), ", ".join(names)] for extra, names in found.items()]
    return table(["command", "brings"], rows)


def api(module: str) -> str:
    """Return every public name of a module, each with its documentation."""
    return "\n\n".join(f"::: {module}.{name}" for name in _public(module))


def _public(module: str) -> Iterator[str]:
    """Yield the public names of a module in the order of their letters, constants last."""
    names = [name for name in importlib.import_module(module).__all__ if not name.startswith("_")]
    yield from sorted(names, key=lambda name: (name.isupper(), name.lower()))
