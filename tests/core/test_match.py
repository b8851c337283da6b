"""Globs, image references, and which recipe a container fits."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_sidecar.core.recipes.globs import capped_words, glob, inside, joined, parse_image
from kubectl_sidecar.core.recipes.match import Hit, RecipeIndex
from kubectl_sidecar.core.recipes.recipe import Injector, Match, Recipe
from kubectl_sidecar.core.workload import Container, EnvVar, Metadata, Port, VolumeMount


@pytest.mark.parametrize(
    ("reference", "registry", "path", "tag", "digest"),
    [
        ("nginx", "", "nginx", "", ""),
        ("nginx:1.27", "", "nginx", "1.27", ""),
        ("fluent/fluent-bit:3.2", "", "fluent/fluent-bit", "3.2", ""),
        ("docker.io/library/redis:7", "docker.io", "library/redis", "7", ""),
        ("localhost/own:dev", "localhost", "own", "dev", ""),
        ("registry:5000/a/b", "registry:5000", "a/b", "", ""),
        ("10.1.2.3:5000/a:v1", "10.1.2.3:5000", "a", "v1", ""),
        ("a/b@sha256:0123", "", "a/b", "", "sha256:0123"),
        ("reg.example.com/a/b:v1@sha256:0123", "reg.example.com", "a/b", "v1", "sha256:0123"),
        ("ko://example.com/cmd/app", "example.com", "cmd/app", "", ""),
        ("", "", "", "", ""),
        (":::", "", "::", "", ""),
        ("образ/имя:метка", "", "образ/имя", "метка", ""),
    ],
)
def test_an_image_reference_is_parsed_as_runtimes_do(
    reference: str, registry: str, path: str, tag: str, digest: str
) -> None:
    assert parse_image(reference) == (registry, path, tag, digest)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("a*c", "abbbc", True),
        ("a*c", "ac", True),
        ("a*bc*d", "a-bc-bc-d", True),
        ("ab*ba", "aba", False),
        ("*", "", True),
        ("*-nanny", "metrics-server-nanny", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("a.c", "abc", False),
    ],
)
def test_globs(pattern: str, text: str, fits: bool) -> None:
    assert glob(pattern)(text) is fits


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=12))
def test_a_glob_is_what_the_regular_expression_would_say(pattern: str, text: str) -> None:
    expected = re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), text) is not None
    assert glob(pattern)(text) is expected


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("store agent", "/bin/store agent -config=x", True),
        ("store agent", "store agents", False),
        ("store agent", "bookstore agent", False),
        ("store agent*", "store agents", True),
        ("--upstream=http://127.0.0.1:*", "run --upstream=http://127.0.0.1:8080/ -v", True),
        ("--upstream=http://127.0.0.1:*", "run --upstream=http://10.0.0.1:8080/", False),
        ("dockerd", "/usr/bin/dockerd --tls", True),
        ("dockerd*", "dockerd-entrypoint.sh", True),
        ("tail -F *", "sh -c 'tail -F /var/log/a.log'", True),
    ],
)
def test_a_command_pattern_fits_anywhere_on_whole_words(pattern: str, text: str, fits: bool) -> None:
    test, token = inside(pattern)
    assert test(text) is fits
    assert not fits or not token or token in text


def best(index: RecipeIndex, container: Container) -> Hit | None:
    words = capped_words(container)
    return index.best(container, words, joined(words))[1]


def family(recipes: list[Recipe], container: Container) -> str:
    hit = best(RecipeIndex(recipes), container)
    return hit.recipe.family if hit else ""


def recipe(family: str, match: Match, **fields: object) -> Recipe:
    return Recipe(family, family, "other", match, **fields)  # type: ignore[arg-type]


SHIPPER = recipe("shipper", Match(images=("acme/shipper",), names=("log-shipper",)))
AGENT = recipe("agent", Match(images=("acme/store",), names=("store-agent",), command=("store agent",)), generic=True)
DIND = recipe("dind", Match(images=("engine:*dind*",)))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("acme/shipper", "shipper"),
        ("reg.example.com:5000/mirror/acme/shipper:1@sha256:ab", "shipper"),
        ("acme/shipper@sha256:ab", "shipper"),
        ("otheracme/shipper", "shipper"),
        ("acme/shipper-web", ""),
        ("shipper/acme", ""),
        ("engine:24-dind", "dind"),
        ("engine:24", ""),
    ],
)
def test_image_patterns_fit_whole_segments_from_the_end(image: str, expected: str) -> None:
    assert family([SHIPPER, DIND], Container(name="x", image=image)) == expected


def test_only_the_last_segment_is_a_weaker_fit() -> None:
    index = RecipeIndex([SHIPPER])
    full, mirrored = (
        best(index, Container(name="x", image="acme/shipper")),
        best(index, Container(name="x", image="corp/shipper")),
    )
    assert full is not None
    assert mirrored is not None
    assert (full.image, mirrored.image) == ("full", "basename")
    assert full.strength > mirrored.strength


def test_a_pattern_with_a_registry_fits_only_there() -> None:
    pinned = recipe("pinned", Match(images=("reg.example.com/acme/tool-x",)))
    assert best(RecipeIndex([pinned]), Container(name="a", image="reg.example.com/acme/tool-x:1")) is not None
    elsewhere = best(RecipeIndex([pinned]), Container(name="a", image="other.example.com/acme/tool-x:1"))
    assert elsewhere is None or elsewhere.image == "basename"


def test_a_pattern_of_only_a_star_says_nothing() -> None:
    assert family([recipe("any", Match(images=("*",), names=("zzz",)))], Container(name="a", image="b")) == ""


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (Container(name="x", image="acme/store"), ""),
        (Container(name="store-agent", image="acme/store"), ""),
        (Container(name="x", image="acme/store", command=("store", "agent")), "agent"),
        (Container(name="x", image="acme/store", args=("server",)), ""),
    ],
    ids=["image", "image and name", "with its command", "with another command"],
)
def test_a_generic_image_proves_nothing_without_its_command(container: Container, expected: str) -> None:
    assert family([AGENT], container) == expected


QUALIFIERS = {
    "env name": (Match(env=("MODE_*",)), Container(env=(EnvVar(name="MODE_X", value="secret"),))),
    "env pair": (Match(env=("MODE=side*",)), Container(env=(EnvVar(name="MODE", value="sidecar"),))),
    "port": (Match(ports=(5000,)), Container(ports=(Port(container_port=5000),))),
    "mount": (Match(mounts=("/dev/fu*",)), Container(volume_mounts=(VolumeMount(name="v", mount_path="/dev/fuse"),))),
    "args": (Match(args=("--side",)), Container(args=("--side",))),
}


@pytest.mark.parametrize("what", QUALIFIERS)
def test_each_group_qualifies_a_generic_image_and_unless_takes_it_away(what: str) -> None:
    group, container = QUALIFIERS[what]
    fields = {"images": ("acme/many",)}
    match = Match(**{**{f: getattr(group, f) for f in Match.__dataclass_fields__}, **fields})
    fitting = Container(name="x", image="acme/many", env=container.env, ports=container.ports, args=container.args,
                        volume_mounts=container.volume_mounts)  # fmt: skip
    bare = Container(name="x", image="acme/many")
    assert family([recipe("many", match, generic=True)], fitting) == "many"
    assert family([recipe("many", match, generic=True)], bare) == ""
    plain = recipe("many", Match(images=("acme/many",)), unless=group)
    assert family([plain], fitting) == ""
    assert family([plain], bare) == "many"


def test_values_of_the_environment_are_not_quoted() -> None:
    index = RecipeIndex([recipe("many", Match(images=("acme/many",), env=("PASSWORD=hunter*",)), generic=True)])
    hit = best(index, Container(name="x", image="acme/many", env=(EnvVar(name="PASSWORD", value="hunter2"),)))
    assert hit is not None
    assert "hunter" not in hit.detail


def test_unless_by_image_and_name() -> None:
    base = Match(images=("acme/tool-y",), names=("tool-y", "tool-y-init"))
    excluded = recipe("y", base, unless=Match(names=("*-init",), images=("dev/acme/tool-y",)))
    assert family([excluded], Container(name="tool-y", image="acme/tool-y")) == "y"
    assert family([excluded], Container(name="tool-y-init", image="acme/tool-y")) == ""
    assert family([excluded], Container(name="tool-y", image="dev/acme/tool-y")) == ""


def test_the_better_fit_wins_and_then_the_earlier_recipe() -> None:
    first, second = (
        recipe("first", Match(images=("acme/tool-z",))),
        recipe("second", Match(images=("acme/tool-z",), names=("z",))),
    )
    assert family([first, second], Container(name="z", image="acme/tool-z")) == "second"
    assert family([first, second], Container(name="q", image="acme/tool-z")) == "first"
    assert family([second, first], Container(name="q", image="acme/tool-z")) == "second"


def test_of_one_family_the_first_recipe_counts() -> None:
    mine, packaged = recipe("f", Match(images=("mine/x1",))), recipe("f", Match(images=("theirs/x2",)))
    index = RecipeIndex([mine, packaged])
    assert index.recipes == (mine,)


@pytest.mark.parametrize("name", ["metrics", "proxy", "agent", "app"])
def test_names_that_anything_has_are_no_family(name: str) -> None:
    assert family([recipe("f", Match(images=("acme/f1",), names=(name,)))], Container(name=name, image="own/app")) == ""


def test_a_command_alone_finds_its_family_but_weakly() -> None:
    hit = best(RecipeIndex([recipe("runner", Match(images=("acme/runner1",), command=("runner-tool sidecar",)))]),
               Container(name="x", image="own/wrapped", command=("wrap", "runner-tool", "sidecar")))  # fmt: skip
    assert hit is not None
    assert (hit.image, hit.strength) == ("no", 2)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("größenwächter --serve*", ("größenwächter", "--serve=x")),
        ("runner --now", ("sh", "-c", "echo é; “runner --now”")),
    ],
)
def test_a_command_is_found_in_any_script(command: str, words: tuple[str, ...]) -> None:
    found = recipe("runner", Match(images=("acme/runner",), command=(command,)))
    assert family([found], Container(name="x", image="own/x", command=words)) == "runner"


def test_marks_are_found_among_annotations_and_labels() -> None:
    index = RecipeIndex(
        [recipe("mesh", Match(), injector=Injector("x", marks=("a.example.com/status", "mesh-*/injected")))]
    )
    assert index.injections.is_marked(Metadata(annotations={"a.example.com/status": "x"}))
    assert index.injections.is_marked(Metadata(labels={"mesh-7/injected": None}))
    assert not index.injections.is_marked(Metadata(annotations={"b.example.com/status": "x"}))
    assert not index.injections.is_marked(None)


def test_megabytes_of_arguments_are_not_read() -> None:
    huge = ("--x=" + "a=/tail -F localhost:" * 100_000,) * 20
    container = Container(name="x", image="tinybox", command=("sh", "-c"), args=huge)
    index = RecipeIndex([AGENT, SHIPPER, recipe("t", Match(command=("*never*seen*here*",)))])
    start = time.perf_counter()
    best(index, container)
    assert time.perf_counter() - start < 1
