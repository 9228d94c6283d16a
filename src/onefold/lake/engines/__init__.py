"""One engine a file, all alike; `engine.py` has their protocol."""
