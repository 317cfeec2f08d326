"""How a version reaches a serving target; third parties by entry point mlops_kit.deployers."""
