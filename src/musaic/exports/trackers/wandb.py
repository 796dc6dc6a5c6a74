"""Weights & Biases: their server, or a folder that ``wandb sync`` takes there later."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from musaic.errors import MusaicError, UsageError, unknown
from musaic.exports.registry import Tracker
from musaic.exports.surroundings import environment, one_sentence
from musaic.exports.tracked import LEAKED, TrackedRun
from musaic.files import read_json, remove, write_json
from musaic.progress import Reporter

MODES = ("online", "offline")
CONTENT = "musaic_content"
"""In the summary: the hash of what a tracked run holds, written last."""
SECONDS = 60.0
"""How long a server may take to answer."""
QUIET = {"WANDB_ERROR_REPORTING": "false", "WANDB_SILENT": "true"}
"""Musaic speaks for W&B, which tells nobody of what goes wrong."""


def send(runs: Sequence[TrackedRun], options: dict[str, str], reporter: Reporter) -> str:
    """Send what is tracked to W&B, or keep it in the folder ``wandb`` for ``wandb sync``."""
    if importlib.util.find_spec("wandb") is None:
        raise MusaicError("W&B needs its client, which is not installed; run pip install 'musaic[wandb]'.")
    mode = options.get("mode") or os.environ.get("WANDB_MODE") or "online"
    if mode not in MODES:
        raise unknown("W&B mode", mode, MODES)
    project = options.get("project") or re.sub(r"[/\\#?%:\s]+", "-", runs[0].group)[:128]
    place = Path(os.environ.get("WANDB_DIR") or ".")
    with environment(QUIET), one_sentence(_errors(), partial(_refused, project)):
        if mode == "online":
            _check_key()
        counts = {"new": 0, "completed": 0, "kept": 0}
        with reporter.bar("sending to W&B", len(runs)) as advance:
            for run in runs:
                counts[_offline(run, project, place) if mode == "offline" else _online(run, project, place)] += 1
                advance(1)
    where = f"{place / 'wandb'} (send it with 'wandb sync --sync-all')" if mode == "offline" else f"project {project}"
    return f"{where}: {counts['new']} new, {counts['completed']} completed, {counts['kept']} there already"


def _check_key() -> None:
    import wandb

    if not wandb.login(prompt=False):
        raise UsageError(
            "W&B knows no key of yours; run 'wandb login' or set WANDB_API_KEY, or add --mode offline to send it later."
        )


def _offline(run: TrackedRun, project: str, place: Path) -> str:
    """Keep one in a folder; what was kept is known by a file beside it, as W&B itself does not look back offline."""
    mark = place / "wandb" / f"musaic-{run.key}.json"
    before = read_json(mark) if mark.is_file() else {}
    kept = before.get("folder")
    is_there = isinstance(kept, str) and (place / "wandb" / Path(kept).name).is_dir()
    if is_there and before.get("content") == run.content and before.get("project") == project:
        return "kept"
    folders = sorted((place / "wandb").glob(f"offline-run-*-{run.key}"))
    for folder in folders:
        if not any(folder.glob("*.synced")):
            remove(folder)
    with _started(run, project, place, "offline") as started:
        _log(started, run, 0)
        kept = Path(started.sync_dir).name
    write_json(mark, {"name": run.name, "project": project, "content": run.content, "folder": kept})
    return "completed" if folders else "new"


def _online(run: TrackedRun, project: str, place: Path) -> str:
    """Send one, or what an earlier sending left out of it."""
    with _started(run, project, place, "online") as started:
        resumed = bool(started.resumed)
        if resumed and started.summary.get(CONTENT) == run.content:
            return "kept"
        _log(started, run, int(started.step) if resumed else 0)
    return "completed" if resumed else "new"


@contextlib.contextmanager
def _started(run: TrackedRun, project: str, place: Path, mode: Any) -> Iterator[Any]:
    import wandb

    settings = wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        disable_job_creation=True,
        init_timeout=SECONDS,
        x_disable_stats=True,
        x_disable_machine_info=True,
    )
    place.mkdir(parents=True, exist_ok=True)
    marks = [name for name in (LEAKED, "collapsed") if run.tags.get(name) not in (None, "false")]
    started = wandb.init(
        project=project,
        id=run.key,
        name=run.name,
        group=run.group,
        job_type=run.tags["kind"],
        config={**run.params, "musaic": dict(run.tags)},
        tags=marks,
        dir=str(place),
        mode=mode,
        resume="allow" if mode == "online" else None,
        reinit="create_new",
        settings=settings,
    )
    try:
        yield started
    except BaseException:
        started.finish(exit_code=1)
        raise
    started.finish()


def _log(started: Any, run: TrackedRun, begin: int) -> None:
    """Log epochs from ``begin`` on, scores and files; the hash of it all last."""
    import wandb

    for step, row in run.history:
        if step >= begin:
            started.log(row, step=step)
    started.summary.update(dict(run.metrics))
    if run.files:
        artifact = wandb.Artifact(f"musaic-{run.key}", type="musaic")
        for file, folder in run.files:
            artifact.add_file(str(file), name="/".join(filter(None, (folder, file.name))))
        started.log_artifact(artifact)
    started.summary.update({CONTENT: run.content})


def _errors() -> tuple[type[Exception], ...]:
    import wandb

    return (wandb.Error, OSError)


def _refused(project: str, cause: str) -> str:
    return (
        f"W&B did not take project {project} ({cause}); see that it can be reached and lets you in, or add --mode "
        "offline, and run the same command again: it goes on from here."
    )


TRACKER = Tracker(("project", "mode"), send)
