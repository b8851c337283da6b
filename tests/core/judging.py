"""Plans of small Pods for the tests of what judges them: roles are given, recipes are made up, the planner is the real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from kubectl_sidecar.core.classification.findings import Finding, Role
from kubectl_sidecar.core.decode import decode_object
from kubectl_sidecar.core.facts import Facts, NodeFact, Version, effective_version
from kubectl_sidecar.core.kinds import resolve
from kubectl_sidecar.core.owners import owner_of
from kubectl_sidecar.core.plan import Plan
from kubectl_sidecar.core.planning.planner import PlanOptions, make_plan
from kubectl_sidecar.core.recipes.recipe import HookMeaning, Injector, Match, Placement, Recipe, StartupProbe
from kubectl_sidecar.core.risks import Context
from kubectl_sidecar.core.workload import PodSpec, Workload

V135 = Version(1, 35, 4)


def node(name: str, version: Version, **fields: Any) -> NodeFact:
    return NodeFact(name, version, f"v{version}", fields.get("labels", {}), fields.get("taints", ()))


KNOWN = Facts(
    server=V135, nodes=(node("n1", V135),), services=(), network_policies=(), hpas=(), vpas=(), pdbs=(), pod_monitors=(), quotas=(),
    limit_ranges=(), namespace={"metadata": {"name": "shop"}}, pods=(), claims=(),
)  # fmt: skip
"""Everything was read, and nothing stands around the workload."""

SHIPPER = Recipe("shipper", "Log shipper", "logs", Match(), placement=Placement("log-shipper"))
DB_PROXY = Recipe(
    "db-proxy", "Database proxy", "database", Match(), traffic="outbound", placement=Placement("data-proxy"),
    one_shot=Match(args=("--run-then-exit",)), quit_endpoints=("/quitquitquit",),
    startup_probe=StartupProbe({"httpGet": {"path": "/startup", "port": 9090}}, Match(args=("--health-check",)), ("--http-port=*",)),
    hooks=(HookMeaning("*proxyctl stop*", "exit"),),
)  # fmt: skip
GUARD = Recipe("guard", "Auth proxy", "auth", Match(), traffic="inbound", placement=Placement("other"))
MESH = Recipe("mesh", "Mesh proxy", "mesh", Match(), traffic="outbound", placement=Placement("network-proxy"))
INJECTORS = (
    replace(MESH, companions=("mesh-init",), wrappers=Match(command=("mesh-await",), env=("MESH_QUIT_API",)),
            injector=Injector("a mesh", asks=("mesh.example.com/inject=enabled", "mesh.example.com/rev"))),
    replace(MESH, family="sdk", injector=Injector("a runtime", asks=("sdk.example.com/enabled=true",))),
    replace(MESH, family="agent", companions=("agent-init",), placement=Placement("secrets"),
            injector=Injector("an agent's", asks=("agent.example.com/inject=true",))),
)  # fmt: skip
"""Recipes of what may be injected; only the first takes over all of a Pod's traffic."""
SYNC = Recipe("sync", "Content sync", "sync", Match(), placement=Placement("config-sync"), companions=("sync-init*",))
AGENT = Recipe(
    "agent", "Agent", "agents", Match(), waits_for_app=("/ready-with-app",), needs_app=Match(args=("--fail-without-app",)),
    placement=Placement("secrets"),
)  # fmt: skip


def app(**fields: Any) -> dict[str, Any]:
    """The main container: it serves port 8080, called http."""
    return {
        "name": "app",
        "image": "registry.example.com/app:1",
        "ports": [{"containerPort": 8080, "name": "http"}],
        **fields,
    }


def helper(name: str = "helper", /, **fields: Any) -> dict[str, Any]:
    return {"name": name, "image": f"registry.example.com/{name}:1", **fields}


def pod_object(
    *containers: Mapping[str, Any], kind: str = "Deployment", init: Sequence[Mapping[str, Any]] = (), spec: Mapping[str, Any] | None = None,
    top: Mapping[str, Any] | None = None, annotations: Mapping[str, str] | None = None, metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A workload as plain mapping; `spec` is more of the Pod's spec, `top` more of the object's own (of a CronJob: the Job's)."""
    pod: dict[str, Any] = {"containers": list(containers), **(spec or {})}
    if init:
        pod["initContainers"] = list(init)
    template = {"metadata": {"labels": {"app": "shop"}, "annotations": dict(annotations or {})}, "spec": pod}
    around = {"name": "shop", "namespace": "shop", "uid": "u", **(metadata or {})}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": around, "spec": pod}
    resource = resolve(kind).resource
    if kind == "CronJob":
        body: dict[str, Any] = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template, **(top or {})}}}
    else:
        body = {"template": template, "selector": {"matchLabels": {"app": "shop"}}, **(top or {})}
    return {"apiVersion": resource.api_version, "kind": kind, "metadata": around, "spec": body}


def workload(obj: Mapping[str, Any]) -> Workload:
    return decode_object(resolve(str(obj["kind"])), obj)


def found(subject: Workload, recipes: Mapping[str, Recipe | None], **fields: Any) -> tuple[Finding, ...]:
    """Findings: what `recipes` names is certainly a sidecar, the rest of containers is main, the init containers are by place."""
    findings = []
    for index, c in enumerate(subject.spec.main_list):
        role: Role = "sidecar" if c.name in recipes else "main"
        own = fields.get(c.name, {})
        findings.append(
            Finding(c.name, "containers", index, role, own.pop("confidence", "certain"), recipes.get(c.name), **own)
        )
    for index, c in enumerate(subject.spec.init_list):
        role = "native-sidecar" if c.restart_policy == "Always" else "init"
        findings.append(Finding(c.name, "initContainers", index, role, "certain"))
    return tuple(findings)


def plan(
    obj: Mapping[str, Any], recipes: Mapping[str, Recipe | None] | None = None, facts: Facts = KNOWN, options: PlanOptions | None = None,
    **fields: Any,
) -> Plan:  # fmt: skip
    """The plan in which every container that `recipes` names moves."""
    subject = workload(obj)
    names = recipes if recipes is not None else {"helper": None}
    return make_plan(obj, subject, found(subject, names, **fields), facts, options or PlanOptions(), INJECTORS)


def context_of(planned: Plan, facts: Facts) -> Context:
    """What the risks were asked about for a plan."""
    subject = planned.workload
    version = effective_version(facts, subject.spec)[0]
    after = msgspec.convert(planned.after["spec"], PodSpec)
    return Context(
        subject, planned.findings, planned.relocations, facts, owner_of(subject.metadata), version, subject.spec, after,
        planned.usage_before, planned.usage_after,
    )  # fmt: skip
