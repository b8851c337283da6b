"""The use cases, called by the commands and by the TUI alike. Nothing here prints or asks: `prepare` has no effect, the caller
shows it and asks, `execute` acts and reports what it does. Cluster, journal and clock are handed in."""
