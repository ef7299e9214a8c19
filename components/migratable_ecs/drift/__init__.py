"""The drift report: what somebody changed in AWS, what a pull request changes, and which migrations will run.

`events` reads what the engine says; `find`, `changes` and `migrations` make the report of it; `markdown` and `document` write it. All of
these are pure. `engine`, `cloudtrail` and `pending` are the effects.
"""
