"""Sweeps over params as values: the words that describe one, its trials, and params files with other values."""
