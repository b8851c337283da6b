"""How the process ends: one table of exit codes, and the one place where an exception becomes a message and a code.

Whatever a command raises ends here: foreseeable faults as `error: …` and their own code, misuse with the way to the help,
anything else as a bug of ours. No traceback reaches the terminal unless KUBECTL_SIDECAR_DEBUG=1 asks for it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NoReturn, TextIO

import click

from kubectl_sidecar.errors import SidecarError

DEBUG = "KUBECTL_SIDECAR_DEBUG"


class Exit(IntEnum):
    """The exit codes. Scripts depend on them: a new meaning gets a new number."""

    COMPLETE = 0
    FINDINGS = 1
    """`check` found something, `--dry-run` has changes to make, or `doctor` found what blocks."""
    USAGE = 2
    """Usage or input."""
    REFUSED = 3
    """Policy refused, or a person declined; nothing was written."""
    PARTLY = 4
    """Some of several things were done."""
    CLUSTER = 5
    """Cluster, network or credentials; also a list that is not complete."""
    BUG = 70
    """A bug of ours (EX_SOFTWARE of sysexits.h)."""
    INTERRUPTED = 130
    """Ctrl-C (128 + SIGINT, as shells have it)."""
    PIPE = 141
    """Whoever read our output went away, as `| head` does (128 + SIGPIPE: what shells report of kubectl then)."""


_OF_THE_SYSTEM = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""Faults of a disk or of its rights, wherever they come from, which are none of ours."""


def run(
    group: click.Command,
    argv: Sequence[str],
    *,
    program_name: str,
    stderr: TextIO,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Runs a command and returns the exit code of the process: what the command returned (None is 0), or what its
    exception comes to. `argv` is without the program's name. Messages go to `stderr`."""
    try:
        code = _invoke(group, argv, program_name)
        sys.stdout.flush()  # here, where a reader that went away is still handled
    except click.ClickException as error:
        where = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else program_name
        return _say(stderr, f"error: {error.format_message()}\nSee '{where} --help' for usage.", Exit.USAGE)
    except SidecarError as error:
        return _say(stderr, f"error: {error}", error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _say(stderr, "\ninterrupted", Exit.INTERRUPTED)
    except BrokenPipeError:
        _discard_stdout()
        return Exit.PIPE
    except OSError as error:
        if error.errno not in _OF_THE_SYSTEM:
            return _say(stderr, _bug(error, os.environ if environ is None else environ), Exit.BUG)
        what = error.filename or "the output could not be written"
        return _say(stderr, f"error: {what}: {error.strerror}. Put that right and run it again", Exit.USAGE)
    except Exception as error:  # noqa: BLE001 the last line of defence: a person gets a sentence
        return _say(stderr, _bug(error, os.environ if environ is None else environ), Exit.BUG)
    return code


def _invoke(group: click.Command, argv: Sequence[str], program_name: str) -> int:
    # click's own main() turns a broken pipe into SystemExit(1) and Ctrl-C into Abort even when told to keep out of it
    try:
        with group.make_context(program_name, list(argv)) as ctx:
            result = group.invoke(ctx)
    except click.exceptions.Exit as done:
        return done.exit_code
    return result if isinstance(result, int) else Exit.COMPLETE


def _say(stderr: TextIO, message: str, code: int) -> int:
    try:
        print(message, file=stderr, flush=True)
    except BrokenPipeError:  # nobody is there to read it; the code still tells
        pass
    return int(code)


def _discard_stdout() -> None:
    # What is still buffered would fail again when Python flushes at its end, and print a message about it.
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
    except OSError:  # a stdout without a file has no reader to lose
        pass


def leave(code: int) -> NoReturn:
    """Ends the process, with everything written and every exit handler run.

    Python would go on to take apart all modules and objects one by one, which takes a tenth of the time of a `list`. Left to do
    that only while a thread still has work that the process must not end before (a daemon thread has none).
    """
    threading = sys.modules.get("threading")
    if threading and any(not each.daemon for each in threading.enumerate() if each is not threading.main_thread()):
        sys.exit(code)
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (
            OSError,
            ValueError,
            AttributeError,
        ):  # nobody reads it, or there is none; `run` has handled what matters
            pass
    os._exit(code)


def _bug(error: Exception, environ: Mapping[str, str]) -> str:
    import tempfile
    import traceback

    report = "".join(traceback.format_exception(error))
    summary = f"error: this is a bug in kubectl sidecar, please report it: {type(error).__name__}: {error}"
    if environ.get(DEBUG) == "1":
        return f"{report}{summary}"
    try:
        handle, path = tempfile.mkstemp(prefix="kubectl-sidecar-bug-", suffix=".txt", text=True)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(report)
    except OSError:
        return f"{summary}\nRun it again with {DEBUG}=1 for the details."
    return f"{summary}\nThe details are in {path}; run it with {DEBUG}=1 to see them here."
