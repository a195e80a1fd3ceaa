"""Other people's senders, which the tests use; ``python -m tests.dicom_senders`` installs them.

dcmtk's programs, and Orthanc, a whole archive that forwards what it holds.
"""

import shutil
import sys

from tests.debian import install

PACKAGES = {"storescu": "dcmtk", "dcmsend": "dcmtk", "Orthanc": "orthanc"}
# Debian keeps daemons where only root looks.
_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def executable(name: str) -> str | None:
    """Where the program is, or None."""
    return shutil.which(name) or shutil.which(name, path=_PATH)


def main() -> None:
    """Have them, or fail with a sentence that says what to install."""
    for name, package in PACKAGES.items():
        if not executable(name):
            install(package)
        if not executable(name):
            sys.exit(
                f"The tests of the DICOM receiver need {name} and it could not be installed: "
                f"install the package `{package}` of your system, then run `make test` again."
            )
    print("== DICOM senders:", *map(executable, PACKAGES))  # noqa: T201


if __name__ == "__main__":
    main()
