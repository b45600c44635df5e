"""What the library asks of numpy, Python and the operating system, in one place each. Nothing about graphs."""
