"""Programs of single numbers as machine code, by LLVM."""
