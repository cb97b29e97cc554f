"""The scenarios of the official client, one module a theme; see scenarios.py for how they are written and official_client.py for the run."""
