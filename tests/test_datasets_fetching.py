"""Fetching datasets: mirdata's and kagglehub's own code against a server on loopback, broken off, resumed, refused."""

from __future__ import annotations

import csv
import errno
import hashlib
import importlib
import io
import json
import logging
import socket
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from file_server import FileServer, serving
from musaic.cli import invoke
from musaic.corpus.read import read_corpus
from musaic.datasets import dataset, download, obtain
from musaic.datasets.description import Offer
from musaic.datasets.fetching import fetch
from musaic.datasets.known.any_of_mirdata import WITH_LABELS
from musaic.datasets.obtaining import offer
from musaic.datasets.sources.of_mirdata import Mirdata
from musaic.errors import MusaicError, UsageError
from musaic.progress import SILENT
from tiny_datasets import clip, gtzan, mirdata_index

DATA = bytes(range(256)) * 8192


@pytest.fixture(autouse=True)
def _own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep caches and credentials of the person who runs the tests out of them."""
    monkeypatch.setenv("MUSAIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "kaggle"))
    for name in ("KAGGLEHUB_CACHE", "KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as started:
        yield started


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)


def _packed(root: Path, kind: str = "zip", below: str = "") -> bytes:
    buffer = io.BytesIO()
    files = sorted(path for path in root.rglob("*") if path.is_file())
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for path in files:
                archive.write(path, below + path.relative_to(root).as_posix())
    else:
        with tarfile.open(fileobj=buffer, mode={"tar": "w:", "tar.bz2": "w:bz2"}.get(kind, "w:gz")) as archive:
            for path in files:
                archive.add(path, below + path.relative_to(root).as_posix())
    return buffer.getvalue()


# --- files


def test_a_file_that_broke_off_is_gone_on_from(server: FileServer, tmp_path: Path) -> None:
    server.files["/data.zip"] = DATA
    server.breaks = [500_000, 700_000]
    url, path = f"{server.address}/data.zip", tmp_path / "data.zip"
    md5 = hashlib.md5(DATA).hexdigest()
    for _ in range(2):
        with pytest.raises(MusaicError, match="broke off"):
            fetch(url, path, md5=md5, name="x", reporter=SILENT)
        assert not path.exists()
    fetch(url, path, md5=md5, name="x", reporter=SILENT)
    assert path.read_bytes() == DATA
    assert [wanted for _, _, wanted in server.asked] == [None, "bytes=500000-", "bytes=1200000-"]
    fetch(url, path, md5=md5, name="x", reporter=SILENT)
    assert len(server.asked) == 3  # what is here is not asked for again
    assert [left.name for left in tmp_path.glob("data*")] == ["data.zip"]


def test_a_file_that_was_complete_but_not_yet_renamed_is_not_fetched_again(server: FileServer, tmp_path: Path) -> None:
    server.files["/data"] = DATA
    (tmp_path / "data.part").write_bytes(DATA)
    fetch(f"{server.address}/data", tmp_path / "data", md5=hashlib.md5(DATA).hexdigest(), name="x", reporter=SILENT)
    assert (tmp_path / "data").read_bytes() == DATA


def test_what_was_not_published_never_takes_the_name(server: FileServer, tmp_path: Path) -> None:
    server.files["/data"] = b"something else"
    with pytest.raises(MusaicError, match="another checksum"):
        fetch(f"{server.address}/data", tmp_path / "data", md5="0" * 32, name="x", reporter=SILENT)
    assert not list(tmp_path.glob("data*"))


def test_a_server_that_refuses_is_told(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(MusaicError, match="answers 404"):
        fetch(f"{server.address}/none", tmp_path / "none", md5=None, name="x", reporter=SILENT)


class Lost(io.BytesIO):
    """An answer whose connection dies for a reason that is no `ConnectionError`."""

    status = 200
    headers: ClassVar[dict[str, str]] = {"Content-Length": "99"}

    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EHOSTUNREACH, "No route to host")


def test_a_network_that_is_lost_is_not_told_as_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Lost())
    with pytest.raises(MusaicError, match=r"was not reached \(No route to host\)"):
        fetch("http://a.invalid/data", tmp_path / "data", md5=None, name="x", reporter=SILENT)


def test_a_file_of_another_checksum_is_fetched_anew(server: FileServer, tmp_path: Path) -> None:
    server.files["/data"] = DATA
    (tmp_path / "data").write_bytes(b"an earlier release")
    fetch(f"{server.address}/data", tmp_path / "data", md5=hashlib.md5(DATA).hexdigest(), name="x", reporter=SILENT)
    assert (tmp_path / "data").read_bytes() == DATA


# --- mirdata


def _mirdata_on(
    server: FileServer,
    monkeypatch: pytest.MonkeyPatch,
    loader: str,
    files: dict[str, bytes],
    index: str,
    version: str = "default",
    part: list[str] | None = None,
) -> None:
    """Point a loader of mirdata to archives and an index on the server; the archives' keys are their names."""
    core = pytest.importorskip("mirdata.core")
    from mirdata import download_utils

    module = importlib.import_module(f"mirdata.datasets.{loader}")
    server.files |= {f"/{name}": data for name, data in files.items()} | {"/index.json": index.encode()}
    remotes = {
        name: download_utils.RemoteFileMetadata(name, f"{server.address}/{name}", hashlib.md5(data).hexdigest())
        for name, data in files.items()
    }
    monkeypatch.setattr(module, "REMOTES", remotes)
    checksum = hashlib.md5(index.encode()).hexdigest()
    named = core.Index(f"{loader}_test.json", f"{server.address}/index.json", checksum, partial_download=part)
    version = module.INDEXES["default"] if version == "default" else version
    monkeypatch.setitem(module.INDEXES, version, named)


def _mirdata_gtzan(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str = "zip", below: str = ""
) -> Path:
    """Point mirdata's loader of GTZAN, version mini, to a miniature on the server; return the miniature."""
    made = gtzan(tmp_path / "made", "gtzan_mini-main/genres")
    paths = {
        path.stem: {"audio": path.relative_to(made).as_posix(), "beats": None, "tempo": None}
        for path in sorted(made.rglob("*.wav"))
    }
    archives = {f"main.{kind}": _packed(made, kind, below), "other.zip": b"of another version"}
    index = mirdata_index(made, paths)
    _mirdata_on(server, monkeypatch, "gtzan_genre", archives, index, "mini", [f"main.{kind}"])
    return made


def test_mirdata_fetches_unpacks_and_validates(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch)
    to = tmp_path / "to"
    obtained = obtain(dataset("gtzan_mini"), to)
    assert (obtained.tracks, obtained.audio) == (6, 6)
    assert (obtained.checked.files, list(obtained.checked.missing), list(obtained.checked.differing)) == (6, [], [])
    assert not (to / "files" / "main.zip").exists()  # the archive does not take its room twice
    asked = len(server.asked)
    again = obtain(dataset("gtzan_mini"), to)
    assert len(server.asked) == asked
    assert again.corpus.read_bytes() == obtained.corpus.read_bytes()
    assert offer(dataset("gtzan_mini"), to) is None


def test_an_interrupted_download_through_mirdata_is_gone_on_from(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch)
    server.breaks = [1 << 20, 5000]  # the index whole, the archive in part
    to = str(tmp_path / "to")
    assert invoke(["download", "gtzan_mini", "--to", to, "--yes", "--quiet"]) == 1
    assert "broke off" in capsys.readouterr().err
    assert not (tmp_path / "to" / "corpus.csv").exists()
    assert invoke(["download", "gtzan_mini", "--to", to, "--yes", "--quiet"]) == 0
    assert ("GET", "/main.zip", "bytes=5000-") in server.asked
    assert len(read_corpus(tmp_path / "to" / "corpus.csv")) == 6


def test_files_that_are_not_as_published_are_named_and_end_with_one(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch)
    to = tmp_path / "to"
    download("gtzan_mini", to)
    genres = to / "files" / "gtzan_mini-main" / "genres"
    (genres / "blues" / "blues.00000.wav").unlink()
    clip(genres / "jazz" / "jazz.00001.wav", 99)
    assert invoke(["download", "gtzan_mini", "--to", str(to), "--yes", "--quiet"]) == 1
    told = capsys.readouterr().err
    assert "1 are missing: gtzan_mini-main/genres/blues/blues.00000.wav" in told
    assert "1 differ: gtzan_mini-main/genres/jazz/jazz.00001.wav" in told
    assert "Traceback" not in told
    assert len(read_corpus(to / "corpus.csv")) == 5


def test_a_copy_is_compared_with_the_index_where_it_is_arranged_alike(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _mirdata_gtzan(server, tmp_path, monkeypatch)
    told = obtain(dataset("gtzan_mini"), tmp_path / "one", source=made).checked.how
    assert "not on this disk" in told
    download("gtzan_mini", tmp_path / "fetched")
    clip(made / "gtzan_mini-main" / "genres" / "jazz" / "jazz.00001.wav", 99)
    checked = obtain(dataset("gtzan_mini"), tmp_path / "two", source=made).checked
    assert list(checked.differing) == ["gtzan_mini-main/genres/jazz/jazz.00001.wav"]  # told, and no failure
    elsewhere = obtain(dataset("gtzan_mini"), tmp_path / "three", source=made / "gtzan_mini-main").checked
    assert "arranged otherwise" in elsewhere.how
    assert list(elsewhere.missing) == []


def _index_in_cache(tmp_path: Path, loader: str, text: str) -> None:
    module = pytest.importorskip(f"mirdata.datasets.{loader}")
    filename = module.INDEXES[module.INDEXES["default"]].filename
    path = tmp_path / "cache" / "mirdata" / filename
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_any_loader_of_mirdata_gives_a_table_by_its_tracks_attributes(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    paths: dict[str, dict[str, str | None]] = {}
    metadata = {}
    for number, track in enumerate(("MusicDelta_Beethoven", "গান_কবিতা", "Ohne_Ton")):
        file = f"audio/{track}_MIX.wav"
        clip(copy / file, number)
        paths[track] = {"audio": file, "melody1": None, "melody2": None, "melody3": None}
        metadata[track] = {
            "artist": 'Séance, "quoted"',
            "title": f"titel\nzwei {number}",
            "genre": "Classical",
            "is_excerpt": True,
            "is_instrumental": False,
            "n_sources": 18,
        }
    text = mirdata_index(copy, paths)
    (copy / "audio" / "Ohne_Ton_MIX.wav").unlink()
    (copy / "medleydb_melody_metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), encoding="utf-8")
    _index_in_cache(tmp_path, "medleydb_melody", text)
    obtained = obtain(dataset("mirdata:medleydb_melody"), tmp_path / "to", source=copy)
    assert obtained.tracks == obtained.audio == 2
    assert "1 tracks of medleydb_melody have no audio here" in obtained.notes
    assert list(obtained.checked.missing) == ["audio/Ohne_Ton_MIX.wav"]
    corpus = read_corpus(obtained.corpus)
    assert set(corpus.tracks["genre"]) == {"Classical"}
    assert set(corpus.tracks["artist"]) == {'Séance, "quoted"'}
    assert "titel zwei 1" in set(corpus.tracks["title"])
    assert obtained.details is not None
    with obtained.details.open(encoding="utf-8", newline="") as file:
        rows = {row["track_id"]: row for row in csv.DictReader(file)}
    assert rows["গান_কবিতা"] == {
        "track_id": "গান_কবিতা",
        "is_excerpt": "true",
        "is_instrumental": "false",
        "n_sources": "18",
    }
    assert "CC BY-NC-SA 4.0" in (tmp_path / "to" / "LICENCE.txt").read_text(encoding="utf-8")


def test_lyrics_and_language_come_along_from_mirdata(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    clip(copy / "Audio" / "vocadito_1.wav")
    (copy / "Annotations" / "Lyrics").mkdir(parents=True)
    (copy / "Annotations" / "Lyrics" / "vocadito_1_Lyrics.txt").write_text("la noche cae\nsobre el río\n", "utf-8")
    files = {"audio": "Audio/vocadito_1.wav", "lyrics": "Annotations/Lyrics/vocadito_1_Lyrics.txt"}
    entries: dict[str, str | None] = {**files, "f0": None, "notesA1": None, "notesA2": None}
    metadata = "track_id,singer_id,average_pitch,language\n1,S1,60,Spanish\n"
    (copy / "vocadito_metadata.csv").write_text(metadata, encoding="utf-8")
    _index_in_cache(tmp_path, "vocadito", mirdata_index(copy, {"1": entries}))
    obtained = obtain(dataset("mirdata:vocadito"), tmp_path / "to", source=copy)
    row = read_corpus(obtained.corpus).tracks.iloc[0]
    assert row["lyrics"] == "la noche cae\nsobre el río"
    assert row["language"] == "Spanish"


@pytest.mark.parametrize("loader", WITH_LABELS)
def test_the_loaders_that_are_listed_are_there(loader: str) -> None:
    mirdata = pytest.importorskip("mirdata")
    assert loader in mirdata.list_datasets()
    described = dataset(f"mirdata:{loader}")
    assert described.licence
    assert described.citation.strip()


@pytest.mark.parametrize("below", ["", "wrapped/"])
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tgz"])
def test_every_kind_of_archive_is_unpacked(
    kind: str, below: str, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch, kind, below)
    obtained = obtain(dataset("gtzan_mini"), tmp_path / "to")
    assert (obtained.tracks, obtained.audio) == (6, 6)
    assert (obtained.checked.files, list(obtained.checked.missing), list(obtained.checked.differing)) == (6, [], [])
    assert not list((tmp_path / "to" / "files").glob("main*"))
    assert offer(dataset("gtzan_mini"), tmp_path / "to") is None


def test_a_loader_takes_its_own_steps_and_genres_come_out_of_its_mapping(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mirdata")
    made = tmp_path / "made"
    of_track: dict[str, list[str]] = {"one": ["House"], "two": ["House", "Techno"]}
    for number, (track, genres) in enumerate(of_track.items()):
        clip(made / "audio" / f"{track}.mp3", number)
        (made / "keys").mkdir(exist_ok=True)
        (made / "keys" / f"{track}.txt").write_text("D major\n", encoding="utf-8")
        (made / "meta").mkdir(exist_ok=True)
        named = {"genres": [{"name": name} for name in genres], "sub_genres": [{"name": "Deep"}]}
        meta = json.dumps(named | {"artists": [{"name": "গায়ক"}], "bpm": 0}, ensure_ascii=False)
        (made / "meta" / f"{track}.json").write_text(meta.replace('"bpm": 0', '"bpm": nan'), encoding="utf-8")
    paths = {
        track: {"audio": f"audio/{track}.mp3", "key": f"keys/{track}.txt", "meta": f"meta/{track}.json"}
        for track in of_track
    }
    index = json.loads(mirdata_index(made, {track: dict(files) for track, files in paths.items()}))
    for track in of_track:  # published are the checksums of what the loader makes of them
        mended = (made / "meta" / f"{track}.json").read_bytes().replace(b": nan", b": null")
        index["tracks"][track]["meta"][1] = hashlib.md5(mended).hexdigest()
    archives = {f"{part}.zip": _packed(made / part, below=f"{part}/") for part in ("audio", "keys", "meta")}
    _mirdata_on(server, monkeypatch, "beatport_key", archives, json.dumps(index))
    obtained = obtain(dataset("mirdata:beatport_key"), tmp_path / "to")
    assert (obtained.tracks, obtained.audio) == (2, 2)
    assert not obtained.checked.differing
    with obtained.corpus.open(encoding="utf-8", newline="") as file:
        rows = {row["track_id"]: row for row in csv.DictReader(file)}
    assert {track: row["genre"] for track, row in rows.items()} == {"one": "House", "two": ""}
    assert {row["artist"] for row in rows.values()} == {"গায়ক"}
    assert obtained.details is not None
    with obtained.details.open(encoding="utf-8", newline="") as file:
        assert {row["genres"] for row in csv.DictReader(file)} == {"House", "House; Techno"}
    asked = len(server.asked)
    assert not list((tmp_path / "to" / "files").glob("*.zip"))
    obtain(dataset("mirdata:beatport_key"), tmp_path / "to")
    assert len(server.asked) == asked
    # a copy that was unpacked by hand has the numbers that are no JSON
    copy = obtain(dataset("mirdata:beatport_key"), tmp_path / "copied", source=made)
    assert copy.tracks == 2
    assert "2 tracks are without genres: mirdata cannot read it" in copy.notes


def test_archives_within_archives_are_unpacked(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mirdata")
    outer, named = tmp_path / "outer", [f"Bass monophon{end}" for end in ("", "2")]
    named += [f"Gitarre {kind}{end}" for kind in ("monophon", "polyphon") for end in ("", "2")]
    inside = outer / "IDMT-SMT-AUDIO-EFFECTS" / "IDMT-SMT-AUDIO-EFFECTS"
    inside.mkdir(parents=True)
    for number, name in enumerate(named):
        clip(tmp_path / "made" / name / "Samples" / "one.wav", number)
        (inside / f"{name}.zip").write_bytes(_packed(tmp_path / "made" / name, below=f"{name}/"))
    paths: dict[str, dict[str, str | None]] = {name: {"audio": f"{name}/Samples/one.wav"} for name in named}
    archives = {"full_dataset": _packed(outer)}
    _mirdata_on(server, monkeypatch, "idmt_smt_audio_effects", archives, mirdata_index(tmp_path / "made", paths))
    source = Mirdata("idmt_smt_audio_effects")
    root = source.fetch("x", tmp_path / "to", SILENT)
    assert source.check(root, SILENT).files == 6
    assert not source.check(root, SILENT).missing
    assert source.is_here(tmp_path / "to")


def test_archives_that_hold_nothing_of_the_index_are_told_and_not_taken_for_done(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch, "zip", "one/two/")
    with pytest.raises(MusaicError, match=r"main\.zip of gtzan_mini held none of the 6 files in mirdata's index"):
        download("gtzan_mini", tmp_path / "to")
    assert offer(dataset("gtzan_mini"), tmp_path / "to") is not None


@pytest.mark.parametrize("kind", ["zip", "tgz"])
def test_a_damaged_archive_is_removed_and_fetched_again(
    kind: str, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch, kind)
    whole = server.files[f"/main.{kind}"]
    index = server.files["/index.json"].decode()
    broken = {f"main.{kind}": whole[: len(whole) // 2]}
    _mirdata_on(server, monkeypatch, "gtzan_genre", broken, index, "mini")
    with pytest.raises(MusaicError, match=rf"main\.{kind} of gtzan_mini is damaged .* and was removed"):
        download("gtzan_mini", tmp_path / "to")
    assert not (tmp_path / "to" / "files" / f"main.{kind}").exists()
    _mirdata_on(server, monkeypatch, "gtzan_genre", {f"main.{kind}": whole}, index, "mini")
    assert len(read_corpus(download("gtzan_mini", tmp_path / "to"))) == 6


def test_another_release_is_not_taken_for_the_one_that_is_here(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _mirdata_gtzan(server, tmp_path, monkeypatch)
    download("gtzan_mini", tmp_path / "to")
    index = server.files["/index.json"].decode()
    (made / "CHANGES").write_text("a second release\n", encoding="utf-8")
    _mirdata_on(server, monkeypatch, "gtzan_genre", {"main.zip": _packed(made)}, index, "mini")
    assert offer(dataset("gtzan_mini"), tmp_path / "to") is not None
    download("gtzan_mini", tmp_path / "to")
    assert (tmp_path / "to" / "files" / "CHANGES").is_file()


@pytest.mark.parametrize("code", [403, 404, 405])
def test_a_server_that_tells_no_size_is_no_missing_network(
    code: int, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _mirdata_gtzan(server, tmp_path, monkeypatch)
    server.heads["/main.zip"] = code
    assert invoke(["download", "mirdata:gtzan_genre@mini", "--to", str(tmp_path / "to"), "--yes"]) == 0
    assert "not told by the server" in capsys.readouterr().err


def test_a_loader_that_fetches_nothing_says_how_to_get_its_files(tmp_path: Path) -> None:
    pytest.importorskip("mirdata")
    from mirdata.datasets import compmusic_carnatic_rhythm as module

    assert module.REMOTES is None
    with pytest.raises(UsageError) as error:
        offer(dataset("mirdata:compmusic_carnatic_rhythm"), tmp_path / "to")
    assert " ".join(module.DOWNLOAD_INFO.split())[:60] in str(error.value)
    assert "--from FOLDER" in str(error.value)
    assert "\n" not in str(error.value)


def test_importing_mirdata_leaves_logging_alone() -> None:
    import subprocess

    code = (
        "import logging; from musaic.datasets import dataset; dataset('mirdata:ballroom'); "
        "root = logging.getLogger(); raise SystemExit(bool(root.handlers) or root.level != logging.WARNING)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_loader_that_mirdata_does_not_know_is_told() -> None:
    pytest.importorskip("mirdata")
    with pytest.raises(UsageError, match="did you mean 'ballroom'"):
        dataset("mirdata:balroom")
    with pytest.raises(UsageError, match="version of mirdata:gtzan_genre"):
        offer(dataset("mirdata:gtzan_genre@7"))


# --- Kaggle

SLUG = "someone/bangla-songs"
API = "/api/v1/datasets.DatasetApiService"


@pytest.fixture
def kaggle(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """Point kagglehub to the server, which knows version 3 of one dataset."""
    environment = pytest.importorskip("kagglesdk.kaggle_env")
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setitem(environment._env_to_endpoint, environment.KaggleEnv.LOCAL, server.address)
    known = {"currentVersionNumber": 3, "totalBytes": 2_340_000_000, "licenseName": "CC BY-NC 4.0"}
    server.answers[f"{API}/GetDataset"] = (200, known)
    server.answers[f"{API}/DownloadDataset"] = (302, "/archive.zip")
    return server


def test_kagglehub_fetches_what_kaggle_says(
    kaggle: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("bangla/folk/নদী.wav", "arabic/طرب/يا ليل.wav")):
        clip(tmp_path / "made" / name, number)
    kaggle.files["/archive.zip"] = _packed(tmp_path / "made")
    to = tmp_path / "to"
    assert invoke(["download", f"kaggle:{SLUG}", "--to", str(to), "--yes", "--json"]) == 0
    told = capsys.readouterr()
    assert "2.34 GB" in told.err
    assert "CC BY-NC 4.0" in told.err
    plain = json.loads(told.out)
    assert (plain["tracks"], plain["audio"]) == (2, 2)
    corpus = read_corpus(to / "corpus.csv")
    assert sorted(corpus.tracks["genre"]) == ["folk", "طرب"]
    assert sorted(corpus.tracks["language"]) == ["arabic", "bangla"]
    assert all((to / audio).is_file() for audio in corpus.tracks["audio"])
    assert "CC BY-NC 4.0" in (to / "LICENCE.txt").read_text(encoding="utf-8")
    assert json.loads((to / "dataset.json").read_text(encoding="utf-8"))["source"] == "kaggle"


def test_an_archive_of_kaggle_that_broke_off_is_gone_on_from(kaggle: FileServer, tmp_path: Path) -> None:
    for number in range(40):
        clip(tmp_path / "made" / "wavs3sec" / "folk" / f"song {number}.wav", number, seconds=1.0)
    kaggle.files["/archive.zip"] = _packed(tmp_path / "made")
    half = len(kaggle.files["/archive.zip"]) // (1 << 20) * (1 << 20) or 1 << 20
    kaggle.breaks = [half]
    with pytest.raises(MusaicError, match="banglabeats cannot be fetched"):
        download("banglabeats", tmp_path / "to")
    download("banglabeats", tmp_path / "to")
    assert [wanted for _, path, wanted in kaggle.asked if path == "/archive.zip" and wanted] == [f"bytes={half}-"]
    assert len(read_corpus(tmp_path / "to" / "corpus.csv")) == 40


def test_groups_of_a_table_on_kaggle_stay_together(kaggle: FileServer, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    table = "track_id,lyrics,group\na,la la la,singer\nb,na na na,singer\n"
    (tmp_path / "made" / "songs.csv").write_text(table, encoding="utf-8")
    kaggle.files["/archive.zip"] = _packed(tmp_path / "made")
    assert read_corpus(download(f"kaggle:{SLUG}", tmp_path / "to")).tracks["group"].tolist() == ["singer", "singer"]


def test_what_kaggle_tells_is_of_its_current_version(
    kaggle: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert offer(dataset(f"kaggle:{SLUG}/versions/3"), tmp_path) == Offer(2_340_000_000, "CC BY-NC 4.0")
    assert invoke(["download", f"kaggle:{SLUG}/versions/2", "--to", str(tmp_path / "to")]) == 2
    assert "size and licence are those of version 3; Kaggle tells none of version 2" in capsys.readouterr().err


def test_a_registered_dataset_of_kaggle_is_asked_about_too(kaggle: FileServer, tmp_path: Path) -> None:
    assert offer(dataset("gtzan_kaggle"), tmp_path) == Offer(2_340_000_000, "CC BY-NC 4.0")


def test_one_table_of_lyrics_is_a_corpus_too_and_two_are_not(kaggle: FileServer, tmp_path: Path) -> None:
    table = tmp_path / "made" / "data" / "lyrics.csv"
    table.parent.mkdir(parents=True)
    words = "আমার সোনার নদী\nতোমার গান"
    with table.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["track_name", "lyrics", "genre"], ["গান", words, "folk"], ["b", "la la la", "pop"]])
    kaggle.files["/archive.zip"] = _packed(tmp_path / "made")
    corpus = read_corpus(download(f"kaggle:{SLUG}", tmp_path / "to"))
    assert words in set(corpus.tracks["lyrics"])
    assert set(corpus.tracks["title"]) == {"গান", "b"}
    (tmp_path / "made" / "more.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    kaggle.files["/archive.zip"] = _packed(tmp_path / "made")
    with pytest.raises(UsageError, match="no audio and 2 tables"):
        download(f"kaggle:{SLUG}", tmp_path / "other")


@pytest.mark.parametrize(("code", "words"), [(403, "KAGGLE_API_TOKEN"), (401, "kaggle.json"), (404, "no dataset")])
def test_a_refusal_of_kaggle_names_what_is_missing(
    kaggle: FileServer, code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kaggle.answers[f"{API}/GetDataset"] = (code, {"code": code, "message": "no"})
    assert invoke(["download", f"kaggle:{SLUG}", "--to", str(tmp_path / "to"), "--yes"]) == 1
    told = capsys.readouterr().err.strip().splitlines()
    assert words in told[-1]
    assert not (tmp_path / "to").exists()


def test_what_kagglehub_marked_as_complete_needs_no_network(
    no_network: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("kagglehub")
    home = tmp_path / "to" / "files" / "datasets" / "andradaolteanu" / "gtzan-dataset-music-genre-classification"
    gtzan(home / "versions" / "1")
    gtzan(home / "versions" / "2", per_genre=3)
    (home / "1.complete").touch()  # the second was interrupted
    assert invoke(["download", "gtzan_kaggle", "--to", str(tmp_path / "to"), "--quiet"]) == 0  # and no yes is needed
    assert capsys.readouterr().err == ""
    corpus = read_corpus(tmp_path / "to" / "corpus.csv")
    assert len(corpus) == 6
    assert all("/versions/1/" in audio for audio in corpus.tracks["audio"])


def test_a_cache_of_ones_own_is_linked(no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("kagglehub")
    home = tmp_path / "hub" / "datasets" / "andradaolteanu" / "gtzan-dataset-music-genre-classification"
    gtzan(home / "versions" / "4")
    (home / "4.complete").touch()
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "hub"))
    corpus = read_corpus(download("gtzan_kaggle", tmp_path / "to"))
    assert (tmp_path / "to" / "files").is_symlink()
    assert corpus.has_audio.all()


# --- without network, without the extra


@pytest.mark.parametrize(
    "name", ["gtzan", "gtzan_mini", "gtzan_kaggle", "banglabeats", "mirdata:ballroom", f"kaggle:{SLUG}"]
)
def test_without_a_network_one_sentence_says_so(
    name: str, no_network: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("mirdata")
    pytest.importorskip("kagglehub")
    assert invoke(["download", name, "--to", str(tmp_path / "to"), "--yes", "--quiet"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "was not reached" in err
    assert f"musaic download {name} --from FOLDER" in err
    assert not (tmp_path / "to" / "corpus.csv").exists()


@pytest.mark.parametrize(("name", "library"), [("gtzan", "mirdata"), ("banglabeats", "kagglehub")])
def test_without_the_extra_one_sentence_says_so(
    name: str, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for module in [one for one in sys.modules if one.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, library, None)
    assert invoke(["download", name, "--to", str(tmp_path / "to"), "--yes"]) == 1
    told = capsys.readouterr().err.splitlines()[-1]
    assert f"needs {library}" in told
    assert "pip install 'musaic[datasets]'" in told


def test_a_copy_needs_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in ("mirdata", "kagglehub"):
        for module in [one for one in sys.modules if one.split(".")[0] == library]:
            monkeypatch.delitem(sys.modules, module)
        monkeypatch.setitem(sys.modules, library, None)
    copy = gtzan(tmp_path / "copy")
    assert download("gtzan", tmp_path / "one", source=copy).is_file()
    assert download("gtzan_kaggle", tmp_path / "two", source=copy).is_file()


def test_kagglehubs_handlers_are_given_back(no_network: None, tmp_path: Path) -> None:
    pytest.importorskip("kagglehub")
    before = logging.getLogger("kagglehub").handlers[:]
    with pytest.raises(MusaicError):
        download("gtzan_kaggle", tmp_path / "to")
    assert logging.getLogger("kagglehub").handlers == before
