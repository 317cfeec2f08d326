"""Sweeps over params as values: the words that describe one, its candidates, and params files with other values."""
