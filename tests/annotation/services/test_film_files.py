"""Every file is found once and in order; an archive can neither lead out nor blow up."""

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


def test_an_archive_within_an_archive_is_not_followed(tmp_path: Path) -> None:
    inner = archive(tmp_path / "inner", a=b"A").read_bytes()
    given = read(archive(tmp_path / "outer.zip", inner=inner))
    assert "within an archive" in str(given["inner"])


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    (why,) = read(tmp_path / "nothing").values()
    assert "cannot be opened" in str(why)
