"""The patterns of one recipe, compiled: image references, and the groups of a Match that need more than image and name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from kubectl_sidecar.core.recipes.globs import WORD_CAP, Image, capped_words, glob, inside, joined
from kubectl_sidecar.core.recipes.recipe import Match
from kubectl_sidecar.core.workload import Container


@dataclass(frozen=True, slots=True)
class Tests:
    """The groups of a Match that need more than image and name."""

    command: tuple[tuple[str, Callable[[str], bool]], ...]
    args: tuple[tuple[str, Callable[[str], bool]], ...]
    env_names: tuple[tuple[str, Callable[[str], bool]], ...]
    env_pairs: tuple[tuple[str, Callable[[str], bool]], ...]
    ports: frozenset[int]
    mounts: tuple[tuple[str, Callable[[str], bool]], ...]

    @property
    def empty(self) -> bool:
        return not (self.command or self.args or self.env_names or self.env_pairs or self.ports or self.mounts)

    def first_command(self, words: tuple[str, ...], text: str) -> str:
        """The pattern of command or args that fits, or ''."""
        for pattern, test in self.command:
            if test(text):
                return pattern
        for pattern, test in self.args if words else ():
            if any(map(test, words)):
                return pattern
        return ""

    def first_other(self, container: Container) -> str:
        """What fits of environment, mounts and ports: a name, a path, a number; or ''. Values of the environment are not quoted."""
        env = container.env
        if env and self.env_names:
            names = [e.name for e in env]
            for pattern, test in self.env_names:
                if any(map(test, names)):
                    return f"env {pattern}"
        if env and self.env_pairs:
            pairs = [f"{e.name}={(e.value or '')[:WORD_CAP]}" for e in env]
            for pattern, test in self.env_pairs:
                if any(map(test, pairs)):
                    return f"env {pattern.partition('=')[0]}"
        mounts = container.volume_mounts
        if mounts and self.mounts:
            paths = [m.mount_path for m in mounts]
            for pattern, test in self.mounts:
                if any(map(test, paths)):
                    return f"mount {pattern}"
        if self.ports:
            for port in container.ports or ():
                if port.container_port in self.ports:
                    return f"port {port.container_port}"
        return ""


@lru_cache(maxsize=1024)
def tests_of(match: Match) -> Tests:
    """The groups, compiled; few matches are asked for often."""
    pairs = [p for p in match.env if "=" in p]
    return Tests(
        command=tuple((p, inside(p)[0]) for p in match.command),
        args=tuple((p, glob(p)) for p in match.args),
        env_names=tuple((p, glob(p)) for p in match.env if "=" not in p),
        env_pairs=tuple((p, glob(p)) for p in pairs),
        ports=frozenset(match.ports),
        mounts=tuple((p, glob(p)) for p in match.mounts),
    )


def any_fits(match: Match, container: Container) -> str:
    """The first pattern of a Match that fits the container's command, args, environment, ports or mounts; '' for none."""
    tests, words = tests_of(match), capped_words(container)
    return tests.first_command(words, joined(words)) or tests.first_other(container)


@dataclass(frozen=True, slots=True)
class ImagePattern:
    """One pattern of `images`: path segments from the end; with a dot or port in the first segment, registry included.
    A tag after the last colon (`docker:*dind*`) has to fit too."""

    text: str
    segments: tuple[Callable[[str], bool], ...]
    last: str
    with_registry: bool
    tag: Callable[[str], bool] | None
    plain: str
    """The path after a slash where nothing in it is a wildcard, as in most patterns; else ''."""

    def fits(self, image: Image) -> bool:
        path = f"{image.registry}/{image.path}" if self.with_registry and image.registry else image.path
        if self.plain:
            if path != self.plain[1:] and (self.with_registry or not path.endswith(self.plain)):
                return False
            return self.tag is None or self.tag(image.tag)
        parts = path.split("/")
        if len(parts) < len(self.segments):
            return False
        if self.with_registry and len(parts) != len(self.segments):
            return False
        if self.tag and not self.tag(image.tag):
            return False
        return all(test(part) for test, part in zip(self.segments, parts[-len(self.segments) :], strict=True))


def image_pattern(text: str) -> ImagePattern:
    path, colon, tag = text.rpartition(":")
    if not colon or "/" in tag:
        path, tag = text, ""
    segments = path.split("/")
    head = segments[0].replace("*", "")
    with_registry = len(segments) > 1 and ("." in head or ":" in head) and not head.startswith(".")
    plain = "" if "*" in path or "?" in path else f"/{path}"
    return ImagePattern(
        text, tuple(glob(s) for s in segments), segments[-1], with_registry, glob(tag) if tag else None, plain
    )
