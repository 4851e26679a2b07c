"""Child processes that end with this process, whatever happens to it."""

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A child process, with its output in a file."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=_end_with_parent,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def is_over(self) -> bool:
        """Return whether it has ended."""
        return self._process.poll() is not None

    def tail(self) -> str:
        """Return the end of its output."""
        return self.log.read_text(errors="replace")[-3000:]

    def await_word(self, pattern: str) -> re.Match[str]:
        """Wait until a pattern occurs in its output, and return the match."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and not self.is_over():
            if match := re.search(pattern, self.log.read_text(errors="replace")):
                return match
            time.sleep(0.02)
        raise RuntimeError(f"{self.log.name} did not say {pattern!r}:\n{self.tail()}")

    def stop(self) -> None:
        """Stop it: SIGTERM first, then SIGKILL."""
        if not self.is_over():
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()


def run(arguments: Sequence[str], env: Mapping[str, str], log: Path) -> str:
    """Run a Python command to its end and return what it printed."""
    with log.open("ab") as errors:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            check=False,
            preexec_fn=_end_with_parent,
        )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout}{log.read_text(errors='replace')[-3000:]}")
    return done.stdout


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """Return the environment variables that a child needs, without the product's settings."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
