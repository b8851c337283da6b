"""What the tests of sources/kube share: kubeconfigs in a few words, a clock that never sleeps, and a server to talk to."""

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kubectl_sidecar.sources.kube import KubeCluster, connect


class FakeClock:
    """Waiting advances it at once, and is kept in `waits`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.waits.append(seconds)
        self.seconds += seconds
        return stop.is_set()


def config(server: str, user: Mapping[str, Any] | None = None, **cluster: Any) -> dict[str, Any]:
    """A kubeconfig with one context `here` of the cluster `there` and, unless None, the user `somebody`."""
    context = {"cluster": "there"} if user is None else {"cluster": "there", "user": "somebody"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "there", "cluster": {"server": server, **cluster}}],
        "users": [] if user is None else [{"name": "somebody", "user": dict(user)}],
        "contexts": [{"name": "here", "context": context}],
    }


def write(path: Path, data: object) -> str:
    path.write_text(json.dumps(data))
    return str(path)


def connected(folder: Path, server: str, user: Mapping[str, Any] | None = None, *, cluster: Mapping[str, Any] | None = None,
              **options: Any) -> KubeCluster:  # fmt: skip
    """A cluster at `server` as the user with these fields; the surroundings are empty unless given."""
    file = write(folder / "kubeconfig", config(server, user, **(cluster or {})))
    return connect(**{"kubeconfig": file, "environ": {"PATH": "/usr/bin:/bin"}, "clock": FakeClock(), **options})
