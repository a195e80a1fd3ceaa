"""A zip that was uploaded: every file in it by the one intake, one answer for all of them."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile

from annotation.services.dicom_import import FileResult, Status, import_paths
from annotation.services.film_files import is_zip

# The archive's own status is that of the file that needs a person most.
_GRAVEST_FIRST = (Status.REFUSED, Status.QUARANTINED, Status.IMPORTED, Status.DUPLICATE)


def is_archive(upload: "UploadedFile[Any]") -> bool:
    """Told from its first bytes, whatever it is called."""
    beginning: bytes = upload.read(4)
    upload.seek(0)
    return is_zip(beginning)


@dataclass(frozen=True)
class ArchiveResult:
    """What became of an archive, in the words for one file, and of each file in it."""

    path: str
    status: Status
    reason: str
    files: list[FileResult]
    radiograph: None = None

    def as_json(self) -> dict[str, Any]:
        """The answer of a single file, and `files`."""
        return asdict(self) | {
            "files": [asdict(one) | {"reason": one.reason or None} for one in self.files]
        }


def import_archive(upload: "UploadedFile[Any]", actor: User) -> ArchiveResult:
    """Import file by file; a repeated upload finds what the first one left as duplicates."""
    name = str(upload.name)
    with _on_disk(upload) as path:
        files = [
            replace(one, path=one.path.partition("!")[2] or name)
            for one in import_paths([path], actor=actor)
        ]
    counts = Counter(one.status for one in files)
    gravest = next((status for status in _GRAVEST_FIRST if counts[status]), None)
    if gravest is None:
        return ArchiveResult(name, Status.REFUSED, "The archive is empty.", files)
    first = next(one for one in files if one.status == gravest)
    reason = ", ".join(f"{counts[status]} {status.value}" for status in Status if counts[status])
    if first.reason and gravest in (Status.REFUSED, Status.QUARANTINED):
        reason += f". First {gravest.value}: {first.path}: {first.reason}"
    return ArchiveResult(name, gravest, reason, files)


@contextmanager
def _on_disk(upload: "UploadedFile[Any]") -> Iterator[Path]:
    """A large upload lies on disk already; a small one is laid there for as long as it is read."""
    if isinstance(upload, TemporaryUploadedFile):
        yield Path(upload.temporary_file_path())
        return
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(upload.read())
        file.flush()
        yield Path(file.name)
