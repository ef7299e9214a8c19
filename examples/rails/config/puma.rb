bind "tcp://0.0.0.0:8000"
threads 1, 5
environment "production"
quiet
# ECS's SIGTERM is how a task ends: exit code 0, no exception.
raise_exception_on_sigterm false
