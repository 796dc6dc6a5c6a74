"""MLflow: a server, or a folder on this machine."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from musaic.config import digest
from musaic.errors import MusaicError, UsageError
from musaic.exports.registry import Tracker
from musaic.exports.surroundings import environment, one_sentence
from musaic.exports.tracked import TrackedRun, batches
from musaic.progress import Reporter

if TYPE_CHECKING:
    from mlflow import MlflowClient

ID, CONTENT = "musaic.id", "musaic.content"
"""Tags: which results a tracked run is, and the hash of what it holds, which is written last."""
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
PER_BATCH = {"metrics": 1000, "params": 100, "tags": 100}
"""What a server takes at once."""
LONGEST = {"params": 500, "tags": 5000}
"""Letters of a value that every server takes; what is longer ends in …, and stands whole in the files."""
LONGEST_KEY = 250
"""Letters of a name that every server takes."""


def send(runs: Sequence[TrackedRun], options: dict[str, str], reporter: Reporter) -> str:
    """Send what is tracked to a tracking server or folder.

    The record of the run as a whole is the parent of the others.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise MusaicError("MLflow needs its client, which is not installed; run pip install 'musaic[mlflow]'.")
    uri = options.get("tracking_uri") or os.environ.get("MLFLOW_TRACKING_URI") or ""
    if not uri:
        raise UsageError(
            "no MLflow was named; give --tracking-uri, such as http://localhost:5000 or a folder, or set "
            "MLFLOW_TRACKING_URI."
        )
    if _is_database(uri) and importlib.util.find_spec("sqlalchemy") is None:
        raise MusaicError(
            f"MLflow's small client writes to no database such as {_shown(uri)}; run pip install mlflow, or name a "
            "server or a folder with --tracking-uri."
        )
    name = options.get("experiment") or runs[0].group
    local = "://" not in uri or uri.startswith("file:")
    with environment(_environment(local=local)), one_sentence(_errors(), partial(_refused, uri)):
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=uri)
        experiment = _experiment(client, name)
        there = _there(client, experiment)
        new = completed = 0
        parent: str | None = None
        with reporter.bar("sending to MLflow", len(runs)) as advance:
            for run in runs:
                known = there.get(run.key)
                if known is None:
                    new += 1
                elif known.data.tags.get(CONTENT) != run.content:
                    completed += 1
                found = _send(client, experiment, run, known, parent)
                parent = parent or found
                advance(1)
    kept = len(runs) - new - completed
    return f"{_shown(uri)}, experiment {name}: {new} new, {completed} completed, {kept} there already"


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage != "active":
        raise UsageError(f"MLflow's experiment {name!r} was deleted there; restore it, or give another --experiment.")
    return str(found.experiment_id)


def _there(client: MlflowClient, experiment: str) -> dict[str, Any]:
    """Return what was sent to the experiment before, by key."""
    found: dict[str, Any] = {}
    token = None
    while True:
        page = client.search_runs([experiment], filter_string=f"tags.`{ID}` != ''", page_token=token, max_results=1000)
        found |= {run.data.tags[ID]: run for run in page if ID in run.data.tags}
        token = page.token
        if not token:
            return found


def _send(client: MlflowClient, experiment: str, run: TrackedRun, known: Any, parent: str | None) -> str:
    """Send one, or what an earlier sending left out of it; return its id there."""
    from mlflow.entities import Metric, Param, RunTag

    if known is not None and known.data.tags.get(CONTENT) == run.content:
        return str(known.info.run_id)
    if known is None:
        head = {ID: run.key, **({"mlflow.parentRunId": parent} if parent else {})}
        known = client.create_run(experiment, run_name=run.name, tags=head)
    place, there, now = str(known.info.run_id), known.data, int(time.time() * 1000)
    named = {_key(key): value for key, value in run.params.items()}
    params = [Param(key, _cut(value, "params")) for key, value in named.items() if key not in there.params]
    tags = [RunTag(_key(f"musaic.{key}"), _cut(value, "tags")) for key, value in run.tags.items()]
    history = [(step, {_key(key): value for key, value in row.items()}) for step, row in run.history]
    scores = {_key(key): value for key, value in run.metrics.items()}
    names = {key for _, row in history for key in row} & set(there.metrics)
    sent = {(point.key, point.step) for key in names for point in client.get_metric_history(place, key)}
    points = [(key, value, step) for step, row in history for key, value in row.items() if (key, step) not in sent]
    # of several values of one step MLflow shows the latest
    points += [(key, value, 0) for key, value in scores.items() if there.metrics.get(key) != value]
    metrics = [Metric(key, value, now, step) for key, value, step in points]
    for some in batches(params, PER_BATCH["params"]):
        client.log_batch(place, params=some)
    for some in batches(tags, PER_BATCH["tags"]):
        client.log_batch(place, tags=some)
    for some in batches(metrics, PER_BATCH["metrics"]):
        client.log_batch(place, metrics=some)
    for file, folder in run.files:
        client.log_artifact(place, str(file), folder or None)
    client.set_terminated(place, "FINISHED")
    client.set_tag(place, CONTENT, run.content)
    return place


def _cut(value: Any, kind: str) -> str:
    text = str(value)
    return text if len(text) <= LONGEST[kind] else f"{text[: LONGEST[kind] - 1]}…"


def _key(name: str) -> str:
    """Return a name as every server takes it: a longer one is cut, with digits of its own."""
    return name if len(name) <= LONGEST_KEY else f"{name[: LONGEST_KEY - 7]}-{digest(name, 6)}"


def _environment(*, local: bool) -> dict[str, str]:
    """Let MLflow write to a folder where one was named, wait for no server for long, and tell nobody else."""
    wanted = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
    return wanted | {"MLFLOW_DISABLE_TELEMETRY": "true"} | ({"MLFLOW_ALLOW_FILE_STORE": "true"} if local else {})


def _errors() -> tuple[type[Exception], ...]:
    from mlflow.exceptions import MlflowException

    return (MlflowException, OSError)


def _shown(uri: str) -> str:
    """Return an address as a person may see it: without user and password."""
    scheme, sign, rest = uri.partition("://")
    if not sign:
        return uri
    if _is_database(uri):  # whose passwords may hold any letter
        return f"{scheme}{sign}{rest.rpartition('@')[2]}"
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return f"{scheme}{sign}{place.rpartition('@')[2]}{rest[len(place) :]}"


def _is_database(uri: str) -> bool:
    return uri.partition("://")[0].partition("+")[0] in DATABASES


def _refused(uri: str, cause: str) -> str:
    """Return the sentence for what MLflow raised, which may quote the address, or one that it redirects to."""
    cause = re.sub(r"(?<=://)[^/?#\s]*@", "", cause.replace(uri, _shown(uri)))
    return (
        f"MLflow at {_shown(uri)} did not take the run ({cause}); see that it is there and lets you in, and run the "
        "same command again: it goes on from here."
    )


TRACKER = Tracker(("tracking_uri", "experiment"), send)
