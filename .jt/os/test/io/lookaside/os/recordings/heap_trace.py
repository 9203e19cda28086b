#!/usr/bin/env python3
"""Writes a random trace for heap.c: heap_trace.py SEED CALLS PROFILE, with PROFILE small, mixed or large."""
import random
import sys

seed, calls, profile = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rng = random.Random(seed)
live = []
next_id = 1


def size():
    draw = rng.random()
    if profile == "small" or draw < 0.6:
        return rng.choice([1, 8, 24, 25, 40, 72, 100, 120, 121, 200, 500, 1000, 1032, 1033])
    if profile == "mixed" or draw < 0.9:
        return rng.randrange(1000, 40000)
    return rng.choice([131000, 131048, 131049, 131072, 135168, 200000, 300000, 1000000, 4000000])


for _ in range(calls):
    draw = rng.random()
    if draw < 0.45 or not live:
        print(f"m {next_id} {size()}")
        live.append(next_id)
        next_id += 1
    elif draw < 0.52:
        print(f"c {next_id} {rng.randrange(1, 9)} {max(1, size() // 4)}")
        live.append(next_id)
        next_id += 1
    elif draw < 0.62:
        print(f"r {rng.choice(live)} {size()}")
    else:
        print(f"f {live.pop(rng.randrange(len(live)))}")
