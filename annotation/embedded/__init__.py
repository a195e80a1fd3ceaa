"""Postgres and Redis from wheels, for a machine that has neither.

The servers belong to one data folder and to the process that started them: nothing survives it.
"""

from annotation.embedded.place import Addresses, Refused, addresses, secret
from annotation.embedded.running import running

__all__ = ["Addresses", "Refused", "addresses", "running", "secret"]
