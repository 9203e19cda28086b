# What the scripts of this folder share; they source it. LOOKASIDE names another launcher than the project's.
# shellcheck shell=bash
home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
lookaside=${LOOKASIDE:-$home/lookaside}

# A number of a JSON file, the first under that key: number FILE KEY.
number() { sed -n "s/^.*\"$2\" : \([0-9]*\),\{0,1\}$/\1/p" "$1" | head -n 1; }

# The median of the numbers in a file, the lower of the middle two; nothing of an empty one.
median() { sort -g "$1" | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'; }

# A / B with three decimals, or - where one is missing.
ratio() { awk -v a="${1:--}" -v b="${2:--}" 'BEGIN { if (a == "-" || b == "-") print "-"; else printf "%.3f\n", a / b }'; }

# The sample sort, repeated, as flat64: real_trace REFERENCES FILE. 4,433,133 references are one copy.
real_trace() {
  local copies=$(($1 / 4433133 + 1)) i
  for ((i = 0; i < copies; i++)); do
    cat "$home/traces/samples/sort.lackey.xz"
  done > "$2.lackey.xz"
  "$lookaside" trace convert -q "$2.lackey.xz" --max-refs "$1" --to flat64 -o "$2"
  rm "$2.lackey.xz"
}

# Makes flat64 of a stream: make_stream NAME REFERENCES FILE.
make_stream() {
  case $1 in
    sequential) "$lookaside" trace generate -q sequential --footprint 64M --count "$2" -o "$3" ;;
    uniform) "$lookaside" trace generate -q uniform --footprint 1G --count "$2" -o "$3" ;;
    zipf) "$lookaside" trace generate -q zipf --footprint 1G --exponent 0.99 --count "$2" -o "$3" ;;
    real) real_trace "$2" "$3" ;;
    *) echo "no stream '$1': sequential, uniform, zipf or real" >&2 && return 2 ;;
  esac
}
