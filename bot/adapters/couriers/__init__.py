"""Ways to the departments (C6, D8)."""
