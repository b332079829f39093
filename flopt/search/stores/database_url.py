"""Where a shared study lies: the URL of a database, whose password is shown nowhere."""

from __future__ import annotations

from flopt.errors import FloptError

__all__ = ["check_journal", "check_storage", "without_password"]

_SCHEME = "postgresql+psycopg"
_EXAMPLE = f"{_SCHEME}://user@host/database"
_SECRETS = ("password", "sslpassword")


def check_storage(url: str) -> None:
    """Raise a `FloptError`, which does not hold the URL, for a storage that flopt does not share studies in."""
    scheme = url.partition(":")[0].strip()
    if scheme.partition("+")[0] == "sqlite":
        raise FloptError(
            "storage: sqlite is slower than the journal, and unsafe for several hosts; leave the key out for a "
            f"journal, or give {_EXAMPLE}"
        )
    if scheme != _SCHEME or "://" not in url:
        shown = repr(scheme[:40]) if "://" in url and scheme.replace("+", "").isalnum() else "it"
        raise FloptError(f"storage: {shown} is no database that flopt knows; must be like {_EXAMPLE}")
    rest = url.partition("://")[2]
    if any(each.partition("=")[0].lower() in _SECRETS for each in rest.partition("?")[2].split("&")):
        raise FloptError(f"storage: a password belongs into PGPASSWORD or ~/.pgpass, not behind the ?; like {_EXAMPLE}")


def check_journal(storage: str | None, what: str) -> None:
    """Raise a `FloptError` where a database is named for what is kept in the journal of its folder alone."""
    if storage is not None:
        raise FloptError(
            f"storage = {without_password(storage)!r}: {what} is kept in its folder's journal, and in no database; "
            "leave the key out of the study"
        )


def without_password(url: str) -> str:
    """The URL as it may be shown and kept; PGPASSWORD or ~/.pgpass give the password when it is read back."""
    scheme, mark, rest = url.partition("://")
    place, slash, database = rest.partition("/")
    account, at, host = place.rpartition("@")
    return f"{scheme}{mark}{account.partition(':')[0]}{at}{host}{slash}{database}"
