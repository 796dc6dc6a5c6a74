"""The command line: a person's words in, calls into the rooms, one sentence where something is wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130
STOPPED = "interrupted; run the same command again to go on from here."


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        code = invoke(sys.argv[1:])
    except KeyboardInterrupt:  # before, or after, the command itself
        code = _fail(STOPPED, INTERRUPTED)
    sys.exit(code)


def invoke(arguments: Sequence[str]) -> int:
    """Run one command.

    Returns
    -------
    int
        0 done; 1 failed; 2 wrong usage; 130 interrupted. Failures print one sentence on standard error, and a
        traceback only with ``--traceback`` or ``MUSAIC_TRACEBACK=1``.
    """
    import typer

    from musaic.cli.app import app
    from musaic.errors import MusaicError, UsageError

    try:
        code = app(args=list(arguments), prog_name="musaic", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        return code if isinstance(code, int) else 0
    except UsageError as error:
        return _fail(str(error), UsageError.exit_code)
    except MusaicError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        return _fail(f"{message.rstrip('.?')}; see 'musaic --help'.", 2) if message else 2
    except (KeyboardInterrupt, typer.Abort):
        return _fail(STOPPED, INTERRUPTED)
    except BrokenPipeError:
        # The reader of a pipe (head, less) went away: not a failure. Keep the interpreter from flushing into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        return _fail(f"the system refused{place}: {error.strerror or error}; what was done is kept.", 1)
    except Exception as error:
        cause = f"{type(error).__name__}: {error}".splitlines()[0]
        return _fail(f"something unforeseen happened ({cause}); run again with MUSAIC_TRACEBACK=1 to see where.", 1)


def _fail(sentence: str, code: int) -> int:
    if os.environ.get("MUSAIC_TRACEBACK", "0") not in ("", "0") and sys.exc_info()[0] is not None:
        import traceback

        traceback.print_exc()
    print(f"musaic: {sentence}", file=sys.stderr)
    return code
