import os
import stat
from pathlib import Path

import pytest

from annotation import embedded
from annotation.embedded import place, servers

AS_ROOT = os.geteuid() == 0


def test_a_secret_is_drawn_once_and_kept_from_others(tmp_path: Path) -> None:
    drawn = embedded.secret(tmp_path, "SECRET_KEY")
    assert len(drawn) > 40
    assert embedded.secret(tmp_path, "SECRET_KEY") == drawn
    assert embedded.secret(tmp_path, "OTHER") != drawn
    kept = tmp_path / "secrets" / "SECRET_KEY"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_addresses_are_the_same_every_time_and_start_nothing(tmp_path: Path) -> None:
    first = embedded.addresses(tmp_path)
    assert embedded.addresses(tmp_path) == first
    assert not (tmp_path / "servers").exists()


def test_addresses_carry_paths_with_spaces(tmp_path: Path) -> None:
    spaced = tmp_path / "my data"
    assert "my%20data" in embedded.addresses(spaced).database_url or AS_ROOT


def test_sockets_of_a_long_path_lie_in_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a folder with a long name"] * 4)
    place.password(deep)
    where = place.place(deep)
    assert len(os.fsencode(where.sockets / place.POSTGRES_SOCKET)) <= 107
    assert where.sockets != place.place(tmp_path).sockets


def test_a_folder_that_somebody_else_laid_there_is_refused(tmp_path: Path) -> None:
    place.password(tmp_path)
    where = place.place(tmp_path)
    open_to_all = tmp_path / "sockets"
    open_to_all.mkdir(mode=0o777)
    open_to_all.chmod(0o777)
    with pytest.raises(embedded.Refused, match="is not a folder of the user"):
        servers.own(open_to_all, where)


def test_a_link_in_place_of_the_socket_folder_is_refused(tmp_path: Path) -> None:
    place.password(tmp_path)
    where = place.place(tmp_path)
    (tmp_path / "there").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with pytest.raises(embedded.Refused):
        servers.own(tmp_path / "link", where)


def test_under_root_a_folder_that_postgres_cannot_reach_is_left_for_one_that_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(place, "_REACHABLE", tmp_path / "reachable")
    monkeypatch.setattr(place, "_unprivileged", lambda *folders: (54321, 54321))
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert place.place(closed).folder.parent == tmp_path / "reachable"


def test_under_root_the_owner_of_what_is_there_goes_on_as_its_user(tmp_path: Path) -> None:
    mine = (tmp_path.stat().st_uid, tmp_path.stat().st_gid)
    if AS_ROOT:
        mine = (12345, 12345)
        os.chown(tmp_path, *mine)
    assert place._unprivileged(tmp_path / "not yet", tmp_path) == mine
