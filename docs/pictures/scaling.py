#!/usr/bin/env python3
"""Draws what benchmarks/scaling measured as an SVG: three charts, cost against length, footprint and machines.

    docs/pictures/scaling.py docs/pictures/scaling.tsv docs/pictures/scaling.svg
"""
import csv
import html
import math
import sys

SURFACE, INK, MUTED, GRID = "#ffffff", "#1f2328", "#59636e", "#d8dee4"
# Told apart without red and green, and by their marks.
STYLE = {"replay_ns": ("replay", "#0072b2", "circle"), "decode_ns": ("decode", "#d55e00", "square"),
         "wall_ns": ("whole process, wall", "#59636e", "diamond")}
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, GAP = 1080, 380, 58, 84, 62, 44
CHARTS = [("length", "references of the trace", "Sample sort, repeated", ["replay_ns", "decode_ns", "wall_ns"]),
          ("footprint", "footprint, uniform random", "2 million references", ["replay_ns"]),
          ("machines", "machines of a sweep", "For a reference and machine", ["replay_ns", "decode_ns", "wall_ns"])]


def text(x, y, words, size=12, fill=INK, anchor="start", weight="normal", turn=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
            f'font-weight="{weight}"{turn}>{html.escape(words)}</text>')


def mark(shape, x, y, colour):
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>'
    if shape == "square":
        return f'<rect x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7" fill="{colour}"/>'
    return f'<path d="M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z" fill="{colour}"/>'


def label(series, x):
    if series == "footprint":
        power = int(math.log2(x))
        return f"{1 << power % 10} {['B', 'KiB', 'MiB', 'GiB', 'TiB'][power // 10]}"
    if series == "length":
        return f"10{''.join('⁰¹²³⁴⁵⁶⁷⁸⁹'[int(d)] for d in str(round(math.log10(x))))}"
    return str(x)


def number(value):
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def chart(rows, left, width, series, axis, subtitle, columns):
    points = sorted((int(r["x"]), r) for r in rows if r["series"] == series)
    values = {c: [(x, float(r[c])) for x, r in points] for c in columns}
    flat = [v for c in columns for _, v in values[c] if v > 0]
    low, high = math.floor(math.log10(min(flat))), math.ceil(math.log10(max(flat)))
    first, last = math.log(points[0][0]), math.log(points[-1][0])
    bottom = HEIGHT - BOTTOM

    def px(x):
        return left + (math.log(x) - first) * width / (last - first)

    def py(v):
        return bottom - (math.log10(v) - low) * (bottom - TOP) / (high - low)

    out = [text(left - 40, TOP - 22, subtitle, 13, weight="bold")]
    for power in range(low, high + 1):
        y = py(10 ** power)
        out.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        out.append(text(left - 8, y + 4, f"{10 ** power:g}", 11, MUTED, "end"))
    for x, _ in points:
        out.append(text(px(x), bottom + 20, label(series, x), 11, MUTED, "middle"))
    out.append(text(left + width / 2, bottom + 42, axis, 12, MUTED, "middle"))
    for column in columns:
        name, colour, shape = STYLE[column]
        line = [(px(x), py(v)) for x, v in values[column] if v > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for (x, y), (at, v) in zip(line, [p for p in values[column] if p[1] > 0]):
            out.append(mark(shape, x, y, colour) .replace("/>", f"><title>{html.escape(name)}, {label(series, at)}: "
                       f"{number(v)} ns</title></{'circle' if shape == 'circle' else 'rect' if shape == 'square' else 'path'}>"))
    for end, anchor in ((0, "start"), (-1, "end")):
        last_y = math.inf
        for column in sorted(columns, key=lambda c: values[c][end][1]):  # from below, none over another
            x, v = values[column][end]
            last_y = min(py(v) - 9, last_y - 12)
            out.append(text(px(x), last_y, number(v), 11, STYLE[column][1], anchor))
    return out


def main(source, target):
    with open(source, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f, delimiter="\t"))
    shown = [c for c in CHARTS if any(r["series"] == c[0] for r in rows)]
    width = (WIDTH - LEFT - 20 - (LEFT + GAP - 20) * (len(shown) - 1)) / len(shown)
    measured = "; ".join(dict.fromkeys(r["measured"] for r in rows))
    out = [text(18, 28, "Nanoseconds for a reference, as traces, footprints and sweeps grow", 16, weight="bold"),
           text(18, HEIGHT - 6, "benchmarks/scaling, " + measured, 10, MUTED)]
    x = WIDTH - 20
    for name, colour, shape in reversed(list(STYLE.values())):
        x -= 7 * len(name) + 24
        out += [mark(shape, x, 24, colour), text(x + 10, 28, name, 12, MUTED)]
    for i, (series, axis, subtitle, columns) in enumerate(shown):
        out += chart(rows, LEFT + i * (width + LEFT + GAP - 20), width, series, axis, subtitle, columns)
    title = "Cost of a reference against the length of the trace, the footprint and the number of machines of a sweep."
    with open(target, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
                f'font-family="system-ui, sans-serif">\n<title>{title}</title>\n'
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{SURFACE}"/>\n' + "\n".join(out) + "\n</svg>\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
