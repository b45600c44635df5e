"""What a recorded loss tells: its layers, the right gradient of every block, and the numbers measured on the way."""
