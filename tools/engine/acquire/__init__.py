"""Acquires the Pulumi engine's programs: from PATH, from the official download, or built from Go modules."""
