"""kubectl sidecar: find classic sidecars in Kubernetes workloads and migrate them to native ones, safely."""

# A constant: asking importlib.metadata for it at start would cost more than the rest of `--help`.
__version__ = "0.1.0"
