"""The archive runs wherever it is put, whatever the surroundings lack; where it cannot, a sentence says why."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import tarfile
import termios
import time
from pathlib import Path

import pytest

from tests.packaging import krew
from tests.packaging.conftest import Ran, run, without

LIST = ("list", "--demo", "--no-headers")
C_LIBRARY = re.compile(r"^(ld-linux.*|lib(c|m|dl|pthread|rt|util|resolv))\.so\.\d+$")
"""The files of glibc that a program may ask for."""


@pytest.fixture(scope="module")
def rows(unpacked: Path) -> str:
    """What `list --demo` prints."""
    ran = run(unpacked / "kubectl-sidecar", *LIST)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) > 5
    return ran.out


def test_from_a_link_in_krews_bin_folder_and_a_path_with_blanks(installed: Path, rows: str) -> None:
    assert " " in str(installed)
    assert run(installed, *LIST).out == rows


def test_by_its_name_from_path(installed: Path, rows: str) -> None:
    # kubectl replaces itself by the plugin and passes on what it found in PATH
    done = subprocess.run(
        ["/bin/sh", "-c", "exec kubectl-sidecar list --demo --no-headers"], capture_output=True, text=True, check=True,
        env={"PATH": str(installed.parent)},
    )  # fmt: skip
    assert done.stdout == rows


def test_by_a_chain_of_links(installed: Path, rows: str, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(installed)
    (tmp_path / "kubectl-sidecar").symlink_to("one")
    assert run("./kubectl-sidecar", *LIST, cwd=tmp_path).out == rows


def test_it_calls_itself_as_kubectl_does(installed: Path) -> None:
    assert run(installed, "--help").out.startswith("Usage: kubectl sidecar ")


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"PATH": "/nowhere"},
        {"HOME": "/nowhere"},
        {"HOME": ""},
        {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere"},
        {"LC_ALL": "xx"},
        {"LANG": "de_DE.ISO-8859-1"},
        {"LC_ALL": "C"},
        {
            "TMPDIR": "/nowhere",
            "XDG_CACHE_HOME": "/nowhere",
            "XDG_CONFIG_HOME": "/nowhere",
            "XDG_STATE_HOME": "/nowhere",
        },
        {"XDG_CACHE_HOME": "/dev/null", "XDG_STATE_HOME": "relative"},
        {"TERM": "dumb"},
        {"TERM": "nonsense", "COLUMNS": "x"},
    ],
    ids=lambda env: ",".join(f"{k}={v}" for k, v in env.items()) or "no environment",
)
def test_whatever_the_environment(unpacked: Path, rows: str, env: dict[str, str]) -> None:
    ran = run(unpacked / "kubectl-sidecar", *LIST, env=env)
    assert (ran.code, ran.err, ran.out) == (0, "", rows)


def test_a_home_that_cannot_be_written(unpacked: Path, rows: str, open_folder: Path) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o555)
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    ran = run(unpacked / "kubectl-sidecar", *LIST, env={"HOME": str(home)}, cwd=open_folder, **nobody)
    assert (ran.code, ran.err, ran.out) == (0, "", rows)
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written(copy: Path, rows: str) -> None:
    before = sorted(copy.rglob("*"))
    assert run(copy / "kubectl-sidecar", *LIST).out == rows
    assert sorted(copy.rglob("*")) == before


@pytest.fixture(scope="module")
def bare(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a file system with the archive and a C library, nothing else: no /proc, /dev, /tmp, /etc."""
    if sys.platform != "linux" or os.geteuid() != 0:
        without("A bare root file system needs Linux and root. Remedy: run the tests as root.")
    root = tmp_path_factory.mktemp("bare")
    shutil.copytree(unpacked, root / "plugin")
    shutil.copytree(Path(__file__).parent / "manifests", root / "manifests")
    files = [path for path in unpacked.rglob("*") if ".so" in path.name] + [unpacked / "kubectl-sidecar"]
    asked = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False)
    found = {Path(path) for path in re.findall(r"(/\S+) \(0x", asked.stdout)}
    library = {path for path in found if C_LIBRARY.match(path.name)}
    assert {"libc.so.6", "libm.so.6"} <= {path.name for path in library}
    for path in library:
        target = root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)  # what a link points to
    return root


def in_bare(root: Path, *words: str) -> Ran:
    chroot = shutil.which("chroot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    assert chroot
    return run(chroot, str(root), "/plugin/kubectl-sidecar", *words)


def test_with_nothing_but_a_c_library(bare: Path, rows: str) -> None:
    ran = in_bare(bare, *LIST)
    assert (ran.code, ran.err, ran.out) == (0, "", rows)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--help",), 0, "Usage: kubectl sidecar"),
        (("version",), 0, "kubectl-sidecar "),
        (("list", "-f", "/manifests"), 0, "shop"),
        (("describe", "--demo", "-n", "shop", "deployment/checkout"), 0, "restartPolicy: Always"),
        (("migrate", "--demo", "-n", "shop", "deployment/checkout", "-y"), 0, ""),
        (("list",), 5, "kubeconfig"),
        (("browse", "--demo"), 2, "browse needs a terminal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_all_commands_with_nothing_but_a_c_library(bare: Path, words: tuple[str, ...], code: int, said: str) -> None:
    ran = in_bare(bare, *words)
    assert ran.code == code, ran.err
    assert said in ran.out + ran.err
    assert "Traceback" not in ran.err


# What is damaged


@pytest.mark.parametrize("percent", [5, 40, 80, 95])
def test_an_archive_unpacked_halfway_has_no_program(archive: Path, tmp_path: Path, percent: int) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[: archive.stat().st_size * percent // 100])
    with pytest.raises((EOFError, tarfile.ReadError)):
        krew.unpack(cut, tmp_path)
    assert (tmp_path / "kubectl-sidecar" / "LICENSE").exists()
    assert not (tmp_path / "kubectl-sidecar" / "kubectl-sidecar").exists()


HARMED = [
    "contents",
    "kubectl_sidecar/migrations/fluent-bit.yaml",
    "kubectl_sidecar/sources/sample/shop.yaml",
    "kubectl_sidecar/tui/styles.tcss",
    "kubectl_sidecar/cli/list_command.pyc",
    "kubectl_sidecar/core/classification/classify.pyc",
    "click/core.pyc",
    "textual/app.pyc",
]


@pytest.mark.parametrize("path", HARMED)
@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_what_is_missing_or_cut_is_named(copy: Path, path: str, harm: str) -> None:
    file = copy / "_internal" / path
    if harm == "missing":
        file.unlink()
    else:
        os.truncate(file, file.stat().st_size // 2)
    ran = run(copy / "kubectl-sidecar", *LIST)
    assert (ran.code, ran.out) == (5, "")
    assert ran.sentence.startswith(f"error: kubectl sidecar is not completely unpacked: {file} ")
    assert ran.sentence.endswith("or unpack the archive anew")


@pytest.mark.parametrize("words", [("--help",), ("version",), ()], ids=lambda words: " ".join(words) or "nothing")
def test_help_names_it_too_where_it_needs_it(copy: Path, words: tuple[str, ...]) -> None:
    (copy / "_internal" / "kubectl_sidecar" / "cli" / "main.pyc").unlink()
    ran = run(copy / "kubectl-sidecar", *words)
    assert ran.code == 5
    assert "is not completely unpacked" in ran.sentence


@pytest.mark.parametrize("path", ["_internal", "_internal/{python}", "_internal/encodings"])
def test_without_what_starts_python_it_fails_and_names_it(copy: Path, path: str) -> None:
    (python,) = (file.name for file in (copy / "_internal").glob("libpython*"))
    file = copy / path.format(python=python)
    shutil.rmtree(file) if file.is_dir() else file.unlink()
    ran = run(copy / "kubectl-sidecar", "--help")
    assert ran.code > 0
    assert (python if python in str(file) or path == "_internal" else file.stem) in ran.err


# browse


def on_a_terminal(program: Path, *words: str, keys: bytes, until: bytes, env: dict[str, str]) -> tuple[int, bytes]:
    """Runs the program on a terminal of its own; types `keys` when `until` was drawn. Its exit code and all that it drew."""
    process, master = pty.fork()
    if process == 0:
        try:
            os.execve(program, [str(program), *words], env)
        finally:
            os._exit(127)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
    drawn, end, typed = b"", time.monotonic() + 40, False
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                drawn += os.read(master, 65536)
            except OSError:  # the program has gone
                break
        if until in drawn and not typed:
            os.write(master, keys)
            typed = True
    else:
        os.kill(process, 9)
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), drawn


def test_browse_on_a_terminal(installed: Path, tmp_path: Path) -> None:
    env = {"TERM": "xterm-256color", "HOME": str(tmp_path)}
    code, drawn = on_a_terminal(installed, "browse", "--demo", keys=b"q", until=b"checkout", env=env)
    assert code == 0, drawn[-500:]
    assert b"checkout" in drawn


def test_browse_without_a_terminal(installed: Path) -> None:
    ran = run(installed, "browse", "--demo", env={"TERM": "xterm"})
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("error: browse needs a terminal")


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {}], ids=["TERM=dumb", "no TERM"])
def test_browse_on_a_terminal_that_cannot_draw(installed: Path, env: dict[str, str]) -> None:
    code, drawn = on_a_terminal(installed, "browse", "--demo", keys=b"", until=b"checkout", env=env)
    assert code == 2
    assert drawn.startswith(b"error: browse needs a terminal")
