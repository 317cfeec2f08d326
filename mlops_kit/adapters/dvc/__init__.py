"""DVC as a library: the one package that imports it. Pipeline runs, resolved facts, and bytes by digest."""
