"""What customer service is: pure Python, standard library only; the clock is an argument."""
