"""What this machine can do, what is missing, and the command that mends it."""

from __future__ import annotations

import importlib.metadata as metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from musaic import __version__
from musaic.files import cache_folder


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's answer.

    Parameters
    ----------
    topic : str
        What was looked at.
    state : str
        ``ok``, ``optional`` (not there, not needed) or ``missing``.
    detail : str
        What was found.
    mend : str
        The command or step that mends it; empty where nothing is to be done.
    """

    topic: str
    state: str
    detail: str
    mend: str = ""

    def plain(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return asdict(self)


def examine(cache: Path | None = None) -> list[Finding]:
    """Look at everything musaic leans on; nothing is fetched and nothing is changed."""
    checks: list[Callable[[], list[Finding]]] = [
        _python,
        _torch,
        _codecs,
        _extras,
        _pretrained,
        lambda: _cache(cache_folder(cache)),
        _fonts,
    ]
    return [finding for check in checks for finding in check()]


def _python() -> list[Finding]:
    version = platform.python_version()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    system = f"{platform.system()} {platform.machine()}, {cores} cores"
    supported = sys.version_info >= (3, 11)
    return [
        Finding("musaic", "ok", __version__),
        Finding(
            "Python",
            "ok" if supported else "missing",
            f"{version} on {system}",
            "" if supported else "install Python 3.11 or newer",
        ),
    ]


def _torch() -> list[Finding]:
    try:
        import torch
    except ImportError as error:
        return [Finding("PyTorch", "missing", str(error), "pip install -r requirements.lock")]
    findings = [Finding("PyTorch", "ok", torch.__version__)]
    if torch.cuda.is_available():
        half = "bf16" if torch.cuda.is_bf16_supported() else "fp16"
        names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
        findings.append(Finding("accelerator", "ok", f"CUDA: {names}; mixed precision {half}"))
    elif torch.backends.mps.is_available():
        findings.append(Finding("accelerator", "ok", "Apple MPS; float32"))
    else:
        amx = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
        precision = "bf16 by AMX" if amx else "float32"
        findings.append(Finding("accelerator", "optional", f"none; the CPU is used, {precision}"))
    return findings


def _codecs() -> list[Finding]:
    findings = []
    try:
        import soundfile

        formats = soundfile.available_formats()
        wanted = {"WAV": "wav", "FLAC": "flac", "OGG": "ogg, opus", "MP3": "mp3", "AIFF": "aiff"}
        there = [shown for name, shown in wanted.items() if name in formats]
        lacking = [shown for name, shown in wanted.items() if name not in formats]
        detail = f"libsndfile {soundfile.__libsndfile_version__}: {', '.join(there)}"
        if lacking:
            findings.append(
                Finding("codecs", "missing", f"{detail}; not {', '.join(lacking)}", "pip install --upgrade soundfile")
            )
        else:
            findings.append(Finding("codecs", "ok", detail))
    except (ImportError, OSError) as error:
        findings.append(Finding("codecs", "missing", f"soundfile: {error}", "pip install --force-reinstall soundfile"))
    try:
        import av

        wanted_codecs = {"aac": "m4a, aac", "wmav2": "wma", "opus": "webm", "alac": "alac"}
        there = [shown for name, shown in wanted_codecs.items() if name in av.codecs_available]
        findings.append(Finding("more codecs", "ok", f"PyAV {av.__version__}: {', '.join(there)}"))
    except (ImportError, OSError) as error:
        findings.append(Finding("more codecs", "missing", f"PyAV: {error}", "pip install --force-reinstall av"))
    return findings


def _extras() -> list[Finding]:
    """Read the package's own extras, so that a new one is listed by being declared."""
    from packaging.requirements import Requirement

    wanted: dict[str, list[str]] = {}
    for text in metadata.requires("musaic") or []:
        requirement = Requirement(text)
        marker = str(requirement.marker or "")
        if "extra ==" in marker:
            extra = marker.split("extra ==")[1].strip().strip("\"'")
            wanted.setdefault(extra, []).append(requirement.name)
    findings = []
    for extra, names in sorted(wanted.items()):
        lacking = [name for name in names if not _installed(name)]
        if lacking:
            findings.append(
                Finding(
                    f"extra '{extra}'", "optional", f"not here: {', '.join(lacking)}", f"pip install 'musaic[{extra}]'"
                )
            )
        else:
            findings.append(Finding(f"extra '{extra}'", "ok", ", ".join(names)))
    return findings


def _pretrained() -> list[Finding]:
    """Look for the pretrained networks of sound that have a short name."""
    from musaic.features.pretrained.hub import LIBRARIES, on_disk
    from musaic.features.pretrained.models import MODELS

    if not all(map(_installed, LIBRARIES)):  # what the extra lacks is said already
        return []
    there = [name for name, model in MODELS.items() if on_disk(model.hub, model.revision, exact=False)]
    lacking = [name for name in MODELS if name not in there]
    detail = f"on this disk: {', '.join(there) or 'none'}" + (f"; not: {', '.join(lacking)}" if lacking else "")
    mend = "those that an experiment names are fetched once, where there is a network" if lacking else ""
    return [Finding("pretrained networks", "ok" if there else "optional", detail, mend)]


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _cache(folder: Path) -> list[Finding]:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0
    standing = next(parent for parent in [folder, *folder.parents] if parent.exists())
    free = shutil.disk_usage(standing).free
    detail = f"{folder}: {_size(size)} used, {_size(free)} free"
    if not os.access(standing, os.W_OK):
        return [Finding("cache", "missing", f"{detail}; not writable", "set MUSAIC_CACHE to a folder of yours")]
    return [Finding("cache", "ok", detail)]


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _fonts() -> list[Finding]:
    from musaic.report.fonts import missing_fonts

    lacking = missing_fonts()
    shipped = "Latin, Greek, Cyrillic, Arabic, Bangla and Devanagari are drawn"
    if not lacking:
        return [Finding("fonts", "ok", shipped)]
    return [
        Finding(
            "fonts",
            "optional",
            f"{shipped}; figures show boxes for {', '.join(lacking)}",
            "install a font for it, such as Debian's fonts-noto-core and fonts-noto-cjk",
        )
    ]
