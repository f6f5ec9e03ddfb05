#!/usr/bin/env bash
# A tiny model from nothing in about a minute on one CPU core: pictures, training, classifier, exits, model file.
# usage: smoke.sh OUT.safetensors [SECONDS of training, 40]   PYTHON names the interpreter.
set -euo pipefail
out=$(realpath -m "$1")
minutes=$(awk "BEGIN { print ${2:-40} / 60 }")
cd "$(dirname "$0")"
python=${PYTHON:-.venv/bin/python}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train() { "$python" -m deblur_training "$@" --threads "${THREADS:-1}"; }
"$python" -m deblur_training pack --drawn 24 --texts 8 --out "$work/pictures.npz"
train train --recipe recipes/smoke.json --phase joint --photos "$work/pictures.npz" --run "$work/joint" \
    --total-minutes "$minutes" --device cpu
train train --recipe recipes/smoke.json --phase classifier --init "$work/joint/last.pt" --photos "$work/pictures.npz" \
    --run "$work/classifier" --total-minutes 0.1 --device cpu
"$python" -m deblur_training export "$work/classifier/last.pt" "$work/smoke.safetensors"
train calibrate "$work/smoke.safetensors" --photos "$work/pictures.npz" --pairs 24 --size 160 --write "$out" --device cpu
train validate "$out" --photos "$work/pictures.npz" --pairs 8 --size 160 --device cpu
