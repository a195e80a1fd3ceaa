"""Packages of the system that tests drive, installed where that is possible without asking."""

import os
import shutil
import subprocess


def install(package: str) -> None:
    """With apt-get, as root or by sudo; nothing where there is neither."""
    if not shutil.which("apt-get"):
        return
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if sudo and not shutil.which("sudo"):
        return
    print(f"== Installing {package} with apt-get")  # noqa: T201
    subprocess.run([*sudo, "apt-get", "update", "-q"])
    subprocess.run([*sudo, "apt-get", "install", "-q", "-y", "--no-install-recommends", package])
