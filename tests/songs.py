"""Small corpora for tests: short sounds that differ by genre, words that differ by language."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

WORDS = {
    "arabic": "يا ليل يا عين القمر فوق البحر والقلب يغني للحبيب",
    "bangla": "আমার সোনার নদী তোমার গান আকাশে বাতাসে বাজে",
    "hindi": "मेरे मन की नदी तेरे गीत गगन में गूँजे",
}
GENRES = ("pop", "लोक")


def sound(genre: str, number: int, seconds: float = 1.5, sr: int = 22050) -> np.ndarray:
    """Return a short mono sound: pitch and roughness by genre, detail by number."""
    rng = np.random.default_rng(number)
    t = np.arange(int(seconds * sr)) / sr
    pitch = {"pop": 220.0, "लोक": 660.0}.get(genre, 440.0) * rng.uniform(0.9, 1.1)
    tone = sum(np.sin(2 * np.pi * pitch * k * t + rng.uniform(0, 6)) / k for k in range(1, 5))
    beat = 0.3 + (np.sin(2 * np.pi * rng.uniform(2, 5) * t) > 0)
    noise = rng.normal(size=len(t)) * (0.3 if genre == "pop" else 0.02)
    y = (tone + noise) * beat
    return (0.3 * y / np.abs(y).max()).astype(np.float32)


def write_tree(root: Path, per_cell: int = 4, seconds: float = 1.5) -> Path:
    """Write ``audio/<language>/<genre>/…wav`` and ``lyrics/…txt``; every fourth song has no lyrics."""
    number = 0
    for language, words in WORDS.items():
        for genre in GENRES:
            for _ in range(per_cell):
                number += 1
                path = root / "audio" / language / genre / f"{language}_{number:03d}_{words.split()[number % 4]}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, sound(genre, number, seconds), 22050)
                if number % 4:
                    text = root / "lyrics" / f"{language}_{number:03d}.txt"
                    text.parent.mkdir(parents=True, exist_ok=True)
                    picked = np.random.default_rng(number).permutation(words.split())
                    text.write_text(" ".join(picked) + "\n", encoding="utf-8")
    return root
