"""Where an upload lies while it is read: in memory, or in a file without a name.

An original identifies a patient and is never kept. A file without a name goes with the process that
has it open, however that ends: nothing is left to be swept.
"""

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from inference.dicom import MAX_BYTES


class NamelessFile(FileUploadHandler):
    """Takes what Django's handler for memory leaves; of what is no film, no more than tells so."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Beside the films, where there is room for one more."""
        super().new_file(*args, **kwargs)
        folder = Path(settings.DATA)
        folder.mkdir(parents=True, exist_ok=True)
        self.file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # the request closes it

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write it down."""
        if start <= MAX_BYTES:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> "UploadedFile[Any]":
        """The file, from its beginning."""
        self.file.seek(0)
        return UploadedFile(
            self.file, self.file_name, self.content_type, file_size, self.charset,
            self.content_type_extra,
        )  # fmt: skip

    def upload_interrupted(self) -> None:
        """The sender is gone, and so is the file."""
        if hasattr(self, "file"):
            self.file.close()
