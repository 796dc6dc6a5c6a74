"""The pretrained networks of a run: the same weights from its first song to the last that is placed in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from musaic.errors import MusaicError
from musaic.features.config import FeatureConfig
from musaic.features.pretrained.checkpoint import find
from musaic.features.registry import PRETRAINED
from musaic.files import read_json
from musaic.progress import SILENT, Reporter
from musaic.runs import Run


def check_pretrained(features: FeatureConfig, *, reporter: Reporter = SILENT) -> None:
    """Find all pretrained networks that an experiment names, or fetch them, before anything is computed.

    Raises
    ------
    MusaicError
        Where one is neither on this disk nor to be fetched; the command that gets it is named.
    """
    for name in features.embedded:
        find(name.removeprefix(PRETRAINED), reporter=reporter)


def check_weights(run: Run, records: Mapping[str, Mapping[str, Any]]) -> None:
    """Hold networks against those that a run was begun with.

    Parameters
    ----------
    run : Run
        Its ``environment.json`` says what it was begun with.
    records : mapping of str to mapping
        As `musaic.features.featureset.FeatureSet` has them.

    Raises
    ------
    MusaicError
        Where one has other weights now.
    """
    for name, record in records.items():
        _same(run, name, str(record["digest"]))


def reachable(
    run: Run,
    features: FeatureConfig,
    wanted: Collection[str],
    *,
    cache: Path | None = None,
    reporter: Reporter = SILENT,
) -> tuple[FeatureConfig, dict[str, str]]:
    """Return what of a run's features can be made of new songs.

    Parameters
    ----------
    run : Run
        The run.
    features : FeatureConfig
        Its features.
    wanted : collection of str
        The inputs that are asked for; networks that none of them is made by are left alone.
    cache, reporter
        As for `musaic.features.extract`.

    Returns
    -------
    features : FeatureConfig
        The same without networks that are not wanted or cannot be had.
    beyond : dict of str to str
        Why one that is wanted cannot be had, by feature.
    """
    beyond: dict[str, str] = {}
    for name in set(features.embedded) & set(wanted):
        try:
            _same(run, name, find(name.removeprefix(PRETRAINED), reporter=reporter).digest(cache))
        except MusaicError as error:
            beyond[name] = str(error).rstrip(".")
    left_out = {name for name in features.embedded if name not in wanted or name in beyond}
    names = tuple(name for name in features.names if name not in left_out)
    return features.model_copy(update={"names": names}), beyond


def _same(run: Run, name: str, digest: str) -> None:
    known = read_json(run.environment_file).get("pretrained", {}) if run.environment_file.exists() else {}
    if name in known and known[name]["digest"] != digest:
        raise MusaicError(
            f"{name} is not the network that {run.path} was begun with: its files hash to {digest}, not "
            f"{known[name]['digest']}; put the old files back, or run the experiment anew (--force)."
        )
