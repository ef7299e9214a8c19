"""The local cloud: what the component needs of AWS, on one machine, with real containers and a real database.

``docs/local-cloud.md`` says what runs. Python callers start with
:class:`tools.localcloud.instance.LocalCloud`.
"""
