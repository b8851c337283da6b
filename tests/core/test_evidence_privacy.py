"""Evidence quotes only the part that matched: no user info of a URL, however long it is and whatever it holds, and no value that
is written onto an option."""

from __future__ import annotations

from typing import Any

import pytest

from kubectl_sidecar.core.recipes.globs import quoted, without_user_info
from kubectl_sidecar.core.workload import Workload
from tests.core.classifying import c, judge, workload

SECRET = "hunter2Zq"
LONG = SECRET * 12
APP = c("app")


def touching(file: str) -> Workload:
    return workload(
        c("app", args=["sh", "-c", f"work; touch {file}"]),
        c("b", args=["sh", "-c", f"until [ -e {file} ]; do :; done"]),
    )


HIDDEN: dict[str, Workload] = {
    "the user info is longer than the quotation": workload(APP, c("t", args=["tail", "-F", f"//me:{LONG}@nas/x.log"])),
    "a password with an @": workload(APP, c("t", args=["tail", "-F", f"//me:a@{SECRET}@nas/x.log"])),
    "a password with a slash": workload(APP, c("t", args=["tail", "-F", f"//me:a/{SECRET}@nas/x.log"])),
    "a file that is waited for": touching(f"//me:{LONG}@nas/done"),
    "a value on an option of one letter": workload(APP, c("b", args=["-uroot", f"-p{SECRET}", "127.0.0.1:3306"])),
    "a value on an option, before an equals sign": workload(APP, c("b", args=[f"-p{SECRET}=127.0.0.1:3306"])),
    "a value with a word that is known": workload(APP, c("b", args=[f"-p{SECRET}-target", "127.0.0.1:3306"])),
    "a value that begins with two dashes": workload(APP, c("b", args=["--password", f"--X{SECRET}-target", "http://127.0.0.1:3306"])),
}  # fmt: skip


def texts(subject: Workload) -> list[str]:
    return [e.text for f in judge(subject) for e in (*f.evidence, *f.against)]


@pytest.mark.parametrize("subject", HIDDEN.values(), ids=HIDDEN.keys())
def test_no_secret_is_quoted(subject: Workload) -> None:
    assert not [text for text in texts(subject) if "hunter2" in text or SECRET in text]


SHOWN: dict[str, tuple[Any, str]] = {
    "a long option": (["--upstream-url=http://localhost:8080"], "dials --upstream-url=localhost:8080"),
    "a long option with one dash": (["-upstream-url=http://localhost:8080"], "dials -upstream-url=localhost:8080"),
    "a word for its value": (["--target", "http://localhost:8080"], "dials --target=localhost:8080"),
}


@pytest.mark.parametrize(("args", "text"), SHOWN.values(), ids=SHOWN.keys())
def test_the_name_of_an_option_is_shown(args: list[str], text: str) -> None:
    assert any(t.startswith(text) for t in texts(workload(APP, c("b", args=args))))


URLS = {
    "none": ("http://host:80/x", "http://host:80/x"),
    "user and password": ("curl http://me:pw@host/x", "curl http://host/x"),
    "an @ in the path": ("http://host:8080/@scope/x", "http://host:8080/@scope/x"),
    "an @ in the path, no port": ("http://host/@scope/x", "http://host/@scope/x"),
    "an @ in the password": ("http://me:p@ss@host/x", "http://host/x"),
    "a slash in the password": ("http://me:p/ss@host/x", "http://host/x"),
    "two of them": ("http://a:b@one/ http://c:d@two/", "http://one/ http://two/"),
}


@pytest.mark.parametrize(("text", "clean"), URLS.values(), ids=URLS.keys())
def test_user_info_is_taken_out(text: str, clean: str) -> None:
    assert without_user_info(text) == clean


def test_what_is_quoted_is_cleaned_before_it_is_cut() -> None:
    assert quoted(f"//me:{LONG}@host/" + "x" * 100) == "//host/" + "x" * 73
