"""Every task ends in exactly one outcome, whatever the others do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from musaic import parallel


def square(x: int) -> int:
    return x * x


def stumble(x: int) -> int:
    if x == 3:
        raise ValueError("three is too many")
    return x


def die(x: int) -> int:
    if x == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return x


def threads(_: int) -> str:
    return os.environ["OMP_NUM_THREADS"]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_all_outcomes_come_once(workers: int) -> None:
    outcomes = dict(parallel.run(square, range(20), workers=workers))
    assert outcomes == {x: x * x for x in range(20)}


def test_no_items() -> None:
    assert list(parallel.run(square, [], workers=2)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_a_failing_task_is_its_own_outcome(workers: int) -> None:
    outcomes = dict(parallel.run(stumble, range(6), workers=workers))
    failure = outcomes.pop(3)
    assert isinstance(failure, parallel.Failure)
    assert failure.message == "three is too many"
    assert "stumble" in failure.detail
    assert outcomes == {x: x for x in range(6) if x != 3}


def test_a_dying_process_takes_only_its_own_task() -> None:
    outcomes = dict(parallel.run(die, range(12), workers=2))
    failure = outcomes.pop(5)
    assert isinstance(failure, parallel.Failure)
    assert "died" in failure.message
    assert outcomes == {x: x for x in range(12) if x != 5}


def whoami(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def test_processes_are_kept_inside_a_block_and_only_there() -> None:
    def pids() -> set[object]:
        return {outcome for _, outcome in parallel.run(whoami, range(8), workers=2)}

    with parallel.cluster(None):
        first = pids()
        with parallel.cluster(None):
            assert pids() <= first
        assert pids() <= first
        assert isinstance(dict(parallel.run(die, [5], workers=2))[0], parallel.Failure)
        second = pids()
        assert not second & first
    assert not pids() & second
    _wait(lambda: not any(_alive(pid) for pid in first | second))


def test_how_many_tasks_share_a_machine() -> None:
    assert [parallel.tasks_beside(workers) for workers in (0, 1, 3)] == [1, 1, 3]
    assert parallel.tasks_beside() == parallel.default_workers()


def test_one_thread_a_process() -> None:
    assert dict(parallel.run(threads, [0], workers=1)) == {0: "1"}


PARENT = """
import sys
sys.path.insert(0, {tests!r})
from test_parallel import note
from musaic import parallel
list(parallel.run(note, [{folder!r}] * 2, workers=2))
"""

UNGUARDED = """
import sys
sys.path.insert(0, {tests!r})
from test_parallel import square
from musaic import parallel
print(sorted(dict(parallel.run(square, range(5), workers=2)).values()))
"""


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED.format(tests=str(Path(__file__).parent)))
    result = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n") == ["[0, 1, 4, 9, 16]", ""]
    assert not result.stderr


def note(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(60)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_workers_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(tests=str(Path(__file__).parent), folder=str(pids)))
    parent = subprocess.Popen([sys.executable, str(script)])
    _wait(lambda: len(os.listdir(pids)) == 2)
    parent.kill()
    parent.wait()
    _wait(lambda: not any(_alive(int(pid)) for pid in os.listdir(pids)))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def _wait(condition: object, limit: float = 30.0) -> None:
    end = time.monotonic() + limit
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def hand_over(megabytes: int) -> bytes:
    return bytes(megabytes << 20)


def test_leaving_while_a_process_hands_over_a_large_result_waits_for_nobody() -> None:
    for pause in (0.2, 0.4):
        running = parallel.run(hand_over, [64] * 8, workers=2)
        next(running)
        time.sleep(pause)
        ending = threading.Thread(target=running.close, daemon=True)
        ending.start()
        ending.join(30)
        assert not ending.is_alive()
