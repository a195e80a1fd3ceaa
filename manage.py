#!/usr/bin/env python
"""Django's command line, with the embedded servers up for as long as the command runs."""

import contextlib
import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

from annotation import embedded

# These look at code and files only, save `demo`, which starts the servers itself.
_WITHOUT_SERVERS = {"help", "version", "check", "phantom", "demo"}


def main() -> None:
    """Run one command; without DATABASE_URL or REDIS_URL, on the servers of the data folder."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    given = {"DATABASE_URL", "REDIS_URL"} <= os.environ.keys()
    asks_for_help = {"-h", "--help", "--version"} & set(sys.argv)
    with contextlib.ExitStack() as stack:
        if not (given or asks_for_help or command in _WITHOUT_SERVERS):
            try:
                stack.enter_context(embedded.running(settings.DATA))
            except embedded.Refused as refused:
                sys.exit(str(refused))
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
