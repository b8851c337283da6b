"""Which objects select a workload, and what could not be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kubectl_sidecar.core.facts import Unknown
from kubectl_sidecar.core.pod.surroundings import (
    Selecting,
    hpas_of,
    impact,
    network_policies_of,
    pdbs_of,
    pod_monitors_of,
    services_of,
    vpas_of,
)
from tests.core.judging import KNOWN, app, pod_object, workload

SUBJECT = workload(pod_object(app()))


def obj(spec: Any, **metadata: str) -> dict[str, Any]:
    return {"metadata": {"name": "x", **metadata}, "spec": spec}


def labels(**match: str) -> dict[str, Any]:
    return {"matchLabels": match}


def term(operator: str, *values: str, key: str = "app") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


SELECTS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "a Service": ("services", obj({"selector": {"app": "shop"}}), True),
    "a Service of others": ("services", obj({"selector": {"app": "other"}}), False),
    "a Service with more labels": ("services", obj({"selector": {"app": "shop", "tier": "x"}}), False),
    "a Service without selector": ("services", obj({}), False),
    "a Service with an empty selector": ("services", obj({"selector": {}}), False),
    "a Service of another namespace": ("services", obj({"selector": {"app": "shop"}}, namespace="other"), False),
    "a Service of this namespace": ("services", obj({"selector": {"app": "shop"}}, namespace="shop"), True),
    "a Service whose spec is odd": ("services", obj("odd"), False),
    "a policy for all": ("network_policies", obj({"podSelector": {}}), True),
    "a policy": ("network_policies", obj({"podSelector": labels(app="shop")}), True),
    "a policy without podSelector": ("network_policies", obj({}), False),
    "In": ("network_policies", obj({"podSelector": term("In", "shop", "x")}), True),
    "In others": ("network_policies", obj({"podSelector": term("In", "x")}), False),
    "NotIn": ("network_policies", obj({"podSelector": term("NotIn", "shop")}), False),
    "Exists": ("network_policies", obj({"podSelector": term("Exists")}), True),
    "Exists not": ("network_policies", obj({"podSelector": term("Exists", key="tier")}), False),
    "DoesNotExist": ("network_policies", obj({"podSelector": term("DoesNotExist", key="tier")}), True),
    "an odd operator": ("network_policies", obj({"podSelector": term("Near")}), False),
    "labels and terms": (
        "network_policies",
        obj({"podSelector": {**labels(app="shop"), **term("NotIn", "shop")}}),
        False,
    ),
    "an HPA": ("hpas", obj({"scaleTargetRef": {"kind": "Deployment", "name": "shop"}}), True),
    "an HPA of another kind": ("hpas", obj({"scaleTargetRef": {"kind": "StatefulSet", "name": "shop"}}), False),
    "a VPA": ("vpas", obj({"targetRef": {"kind": "Deployment", "name": "shop"}}), True),
    "a VPA of others": ("vpas", obj({"targetRef": {"kind": "Deployment", "name": "other"}}), False),
    "a budget": ("pdbs", obj({"selector": labels(app="shop")}), True),
    "a budget of others": ("pdbs", obj({"selector": labels(app="other")}), False),
    "a PodMonitor": ("pod_monitors", obj({"selector": labels(app="shop")}), True),
    "a PodMonitor for any namespace": (
        "pod_monitors",
        obj({"selector": {}, "namespaceSelector": {"any": True}}, namespace="mon"),
        True,
    ),
    "a PodMonitor for this namespace": (
        "pod_monitors",
        obj({"selector": {}, "namespaceSelector": {"matchNames": ["shop"]}}, namespace="mon"),
        True,
    ),
    "a PodMonitor of another namespace": ("pod_monitors", obj({"selector": {}}, namespace="mon"), False),
}
READ = {
    "services": services_of,
    "network_policies": network_policies_of,
    "hpas": hpas_of,
    "vpas": vpas_of,
    "pdbs": pdbs_of,
    "pod_monitors": pod_monitors_of,
}


@pytest.mark.parametrize(("fact", "candidate", "selects"), SELECTS.values(), ids=SELECTS)
def test_what_selects_it(fact: str, candidate: dict[str, Any], selects: bool) -> None:
    facts = replace(KNOWN, **{fact: (candidate,)})  # type: ignore[arg-type]
    assert READ[fact](SUBJECT, facts) == ((candidate,) if selects else ())
    assert len(impact(SUBJECT, facts)[0]) == int(selects)


def test_the_report_says_what_each_does() -> None:
    found, missing = impact(
        SUBJECT,
        replace(
            KNOWN,
            services=(
                obj({"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": "http"}, {"port": 443}]}),
            ),
            network_policies=(obj({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),),
            hpas=(obj({"scaleTargetRef": {"kind": "Deployment", "name": "shop"}, "maxReplicas": 5}),),
            vpas=(obj({"targetRef": {"kind": "Deployment", "name": "shop"}}),),
            pdbs=(obj({"selector": {}, "minAvailable": "50%"}),),
            pod_monitors=(obj({"selector": {}, "podMetricsEndpoints": [{"port": "metrics"}]}),),
        ),
    )
    assert missing == ()
    assert found == (
        Selecting("Service", "x", "sends to port http, 443"),
        Selecting("NetworkPolicy", "x", "restricts Ingress, Egress"),
        Selecting("HorizontalPodAutoscaler", "x", "scales between 1 and 5 replicas"),
        Selecting("VerticalPodAutoscaler", "x", "sets requests (updateMode Auto)"),
        Selecting("PodDisruptionBudget", "x", "minAvailable 50%"),
        Selecting("PodMonitor", "x", "scrapes port metrics"),
    )


def test_what_could_not_be_read_is_said() -> None:
    found, missing = impact(SUBJECT, replace(KNOWN, services=Unknown("no right to read them")))
    assert found == ()
    assert missing == ("Services: not known, because no right to read them",)
