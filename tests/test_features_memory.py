"""Hours of sound in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from sounds import music

SCRIPT = """
import json, sys
from functools import partial
from pathlib import Path
from musaic.features.analysis import measure_file
from musaic.features.config import FeatureConfig
from musaic.features.staging import read_staged, write_staged

source, target = Path(sys.argv[1]), Path(sys.argv[2])
config = FeatureConfig(duration="whole", normalize=sys.argv[3])
facts = write_staged(target, partial(measure_file, source, config))
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
peak = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps({"status": facts.status, "frames": read_staged(target).n_frames, "megabytes": peak}))
"""


def long_file(path: Path, minutes: int) -> Path:
    minute = music(60, sr=11025)
    with soundfile.SoundFile(path, "w", 11025, 1) as file:
        for i in range(minutes):
            file.write(minute * np.float32(0.5 + 0.5 * (i % 7) / 7))
    return path


# ru_maxrss will not do: it begins with the peak of the process that started this one.
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
@pytest.mark.slow
@pytest.mark.parametrize("normalize", ["none", "loudness"])
def test_memory_does_not_grow_with_the_file(tmp_path, normalize):
    peaks = {}
    for minutes in (20, 60):
        path = long_file(tmp_path / f"{minutes}.wav", minutes)
        command = [sys.executable, "-c", SCRIPT, path, tmp_path / f"{minutes}.npz", normalize]
        told = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        assert told["status"] == "ok"
        assert told["frames"] == 1 + minutes * 60 * 22050 // 512
        peaks[minutes] = told["megabytes"]
    assert peaks[60] < 600
    assert peaks[60] < peaks[20] + 60
