"""What `doctor` makes of what was read: each thing that was looked at becomes a check with its status and what to do about it.
Nothing is asked of a cluster here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kubectl_sidecar.core.facts import GENERALLY_AVAILABLE, NATIVE_SINCE, Unknown, Version, has_regression
from kubectl_sidecar.core.kinds import Resource
from kubectl_sidecar.core.readiness import CUSTOM_KINDS, NodeGroup, PodWebhook, configurations, versions_without_field

Status = Literal["ok", "warning", "blocker", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `remedy` is what to do about it, where something is to be done."""

    id: str
    status: Status
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """Whether the user may do something; None where the server would not say. `for_what` is what it is needed for."""

    verb: str
    resource: Resource
    for_what: str
    allowed: bool | None = None


def server_check(server: Version | Unknown) -> Check:
    if isinstance(server, Unknown):
        return Check("server-version", "unknown", f"the API server's version is not known: {server.reason}")
    status, said, remedy = _judged(server)
    return Check("server-version", status, f"the API server is v{server}: {said}", remedy)


def _judged(version: Version) -> tuple[Status, str, str]:
    if version < NATIVE_SINCE:
        return "blocker", "native sidecars are on from 1.29", "Upgrade first."
    if version < GENERALLY_AVAILABLE:
        return (
            "warning",
            "native sidecars work as a beta, with gaps closed only in 1.33",
            "Use its newest patch release.",
        )
    if has_regression(version):
        return (
            "warning",
            "1.35.0 to 1.35.3 have a regression beside sidecars with a startupProbe",
            "Use 1.35.4 or later.",
        )
    return "ok", "native sidecars are generally available", ""


def node_checks(groups: tuple[NodeGroup, ...] | Unknown) -> Iterator[Check]:
    if isinstance(groups, Unknown):
        remedy = "Ask somebody who may list nodes: kubectl get nodes."
        yield Check("node-versions", "unknown", f"the versions of the nodes are not known: {groups.reason}", remedy)
    elif not groups:
        yield Check("node-versions", "unknown", "there are no nodes yet", "Look again when there are some.")
    for group in groups if not isinstance(groups, Unknown) else ():
        yield _node_group(group)


def _node_group(group: NodeGroup) -> Check:
    where = f"tainted {', '.join(group.taints)}" if group.taints else "without taints"
    count = f"{group.count} node{'' if group.count == 1 else 's'} {where}"
    if group.least is None:
        return Check("node-versions", "unknown", f"{count}: their version is no version")
    status, said, remedy = _judged(group.least)
    span = f"v{group.least}" if group.least == group.greatest else f"v{group.least} to v{group.greatest}"
    who = "" if status == "ok" else f" (oldest: {', '.join(group.oldest)})"
    unread = f"; {group.unread} with a version that is none" if group.unread else ""
    if status == "blocker" and group.taints:
        return Check(
            "node-versions",
            "warning",
            f"{count}: {span}{who}: only Pods that tolerate them are blocked{unread}",
            remedy,
        )
    if status == "ok" and unread:
        status = "unknown"
    return Check("node-versions", status, f"{count}: {span}{who}: {said}{unread}", remedy)


def webhook_checks(webhooks: tuple[PodWebhook, ...] | Unknown) -> Iterator[Check]:
    if isinstance(webhooks, Unknown):
        yield Check(
            "pod-webhooks",
            "warning",
            f"which webhooks see Pods is not known: {webhooks.reason}",
            "The dry run above goes through all of them; each migration makes one of its own.",
        )
        return
    unable = [w for w in webhooks if w.side_effects]
    if unable:
        yield Check(
            "pod-webhooks",
            "warning",
            f"{configurations(unable)} may have side effects, so the server refuses dry runs of the Pods that it sees",
            "A migration of such Pods cannot be tried beforehand; its webhook has to say sideEffects: None.",
        )
    else:
        said = f"{configurations(webhooks)} may change Pods here" if webhooks else "no mutating webhook sees Pods here"
        yield Check("pod-webhooks", "ok", said)


def custom_checks(crds: Mapping[str, Mapping[str, Any] | Unknown | None]) -> Iterator[Check]:
    """Only what is installed is told; what may not be read is told once."""
    unread: list[str] = []
    for custom in CUSTOM_KINDS:
        crd = crds.get(custom.crd)
        if crd is None:
            continue
        if isinstance(crd, Unknown):
            unread.append(custom.title)
            continue
        lacking = versions_without_field(crd)
        if lacking:
            yield Check(
                "custom-kinds",
                "warning",
                f"{custom.title}: the schema of {', '.join(lacking)} has no restartPolicy for init containers, so the API server drops it",
                f"Upgrade it first ({custom.since} or later), also where somebody writes native sidecars by hand.",
            )
        else:
            yield Check("custom-kinds", "ok", f"{custom.title}: its schema has the field")
    if unread:
        text = f"whether {', '.join(unread)} are installed, and have the field, is not known: no right to read CustomResourceDefinitions"
        yield Check("custom-kinds", "warning", text)


def right_checks(rights: tuple[Right, ...]) -> Iterator[Check]:
    def refused(verb: str) -> list[str]:
        return [r.resource.plural for r in rights if r.verb == verb and r.allowed is False and r.for_what in _WORK]

    if any(r.allowed is None for r in rights):
        yield Check("rights", "unknown", "the server does not say which rights you have")
    for verb, what in (("list", "list"), ("get", "describe"), ("patch", "migrate and undo")):
        names, all_ = refused(verb), [r for r in rights if r.verb == verb and r.for_what in _WORK]
        if names:
            status: Status = "blocker" if len(names) == len(all_) else "warning"
            yield Check("rights", status, f"you may not {verb} {', '.join(names)} here: no {what} of these")
    if (
        not refused("list")
        and not refused("get")
        and not refused("patch")
        and all(r.allowed is not None for r in rights)
    ):
        yield Check("rights", "ok", "you may list, read and patch all kinds of workloads here")
    blind = [r for r in rights if r.allowed is False and r.for_what not in _WORK]
    if blind:
        said = ", ".join(f"{r.verb} {r.resource.plural}" for r in blind)
        yield Check("rights", "warning", f"you may not {said}: a plan then says what is not known")


_WORK = ("list, browse", "describe", "migrate, undo")
