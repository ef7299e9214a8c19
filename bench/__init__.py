"""Side-by-side measurements; `python -m bench` prints them."""
