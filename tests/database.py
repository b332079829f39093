"""A PostgreSQL server of the tests' own: on the loopback, in a folder of its own, gone afterwards."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PASSWORD = secrets.token_hex(8)
"""Of the user that owns the server's databases; it must be found nowhere afterwards."""


def program(name: str) -> str | None:
    """One of PostgreSQL's programs: Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(found[-1]) if found else None)


@contextmanager
def server(*, through_file: bool = False) -> Iterator[str]:
    """The URL of an empty database, without its password; `through_file`, it can be reached from any namespace."""
    initdb, postgres = program("initdb"), program("postgres")
    assert initdb is not None
    assert postgres is not None
    folder = Path(tempfile.mkdtemp(prefix="flopt-postgres-"))
    unprivileged: dict[str, Any] = {"cwd": folder}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        user = pwd.getpwnam("postgres" if "postgres" in {each.pw_name for each in pwd.getpwall()} else "nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        unprivileged |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    folder.chmod(0o755)
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    data = folder / "data"
    options = ["--auth=scram-sha-256", "--username=flopt", f"--pwfile={folder / 'password'}", "--no-sync"]
    subprocess.run([initdb, "-D", str(data), *options], check=True, capture_output=True, **unprivileged)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
    command = [postgres, "-D", str(data), *(part for setting in settings for part in ("-c", setting))]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True, **unprivileged
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "ready to accept connections" in line:
                break
        else:
            raise RuntimeError("PostgreSQL did not start")
        process.stderr.close()
        place = f"/postgres?host={folder}&port={port}" if through_file else f"127.0.0.1:{port}/postgres"
        yield f"postgresql+psycopg://flopt@{place}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
