"""What is known of native sidecars and deliberately judged nowhere, each with its reason; docs/rules shows it.

A statement belongs here only when it concerns a migration. Data only."""

from __future__ import annotations

LEFT_OUT: tuple[tuple[str, str], ...] = (
    (
        "A sidecar that dies after its own turn does not hold the app back at the start.",
        "It is no worse than the classic form, where nothing ever held the app back.",
    ),
    (
        "From 1.32 on a small sidecar is protected from the OOM killer as the main container is, which makes the main container a likelier victim.",
        "It is so for almost every migration and seldom matters; a note on each plan would hide what does.",
    ),
    (
        "A short grace period given at deletion, or a hard eviction, leaves no order: all sidecars get SIGTERM a second later.",
        "The classic form has no order there either.",
    ),
    (
        "A lock that a helper holds for leader election is released only after the app has stopped.",
        "Usually better, and whether a helper holds a lock does not show in a manifest.",
    ),
    (
        "Two helpers that wait for each other's end use up the grace period.",
        "The waiting does not show in a manifest; the grace period's rule covers what does.",
    ),
    (
        "A helper that waits for a process of the app, in a shared process namespace, may wait for ever behind a startupProbe.",
        "The name of a process does not say whose it is.",
    ),
    (
        "Old Pod webhooks and controllers drop restartPolicy from init containers.",
        "The Pod dry run before every write shows it for this very Pod; no rule could.",
    ),
    (
        "A webhook or an admission policy may refuse, or overlook, init containers.",
        "The same: the dry runs show the refusal; what a policy overlooks shows nowhere.",
    ),
    (
        "Pod Security from 1.34 on forbids hosts in probes and hooks.",
        "It looks at both lists alike, so the move changes nothing.",
    ),
    (
        "Prometheus configurations that drop containers with the label for init containers lose the helper.",
        "They are files of another program; the page of ksm-series names the like.",
    ),
    (
        "Argo Rollouts before 1.7, Knative Services and OpenKruise sets have rules of their own.",
        "These kinds are not read: they are nobody's Pod template here.",
    ),
    (
        "Static Pods cannot be changed through the API.",
        "They are Pods, which are refused anyway.",
    ),
    (
        "Native sidecars on Windows nodes.",
        "Nothing was found that differs, and nothing was tried.",
    ),
    (
        "Annotations that keep a mesh or an agent out of Jobs (inject: false) may be needless with its native form.",
        "Whether to opt in again is a decision about the mesh, not about the helper that moves.",
    ),
    (
        "Settings by which a mesh holds the app back or drains (holdApplicationUntilProxyStarts, drain times) may be needless.",
        "They do no harm; they belong to containers that are injected and never moved here.",
    ),
    (
        "The same hostPort on a helper and on the app is no longer refused after the move.",
        "A workload that exists has no such clash, because the API server refused it in the classic form.",
    ),
    (
        "Metrics of a HorizontalPodAutoscaler on the whole Pod count sidecars from 1.29 on, as they counted them before the move.",
        "Nothing changes.",
    ),
    (
        "A LimitRange for containers and a quota ask init containers for requests too.",
        "They asked the same of the classic container.",
    ),
    (
        "Images of the app are pulled after those of the sidecars before it.",
        "The order of the start shows it; how long it takes nobody knows beforehand.",
    ),
    (
        "A Pod deleted on a node that is going away for good (spot, preemption) may have less time than all stops in a row.",
        "The notice is the cloud's and shows nowhere in the cluster; the grace period's rule gives the sum.",
    ),
)
