"""What `make bench` measures; every figure is printed by the run that measured it."""
