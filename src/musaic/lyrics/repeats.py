"""What is sung again: left out, or written out where the text only says so."""

from __future__ import annotations

import re
import unicodedata

from musaic.lyrics.sections import Line, parse

MAX_EXPANDED = 200_000
"""Characters at which writing out ends; what follows stays as written."""

_TRAILING_NUMBER = re.compile(r"[ #№]*\d{1,2}$")


def once(text: str) -> str:
    """Return lyrics with each line at the first place where it stands only.

    Lines are the same when their letters and digits are, whatever the case and the punctuation; a repeated stanza
    goes with its lines.
    """
    seen: set[str] = set()
    kept: list[str] = []
    for line in text.split("\n"):
        parts = parse(line)
        key = _key(parts.words or parts.mark)
        if key in seen:
            continue
        if key:
            seen.add(key)
        kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def expanded(text: str) -> str:
    """Return lyrics with what the marks say to be sung again written out.

    A line or section mark with a count (``x2``) gives the line or section that often; a count on a line of its own
    repeats the stanza before it; a section mark with nothing under it stands for the section of that name, or of that
    name without its number. Section marks stay where they are; a mark that names nothing known is left as written.
    """
    lines = [parse(line) for line in text.split("\n")]
    names = {line.section for line in lines if line.section is not None}
    known: dict[str, list[str]] = {}
    out: list[str] = []
    position = size = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if size > MAX_EXPANDED:
            new = [_written(line)]
        elif line.section is not None:
            body, position = _body(lines, position, to_next_mark=len(names) > 1)
            base = _TRAILING_NUMBER.sub("", line.section)
            if body:
                known[line.section] = body
                known.setdefault(base, body)
            else:
                body = known.get(line.section, known.get(base, []))
            new = [_heading(line), *(body * line.times)] if body else [_written(line), ""]
        elif line.is_count:
            stanza = _last_stanza(out)
            new = [] if not stanza else [line for _ in range(line.times - 1) for line in ("", *stanza)]
        else:
            new = [line.stamps + line.words] * line.times
        out += new
        size += sum(map(len, new)) + len(new)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")


def _body(lines: list[Line], position: int, *, to_next_mark: bool) -> tuple[list[str], int]:
    """Return the lines of the section that begins at a position, counts in them written out, and where it ends.

    It ends at the next section mark; where the song marks only one section, already at a blank line.
    """
    body: list[str] = []
    while position < len(lines) and lines[position].section is None:
        line = lines[position]
        if not line.words and not line.mark and not to_next_mark:
            break
        if line.is_count:
            stanza = _last_stanza(body)
            body += [again for _ in range(line.times - 1) for again in ("", *stanza)] if stanza else []
        else:
            body += [line.stamps + line.words] * line.times
        position += 1
    while body and not body[-1]:
        body.pop()
    while body and not body[0]:
        body.pop(0)
    return body + [""] * bool(body), position


def _heading(line: Line) -> str:
    """Return a section mark without its count, which has been written out."""
    if line.times == 1:
        return _written(line)
    return line.stamps + re.sub(r"[ \t]*[(\[]?[ \t]*(?:[x×]\s?\d{1,2}|\d{1,2}\s?[x×])[ \t]*[)]?", "", line.mark)


def _last_stanza(lines: list[str]) -> list[str]:
    """Return the lines after the last blank line or section mark."""
    stanza: list[str] = []
    for line in reversed(lines):
        if not line.strip() or parse(line).section is not None:
            if stanza:
                break
            continue
        stanza.insert(0, line)
    return stanza


def _written(line: Line) -> str:
    return line.stamps + (line.words + line.mark if line.words else line.mark)


def _key(line: str) -> str:
    return "".join(char for char in line.casefold() if unicodedata.category(char)[0] in "LMN")
