"""Starts the processes of Phone Desk with one command: `desk.py setup`, `desk.py run`, `desk.py demo`.

`run` starts web and worker. `demo` adds the sandbox, people who can sign in, and a message when all is ready.
If one process ends, or at Ctrl-C, all are stopped.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

from environs import Env
from honcho.manager import Manager
from honcho.printer import Message, Printer

ROOT = Path(__file__).resolve().parent.parent
MANAGE = f"'{sys.executable}' manage.py"
INTERRUPTED = 130
# The environment, and below it `.env`, which `main` reads.
SETTINGS = Env()
# It keeps running after its work, because the end of one process stops all.
STAY = "while sleep 3600; do :; done"


class Lines(Printer):
    """Prints the output of the processes, without honcho's own lines, and the guide's lines without a prefix."""

    def write(self, message: Message) -> None:
        """Print one message."""
        if message.name == "guide":
            text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
            self.output.write(text)
            self.output.flush()
        elif message.name != "system":
            super().write(message)


def port(name: str, default: int) -> int:
    """Return a port from the environment or `.env`, after a check that it is free."""
    text = SETTINGS.str(name, "") or str(default)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit(f"{name} must be a port number; it is {text!r}.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            sys.exit(f"Port {text} can’t be used ({error.strerror}). Choose another one: {name}={int(text) + 10}")
    return int(text)


def prepare(env: dict[str, str]) -> None:
    """Run the migrations."""
    arguments = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    # In a session of its own, so that Ctrl-C reaches only this program and there is no traceback.
    done = subprocess.run(arguments, cwd=ROOT, env=env, check=False, start_new_session=True)  # noqa: S603
    if done.returncode:
        sys.exit("The set-up stopped at `manage.py migrate`; the reason stands above.")


def start(processes: dict[str, str], env: dict[str, str]) -> int:
    """Run the processes until one ends or a signal comes; return this program's exit code."""
    manager = Manager(Lines(sys.stdout))
    for name, command in processes.items():
        manager.add_process(name, command if "&&" in command else f"exec {command}", env=env, cwd=str(ROOT))
    manager.loop()
    code = int(manager.returncode or 0)
    if code == INTERRUPTED:
        sys.stdout.write("Stopped.\n")
        return 0
    if code < INTERRUPTED:
        sys.stdout.write("One process ended by itself, so all were stopped; the reason stands above.\n")
        return code or 1
    return code


def main(what: str) -> int:
    """Run the command that the first argument names."""
    SETTINGS.read_env(str(ROOT / ".env"), recurse=False)
    env = dict(os.environ)
    if what == "setup":
        prepare(env)
        return 0
    web = port("PORT", 8000)
    env["PORT"] = str(web)
    processes = {"web": f"'{sys.executable}' -m gunicorn --no-control-socket", "worker": f"{MANAGE} run_huey"}
    if what == "demo":
        sandbox = port("SANDBOX_PORT", 8001)
        if sandbox == web:
            sys.exit(f"Web and stand-in need different ports; both are {web}. Set PORT= or SANDBOX_PORT=")
        env |= {
            "DIGA_API_URL": f"http://127.0.0.1:{sandbox}",
            "SITE_URL": f"http://127.0.0.1:{web}",
            "DATABASE_URL": f"sqlite:///{env['DATA_DIR']}/phone-desk.sqlite3",
            "DIGA_PROXY_URL": "",
            "REDIS_URL": "",
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "DEBUG": "false",
            "LOG_LEVEL": "WARNING",
        }
        processes |= {
            "sandbox": f"{MANAGE} sandbox --port {sandbox} --call-every 45 >/dev/null",
            # The worker waits for the history, which is told with the clock set back.
            "worker": f"{MANAGE} demo --only fill && exec {MANAGE} run_huey",
            "guide": f"{MANAGE} demo --only guide && {STAY}",
        }
    elif not SETTINGS.str("SITE_URL", "") and web != 8000:
        env["SITE_URL"] = f"http://127.0.0.1:{web}"
    prepare(env)
    if what == "run":
        sys.stdout.write(f"Phone Desk answers on port {web} of this machine. Ctrl-C stops it.\n")
        sys.stdout.flush()
    return start(processes, env)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
