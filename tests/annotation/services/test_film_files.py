"""Every file is found once and in order; an archive can neither lead out nor blow up."""

import os
import zipfile
from pathlib import Path

import pytest

from annotation.services.film_files import Unreadable, films_in


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in members.items():
            out.writestr(name, data)
    return path


def read(path: Path) -> dict[str, bytes | str]:
    """What each file below the path gives: bytes, or the sentence that says why not."""
    given: dict[str, bytes | str] = {}
    for found in films_in([path]):
        name = found.name.rpartition("!")[2]
        try:
            content = found.read()
        except Unreadable as error:
            given[name] = str(error)
        else:
            given[name] = content if isinstance(content, bytes) else content.read_bytes()
    return given


def test_a_folder_is_walked_in_order_without_what_the_system_hides(tmp_path: Path) -> None:
    for name in ("b/2.dcm", "b/1.dcm", "a.dcm", ".DS_Store", "b/._1.dcm", ".cache/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    names = [str(Path(found.name).relative_to(tmp_path)) for found in films_in([tmp_path])]
    assert names == ["a.dcm", "b/1.dcm", "b/2.dcm"]


def test_an_archive_gives_the_bytes_of_its_members(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.zip", **{"one/a": b"A", "b": b"B", "one/": b""})
    assert {found.name: found.read() for found in films_in([path])} == {
        f"{path}!one/a": b"A", f"{path}!b": b"B",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\\..\\..\\b", "C:\\x"])
def test_a_name_that_leads_out_of_the_archive_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "films.zip", **{name: b"x", "good": b"A"})
    bad, good = read(path).values()
    assert "leads out" in str(bad)
    assert good == b"A"
    assert [file.name for file in tmp_path.iterdir()] == ["films.zip"]


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for number in range(1100):
            out.writestr(str(number), b"")
        for member in out.filelist:
            member.file_size = 1 << 20
    (why,) = read(path).values()
    assert "absurd size" in str(why)


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.zip", a=b"A" * 5000)
    path.write_bytes(path.read_bytes()[:60])
    (why,) = read(path).values()
    assert "damaged" in str(why)


def test_a_damaged_member_spares_the_others(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.zip", a=bytes(range(256)), b=b"B")
    data = path.read_bytes()
    at = data.index(b"a", 30) + 10
    path.write_bytes(data[:at] + b"\xff\xff\xff" + data[at + 3 :])
    given = read(path)
    assert "damaged" in str(given["a"])
    assert given["b"] == b"B"


def test_hidden_files_and_folders_of_an_archive_are_left_out(tmp_path: Path) -> None:
    names = {".DS_Store": b"x", "__MACOSX/._a": b"x", ".Trashes/a": b"x", "b/a": b"A"}
    assert read(archive(tmp_path / "films.zip", **names)) == {"b/a": b"A"}


@pytest.mark.parametrize("packed", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_every_way_of_packing_may_be_damaged(tmp_path: Path, packed: int) -> None:
    path = tmp_path / "films.zip"
    with zipfile.ZipFile(path, "w", packed) as out:
        out.writestr("a", bytes(range(256)) * 20)
        out.writestr("b", b"B")
    data = path.read_bytes()
    path.write_bytes(data[:40] + bytes(byte ^ 0x5A for byte in data[40:80]) + data[80:])
    given = read(path)
    assert "damaged" in str(given["a"])
    assert given["b"] == b"B"


def test_a_member_whose_name_is_broken_spares_the_others(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.zip", ä=b"A", b=b"B")
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xff\xfe", 1))
    given = read(path)
    assert "damaged" in str(given["ä"])
    assert given["b"] == b"B"


def test_a_colon_in_a_name_is_no_drive(tmp_path: Path) -> None:
    path = archive(tmp_path / "films.zip", **{"study 10:30/film.dcm": b"A"})
    assert read(path) == {"study 10:30/film.dcm": b"A"}


def test_a_linked_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a").write_bytes(b"A")
    (tmp_path / "films" / "linked").symlink_to(tmp_path / "elsewhere")
    given = read(tmp_path / "films")
    assert given.pop(str(tmp_path / "films" / "a")) == b"A"
    assert [Path(name).name for name in given] == ["linked"]
    assert "link to a folder" in str(given.popitem()[1])


def test_a_folder_that_cannot_be_opened_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test may be run by root, whom no folder is closed to."""
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_bytes(b"A")
    scan = os.scandir

    def closed_to_us(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed_to_us)
    given = read(tmp_path)
    assert given.pop(str(tmp_path / "open" / "a")) == b"A"
    assert given == {str(tmp_path / "closed"): "The folder cannot be opened (Permission denied)."}


def test_an_archive_within_an_archive_is_not_followed(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner", a=b"A").read_bytes()
    given = read(archive(tmp_path / "outer.zip", inner=inner))
    assert "within an archive" in str(given["inner"])


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    (why,) = read(tmp_path / "nothing").values()
    assert "cannot be opened" in str(why)
