"""How a Pod behaves: who reaches whom in it, in which order it starts and stops, what its probes and hooks ask for, what it
requests, and which objects around select it. Facts of Kubernetes; what a migration should do about them is for others."""
