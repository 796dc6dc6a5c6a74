"""Where a Whisper model is: in a folder, on this disk under its name, or on the hub."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from musaic.config import digest
from musaic.errors import MusaicError, UsageError, unknown
from musaic.files import content_id
from musaic.progress import SILENT, Reporter

NEEDED = ("model.bin", "tokenizer.json")
"""Without its own tokenizer a folder would be read with one from the network."""

PARTS = ("config.json", "model.bin", "preprocessor_config.json", "tokenizer.json", "vocabulary.json", "vocabulary.txt")

_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_SNAPSHOT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Model:
    """A model on this disk.

    Parameters
    ----------
    folder : Path
        Holds its files.
    identity : str
        What it is, whatever the machine: repository and revision, or folder name and a digest of its files.
    """

    folder: Path
    identity: str


def require_faster_whisper() -> None:
    """Raise `MusaicError` where the libraries of the ``hearing`` extra are not installed."""
    try:
        import faster_whisper  # noqa: F401
    except ImportError as error:
        raise MusaicError(
            f"hearing lyrics needs faster-whisper, which cannot be imported ({error}); run: "
            "pip install 'musaic[hearing]'"
        ) from error


def find_model(name: str, reporter: Reporter = SILENT) -> Model:
    """Return a model by name or folder; one that is not on this disk is fetched from the hub.

    Parameters
    ----------
    name : str
        A size that faster-whisper knows, a repository ``owner/name``, or a folder.
    reporter : Reporter
        Is told before anything is fetched.

    Raises
    ------
    UsageError
        Where the name stands for nothing, or the folder holds no model.
    MusaicError
        Where the model is neither on this disk nor to be had; the sentence ends with the command that gets it.
    """
    require_faster_whisper()
    from faster_whisper.utils import _MODELS, available_models

    folder = Path(name).expanduser()
    if folder.is_dir():
        return _in_folder(folder)
    if name not in available_models() and not _REPOSITORY.fullmatch(name):
        if any(separator in name for separator in (os.sep, "/", "\\", "~")):
            raise UsageError(f"there is no folder {name}; name one with a CTranslate2 Whisper model, or a size.")
        raise unknown("Whisper model", name, available_models())
    repository = str(_MODELS.get(name, name))
    found = _on_disk(name) or _fetched(name, repository, reporter)
    revision = found.name[:8] if _SNAPSHOT.fullmatch(found.name) else _digest(found)
    return Model(found, f"{repository}@{revision}")


def _in_folder(folder: Path) -> Model:
    missing = [part for part in NEEDED if not (folder / part).is_file()]
    if missing:
        raise UsageError(
            f"{folder} holds no CTranslate2 Whisper model ({' and '.join(missing)} not there); convert one with "
            "ct2-transformers-converter --copy_files tokenizer.json preprocessor_config.json, or name a size."
        )
    return Model(folder, f"{folder.resolve().name}@{_digest(folder)}")


def _digest(folder: Path) -> str:
    return digest({part: content_id(folder / part) for part in PARTS if (folder / part).is_file()})


def _on_disk(name: str) -> Path | None:
    """Return the folder of a model that was fetched before, whole."""
    from faster_whisper.utils import download_model

    try:
        folder = Path(download_model(name, local_files_only=True))
    except (OSError, ValueError):
        return None
    return folder if all((folder / part).is_file() for part in NEEDED) else None


def _fetched(name: str, repository: str, reporter: Reporter) -> Path:
    """Return the folder of a model after it was fetched."""
    from faster_whisper.utils import download_model
    from huggingface_hub import constants

    how = f"where there is a network, run: hf download {repository}"
    if constants.is_offline_mode():
        raise MusaicError(f"the model {name} is not on this disk, and HF_HUB_OFFLINE forbids to fetch it; {how}")
    reporter.say(f"fetching the model {repository} from {constants.ENDPOINT}; it is kept in {constants.HF_HUB_CACHE}")
    try:
        folder = Path(download_model(name))
    except Exception as error:
        # Whatever the hub's client raises (its transport changed from version to version), nothing was fetched.
        cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise MusaicError(f"the model {name} is not on this disk and cannot be fetched ({cause}); {how}") from error
    missing = [part for part in NEEDED if not (folder / part).is_file()]
    if missing:
        raise UsageError(
            f"{repository} holds no CTranslate2 Whisper model ({' and '.join(missing)} not there); name another, such "
            "as Systran/faster-whisper-small."
        )
    return folder
