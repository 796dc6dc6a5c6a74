"""Typed, frozen configurations that round-trip through YAML and refuse what they do not know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from musaic.errors import UsageError, nearest


class Config(BaseModel):
    """Base of every configuration: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @classmethod
    def parse(cls, data: Mapping[str, Any], where: str = "the configuration") -> Self:
        """Build from plain data.

        Raises
        ------
        UsageError
            With one sentence that names the key, the value and what is allowed (and the nearest valid key).
        """
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            raise UsageError(_sentence(cls, error, where)) from None

    def plain(self) -> dict[str, Any]:
        """Return the configuration as JSON-ready data, defaults included."""
        return self.model_dump(mode="json")

    def digest(self, length: int = 8) -> str:
        """Return the first ``length`` hexadecimal digits of a hash of the resolved configuration."""
        return digest(self.plain(), length)


def digest(data: Any, length: int = 8) -> str:
    """Return ``length`` hexadecimal digits of the BLAKE2b hash of JSON-ready data, whatever its key order."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()[:length]


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file that holds a mapping (safe loader: no objects are ever constructed)."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError) as error:
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark else ""
        raise UsageError(f"{path} is not valid YAML{place}: {getattr(error, 'problem', error)}.") from None
    if not isinstance(data, dict):
        raise UsageError(f"{path} holds {type(data).__name__}, not keys and values; start it with 'version: 1'.")
    return data


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return YAML text in the order given, with the world's scripts unescaped."""
    return yaml.safe_dump(dict(data), sort_keys=False, allow_unicode=True)


def _sentence(cls: type[BaseModel], error: ValidationError, where: str) -> str:
    """Turn the first validation error into one sentence."""
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        allowed = _keys_at(cls, first["loc"][:-1])
        listed = f" Allowed: {', '.join(sorted(allowed))}." if allowed else ""
        return f"unknown key {path!r} in {where}{nearest(key, allowed) or '.'}{listed}"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    if first["type"] == "too_short":
        return f"{path} in {where} is empty; give at least one."
    given = "" if first["type"] == "missing" else f", not {first['input']!r}"
    if first["type"] == "value_error":
        place = "" if not path or message.startswith(path.rsplit(".", 1)[-1]) else f"{path}: "
        return f"{place}{message} (in {where})."
    return f"{path or 'the value'} in {where}: {message[:1].lower()}{message[1:]}{given}."


def _keys_at(cls: type[BaseModel], path: tuple[str | int, ...]) -> set[str]:
    """Return the keys allowed where ``path`` leads from ``cls`` (nothing where that is no configuration)."""
    current = [cls]
    for part in path:
        inner = [
            found
            for model in current
            if part in model.model_fields
            for found in _models_in(model.model_fields[str(part)].annotation)
        ]
        # of several kinds that may stand in one place, the path names the one that was meant
        meant = [model for model in current if part in [field.default for field in model.model_fields.values()]]
        current = inner or meant or current
    return {key for model in current for key in model.model_fields}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the configuration classes inside an annotation such as ``X | None`` or ``list[X]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
