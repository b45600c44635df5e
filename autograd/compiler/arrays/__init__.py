"""Compiling functions of whole arrays: the vectorised backprop a person would write, run by numpy or by jax."""
