"""Pretrained models of sound on the Hugging Face hub: the copy on this disk, or fetched once, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from musaic.errors import MusaicError
from musaic.lyrics.encoders.hub import PATIENCE, hub_bars, one_line
from musaic.progress import Reporter

INSTALL = "pip install 'musaic[pretrained]'"
LIBRARIES = ("huggingface_hub", "safetensors", "torch", "transformers")

BESIDE = ("config.json", "preprocessor_config.json", "processor_config.json", "README.md")
"""What a model is made of beside its weights: configuration, preparation of sound, and the page with its licence."""
WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
UNWANTED = ("*/*", ".*")

CONVERSION = "Adding `safetensors` variant of this model"
CONVERTER = "SFconvertbot"
"""Title and author of the pull requests in which the hub itself offers a model's pickled weights as safetensors."""

MEND = (
    "save it with safetensors in a folder of your own (save_pretrained of transformers writes them, see "
    "docs/pretrained.md) and name pretrained:<folder>"
)


def require_extra() -> dict[str, str]:
    """Return the versions of the libraries of the extra.

    Raises
    ------
    MusaicError
        Where one is not installed.
    """
    from importlib.metadata import PackageNotFoundError, version

    try:
        return {name: version(name) for name in LIBRARIES}
    except PackageNotFoundError as error:
        raise MusaicError(f"pretrained models need {error.name}, which is not installed; run {INSTALL}.") from None


def has_weights(folder: Path) -> bool:
    """Return whether a folder holds weights that are no pickles, and all of them where they are in several files."""
    if (folder / "model.safetensors").is_file():
        return True
    try:
        index = json.loads((folder / "model.safetensors.index.json").read_text(encoding="utf-8"))
        files = {str(file) for file in index["weight_map"].values()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return bool(files) and all((folder / file).is_file() for file in files)


def on_disk(name: str, revision: str | None, *, exact: bool) -> Path | None:
    """Return the folder of a model of the hub on this disk that holds weights that are no pickles.

    Parameters
    ----------
    name : str
        Its full name on the hub.
    revision : str, optional
        The commit, or the beginning of its digits, branch or pull request that is meant.
    exact : bool
        Whether no other will do. Otherwise the one on the main branch is taken next, and then any other: the commits in
        which the hub's own bot converted weights (see `fetch`) lie beside those that they convert.
    """
    place = _place(name)
    wanted = [text for text in (revision, _commit(place, revision), None if exact else _commit(place, "main")) if text]
    usable = [folder for folder in sorted(place.glob("snapshots/*")) if (folder / "config.json").is_file()]
    usable = [folder for folder in usable if has_weights(folder)]
    meant = [folder for text in wanted for folder in usable if folder.name.startswith(text)]
    return next(iter(meant if exact else meant + usable), None)


def pickles_on_disk(name: str) -> bool:
    """Return whether a model of the hub is on this disk with pickled weights."""
    return any(_place(name).glob("snapshots/*/pytorch_model*.bin"))


def _place(name: str) -> Path:
    """Return where the hub's client keeps what it fetched of a model."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    return Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=name, repo_type="model")


def _commit(place: Path, name: str | None) -> str | None:
    """Return the commit that a branch or pull request stood for when it was fetched."""
    file = place / "refs" / name if name else None
    return file.read_text(encoding="utf-8").strip() if file is not None and file.is_file() else None


def fetch(
    name: str,
    revision: str | None,
    reporter: Reporter,
    *,
    announce: Callable[[Path], None],
    pickles: bool = False,
    download: bool = True,
) -> Path:
    """Fetch a model; return its folder, which is called as its commit.

    Parameters
    ----------
    name : str
        Its full name on the hub.
    revision : str, optional
        The commit that is meant; the newest by default.
    reporter : Reporter
        Where it is told what is done.
    announce : callable
        Called with the folder when all but the weights is there; what it raises ends the fetching.
    pickles : bool
        Whether that commit is known to hold pickled weights only.
    download : bool
        Whether it may be fetched at all.

    Raises
    ------
    MusaicError
        Where there is no network, ``HF_HUB_OFFLINE`` is set, the hub does not have it for everyone, or has pickled
        weights only; the command that mends it is named.

    Notes
    -----
    Many models were uploaded as pickles. The hub's own bot offers the same weights as safetensors in a pull request:
    where its parent is the commit that is meant, its files are taken, and its commit is the revision that is recorded.
    """
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import RepositoryNotFoundError

    get = f"hf download {name}" + (f" --revision {revision}" if revision else "")
    mend = f"run {get} where there is a network, or name a folder that holds it"
    if pickles:
        mend = f"run the experiment once where there is a network, or {MEND}"
    if pickles_on_disk(name):
        mend = f"its copy here has pickled weights, which are never read: {MEND}"
    if not download:
        raise MusaicError(f"the model {name} is not on this disk, and is not fetched just to plan; {mend}.")
    if constants.HF_HUB_OFFLINE:
        raise MusaicError(f"the model {name} is not on this disk, and HF_HUB_OFFLINE forbids to fetch it; {mend}.")
    reporter.say(f"fetching the model {name} from the Hugging Face hub, once")
    try:
        # asked first because the fetching itself would wait for minutes where nobody answers
        found = HfApi().model_info(name, revision=revision, timeout=PATIENCE)
        commit = found.sha if _safe(found) else _converted(name, found.sha)
        if commit is None:
            raise pickled(name)
        for wanted, then in ((BESIDE, announce), (WEIGHTS, None)):
            with hub_bars(reporter):
                folder = Path(
                    snapshot_download(
                        name, revision=commit, allow_patterns=list(wanted), ignore_patterns=list(UNWANTED)
                    )
                )
            if then is not None:
                then(folder)
    except MusaicError:
        raise
    except RepositoryNotFoundError as error:
        raise MusaicError(
            f"the Hugging Face hub has no model {name} for everyone; "
            f"check the name, or log in with hf auth login and run {get}."
        ) from error
    # whatever the network, a proxy or the hub throws means one thing here
    except Exception as error:
        root: BaseException = error
        while root.__cause__ is not None:
            root = root.__cause__
        raise MusaicError(
            f"the model {name} is not on this disk and cannot be fetched ({one_line(root)}); {mend}."
        ) from error
    return folder


def pickled(where: str | Path) -> MusaicError:
    """Return the error for a model whose weights are pickles only."""
    return MusaicError(f"the model {where} has pickled weights only, which can run code and are never read; {MEND}.")


def _safe(info: object) -> bool:
    """Return whether a commit of the hub holds weights that are no pickles."""
    files = [str(file.rfilename) for file in getattr(info, "siblings", None) or ()]
    return any(file.endswith(".safetensors") and "/" not in file for file in files)


def _converted(name: str, parent: str | None) -> str | None:
    """Return the commit in which the hub's bot offers a commit's weights as safetensors, None where there is none."""
    from huggingface_hub import HfApi

    api = HfApi()
    for request in api.get_repo_discussions(name, discussion_type="pull_request"):
        if request.title == CONVERSION and request.author == CONVERTER and request.git_reference:
            commits = api.list_repo_commits(name, revision=request.git_reference)
            if len(commits) > 1 and commits[1].commit_id == parent:
                return str(commits[0].commit_id)
    return None
