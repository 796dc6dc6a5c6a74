"""A configuration is what was written, or one sentence that says what is wrong with it."""

from __future__ import annotations

import pytest
import yaml
from pydantic import Field

from musaic.config import Config, digest, read_yaml, to_yaml
from musaic.errors import UsageError


class Inner(Config):
    depth: int = Field(default=3, ge=1)


class Outer(Config):
    name: str = "x"
    inner: Inner = Inner()
    many: tuple[Inner, ...] = ()


def test_round_trip_through_yaml() -> None:
    config = Outer(name="গান", inner=Inner(depth=5), many=(Inner(), Inner(depth=2)))
    assert Outer.parse(yaml.safe_load(to_yaml(config.plain()))) == config


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ({"nmae": "y"}, ["nmae", "did you mean 'name'?", "inner"]),
        ({"inner": {"depht": 1}}, ["inner.depht", "did you mean 'depth'?"]),
        ({"many": [{"depth": 1}, {"deep": 1}]}, ["many.1.deep", "did you mean 'depth'?"]),
        ({"inner": {"depth": 0}}, ["inner.depth", "0", "greater than or equal to 1"]),
        ({"inner": {"depth": "deep"}}, ["inner.depth", "'deep'", "integer"]),
    ],
)
def test_what_is_wrong_is_one_sentence(data: dict, named: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        Outer.parse(data, "test.yaml")
    message = str(caught.value)
    assert "\n" not in message
    for word in [*named, "test.yaml"]:
        assert word in message


def test_the_digest_knows_no_order_but_every_value() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    assert Outer().digest() == Outer(name="x").digest() != Outer(name="y").digest()


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "just words"])
def test_a_file_that_holds_no_mapping(tmp_path, text: str) -> None:
    path = tmp_path / "e.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"e\.yaml"):
        read_yaml(path)


def test_yaml_builds_no_objects(tmp_path) -> None:
    path = tmp_path / "e.yaml"
    path.write_text("a: !!python/object/apply:os.system ['true']")
    with pytest.raises(UsageError):
        read_yaml(path)
