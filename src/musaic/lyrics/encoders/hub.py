"""Models of the Hugging Face hub: the copy on this disk, or fetched once."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from musaic.errors import MusaicError
from musaic.progress import Reporter

INSTALL = "pip install 'musaic[sentences]'"

WANTED = (
    "modules.json",
    "config.json",
    "config_sentence_transformers.json",
    "sentence_*_config.json",
    "[0-9]*_*/*.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "*.model",
)
"""What a model is made of: configuration, tokenizer, weights that are no pickles."""
UNWANTED = ("onnx/*", "openvino/*", ".*")

PATIENCE = 10.0  # seconds in which the hub must answer


def require_extra() -> dict[str, str]:
    """Return the versions of the libraries of the extra.

    Raises
    ------
    MusaicError
        Where one is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {name: version(name) for name in ("sentence-transformers", "tokenizers", "torch", "transformers")}
    except PackageNotFoundError as error:
        raise MusaicError(f"sentence encoders need {error.name}, which is not installed; run {INSTALL}.") from None


def on_disk(name: str, revision: str | None) -> Path | None:
    """Return the folder of a model of the hub that is all on this disk."""
    require_extra()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    for cache in _cache_folders():
        try:
            folder = Path(
                snapshot_download(
                    name,
                    revision=revision,
                    cache_dir=cache,
                    allow_patterns=list(WANTED),
                    ignore_patterns=list(UNWANTED),
                    local_files_only=True,
                )
            )
        except FileNotFoundError:
            continue
        except HFValidationError as error:
            raise MusaicError(f"{name!r} cannot be a name on the Hugging Face hub: {one_line(error)}.") from None
        if (folder / "config.json").is_file() or (folder / "modules.json").is_file():
            return folder
    return None


def _cache_folders() -> list[str | None]:
    """Return where models are kept: where sentence-transformers is told to, then the hub's own place."""
    own = os.environ.get("SENTENCE_TRANSFORMERS_HOME")
    return [own, None] if own else [None]


def fetch(names: list[str], revision: str | None, reporter: Reporter) -> tuple[str, Path]:
    """Fetch the first of these models that the hub has; return its name and folder.

    Raises
    ------
    MusaicError
        Where there is no network, ``HF_HUB_OFFLINE`` is set, or the hub has none of them for everyone; the command
        that gets the model is named.
    """
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    get = f"hf download {names[0]}" + (f" --revision {revision}" if revision else "")
    if constants.HF_HUB_OFFLINE:
        raise MusaicError(
            f"the model {names[0]} is not on this disk, and HF_HUB_OFFLINE forbids to fetch it; "
            f"run {get} where there is a network, or name a folder that holds it."
        )
    cause: Exception | None = None
    for name in names:
        reporter.say(f"fetching the model {name} from the Hugging Face hub, once")
        try:
            # asked first because the fetching itself would wait for minutes where nobody answers
            HfApi().model_info(name, revision=revision, timeout=PATIENCE)
            with hub_bars(reporter):
                folder = snapshot_download(
                    name,
                    revision=revision,
                    cache_dir=_cache_folders()[0],
                    allow_patterns=list(WANTED),
                    ignore_patterns=list(UNWANTED),
                )
            return name, Path(folder)
        except RepositoryNotFoundError as error:
            cause = error
        # whatever the network, a proxy or the hub throws means one thing here
        except Exception as error:
            root: BaseException = error
            while root.__cause__ is not None:
                root = root.__cause__
            raise MusaicError(
                f"the model {names[0]} is not on this disk and cannot be fetched ({one_line(root)}); "
                f"run {get} where there is a network, or name a folder that holds it."
            ) from error
    raise MusaicError(
        f"the Hugging Face hub has no model {' or '.join(names)} for everyone; "
        f"check the name, or log in with hf auth login and run {get}."
    ) from cause


@contextlib.contextmanager
def hub_bars(reporter: Reporter) -> Iterator[None]:
    """Let the hub draw its bars only where ours would be drawn."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled() or (not reporter.quiet and sys.stderr.isatty()):
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def one_line(error: BaseException) -> str:
    """Return what an error says, in one line without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
