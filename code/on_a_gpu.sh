#!/bin/sh
# For the minutes in which a GPU is at hand: declared runs that two cores cannot pay for, those that are worth most first.
#
#   KERAS_BACKEND=jax sh code/on_a_gpu.sh MINUTES cifar10.npz vgg16.npz
#
# vgg16.npz holds ImageNet's weights. Needs Keras with JAX or PyTorch on the GPU, as docs/running.md says. A run that ends is
# stored; one that the clock cuts off is made by the next call. The searches come first, and what they choose is written into
# presets.toml: commit it with the runs. PYTHON names the interpreter, JOBS how many runs share the GPU (4), and STEPS a file with
# other steps than those below.
set -eu

[ $# -eq 3 ] || { echo "usage: sh code/on_a_gpu.sh MINUTES cifar10.npz vgg16.npz" >&2; exit 2; }
case "$1" in '' | *[!0-9]* | 0*) echo "MINUTES: expected a whole number of at least 1, not '$1'" >&2; exit 2 ;; esac
for file in "$2" "$3"; do
    [ -e "$file" ] || { echo "$file: no such file" >&2; exit 2; }
done
minutes=$1 data=$2 weights=$3
root=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
presets=$root/code/transferstudy/plan/presets.toml
end=$(($(date +%s) + 60 * minutes))
export XLA_PYTHON_CLIENT_PREALLOCATE=false # several runs share the GPU's memory

# A step a line: "+" starts from the weights file, "-" at random, then the options of `run`; "chosen" writes what a search chose.
steps() {
    [ -z "${STEPS:-}" ] || { cat "$STEPS"; return; }
    cat <<'END'
+ --preset search --only n_labels=5000 --only strategy=finetune_all,finetune_block3
- --preset search-momentum --only n_labels=5000 --only strategy=scratch_bn
chosen
+ --preset near --only n_labels=50000,20000 --only strategy=finetune_all,finetune_block5
- --preset near --only n_labels=50000,20000 --only strategy=scratch_bn,small_scratch
+ --preset gpu-equal --only strategy=finetune_all,finetune_block5
- --preset gpu-equal --only strategy=scratch_bn,small_scratch
+ --preset gpu-sides --only n_labels=5000,20000,50000
+ --preset search --only n_labels=100,500 --only strategy=finetune_all,finetune_block3
chosen
+ --preset gpu-sides
- --preset gpu-long
END
}

steps | while read -r kind options; do
    left=$((end - $(date +%s)))
    [ "$left" -gt 0 ] || { echo "The time is over."; break; }
    if [ "$kind" = chosen ]; then
        "$python" -m transferstudy tuned --preset search --table second --new >>"$presets"
        "$python" -m transferstudy tuned --preset search-momentum --table second --new >>"$presets"
        continue
    fi
    [ "$kind" = + ] && set -- --weights "$weights" || set --
    echo "$left s left: run $options"
    # shellcheck disable=SC2086 # the options of a step are several words
    timeout -s INT "$left" "$python" -m transferstudy run --progress lines --jobs "${JOBS:-4}" --data "$data" "$@" $options ||
        echo "stopped with status $?: run $options"
done
