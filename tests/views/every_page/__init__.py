"""What holds for every page: who may see it, forged and hostile input, secrets, errors, words, swaps."""
