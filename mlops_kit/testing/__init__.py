"""In-memory ports, and the conformance checks that authors of plug-ins run."""
