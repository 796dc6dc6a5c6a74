"""The datasets by name. A new one is a file in ``known/`` and a line here."""

from __future__ import annotations

from musaic.datasets.description import Dataset
from musaic.datasets.known import any_of_kaggle, any_of_mirdata, banglabeats, fma, gtzan, jamendolyrics, mtg_jamendo
from musaic.errors import UsageError, nearest

_REGISTERED = (
    *gtzan.DATASETS,
    *banglabeats.DATASETS,
    *jamendolyrics.DATASETS,
    *fma.DATASETS,
    *mtg_jamendo.DATASETS,
)
_BY_PREFIX = {"mirdata": any_of_mirdata.dataset, "kaggle": any_of_kaggle.dataset}


def datasets() -> dict[str, Dataset]:
    """Return the registered datasets by name; besides, any of mirdata's and of Kaggle's can be named (`dataset`)."""
    return {one.name: one for one in _REGISTERED}


def dataset(name: str) -> Dataset:
    """Return a dataset by its name.

    Parameters
    ----------
    name : str
        One of `datasets` (case does not matter, nor ``-`` for ``_``), ``mirdata:<loader>`` or
        ``kaggle:<owner>/<dataset>``.

    Raises
    ------
    UsageError
        Where there is none of that name, with the nearest.
    MusaicError
        Where the library that knows it is not installed.
    """
    prefix, colon, rest = name.partition(":")
    if colon and prefix.casefold() in _BY_PREFIX:
        return _BY_PREFIX[prefix.casefold()](rest)
    known = datasets()
    folded = name.strip().casefold().replace("-", "_")
    if folded not in known:
        raise UsageError(
            f"unknown dataset {name!r}{nearest(folded, known) or '.'} Allowed: {', '.join(sorted(known))}, "
            "mirdata:LOADER, kaggle:OWNER/DATASET; a dataset that you have as a folder or a table needs no download."
        )
    return known[folded]
