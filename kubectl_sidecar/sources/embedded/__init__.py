"""The parts of the embedded cluster. An API server's: schema, defaults, validation, selectors, wire. What runs on it:
deployments, sets, jobs (controllers, at the desk) and kubelet with pod_status. Its faces are sources.memory, sources.simulate
and sources.sample; nothing else imports from here."""
