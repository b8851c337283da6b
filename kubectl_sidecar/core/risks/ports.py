"""Risks of ports: who finds a helper's port by its name or on the node, and does not look into initContainers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubectl_sidecar.core.facts import GENERALLY_AVAILABLE, Unknown, Version
from kubectl_sidecar.core.plain import get, items, name_of
from kubectl_sidecar.core.plan import Risk
from kubectl_sidecar.core.pod.reach import port_names
from kubectl_sidecar.core.pod.surroundings import network_policies_of, services_of, target_ports
from kubectl_sidecar.core.risks.context import Context

HOST_PORTS_COUNTED = Version(1, 33, 6)


def named_target_port(context: Context) -> Iterator[Risk]:
    """The EndpointSlice controller finds named ports of sidecars from 1.33 on (kubernetes/kubernetes#128850)."""
    server = context.facts.server
    if not isinstance(server, Unknown) and server >= GENERALLY_AVAILABLE:
        return
    services = services_of(context.workload, context.facts)
    if isinstance(services, Unknown):
        return
    left = {name for c in context.after.main_list for name in port_names(c)}
    for service in services:
        for port in target_ports(service):
            owner = next((n for n, c in context.moved.items() if port in port_names(c)), "")
            if owner and port not in left:
                unknown = isinstance(server, Unknown)
                yield Risk(
                    "named-target-port",
                    "caution" if unknown else "blocker",
                    owner,
                    f'Service {name_of(service)} sends to its port by name ("{port}"), which is not found on a native sidecar before 1.33: '
                    + (
                        "the server's version is not known"
                        if unknown
                        else f"with {server} the Service would lose its endpoints"
                    ),
                    "Write the targetPort as a number.",
                    "spec.ports.targetPort",
                )


def same_port_name(context: Context) -> Iterator[Risk]:
    """Seen on EndpointSlices: of two ports of one name, the first in containers counts, and init containers come after them."""
    if not any(map(port_names, context.moved.values())):
        return
    services = services_of(context.workload, context.facts)
    for name, container in context.moved.items():
        index = next(r.source for r in context.relocations if r.finding.name == name)
        for shared in sorted(port_names(container)):
            app = next(
                (
                    c
                    for c in context.before.main_list[index + 1 :]
                    if c.name not in context.moved and shared in port_names(c)
                ),
                None,
            )
            if app is None:
                continue
            users = [] if isinstance(services, Unknown) else [name_of(s) for s in services if shared in target_ports(s)]
            if users or isinstance(services, Unknown):
                whose = (
                    f"Service {', '.join(users)} sends"
                    if users
                    else "a Service that sends (whether one does is not known)"
                )
                yield Risk(
                    "same-port-name",
                    "caution",
                    name,
                    f'it and {app.name} both call a port "{shared}": {whose} to that name reaches {name} today and {app.name} after the move',
                    "Give the ports different names, or the Service a number.",
                    "ports",
                )


def network_policy_port(context: Context) -> Iterator[Risk]:
    """Named ports of a NetworkPolicy are resolved by the network plugin (projectcalico/calico#8881)."""
    policies = network_policies_of(context.workload, context.facts)
    if isinstance(policies, Unknown):
        return
    for policy in policies:
        named = {port for rule in items(get(policy, "spec", "ingress")) for port in _named(rule)}
        for name, container in context.moved.items():
            hit = sorted(named & port_names(container))
            if hit:
                yield Risk(
                    "network-policy-port",
                    "caution",
                    name,
                    f'NetworkPolicy {name_of(policy)} allows its port by name ("{hit[0]}"); some network plugins do '
                    "not find names on init containers (Calico before 3.30)",
                    "Write the port as a number.",
                    "spec.ingress.ports",
                )


def _named(rule: Any) -> Iterator[str]:
    return (p["port"] for p in items(get(rule, "ports")) if isinstance(p.get("port"), str))


def host_port(context: Context) -> Iterator[Risk]:
    """The scheduler counts hostPorts of sidecars from 1.33.6 and 1.34 on (kubernetes/kubernetes#132040, #133390)."""
    server = context.facts.server
    if not isinstance(server, Unknown) and server >= HOST_PORTS_COUNTED:
        return
    for name, container in context.moved.items():
        port = next((p.host_port for p in container.ports or () if p.host_port), None)
        if port:
            yield Risk(
                "host-port",
                "caution",
                name,
                f"it takes hostPort {port}, which the scheduler does not count on init containers before 1.33.6: two "
                "such Pods can land on one node",
                "Use a Service, or upgrade first.",
                "ports.hostPort",
            )
