"""Detectors of drift that come with the kit and use a library of their own."""
