"""The command line as it is, read off the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from prose import code, table


def commands() -> str:
    """Return every command with its arguments and options."""
    from typer.main import get_command

    from musaic.cli.app import app

    return "\n\n".join(_told(get_command(app), "musaic"))


def _told(command: Any, name: str) -> Iterator[str]:
    """Yield the sections of a command and of those below it."""
    inner = getattr(command, "commands", None)
    if inner:
        yield f"Options of every command, before its name:\n\n{_options(command)}" if name == "musaic" else ""
        for key, one in inner.items():
            yield from _told(one, f"{name} {key}")
        return
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    usage = " ".join([name, *map(_place, arguments), "[OPTIONS]"])
    yield f"## `{name}`"
    yield inspect.cleandoc(command.help or "")
    yield f"    {usage}"
    if arguments:
        yield table(["argument", "what it is"], [[code(_place(one)), one.help or ""] for one in arguments])
    if len(command.params) > len(arguments):
        yield _options(command)


def _place(argument: Any) -> str:
    """Return how an argument stands in the usage."""
    shown = str(argument.metavar or argument.name.upper()) + ("..." if argument.nargs == -1 else "")
    return shown if argument.required else f"[{shown}]"


def _options(command: Any) -> str:
    import typer

    context = typer.Context(command)
    rows = [
        [code(one.get_help_record(context)[0]), _default(one), one.help or ""]
        for one in command.params
        if one.param_type_name == "option" and not one.hidden
    ]
    return table(["option", "default", "what it is"], rows)


def _default(option: Any) -> str:
    value = option.default
    if value is None or value == [] or (option.is_flag and not option.secondary_opts) or callable(value):
        return "must be given" if option.required else ""
    return code(value) if not isinstance(value, bool) else code(option.opts[0] if value else option.secondary_opts[0])
