"""Reading experiments: shipped ones, files and plain data, with overrides; and the parts of one that commands take."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import yaml

from musaic.config import Config, read_yaml
from musaic.corpus.config import CorpusConfig
from musaic.errors import UsageError, nearest
from musaic.experiment.config import Experiment
from musaic.experiment.modalities import relocated
from musaic.experiment.quick import quick as shortened
from musaic.features.config import FeatureConfig
from musaic.lyrics.config import LyricsConfig
from musaic.storage import is_url

ConfigT = TypeVar("ConfigT", bound=Config)


def recipes() -> dict[str, str]:
    """Return the shipped experiments: name → YAML text."""
    folder = resources.files("musaic.experiment") / "recipes"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    return {item.name.removesuffix(".yaml"): item.read_text(encoding="utf-8") for item in files}


def load_experiment(
    experiment: str | Path | Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    faithful: bool = False,
    quick: bool = False,
) -> Experiment:
    """Read an experiment.

    Parameters
    ----------
    experiment : str, Path or mapping
        The name of a shipped one (such as ``default``), a YAML file, or its content.
    overrides : sequence of str
        ``a.b=value`` each; the value is YAML, list items are named by their number (``cells.0.beta=2``).
    faithful : bool
        Apply the overrides that the experiment itself keeps under ``faithful``, before those given here.
    quick : bool
        Shorten it to a smoke run (see `musaic.experiment.quick`).

    Raises
    ------
    UsageError
        With one sentence, where there is no such experiment or something in it is not understood.
    """
    if isinstance(experiment, Mapping):
        data, where = copy.deepcopy(dict(experiment)), "the experiment"
    else:
        data, where = _find(str(experiment)), str(experiment)
        _from_its_folder(data, Path(str(experiment)))
    if faithful:
        own = data.get("faithful")
        if not isinstance(own, dict) or not own:
            raise UsageError(f"{where} has no 'faithful' overrides; run it without --faithful.")
        for key, value in own.items():
            _set(data, str(key), copy.deepcopy(value), f"faithful {key}")
    for override in overrides:
        _override(data, override)
    parsed = Experiment.parse(data, where)
    return shortened(parsed) if quick else parsed


def _find(name: str) -> dict[str, Any]:
    shipped = recipes()
    if name in shipped:
        data: dict[str, Any] = yaml.safe_load(shipped[name])
        return data
    path = Path(name)
    if path.is_file():
        return read_yaml(path)
    hint = nearest(name, shipped) or "."
    raise UsageError(f"there is no experiment {name!r}{hint} Name a YAML file or one of: {', '.join(shipped)}.")


def _from_its_folder(data: dict[str, Any], file: Path) -> None:
    """Let the paths of an experiment file (corpus, labels, transcripts, latents) start where the file lies."""
    if not file.is_file():
        return
    if "cells" in data:
        data["cells"] = relocated(data["cells"], lambda path: str(file.parent / Path(path).expanduser()))
    corpus = data.get("corpus")
    if not isinstance(corpus, dict):
        return
    if isinstance(corpus.get("path"), str) and not is_url(corpus["path"]):
        corpus["path"] = str(file.parent / Path(corpus["path"]).expanduser())
    for key in ("labels", "transcripts"):
        if isinstance(corpus.get(key), str):
            corpus[key] = [corpus[key]]
        if isinstance(corpus.get(key), list):
            corpus[key] = [str(file.parent / Path(str(path)).expanduser()) for path in corpus[key]]


def _override(data: dict[str, Any], override: str) -> None:
    """Set one value in place."""
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise UsageError(f"--set takes key=value such as features.duration=20, not {override!r}.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise UsageError(
            f"the value in --set {override!r} is not valid YAML; put text with special signs in quotes."
        ) from None
    _set(data, key, value, f"--set {override!r}")


def _set(data: dict[str, Any], key: str, value: Any, told: str) -> None:
    """Set the value at a dotted key in place."""
    *parents, last = key.split(".")
    place: Any = data
    for part in parents:
        place = _step(place, part, told) if isinstance(place, list) else place.setdefault(part, {})
        if not isinstance(place, dict | list):
            raise UsageError(f"{told}: {part!r} holds a value, not keys.")
    if isinstance(place, list):
        _step(place, last, told)
        place[int(last)] = value
    else:
        place[last] = value


def _step(place: list[Any], part: str, told: str) -> Any:
    if not part.isdecimal() or int(part) >= len(place):
        raise UsageError(f"{told}: name an item of the list by its number, 0 to {len(place) - 1}.")
    return place[int(part)]


def corpus_config(given: Mapping[str, Any], overrides: Sequence[str] = ()) -> CorpusConfig:
    """Return the corpus part of an experiment: ``given`` keys, then those ``overrides`` that begin with ``corpus.``."""
    return _part("corpus", CorpusConfig, given, overrides)


def lyrics_config(overrides: Sequence[str] = ()) -> LyricsConfig:
    """Return the lyrics part of an experiment from those ``overrides`` that begin with ``lyrics.``."""
    return _part("lyrics", LyricsConfig, {}, overrides)


def features_config(overrides: Sequence[str] = ()) -> FeatureConfig:
    """Return the features part of an experiment from those ``overrides`` that begin with ``features.``."""
    return _part("features", FeatureConfig, {}, overrides)


def _part(key: str, kind: type[ConfigT], given: Mapping[str, Any], overrides: Sequence[str]) -> ConfigT:
    data: dict[str, Any] = {key: dict(given)}
    for override in overrides:
        _override(data, override)
    parts: dict[str, type[Config]] = {"corpus": CorpusConfig, "features": FeatureConfig, "lyrics": LyricsConfig}
    for name, values in data.items():
        if name not in parts:
            known = ", ".join(f"{part}.*" for part in parts)
            raise UsageError(f"--set {name}: only {known} mean something here{nearest(name, parts) or '.'}")
        if not isinstance(values, dict):
            raise UsageError(f"--set {name} takes a key of {name}, such as {name}.{_first_key(parts[name])}=…")
        parts[name].parse(values, f"--set {name}")
    return kind.parse(data[key], f"--set {key}")


def _first_key(kind: type[Config]) -> str:
    return next(iter(kind.model_fields))
