"""Configurations in which every value may be a list: one entry of an experiment file, many clusterings."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, ValidationError, ValidationInfo, WrapValidator

from musaic.config import Config


class Grid(Config):
    """A configuration whose values may be lists.

    Attributes
    ----------
    whole : frozenset of str
        Keys whose tuple is one value, not several.
    """

    whole: ClassVar[frozenset[str]] = frozenset()

    def expand(self) -> tuple[Self, ...]:
        """Return one configuration a combination, each with single values only.

        The last key changes fastest; of combinations that mean the same, the first is kept.
        """
        choices = [
            [
                single
                for one in (value if isinstance(value, tuple) and name not in self.whole else (value,))
                for single in (one.expand() if isinstance(one, Grid) else (one,))
            ]
            for name, value in self
        ]
        names = type(self).model_fields
        found = [self.model_copy(update=dict(zip(names, values, strict=True))) for values in product(*choices)]
        return tuple(dict.fromkeys(one.plainest() for one in found))

    def plainest(self) -> Self:
        """Return a single-valued configuration without what does not matter in it."""
        return self


def several(allowed: str) -> WrapValidator:
    """Return a validator that says in one sentence what is allowed, once or in a list."""

    def read(value: Any, handler: Callable[[Any], Any], info: ValidationInfo) -> Any:
        if isinstance(value, list | tuple) and not value:
            raise ValueError(f"{info.field_name} is an empty list; name at least one value")
        try:
            return handler(value)
        except ValidationError:
            raise ValueError(f"{info.field_name} must be {allowed} or a list of these, not {value!r}") from None

    return WrapValidator(read)


Count = Annotated[int, Field(strict=True, ge=1)]
Counts = Annotated[Count | tuple[Count, ...], several("a whole number from 1")]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Positives = Annotated[Positive | tuple[Positive, ...], several("a number above 0")]
