"""Plain numbers: floats as IEEE 754 defines them, arrays as numpy does. Nothing here knows about graphs."""
