"""The operator's commands: `migratable-ecs …`. One file a command; table.py names them all; docs/operating.md shows them.

Commands call the same engine as `pulumi up` (migration/run.py) and add none of their own. Only this package imports click and rich.
"""
