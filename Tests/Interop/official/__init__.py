"""The scenarios of the official client, one module a theme; scenarios.py says how they are written."""
