"""The edges that read and write: the cluster, files, recipes, the journal. Each is small; what they mean is in core."""
