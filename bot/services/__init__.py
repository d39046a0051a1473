"""Use cases, one module each; they know the domain and the ports, nothing else."""
