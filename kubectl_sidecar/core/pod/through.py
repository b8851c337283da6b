"""Whether a probe that a helper is asked reaches the app in the end: through a proxy, or by an address in its query.

As a startupProbe such a probe is a deadlock: the app starts only when it has passed. Which paths a proxy answers itself is
mostly in its configuration, so only what the manifest says is taken for sure; what it leaves open is `maybe`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal
from urllib.parse import unquote

from kubectl_sidecar.core.pod.reach import answers, asked_by, command_text, dialled, served
from kubectl_sidecar.core.pod.scripts import local_ports
from kubectl_sidecar.core.recipes.globs import TEXT_CAP, capped_words, parse_image
from kubectl_sidecar.core.recipes.recipe import Recipe
from kubectl_sidecar.core.workload import Container, HttpGet, Probe

Through = Literal["yes", "maybe", ""]

_OWN_HEALTH = re.compile(r"health|ready|ping|live|status|stats|metrics|alive|startup|-/")


def passes_through(probe: Probe | None, container: Container, recipe: Recipe | None) -> Through:
    """Whether a probe over HTTP goes through a proxy to the app: an inbound helper, asked for a path that is not its own
    health. `yes` where the helper is seen to point at another port, `maybe` where that may be in its configuration."""
    asks = probe.http_get if probe else None
    if asks is None:
        return ""
    path = asks.path or "/"
    inbound, points = recipe is not None and recipe.traffic == "inbound", bool(dialled(container))
    if inbound and points and _lets_through(path, container) and not _advised(asks, container, recipe):
        return "yes"
    if _advised(asks, None, recipe):
        return ""
    if _OWN_HEALTH.search(path):
        return _health(asks, path, container, recipe) if inbound and points else ""
    if recipe is None:
        return "yes" if points and container.ports else ""
    return "" if not inbound else "yes" if points else "maybe"


def _advised(asks: HttpGet, container: Container | None, recipe: Recipe | None) -> bool:
    """Whether the recipe says that the helper answers this path itself; with the container, on this port."""
    known = recipe.startup_probe if recipe else None
    env = {e.name: e.value or "" for e in container.env or ()} if container else {}
    probe = known.configured(capped_words(container), env) if known and container else known.probe if known else None
    advised = probe.get("httpGet") if probe else None
    if not isinstance(advised, dict) or advised.get("path") != (asks.path or "/"):
        return False
    return container is None or advised.get("port") == asks.port


def _health(asks: HttpGet, path: str, container: Container, recipe: Recipe | None) -> Through:
    """A path that sounds like health, asked of a proxy where users come in: whose health it is, its own configuration says. One
    below a folder (`/shop/health`) is the app's, unless the folder is called as the proxy is."""
    if not _is_users_port(asks.port, container) or _named_as_own(path, container):
        return ""
    folder, _, rest = path.strip("/").partition("/")
    if rest and not _OWN_HEALTH.search(f"/{folder}/") and not _called_as(folder, container, recipe):
        return "yes"
    return "maybe"


_USERS_NAMES = frozenset({"http", "https", "web", "websecure", "proxy", "public", "tls", "ssl"})
_OWN_ADDRESS = re.compile(
    r"--?[\w.-]{0,40}(?:metrics|health|status|stats|admin|ping)[\w.-]{0,40}[= ](?:\S{0,80}:)?(\d{2,5})(?![\d.])"
)


def _is_users_port(port: int | str | None, container: Container) -> bool:
    """Whether a port is where users come in: the only one that it serves, or one with such a name, and none for its own health."""
    asked = next((p for p in container.ports or () if port in (p.name, p.container_port)), None)
    number = asked.container_port if asked else port
    if str(number) in _OWN_ADDRESS.findall(command_text(container)):
        return False
    return served(container) == {number} or (asked is not None and asked.name in _USERS_NAMES)


def _settings(container: Container) -> Iterator[tuple[str, str]]:
    """Options and variables with their values; never to be shown."""
    words = capped_words(container)
    for word, after in zip(words, (*words[1:], ""), strict=False):  # of no words there is none after
        if word.startswith("-"):
            option, sign, value = word.partition("=")
            yield option, value if sign else "" if after.startswith("-") else after
    for variable in container.env or ():
        yield variable.name, (variable.value or "")[:TEXT_CAP]


_OPENS = re.compile(r"ignore|skip|bypass|white-?list|public|anonymous|unauth|no-?auth", re.IGNORECASE)
_OWN_PATH = re.compile(r"(?:proxy|auth)[-_.]?prefix|ping|health|ready|live|status|stats|metrics", re.IGNORECASE)


def _lets_through(path: str, container: Container) -> bool:
    """Whether a setting opens this path for everybody: a proxy that guards the rest hands it on unasked."""
    named = re.compile(rf"(?<![\w/-]){re.escape(path)}(?![\w/-])")
    return any(named.search(value) and _OPENS.search(f"{name} {value}") for name, value in _settings(container))


def _named_as_own(path: str, container: Container) -> bool:
    """Whether a setting says that this is the proxy's own: `--ping-path=/up/ping`, `--proxy-prefix=/sso`."""
    for name, value in _settings(container):
        own = value.strip("/\"'")
        if own and _OWN_PATH.search(name) and not _OPENS.search(name) and f"{path.strip('/')}/".startswith(f"{own}/"):
            return True
    return False


def _called_as(folder: str, container: Container, recipe: Recipe | None) -> bool:
    names = f"{container.name} {parse_image(container.image or '').basename} {recipe.title if recipe else ''} {recipe.category if recipe else ''}"
    parts = [part for part in re.split(r"[^a-z0-9]+", names.lower()) if len(part) > 3]
    return folder.startswith(("_", ".")) or any(part in folder.lower() for part in parts)


def asks_about(probe: Probe | None, container: Container, apps: Sequence[Container]) -> str:
    """The app at which the query of a probe makes the helper look (`/scrape?target=localhost:6379`), as the rest of "it …"."""
    asked = asked_by(probe, container) if probe and probe.http_get else None
    query = unquote(asked.text.partition("?")[2][:TEXT_CAP]) if asked else ""
    for port in sorted(local_ports(query) - served(container)) if query else ():
        owner = next((a for a in apps if port in answers(a)), None)
        if owner:
            return f"it makes the helper look at localhost:{port}, which {owner.name} serves"
    return ""
