"""What live Pods did, as evidence of a problem: seen, not supposed. Nothing here makes a problem or takes one away; a race that
was not seen in a few Pods is a race all the same.

The kubelet keeps the end of one earlier run per container, and its times are whole seconds: a difference of one second may be
none, so only two and more count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from kubectl_sidecar.core.classification.findings import ContainerPast, End

Pasts = Sequence[Sequence[ContainerPast]]
SOON = 120
"""Seconds: what an app does so soon after the start of its Pod is about its start. The kubelet's back-off alone puts 70 s
between the start and the fourth run."""
LEAST = 2
"""Seconds of difference that whole-second times can prove."""


def seen_of(problem: str, helper: str, others: Sequence[str], pasts: Pasts) -> tuple[str, ...]:
    """What was seen of a problem (its id) of a helper, one sentence each. `others` are the containers that it is about: the
    apps, or the init containers that need the helper."""
    look = _LOOKS.get(problem)
    return tuple(look(helper, others, pasts)) if look and pasts else ()


def restarts_of(name: str, pasts: Pasts) -> str:
    """How often a container was restarted, and how its last run ended; empty where it never was."""
    again = [p for pod in pasts for p in pod if p.name == name and p.restarts > 0]
    if not again:
        return ""
    most = max(again, key=lambda p: p.restarts)
    ended = f" (last: {_how(most.last)})" if most.last else ""
    return f"{_times(most.restarts)}{ended} {_in(len(again), pasts)}"


def _start(helper: str, apps: Sequence[str], pasts: Pasts) -> Iterator[str]:
    for app in apps:
        early: list[tuple[ContainerPast, int]] = []
        late: list[int] = []
        for pod in pasts:
            one, other = _named(pod, app), _named(pod, helper)
            if one is None or other is None:
                continue
            after = _soon(one, pod)
            if after is not None:
                early.append((one, after))
            if not one.restarts and not other.restarts and one.started_at is not None and other.started_at is not None:
                late.append(other.started_at - one.started_at)
        if early:
            past, after = max(early, key=lambda pair: pair[0].restarts)
            how = f" ({_how(past.last)})" if past.last else ""
            yield f"{app} was restarted {_times(past.restarts)} within {after} s of its Pod's start{how} {_in(len(early), pasts)}"
        late = [seconds for seconds in late if seconds >= LEAST]
        if late:
            up_to = "up to " if len(set(late)) > 1 else ""
            yield f"{helper} started {up_to}{max(late)} s after {app} {_in(len(late), pasts)}"


def _soon(past: ContainerPast, pod: Sequence[ContainerPast]) -> int | None:
    """Seconds from the Pod's first start to the end of the app's last failed run, if all of its restarts fell into that time
    and it is soon."""
    last = past.last
    if not past.restarts or last is None or last.ended_at is None or last.exit_code == 0 or last.reason == "OOMKilled":
        return None
    starts = [p.started_at for p in pod if p.started_at is not None and not p.restarts]
    if past.restarts == 1 and last.started_at is not None:
        starts.append(last.started_at)
    after = last.ended_at - min(starts) if starts else None
    return after if after is not None and 0 <= after <= SOON else None


def _stop(helper: str, apps: Sequence[str], pasts: Pasts) -> Iterator[str]:
    """In Pods that are being deleted; one that is gone tells nothing any more."""
    for app in apps:
        count = 0
        for pod in pasts:
            one, other = _named(pod, app), _named(pod, helper)
            if one is None or other is None or not one.stopping or other.end is None or other.end.ended_at is None:
                continue
            gone = one.end.ended_at if one.end else None
            count += one.running or (gone is not None and gone - other.end.ended_at >= LEAST)
        if count:
            yield f"{helper} was gone while {app} still ran {_in(count, pasts)}, when the Pod was deleted"


def _job(helper: str, apps: Sequence[str], pasts: Pasts) -> Iterator[str]:
    ends: list[End] = []
    for pod in pasts:
        done = [past.end for app in apps if (past := _named(pod, app)) is not None]
        other = _named(pod, helper)
        if other is not None and other.running and done and all(done):
            ends += [end for end in done if end is not None][:1]
    if ends:
        what = f"{apps[0]} has ended" if len(apps) == 1 else "all other containers have ended"
        yield f"{what} ({_how(ends[0])}) and {helper} runs on {_in(len(ends), pasts)}"


def _init(helper: str, clients: Sequence[str], pasts: Pasts) -> Iterator[str]:
    for client in clients:
        failed = restarts_of(client, pasts)
        if failed:
            yield f"init container {client} was restarted {failed}"


_LOOKS: Mapping[str, Callable[[str, Sequence[str], Pasts], Iterator[str]]] = {
    "start-race": _start,
    "stop-race": _stop,
    "job-never-completes": _job,
    "job-kill-switch": _job,
    "init-needs-helper": _init,
}


def _named(pod: Sequence[ContainerPast], name: str) -> ContainerPast | None:
    return next((past for past in pod if past.name == name), None)


def _how(end: End) -> str:
    return f"exit code {end.exit_code}{', ' if end.reason else ''}{end.reason}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _in(count: int, pasts: Pasts) -> str:
    return f"in {count} of {len(pasts)} Pod{'' if len(pasts) == 1 else 's'}"
