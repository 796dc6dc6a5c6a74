"""Where a pretrained model is and what it is: a folder, or the hub's copy on this disk, fetched once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from musaic.corpus.fingerprint import content_ids
from musaic.errors import MusaicError, nearest
from musaic.features.pretrained.architectures import Architecture, architecture_of
from musaic.features.pretrained.hub import fetch, has_weights, on_disk, pickled, require_extra
from musaic.features.pretrained.models import MODELS, Model
from musaic.features.registry import PRETRAINED
from musaic.lyrics.encoders.hub import one_line
from musaic.progress import SILENT, Reporter

UNKNOWN = "unknown"
"""The licence of a model that does not say it."""

_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+(?:@[\w./-]+)?")
_HEAD = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True)
class Checkpoint:
    """A model of sound on this disk.

    Attributes
    ----------
    model : str
        As it was typed, after ``pretrained:``.
    name : str
        Its full name on the hub, or the folder.
    folder : Path
        Where its files are.
    revision : str, optional
        The hub's commit.
    entry : Model, optional
        What is registered of it.
    """

    model: str
    name: str
    folder: Path
    revision: str | None = None
    entry: Model | None = None

    @cached_property
    def config(self) -> dict[str, Any]:
        """The network's configuration."""
        return _read(self.folder / "config.json")

    @cached_property
    def preparation(self) -> dict[str, Any]:
        """How sound is prepared for it."""
        if (self.folder / "preprocessor_config.json").is_file():
            return _read(self.folder / "preprocessor_config.json")
        found = _read(self.folder / "processor_config.json").get("feature_extractor")
        return dict(found) if isinstance(found, Mapping) else {}

    @cached_property
    def architecture(self) -> Architecture:
        """What computes with the weights."""
        return architecture_of(self.model, self.config)

    @property
    def licence(self) -> str:
        """The licence of the weights: what is registered, else what the model's own page says."""
        if self.entry:
            return self.entry.licence
        return _licence(self.folder / "README.md")

    @property
    def told(self) -> str:
        """One line for a person: what it is, under which licence."""
        licence = self.licence
        terms = f"licence {licence}" + (" (not for commercial use)" if "-nc" in licence.lower() else "")
        if licence == UNKNOWN:
            terms = "its licence is not known here: read its page before you share what comes of it"
        paper = f", arXiv:{self.entry.paper}" if self.entry else ""
        name = f" is {self.name}" if self.name != self.model else ""
        fixed = self.entry.revision if self.entry else None
        commit = f", commit {self.revision}" if self.revision not in (None, fixed) else ""
        return f"{PRETRAINED}{self.model}{name}{commit}: {terms}{paper}"

    def digest(self, cache: Path | None = None) -> str:
        """Return 32 hexadecimal digits of a hash of configuration, preparation and weights."""
        names = ("config.json", "preprocessor_config.json", "processor_config.json")
        files = sorted(
            [self.folder / name for name in names if (self.folder / name).is_file()]
            + [*self.folder.glob("*.safetensors"), *self.folder.glob("*.safetensors.index.json")]
        )
        found = content_ids({path.name: path for path in files}, cache=cache, workers=0)
        content = "\n".join(f"{name} {found[name]}" for name in sorted(found))
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def record(self, cache: Path | None = None) -> dict[str, Any]:
        """Return what a run keeps of it, JSON-ready."""
        return {
            "model": self.name if self.revision else Path(self.name).name,
            "revision": self.revision,
            "architecture": self.config["model_type"],
            "licence": self.licence,
            "paper": self.entry.paper if self.entry else None,
            "digest": self.digest(cache),
        }


def find(model: str, *, reporter: Reporter = SILENT, download: bool = True) -> Checkpoint:
    """Return a model that can be loaded from this disk.

    Parameters
    ----------
    model : str
        A short name of `MODELS`, a folder that holds a model, or a name on the Hugging Face hub, ``owner/name`` or
        ``owner/name@revision``.
    reporter : Reporter
        Where it is announced that something is fetched, and under which licence.
    download : bool
        Whether it may be fetched.

    Raises
    ------
    MusaicError
        Where there is no such model and it cannot be fetched; where it is no model of sound that is known here, has
        pickled weights only, or wants code of its own to be run; where the extra is not installed.

    Notes
    -----
    The disk is asked first. The network is left alone where all is there, or ``HF_HUB_OFFLINE`` is set.
    """
    require_extra()
    path = Path(model).expanduser()
    entry = MODELS.get(model)
    if entry is None and path.is_dir():
        return _checked(Checkpoint(model, str(path), path))
    if entry is None and not _HUB_NAME.fullmatch(model):
        hint = nearest(model, MODELS) or "."
        raise MusaicError(
            f"there is no pretrained model {model!r}{hint} Name one of {', '.join(MODELS)}, a folder that holds a "
            "model, or owner/name of one on the Hugging Face hub."
        )
    revision: str | None
    if entry is not None:
        name, revision = entry.hub, entry.revision
    else:
        name, _, asked = model.partition("@")
        revision = asked or None
        entry = next(
            (known for known in MODELS.values() if known.hub == name and revision in (None, known.revision)), None
        )
        revision = entry.revision if entry else revision
    # a commit that holds pickles is never used itself: some other holds what came of it, and is told and recorded
    folder = on_disk(name, revision, exact="@" in model or (entry is not None and entry.safetensors))
    if folder is None:

        def announce(place: Path) -> None:
            arrived = Checkpoint(model, name, place, place.name, entry)
            architecture_of(model, arrived.config)
            reporter.say(arrived.told + (f", {entry.megabytes} MB" if entry else ""))

        known_pickles = entry is not None and not entry.safetensors
        folder = fetch(name, revision, reporter, announce=announce, pickles=known_pickles, download=download)
    return _checked(Checkpoint(model, name, folder, folder.name, entry))


def _checked(found: Checkpoint) -> Checkpoint:
    """Return the checkpoint, if it can be used without running anything that came with it."""
    if not (found.folder / "config.json").is_file():
        raise MusaicError(f"{found.folder} holds no model: it has no config.json; name the folder that does.")
    architecture_of(found.model, found.config)
    if not has_weights(found.folder):
        if any(any(found.folder.glob(like)) for like in _PICKLES):
            raise pickled(found.model)
        raise MusaicError(
            f"the model {found.model} has no weights, or not all of them, in {found.folder}; get model.safetensors "
            "too, or every file that model.safetensors.index.json names."
        )
    if not any((found.folder / name).is_file() for name in ("preprocessor_config.json", "processor_config.json")):
        raise MusaicError(
            f"the model {found.model} does not say how sound is prepared for it: {found.folder} has no "
            "preprocessor_config.json; get it too."
        )
    return found


def _licence(card: Path) -> str:
    """Return the licence that a model's page names in its head, which is YAML between lines of three dashes."""
    import yaml

    text = card.read_text(encoding="utf-8-sig", errors="replace") if card.is_file() else ""
    found = _HEAD.match(text)
    try:
        head = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        return UNKNOWN
    told = head.get("license") if isinstance(head, Mapping) else None
    if isinstance(head, Mapping) and told in (None, "other"):
        told = head.get("license_name") or told
    several = told if isinstance(told, list) else [told]
    return " + ".join(" ".join(str(one).split()) for one in several if one not in (None, "")) or UNKNOWN


def _read(path: Path) -> dict[str, Any]:
    """Return a JSON file of a model; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MusaicError(f"cannot read {path}: {one_line(error)}; get the model again.") from error
    if not isinstance(found, dict):
        raise MusaicError(f"{path} holds {type(found).__name__} where models have keys and values; get it again.")
    return found
