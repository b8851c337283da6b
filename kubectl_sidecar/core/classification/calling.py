"""What helpers are called by. Names lie, so what is read here weighs little by itself: names.py says how much, and where."""

from __future__ import annotations

from kubectl_sidecar.core.recipes.globs import word_set

HELPER_WORDS = word_set(
    "exporter reloader reload shipper logger logs log logging sync syncer synch watcher nanny resizer forwarder tailer tail helper "
    "synchronizer monitor monit backup dump logrotate refresher renewer healthz healthcheck initializer unsealer authz oidc loader fetcher puller"
)
TELLING = word_set("exporter reloader reload shipper tailer nanny logrotate")
"""Those of them that are never what an app is called by."""
_HEADS = word_set(
    "controller controllers operator manager injector webhook server service api bff ui app application backend frontend gateway"
)
"""Last words of a name that say what the thing is: a `sidecar-injector` is no sidecar, a `backup-controller` no backup."""
_PARTS = _HEADS | word_set(
    "worker workers web site db database store scheduler cron jobs consumer producer processor engine main primary core"
)
"""Last words of what is a program of its own, or a part of one, and surely nobody's helper by its name."""
_NOT_ONE = word_set("with without and no non")
_LOGS = word_set("log logs logging")
_CARRIERS = word_set("agent collector forwarder reader rotator router shipper streamer tailer")
_BEHIND = HELPER_WORDS | word_set(
    "init agent metrics proxy status watch watchdog health readyz livez cleaner rotate rotator"
)
"""Words that make the name of a helper when they stand behind the name of what it helps."""


def named(name: str) -> tuple[str, str]:
    """The word in a name that helpers are called by, and the name without its last word where that is such a word."""
    low = name[:128].lower()
    is_sidecar = "sidecar" in low or "side-car" in low
    parts = _words(low)
    if not is_sidecar and _BEHIND.isdisjoint(parts):
        return "", ""
    last = parts[-1]
    stem = name.rpartition("-")[0] if last in _BEHIND else ""
    if last in _HEADS:
        return "", ""
    if is_sidecar and _NOT_ONE.isdisjoint(parts):
        return "sidecar", stem
    word = next((w for w in parts if w in HELPER_WORDS), "")
    return (f"{word}-{last}" if word in _LOGS and last in _CARRIERS else word), stem


def is_part(name: str) -> bool:
    """Whether a name ends in what parts of an app are called by: `shop-worker`, `api`."""
    return _words(name[:128].lower())[-1] in _PARTS


def _words(low: str) -> list[str]:
    return low.replace("_", "-").replace(".", "-").split("-")
