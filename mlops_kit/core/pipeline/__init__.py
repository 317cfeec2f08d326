"""DVC pipelines as values: lineage, consistency, scheduling."""
