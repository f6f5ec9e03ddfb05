#!/usr/bin/env bash
# Trains the default model on a GPU that is lent for half an hour, in commands of at most ten minutes.
# The README beside this says what to prepare and how to call it. Everything between the calls stays under WORK, on the
# machine; call again before it is taken away. Small results, and the model in parts, go to OUT. Paths count from here.
#   lease.sh first | more | last
set -euo pipefail
step=$1
cd "$(dirname "$0")"
export PYTHONUNBUFFERED=1 PYTHONPATH=$PWD
python=${PYTHON:-python3} work=${WORK:-/tmp/deblur-run} out=${OUT:?a folder for what comes back}
data=${DATA:-../.training-data} recipe=${RECIPE:-recipes/default.json} total=${TOTAL_MINUTES:-19}
for needed in "$data/train.npz" "$data/val.npz" "$recipe" ${INIT:+"$INIT"}; do
    [ -s "$needed" ] || { echo "lease.sh: $needed is not there (seen from $PWD)" >&2; exit 2; }
done
mkdir -p "$work" "$out"
deblur() { "$python" -m deblur_training "$@"; }
began=$SECONDS
left() { awk "BEGIN { m = $1 - ($SECONDS - $began) / 60; print (m > 0.2) ? m : 0.2 }"; }

train() { # minutes of this command
    local flags=() init=()
    [ -s "$work/flags" ] && read -r -a flags < "$work/flags"
    [ -n "${INIT:-}" ] && init=(--init "$INIT")
    deblur train --recipe "$recipe" --phase joint --photos "$data/train.npz" --val "$data/val.npz" \
        --val-pairs "${VAL_PAIRS:-32}" \
        --run "$work/joint" --total-minutes "$total" --minutes "$1" --device "${DEVICE:-auto}" "${flags[@]}" "${init[@]}"
    cp "$work/joint/joint.csv" "$out/"
}

model() { # checkpoint → model file in parts of 15 MiB
    deblur export "$1" "$work/$2" ${NAME:+--name "$NAME"}
    split -b 15M -d "$work/$2" "$out/$2."
}

case $step in
first)
    deblur bench --recipe "$recipe" --photos "$data/train.npz" --patches 256 --steps 5 --seconds 12 \
        --megapixels "${MEGAPIXELS:-1,2}" --variants "${VARIANTS:-plain,channels-last}" --flags "$work/flags" \
        --device "${DEVICE:-auto}" | tee "$out/bench.txt"
    train "$(left "${MINUTES:-8.5}")"
    model "$work/joint/last.pt" joint.safetensors
    ;;
more)
    train "$(left "${MINUTES:-9}")"
    model "$work/joint/last.pt" joint.safetensors
    ;;
last)
    train "$(left "${MINUTES:-4.5}")"
    deblur train --recipe "$recipe" --phase classifier --init "$work/joint/last.pt" --photos "$data/train.npz" \
        --run "$work/classifier" --fresh --total-minutes "${CLASSIFIER_MINUTES:-1.3}" --device "${DEVICE:-auto}"
    cp "$work/classifier/classifier.csv" "$out/"
    deblur export "$work/classifier/last.pt" "$work/plain.safetensors" ${NAME:+--name "$NAME"}
    deblur calibrate "$work/plain.safetensors" --photos "$data/train.npz" --pairs "${PAIRS:-480}" \
        --write "$work/default.safetensors" --json "$out/calibration.json" --device "${DEVICE:-auto}"
    split -b 15M -d "$work/default.safetensors" "$out/default.safetensors."
    deblur validate "$work/default.safetensors" --photos "$data/val.npz" --pairs "${VALIDATION_PAIRS:-64}" \
        --json "$out/validation.json" --sheet "$out/sheet.jpg" --device "${DEVICE:-auto}"
    ;;
*)
    echo "usage: lease.sh first|more|last" >&2
    exit 2
    ;;
esac
