"""Lab 08's equipment: ranges, statistics measured again, pruning, allocation of bits, coded sizes, recipes."""
