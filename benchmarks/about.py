"""What a table of results says of how it was made."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def command(script: str) -> str:
    """Return the command that ran, places of files by their last name: where they lie is nobody's concern."""
    given = [name.rpartition("/")[2] if name.startswith(("/", ".")) or ":/" in name else name for name in sys.argv[1:]]
    return " ".join([f"python benchmarks/{Path(script).name}", *given])


def commit() -> str:
    """Return the commit, marked where the tree differs from it."""
    told = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(told, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
