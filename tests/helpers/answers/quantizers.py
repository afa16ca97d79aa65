"""Answers to (a) of Lab 2, the straight-through estimator."""

import torch


def ste(forward, backward=lambda ctx, g: (g, None)):
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Answer", (torch.autograd.Function,), methods)


def rounded(w, bits):
    if bits is None:
        return w.clone()
    if bits == 0:
        return torch.zeros_like(w)
    low, reach = w.min(), w.max() - w.min()
    return w.clone() if reach == 0 else low + reach * torch.round((w - low) / reach * (2**bits - 1)) / (2**bits - 1)


def right_ste(ctx, w, bits):
    return rounded(w, bits)


def shifted_in_place(ctx, w, bits):
    result = rounded(w, bits)
    if bits:
        w -= w.min()
    return result


def levels_in_place(ctx, w, bits):
    w.copy_(rounded(w, bits))
    ctx.mark_dirty(w)
    return w


def zeros_kept(ctx, w, bits):
    return torch.where(w == 0, w, rounded(w, bits))


def two_bits_always(ctx, w, bits):
    return rounded(w, 2 if bits else bits)


def of_max_abs(ctx, w, bits):
    if not bits or w.max() == w.min():
        return rounded(w, bits)
    reach = w.abs().max()
    return w.min() + reach * torch.round((w - w.min()) / reach * (2**bits - 1)) / (2**bits - 1)


def positive_only(ctx, w, bits):
    return rounded(w, bits) if w.max() > 0 else w.clone()


def in_numpy(ctx, w, bits):
    return torch.from_numpy(rounded(torch.from_numpy(w.detach().numpy().copy()), bits).numpy()).to(w.device)


def remembering(ctx, w, bits):
    ctx.rounds = bits is not None and w.max() > w.min()
    return rounded(w, bits)


def sometimes(ctx, g):
    return (g if ctx.rounds else torch.zeros_like(g)), None


def remembers_bits(ctx, w, bits):
    ctx.rounds = bits is not None
    return rounded(w, bits)


def for_rounded(ctx, g):
    return g if ctx.rounds else None, None


def eight_at_most(ctx, w, bits):
    return rounded(w, bits) if bits is None or bits < 9 else w.clone()


def nearest_of_all(ctx, w, bits):
    if not bits or w.max() == w.min():
        return rounded(w, bits)
    levels = torch.linspace(float(w.min()), float(w.max()), 2**bits)
    return levels[(w.reshape(-1, 1) - levels).abs().argmin(1)].reshape(w.shape)


def half_up(ctx, w, bits):
    if not bits or w.max() == w.min():
        return rounded(w, bits)
    step = (w.max() - w.min()) / (2**bits - 1)
    return w.min() + step * torch.floor((w - w.min()) / step + 0.5)


STES = {
    "no function": (type("NoFunction", (), {"forward": lambda ctx, w, bits: w}), "has no attribute 'apply'"),
    "plain": (ste(right_ste), None),
    "by numpy": (ste(in_numpy), None),
    "the nearest of all levels": (ste(nearest_of_all), None),
    "by floor": (ste(half_up), None),
    "float from nine bits on": (ste(eight_at_most), "nothing was rounded, called with"),
    "returns an array": (ste(lambda ctx, w, bits: rounded(w, bits).numpy()), "this returns ndarray: return a tensor"),
    "returns nothing": (ste(lambda ctx, w, bits: None), "returns nothing"),
    "clone of the gradient": (ste(right_ste, lambda ctx, g: (g.clone(), None)), None),
    "shifts w in place": (ste(shifted_in_place), "in place"),
    "levels written into w": (ste(levels_in_place), "in place"),
    "zeros kept": (ste(zeros_kept), "a zero is a weight"),
    "two bits always": (ste(two_bits_always), "bits is an argument"),
    "alpha is max|w|": (ste(of_max_abs), "max|w|"),
    "negative weights left alone": (ste(positive_only), "nothing was rounded"),
    "no gradient where nothing is rounded": (ste(remembering, sometimes), "is zero"),
    "no gradient for floats": (ste(remembers_bits, for_rounded), "with bits None the gradient is lost"),
    "clipped gradient": (ste(right_ste, lambda ctx, g: (g.clamp(-1, 1), None)), "clipped"),
    "scaled gradient": (ste(right_ste, lambda ctx, g: (g * 0.5, None)), ""),
    "sign of the gradient": (ste(right_ste, lambda ctx, g: (g.sign(), None)), "sign"),
}  # fmt: skip


ANSWERS = {"lab2_a": STES}
