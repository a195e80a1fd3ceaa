"""dcmtk's senders, which the tests use beside ours; ``python -m tests.dicom_senders`` installs."""

import shutil
import sys

from tests.debian import install

NAMES = ("storescu", "dcmsend")


def main() -> None:
    """Have them, or fail with a sentence that says what to install."""
    if not all(shutil.which(name) for name in NAMES):
        install("dcmtk")
    if not all(shutil.which(name) for name in NAMES):
        sys.exit(
            "The tests of the DICOM receiver need dcmtk and it could not be installed: install "
            "the package `dcmtk` of your system, then run `make test` again."
        )
    print("== DICOM senders:", *(shutil.which(name) for name in NAMES))  # noqa: T201


if __name__ == "__main__":
    main()
