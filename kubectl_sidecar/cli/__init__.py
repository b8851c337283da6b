"""The commands: flags, exit codes, asking, and the composition root. Only here are cluster, journal and clock constructed."""
