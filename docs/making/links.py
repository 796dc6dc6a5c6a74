"""Every link of a built site leads somewhere: files, anchors, and nothing that is fetched from elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("audio", "src"), ("source", "src"), ("link", "href")}
"""What a browser fetches by itself, without a click."""
UNFETCHED = {"canonical", "prev", "next"}
"""Relations of a ``link`` that tell, and fetch nothing."""


class Page(HTMLParser):
    """One page: its links, its anchors.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[tuple[str, bool]] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element names and where it leads."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        for name in ("href", "src"):
            if name in given:
                self.links.append((given[name], (tag, name) in LOADED and given.get("rel") not in UNFETCHED))


class Site:
    """A built site.

    Parameters
    ----------
    root : Path
        Its folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @cached_property
    def pages(self) -> dict[Path, Page]:
        """Every page by its file; the page of errors, whose links begin at a server's root, is left out."""
        return {path: Page(path) for path in sorted(self.root.rglob("*.html")) if path.name != "404.html"}

    def broken(self) -> Iterator[str]:
        """Yield one sentence for each link that leads nowhere."""
        if not self.pages:
            yield f"{self.root} holds no page"
        for page in self.pages.values():
            for link, loaded in page.links:
                wrong = self._wrong(page, link, loaded)
                if wrong:
                    yield f"{page.path.relative_to(self.root)}: {link!r} {wrong}"

    def _wrong(self, page: Page, link: str, loaded: bool) -> str:
        """Return what is wrong with a link, or nothing."""
        parts = urlsplit(link)
        if parts.scheme in ("data", "mailto"):
            return ""
        if parts.scheme or parts.netloc:
            if loaded:
                return "is fetched from elsewhere"
            well = parts.scheme in ("http", "https") and "." in parts.netloc and " " not in link
            return "" if well else "is no address"
        if parts.path.startswith("/"):
            return "begins at the root of a server"
        target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        if target.is_dir():
            target /= "index.html"
        if not target.is_file() or not target.is_relative_to(self.root):
            return "leads to no file of the site"
        if parts.fragment and target in self.pages:
            anchor = unquote(parts.fragment)
            # the first is written by the theme's own script
            if anchor not in ("__top", *self.pages[target].anchors):
                return "leads to no place on that page"
        return ""


if __name__ == "__main__":
    found = list(Site(Path(sys.argv[1])).broken())
    print("\n".join(found) or "every link leads somewhere")
    sys.exit(bool(found))
