"""The main job on the embedded sample cluster, told as text: list, describe, the diff, migrate, the rollout, list again, undo.

`make demo` runs it where there is no terminal (with one it opens `browse --demo`). All commands act on one embedded cluster, so
that what one has changed the next one sees."""

from __future__ import annotations

import sys

from kubectl_sidecar.cli.exits import run
from kubectl_sidecar.cli.main import group

STORY = (
    ("What is there, and what is wrong with it?", ["list", "-n", "shop"]),
    (
        "Why is it taken for a sidecar, and what would a migration do?",
        ["describe", "deployment/checkout", "-n", "shop"],
    ),
    ("The diff, the dry runs, the patch and the rollout:", ["migrate", "deployment/checkout", "-n", "shop", "-y"]),
    ("What is there now?", ["list", "-n", "shop"]),
    ("And back again:", ["undo", "deployment/checkout", "-n", "shop", "-y"]),
)


def main() -> int:
    """Runs the story; ends at the first command that does not end well."""
    for title, words in STORY:
        sys.stdout.write(f"\n# {title}\n$ kubectl sidecar {' '.join(words)} --demo\n")
        sys.stdout.flush()
        code = run(group, [*words, "--demo"], program_name="kubectl sidecar", stderr=sys.stderr)
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
