"""Numbers of paired runs, as medians with their spread, and tables of them. Only the standard library."""
import statistics


def spread(values):
    """{"median", "low", "high"}: low and high are the quartiles."""
    ordered = sorted(values)
    if len(ordered) < 3:
        return {"median": statistics.median(ordered), "low": ordered[0], "high": ordered[-1]}
    low, median, high = statistics.quantiles(ordered, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def differences(values, base):
    """Each run against the one of the same turn."""
    return spread([value - other for value, other in zip(values, base)])


def ratios(values, base):
    return spread([value / other for value, other in zip(values, base)])


def short(number):
    """Three digits that matter, no exponent."""
    if number is None:
        return "-"
    size = abs(number)
    return "%.0f" % number if size >= 100 else "%.1f" % number if size >= 10 else "%.2f" % number


def plain(figure):
    return short(figure["median"]) if figure else "-"


def signed(figure):
    """`+12.3 ±0.4`: the median, and half the distance of the quartiles."""
    if not figure:
        return "-"
    return "%s%s ±%s" % ("+" if figure["median"] >= 0 else "", short(figure["median"]), short((figure["high"] - figure["low"]) / 2))


def ratio(figure):
    if not figure:
        return "-"
    return "%.3f ±%.3f" % (figure["median"], (figure["high"] - figure["low"]) / 2)


def size(number):
    """Bytes for people."""
    if number is None:
        return "-"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(number) < 1024 or unit == "GiB":
            return "%d %s" % (number, unit) if unit == "B" else "%.1f %s" % (number, unit)
        number /= 1024


class Table:
    """Rows are printed as they come, so that a long run shows where it is. The first column is aligned to the left."""

    def __init__(self, title, columns, widths):
        self.columns, self.widths = columns, widths
        print("\n%s\n" % title)
        self.row(columns)
        self.row(["-" * width for width in widths])

    def row(self, cells):
        words = [str(cell) for cell in cells]
        print("  ".join([words[0].ljust(self.widths[0])] + [word.rjust(width) for word, width in zip(words[1:], self.widths[1:])]), flush=True)
