"""Which objects around a workload select it: Services, NetworkPolicies, autoscalers, disruption budgets, PodMonitors.

Selectors match the Pod template's labels as Kubernetes does. An object of another namespace never selects; one without a
namespace (as in files) may. A Service without a selector selects nothing; an empty podSelector or budget selects all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kubectl_sidecar.core.facts import Facts, Unknown
from kubectl_sidecar.core.plain import get, items, mapping, name_of, texts
from kubectl_sidecar.core.workload import Workload

Objects = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Selecting:
    """One object that selects the workload's Pods or scales it, and what of it a migration touches."""

    kind: str
    name: str
    text: str


def impact(workload: Workload, facts: Facts) -> tuple[tuple[Selecting, ...], tuple[str, ...]]:
    """The objects that select the workload, and what could not be read (one sentence each)."""
    found: list[Selecting] = []
    missing: list[str] = []
    for kind, (select, text) in _READERS.items():
        objects = select(workload, facts)
        if isinstance(objects, Unknown):
            missing.append(f"{kind}s: not known, because {objects.reason}")
        else:
            found += [Selecting(kind, name_of(o), text(o)) for o in objects]
    return tuple(found), tuple(missing)


def services_of(workload: Workload, facts: Facts) -> Objects | Unknown:
    """The Services that send to the workload's Pods."""
    return _kept(facts.services, workload, lambda s: _plain(s, workload))


def network_policies_of(workload: Workload, facts: Facts) -> Objects | Unknown:
    return _kept(
        facts.network_policies, workload, lambda p: selects(get(p, "spec", "podSelector"), workload, empty=True)
    )


def hpas_of(workload: Workload, facts: Facts) -> Objects | Unknown:
    return _kept(facts.hpas, workload, lambda h: _refers(get(h, "spec", "scaleTargetRef"), workload))


def vpas_of(workload: Workload, facts: Facts) -> Objects | Unknown:
    return _kept(facts.vpas, workload, lambda v: _refers(get(v, "spec", "targetRef"), workload))


def pdbs_of(workload: Workload, facts: Facts) -> Objects | Unknown:
    return _kept(facts.pdbs, workload, lambda p: selects(get(p, "spec", "selector"), workload, empty=True))


def pod_monitors_of(workload: Workload, facts: Facts) -> Objects | Unknown:
    objects = facts.pod_monitors
    if isinstance(objects, Unknown):
        return objects
    return tuple(
        m for m in objects if _watches(m, workload) and selects(get(m, "spec", "selector"), workload, empty=True)
    )


def target_ports(service: Mapping[str, Any]) -> Iterator[int | str]:
    """The ports of Pods that a Service sends to, by number or by name."""
    for port in items(get(service, "spec", "ports")):
        target = port.get("targetPort") or port.get("port")
        if isinstance(target, str) and target.isascii() and target.isdecimal():
            yield int(target)
        elif isinstance(target, int | str):
            yield target


def _kept(
    objects: Objects | Unknown, workload: Workload, test: Callable[[Mapping[str, Any]], bool]
) -> Objects | Unknown:
    if isinstance(objects, Unknown):
        return objects
    return tuple(o for o in objects if isinstance(o, dict) and test(o) and _near(o, workload))


def _near(obj: Mapping[str, Any], workload: Workload) -> bool:
    namespace = get(obj, "metadata", "namespace")
    return not namespace or not workload.namespace or namespace == workload.namespace


def _plain(service: Mapping[str, Any], workload: Workload) -> bool:
    selector, labels = get(service, "spec", "selector"), workload.template.labels
    return isinstance(selector, dict) and bool(selector) and all(labels.get(k) == v for k, v in selector.items())


def selects(selector: Any, workload: Workload, *, empty: bool) -> bool:
    """Whether a LabelSelector matches the workload's Pods; `empty` is what one without terms says."""
    if not isinstance(selector, Mapping):
        return False
    labels = workload.template.labels
    terms, expressions = get(selector, "matchLabels"), list(items(get(selector, "matchExpressions")))
    if not terms and not expressions:
        return empty
    plain = all(labels.get(k) == v for k, v in terms.items()) if isinstance(terms, Mapping) else True
    return plain and all(_expression(e, labels) for e in expressions)


def _expression(expression: Mapping[str, Any], labels: Mapping[str, str | None]) -> bool:
    key, values = expression.get("key"), texts(expression.get("values"))
    match expression.get("operator"):
        case "In":
            return labels.get(str(key)) in values
        case "NotIn":
            return labels.get(str(key)) not in values
        case "Exists":
            return str(key) in labels
        case "DoesNotExist":
            return str(key) not in labels
        case _:
            return False


def _refers(reference: Any, workload: Workload) -> bool:
    return bool(get(reference, "kind") == workload.kind.name) and bool(get(reference, "name") == workload.name)


def _watches(monitor: Mapping[str, Any], workload: Workload) -> bool:
    chosen = get(monitor, "spec", "namespaceSelector")
    names = get(chosen, "matchNames")
    if get(chosen, "any") is True:
        return True
    return workload.namespace in names if isinstance(names, list) and names else _near(monitor, workload)


def _listed(values: Iterable[object]) -> str:
    return ", ".join(str(v) for v in values)


def _service_text(service: Mapping[str, Any]) -> str:
    return f"sends to port {_listed(target_ports(service))}"


def _policy_text(policy: Mapping[str, Any]) -> str:
    return f"restricts {_listed(texts(get(policy, 'spec', 'policyTypes')) or ('Ingress',))}"


def _hpa_text(hpa: Mapping[str, Any]) -> str:
    return f"scales between {get(hpa, 'spec', 'minReplicas') or 1} and {get(hpa, 'spec', 'maxReplicas')} replicas"


def _vpa_text(vpa: Mapping[str, Any]) -> str:
    return f"sets requests (updateMode {get(vpa, 'spec', 'updatePolicy', 'updateMode') or 'Auto'})"


def _pdb_text(pdb: Mapping[str, Any]) -> str:
    spec = mapping(get(pdb, "spec"))
    return (
        _listed(f"{key} {spec[key]}" for key in ("minAvailable", "maxUnavailable") if key in spec) or "limits evictions"
    )


def _monitor_text(monitor: Mapping[str, Any]) -> str:
    ports = [e.get("port") or e.get("portNumber") for e in items(get(monitor, "spec", "podMetricsEndpoints"))]
    return f"scrapes port {_listed(p for p in ports if p)}"


_READERS: Mapping[str, tuple[Callable[[Workload, Facts], Objects | Unknown], Callable[[Mapping[str, Any]], str]]] = {
    "Service": (services_of, _service_text),
    "NetworkPolicy": (network_policies_of, _policy_text),
    "HorizontalPodAutoscaler": (hpas_of, _hpa_text),
    "VerticalPodAutoscaler": (vpas_of, _vpa_text),
    "PodDisruptionBudget": (pdbs_of, _pdb_text),
    "PodMonitor": (pod_monitors_of, _monitor_text),
}
