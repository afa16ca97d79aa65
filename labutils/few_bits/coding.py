"""Counts the bits that a network's codes take where frequent ones are written shorter. Used in notebooks/08.

A weight's code is which of the layer's levels it was rounded to. Written plainly, each takes as many bits as the layer
has. Huffman's code gives frequent ones fewer: on average, less than one bit a weight above Shannon's entropy, but never
below one bit a weight, however many are zero. PyTorch is imported where it is needed.
"""

import heapq

import numpy as np

LENGTH_BITS = 8  # of each entry of a code table: no code for fewer than 10**53 weights is longer than 255 bits


def huffman_lengths(counts):
    """Return {symbol: length of its code in bits} of a code without prefixes in which all symbols take least bits.

    Parameters: counts, {symbol: how often it occurs}, each 1 or more. Where two are equally frequent, the one that
        stands first is merged first, and what was merged comes last. A single symbol costs 1 bit.
    Raises: ValueError where there is no symbol or a count is below 1.
    Source: Huffman (1952). Used in notebooks/08.
    """
    if not counts or min(counts.values()) < 1:
        raise ValueError(f"counts: expected at least one symbol, each from 1, found {dict(counts)}")
    if len(counts) == 1:
        return dict.fromkeys(counts, 1)
    lengths = dict.fromkeys(counts, 0)
    heap = [(count, order, [symbol]) for order, (symbol, count) in enumerate(counts.items())]
    heapq.heapify(heap)
    for order in range(len(heap), 2 * len(heap) - 1):
        (first, _, left), (second, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in left + right:  # they now share one more bit, in front of theirs
            lengths[symbol] += 1
        heapq.heappush(heap, (first + second, order, left + right))
    return lengths


def huffman_bits(codes):
    """Return how many bits the codes take in Huffman's code for their own frequencies, without its table.

    Parameters: codes, an array or a tensor of any shape. Raises: ValueError where there are none.
    Used in notebooks/08.
    """
    values, counts = np.unique(np.asarray(codes), return_counts=True)
    if len(values) == 0:
        raise ValueError("codes: expected at least one, found none")
    counts = dict(zip(values.tolist(), counts.tolist()))
    return sum(counts[symbol] * length for symbol, length in huffman_lengths(counts).items())


def coded_size_in_kb(model):
    """Return the size of a network's weights in kB (1 kB = 1000 bytes) with a Huffman code for each rounded layer.

    A layer of b bits takes its codes; a table of 2**b entries of one byte, the length of each level's code or 0 where
    it does not occur, from which alone a decoder can number the codes (the canonical code of Schwartz and Kallick,
    1964); and two float32 numbers that place its levels. A layer of 0 bits takes nothing. A float layer takes 32 bits a
    weight or, if fewer, 32 for each that is not zero and one for every weight, which says where those are. As in
    `quantize.size_in_kb`, which counts neither tables nor levels, biases and batch normalisation are left out.
    Parameters: model, with `QuantConv2d` and `QuantLinear` layers.
    Source: Han et al. (2016), who code so after pruning and rounding. Used in notebooks/08.
    """
    from ..networks.quantize import FLOAT_BITS, quant_layers

    total = 0
    for _, layer in quant_layers(model):
        if layer.bits is None:
            count, kept = layer.weight.numel(), int((layer.weight != 0).sum())
            total += min(FLOAT_BITS * count, FLOAT_BITS * kept + count)
        elif layer.bits > 0:
            total += huffman_bits(layer.rounded().detach().cpu()) + LENGTH_BITS * 2**layer.bits + 2 * FLOAT_BITS
    return total / 8000
