"""The migration run: decide, lock or adopt, run, follow, drain, diagnose, record."""
