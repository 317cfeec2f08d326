"""What a reviewer sees: metrics, params, gates, the report."""
