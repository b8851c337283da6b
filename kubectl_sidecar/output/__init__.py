"""Values become text. Nothing here reads, decides or prints: every function returns lines or data, and colour is applied by
the `Paint` that is handed in, so that the same words serve a terminal, a pipe and the TUI."""
