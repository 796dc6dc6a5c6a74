"""Mean, deviation, skewness and kurtosis that can be gathered block by block and joined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TINY = 1e-12  # a variance below this share of the squared mean is rounding, not variation


@dataclass(frozen=True)
class Moments:
    """Central moments of the columns of a table whose rows came in blocks (float64).

    Parameters
    ----------
    n : int
        Rows so far.
    mean, m2, m3, m4 : ndarray, shape (D,)
        Mean and sums of the second to fourth powers of the deviations from it.

    Notes
    -----
    Joining two is exact: Pébay, Formulas for robust, one-pass parallel computation of covariances and
    arbitrary-order statistical moments, Sandia 2008, eq. 2.1 to 2.7.
    """

    n: int
    mean: np.ndarray
    m2: np.ndarray
    m3: np.ndarray
    m4: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray) -> Moments:
        """Return the moments of a block, shape (T, D)."""
        X = np.asarray(X, np.float64)
        mean = X.mean(axis=0)
        d = X - mean
        square = d * d
        return cls(
            len(X),
            mean,
            square.sum(axis=0),
            np.einsum("td,td->d", square, d),
            np.einsum("td,td->d", square, square),
        )

    def __add__(self, other: Moments) -> Moments:
        a, b = self.n, other.n
        n = a + b
        d = other.mean - self.mean
        return Moments(
            n,
            self.mean + d * (b / n),
            self.m2 + other.m2 + d**2 * (a * b / n),
            self.m3 + other.m3 + d**3 * (a * b * (a - b) / n**2) + 3 * d * (a * other.m2 - b * self.m2) / n,
            self.m4
            + other.m4
            + d**4 * (a * b * (a * a - a * b + b * b) / n**3)
            + 6 * d**2 * (a * a * other.m2 + b * b * self.m2) / n**2
            + 4 * d * (a * other.m3 - b * self.m3) / n,
        )

    @property
    def std(self) -> np.ndarray:
        """Standard deviation (of the population)."""
        return np.sqrt(self.m2 / self.n)

    @property
    def skewness(self) -> np.ndarray:
        """Third standardised moment; 0 where nothing varies."""
        variance = self.m2 / self.n
        return np.where(self._varies, self.m3 / self.n / np.where(self._varies, variance, 1) ** 1.5, 0.0)

    @property
    def kurtosis(self) -> np.ndarray:
        """Fourth standardised moment minus 3; 0 where nothing varies."""
        variance = self.m2 / self.n
        return np.where(self._varies, self.m4 / self.n / np.where(self._varies, variance, 1) ** 2 - 3, 0.0)

    @property
    def _varies(self) -> np.ndarray:
        return self.m2 / self.n > TINY * (1e-6 + self.mean**2)
