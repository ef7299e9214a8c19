"""`make plan`, `make apply` and `make destroy`: what happens to a stack is shown first, applied as shown, and taken away as a whole."""
