"""What was done to keys, and by whom, as the log of the function has it."""
