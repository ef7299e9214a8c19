"""What can be wrong around a service and its migration. `gather*.py` asks AWS, the checks look at what they found and at nothing else."""
