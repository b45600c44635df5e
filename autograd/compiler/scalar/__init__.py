"""Compiling functions of one sample: programs of single numbers, their derivative and their text."""
