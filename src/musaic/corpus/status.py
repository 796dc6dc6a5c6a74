"""The one word that says whether a track's audio can be used, and what is wrong where it cannot."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """What is the matter with a track; everything but ``ok`` comes with a reason for the person who owns the file."""

    OK = "ok"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    UNSUPPORTED = "unsupported"
    NOT_A_FILE = "not-a-file"
    NO_PERMISSION = "no-permission"
    DANGLING_LINK = "dangling-link"
    OUTSIDE_CORPUS = "outside-corpus"
    DUPLICATE_ID = "duplicate-id"
    TOO_SHORT = "too-short"
    SILENT = "silent"
    NOT_FINITE = "not-finite"
    TRUNCATED = "truncated"
    CRASHED = "crashed"
