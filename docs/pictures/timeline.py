#!/usr/bin/env python3
"""Draws a timeline that run --timeline wrote as an SVG: page walkers above, waiting and TLBs below.

    ./lookaside trace generate zipf --footprint 256M --count 30K --stores 0 --seed 7 -o zipf.lkt
    ./lookaside run zipf.lkt --machine skylake --map prefault --timing --overlap window \\
        --warmup 20K --max-refs 24 --timeline timeline.json --timeline-window 0:2K
    docs/pictures/timeline.py timeline.json docs/pictures/timeline.svg 0 560

Perfetto (https://ui.perfetto.dev) shows the same file, and lets one zoom.
"""
import html
import json
import sys

SURFACE, INK, MUTED, GRID = "#ffffff", "#1f2328", "#59636e", "#d8dee4"
# Places by how far away they are: one hue, light to dark.
PLACES = {"L1": "#cde2fb", "L2": "#9cc5f3", "last level": "#5a98e0", "DRAM": "#1c5cab", "memory": "#1c5cab"}
LOOKUP, WAIT, WALK = "#f2a65a", "#e8e8e8", "#eef1f4"
LEFT, TOP, WIDTH, ROW, GAP = 190, 64, 980, 26, 6


def text(x, y, words, size=13, fill=INK, anchor="start", weight="normal"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')


def place(event):
    served = event["args"].get("servedBy", "")
    return "DRAM" if served.startswith("DRAM") else served


def lanes(slices):
    """Puts slices that overlap into different rows."""
    ends, rows = [], []
    for begin, end, event in sorted(slices, key=lambda s: (s[0], s[1])):
        row = next((i for i, e in enumerate(ends) if e <= begin), len(ends))
        if row == len(ends):
            ends.append(0)
        ends[row] = end
        rows.append((row, begin, end, event))
    return rows, max(1, len(ends))


def main(source, target, first, last):
    with open(source, encoding="utf-8") as f:
        events = json.load(f)["traceEvents"]
    names = {e["tid"]: e["args"]["name"] for e in events if e["ph"] == "M"}
    walkers = sorted(t for t, n in names.items() if n.startswith("page walker"))
    begun, spans = {}, {}
    for e in events:
        if e["ph"] == "b":
            begun[e["id"]] = e
        elif e["ph"] == "e":
            spans.setdefault(e["name"], []).append((begun[e["id"]]["ts"], e["ts"], begun[e["id"]]))

    def x(cycle):
        return LEFT + (cycle - first) * WIDTH / (last - first)

    out, y = [], TOP

    def box(begin, end, at, fill, label, ink=INK, title="", stroke="none"):
        b, e = max(begin, first), min(end, last)
        if e <= b:
            return
        w = max(1.0, x(e) - x(b) - 1)
        out.append(f'<rect x="{x(b):.1f}" y="{at}" width="{w:.1f}" height="{ROW - 6}" rx="2" '
                   f'fill="{fill}" stroke="{stroke}"><title>{html.escape(title)}</title></rect>')
        if label and w > 7.2 * len(label) + 6:
            out.append(text(x(b) + w / 2, at + 14.5, label, 12, ink, "middle"))

    for tid in walkers:
        out.append(text(LEFT - 12, y + ROW + 4, names[tid], 13, INK, "end", "600"))
        for e in (e for e in events if e["ph"] == "X" and e["tid"] == tid):
            begin, end = e["ts"], e["ts"] + e["dur"]
            args = e["args"]
            if e["name"].startswith("walk"):
                note = f'for reference {args["reference"]}' + (
                    f', {args["cyclesInQueue"]} cycles in the queue' if args["cyclesInQueue"] else "")
                box(begin, end, y, WALK, note if (end - begin) * WIDTH / (last - first) > 7.2 * len(note)
                    else f'ref {args["reference"]}', MUTED, note)
            elif e["name"].startswith("read"):
                dark = place(e) in ("DRAM", "memory", "last level")
                box(begin, end, y + ROW - 3, PLACES[place(e)], e["name"].removeprefix("read "),
                    SURFACE if dark else INK, f'{e["name"]} at {args["address"]}, {args["servedBy"]}')
            else:
                box(begin, end, y + ROW - 3, LOOKUP, "", INK, f'{e["name"]}: {args["hit"]}')
        y += 2 * ROW + GAP
    for name, label in (("waits for a page walker", "walker queue"),
                        ("waits for the page, which is on its way", "page on its way"),
                        ("second-level look-up", "second-level TLB")):
        rows, count = lanes([s for s in spans.get(name, []) if s[1] > first and s[0] < last])
        if not rows:
            continue
        out.append(text(LEFT - 12, y + 14.5, label, 13, INK, "end", "600"))
        height = ROW - 6 if count <= 4 else 8
        for row, begin, end, e in rows:
            b, w = max(begin, first), max(2.0, x(min(end, last)) - x(max(begin, first)) - 1)
            fill = LOOKUP if name.endswith("look-up") else WAIT
            out.append(f'<rect x="{x(b):.1f}" y="{y + row * (height + 2)}" width="{w:.1f}" '
                       f'height="{height}" rx="2" fill="{fill}"><title>reference '
                       f'{e["args"]["reference"]}</title></rect>')
            if w > 60 and height > 12:
                out.append(text(x(b) + w / 2, y + row * (height + 2) + 14.5,
                                f'ref {e["args"]["reference"]}', 12, MUTED, "middle"))
        y += count * (height + 2) + GAP + 6

    height = y + 56
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 24} {height}" '
            f'font-family="system-ui, sans-serif" role="img" aria-label="Timeline of page walks">',
            f'<rect width="100%" height="100%" fill="{SURFACE}"/>']
    legend = LEFT
    for words, fill in (("TLB, structure caches", LOOKUP), ("entry served by L1", PLACES["L1"]),
                        ("L2", PLACES["L2"]), ("last level", PLACES["last level"]),
                        ("DRAM", PLACES["DRAM"]), ("waiting", WAIT)):
        head.append(f'<rect x="{legend}" y="18" width="14" height="14" rx="2" fill="{fill}"/>')
        head.append(text(legend + 20, 30, words, 13, MUTED))
        legend += 44 + 7.2 * len(words)
    step = next(s for s in (10, 20, 50, 100, 200, 500, 1000) if (last - first) / s <= 12)
    for cycle in range(first, last + 1, step):
        head.append(f'<line x1="{x(cycle):.1f}" y1="{TOP - 10}" x2="{x(cycle):.1f}" y2="{y}" '
                    f'stroke="{GRID}"/>')
        head.append(text(x(cycle), y + 18, str(cycle), 12, MUTED, "middle"))
    head.append(text(LEFT + WIDTH / 2, y + 42, "cycle", 13, MUTED, "middle"))
    with open(target, "w", encoding="utf-8") as f:
        f.write("\n".join(head + out + ["</svg>"]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
