"""Detectors of drift besides the kit's own rules."""
