"""The pages hold what the code holds: every column, key, model, file and sentence."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from musaic.cli.app import app
from musaic.clustering import CLUSTERERS
from musaic.config import Config
from musaic.evaluation import LEADERBOARD, METRICS
from musaic.experiment import load_experiment
from musaic.experiment.config import Experiment
from musaic.experiment.loading import recipes
from musaic.features.registry import MODULES
from musaic.lyrics.encoders.registry import ENCODERS
from musaic.models import MODELS, parse_config
from musaic.models.vae.fusion_config import FUSIONS
from musaic.models.vae.networks.registry import NETWORKS
from musaic.runs.leaderboard.columns import describe

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS / "making"))

import prose  # noqa: E402
from generated import GENERATED  # noqa: E402
from hooks import fill  # noqa: E402


def page(name: str) -> str:
    """Return a page with what is made from the code filled in."""
    return fill((DOCS / name).read_text(encoding="utf-8"), name)


BETWEEN = re.compile(r"(?<!\\)\|(?=(?:[^`]*`[^`]*`)*[^`]*$)")
"""What stands between the cells of a row: a bar that is neither escaped nor within code."""


def rows(markdown: str) -> list[list[str]]:
    """Return the cells of every table row but the heads."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    split = [[cell.strip() for cell in BETWEEN.split(line)[1:-1]] for line in lines]
    return [cells for cells in split if not re.fullmatch(r":?-+:?", cells[0])]


def blocks(markdown: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}[^\n]*\n(.*?)^```$", markdown, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "things"),
    [
        ("models.md", [*MODELS, *NETWORKS, *FUSIONS]),
        ("features.md", list(MODULES)),
        ("clusterings.md", list(CLUSTERERS)),
        ("metrics.md", list(METRICS)),
        ("leaderboard.md", list(LEADERBOARD)),
    ],
)
def test_whatever_is_registered_is_in_a_table_with_what_it_is(name: str, things: list[str]) -> None:
    found = rows(page(name))
    for thing in things:
        told = [cells for cells in found if f"`{thing}`" in cells[:2]]
        assert told, thing
        assert any(cell and cell != f"`{thing}`" for cell in told[0]), thing


def test_a_new_one_is_there_by_being_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    from musaic.models.registry import Entry
    from musaic.models.vae.config import VaeConfig

    monkeypatch.setitem(MODELS, "tiny-vae", Entry(VaeConfig, preset={"latent_dim": 4, "fusion": {"kind": "moe"}}))
    [told] = [cells for cells in rows(page("models.md")) if cells[0] == "`tiny-vae`"]
    assert "`latent_dim: 4`" in told[2]
    assert "1911.03393" in told[3]


def test_no_two_models_are_described_alike() -> None:
    told = [cells[1] for cells in rows(page("models.md")) if len(cells) == 4 and cells[0].strip("`") in MODELS]
    assert len(told) == len(set(told)) == len(MODELS)


def test_a_preset_with_much_weight_on_the_divergence_names_its_paper() -> None:
    papers = {cells[0]: cells[3] for cells in rows(page("models.md")) if len(cells) == 4}
    for name in MODELS:
        beta = parse_config({"model": name}).plain().get("beta", 0)
        assert ("Higgins" in papers[f"`{name}`"]) is (beta > 1), name


def test_every_encoder_of_texts_is_named() -> None:
    text = page("languages.md").split("## From words to vectors")[1]
    assert all(f"`{name}`" in text.split("\n\n")[1] for name in ENCODERS)


def test_every_model_says_where_it_comes_from() -> None:
    papers = {cells[0]: cells[3] for cells in rows(page("models.md")) if len(cells) == 4}
    assert [name for name in MODELS if name != "raw" and not papers[f"`{name}`"]] == []


def test_every_choice_of_the_model_has_its_section_and_equation() -> None:
    text = page("models.md")
    for key in ("network", "beta", "prior", "condition", "fusion", "penalties"):
        assert f"### `{key}`" in text
    assert text.count("$$") >= 20


def test_every_column_of_the_leaderboard_is_described() -> None:
    assert [name for name, told in describe(LEADERBOARD).items() if not told] == []


def configurations(cls: type[Config], seen: set[type[Config]]) -> Iterator[type[Config]]:
    """Yield a configuration and all that can stand in it."""
    if cls in seen:
        return
    seen.add(cls)
    yield cls
    for field in cls.model_fields.values():
        for one in _inside(field.annotation):
            yield from configurations(one, seen)


def _inside(annotation: Any) -> Iterator[type[Config]]:
    if isinstance(annotation, type) and issubclass(annotation, Config):
        yield annotation
    for inner in get_args(annotation):
        yield from _inside(inner)


def every_configuration() -> list[type[Config]]:
    seen: set[type[Config]] = set()
    roots = [Experiment, *(entry.config for entry in (*MODELS.values(), *CLUSTERERS.values(), *NETWORKS.values()))]
    return [one for root in roots for one in configurations(root, seen)]


def test_every_key_of_an_experiment_file_is_explained() -> None:
    found = {cells[0].strip("`"): cells for cells in rows(page("experiment-file.md"))}
    unsaid = []
    for config in every_configuration():
        for key in config.model_fields:
            if key not in ("kind", "algorithm"):
                named = [cells for name, cells in found.items() if key in name.split("`, `")]
                if not named or not named[0][-1]:
                    unsaid.append(f"{config.__name__}.{key}")
    assert unsaid == []


def test_configurations_explain_every_key() -> None:
    unsaid = []
    for config in every_configuration():
        if config is Experiment:
            continue
        about = prose.described(config)
        public = [key for key in config.model_fields if key not in ("kind", "algorithm", "model")]
        unsaid += [f"{config.__name__}.{key}" for key in public if key not in about]
    assert unsaid == []


def test_the_keys_at_the_top_are_those_of_an_experiment() -> None:
    text = page("experiment-file.md")
    top = [cells[0].strip("`") for cells in rows(text.split("## `corpus`")[0]) if cells[0].startswith("`")]
    assert top == list(Experiment.model_fields)


@pytest.mark.parametrize("name", ["experiment-file.md", "clusterings.md", "adding.md"])
def test_the_examples_are_experiments(name: str) -> None:
    for block in blocks((DOCS / name).read_text(encoding="utf-8"), "yaml"):
        data = yaml.safe_load(block)
        if name != "adding.md":  # whose models are not there before the page is followed
            load_experiment({"cells": [{"model": "pca", "input": "statistics"}], **data})


def test_every_recipe_and_how_it_is_run() -> None:
    text = page("recipes.md")
    for name in recipes():
        assert f"## `{name}`" in text
        assert f"musaic run {name} --corpus songs --quick" in text
        assert ("--faithful" in text.split(f"## `{name}`")[1].split("\n## ")[0]) is bool(load_experiment(name).faithful)


def test_every_command_and_option() -> None:
    from typer.main import get_command

    text = page("commands.md")
    commands = dict(get_command(app).commands)
    commands |= {f"corpus {name}": one for name, one in commands.pop("corpus").commands.items()}
    for name, command in commands.items():
        section = text.split(f"## `musaic {name}`\n")[1].split("\n## ")[0]
        for parameter in command.params:
            place = parameter.metavar or parameter.name.upper()
            shown = parameter.opts[0] if parameter.param_type_name == "option" else place
            assert shown in section, f"{name} {shown}"


def test_the_commands_that_pages_name_exist() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}
    for path in DOCS.rglob("*.md"):
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^ {4})musaic ([a-z]+)", text, flags=re.MULTILINE)
        for block in (*blocks(text, "bash"), *blocks(text, "sh")):
            named += re.findall(r"^musaic ([a-z]+)", block, flags=re.MULTILINE)
        assert set(named) <= known, path.name


def lines_of_commands(text: str) -> list[list[str]]:
    """Return the words of every line that calls musaic: in code, indented or between backquotes."""
    found = re.findall(r"`(musaic [^`\n]+)`", text) + re.findall(r"^ {4}(musaic .+)$", text, flags=re.MULTILINE)
    for language in ("bash", "sh"):
        for block in blocks(text, language):
            found += re.findall(r"^(?:\w+=\S+ )*(musaic .+)$", block.replace("\\\n", " "), flags=re.MULTILINE)
    return [re.sub(r"\s#.*| {3,}.*", "", line).split()[1:] for line in found]


def test_the_options_that_pages_name_exist() -> None:
    from typer.main import get_command

    commands = dict(get_command(app).commands)
    seen = 0
    for path in (*DOCS.rglob("*.md"), ROOT / "README.md"):
        for words in lines_of_commands(path.read_text(encoding="utf-8")):
            found: Any = None
            known: dict[str, Any] = commands
            while words and words[0] in known:
                found, words = known[words[0]], words[1:]
                known = getattr(found, "commands", {})
            if found is None:
                continue
            options = {name for one in found.params for name in (*one.opts, *one.secondary_opts)}
            given = {word.partition("=")[0].strip("'\"`.,;:()") for word in words if word.startswith("--")}
            seen += len(given)
            assert given <= options | {"--help"}, f"{path.name}: musaic {found.name} {given - options}"
    assert seen > 50


def templates() -> list[str]:
    """Return every text in the code, with … for what is put in."""
    found = []
    for path in (ROOT / "src" / "musaic").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return found


def test_the_sentences_that_troubleshooting_quotes_are_printed() -> None:
    text = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    lines = [line for block in blocks(text, "text") for line in block.splitlines()]
    assert len(lines) > 20
    known = templates()
    for line in lines:
        pieces = [piece.strip(" .;:,'()") for piece in re.split(r"…|; ", line)]
        pieces = [piece for piece in pieces if len(piece) > 7]
        assert pieces, line
        for piece in pieces:
            assert any(piece in template for template in known), piece


def test_pages_ask_only_for_what_can_be_made() -> None:
    asked = {name for path in DOCS.rglob("*.md") for name in re.findall(r"^\{\{ (\w+)", path.read_text("utf-8"), re.M)}
    assert asked == set(GENERATED)


def test_every_page_is_in_the_navigation() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    listed = set(re.findall(r"- ([\w/-]+\.md)$", text, flags=re.MULTILINE))
    assert listed == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


def test_every_room_that_people_call_has_its_page() -> None:
    shown = {
        name
        for path in DOCS.rglob("*.md")
        for name in re.findall(r"^\{\{ api (\S+) \}\}", path.read_text("utf-8"), re.M)
    }
    rooms = {
        path.parent.name for path in (ROOT / "src" / "musaic").glob("*/__init__.py") if "__all__" in path.read_text()
    }
    inner = {"parallel"}  # how work is shared out, which commands name
    assert {f"musaic.{room}" for room in rooms - inner} <= shown
