#!/bin/sh
# Shows that the loom models can fail: applies each mutant in this folder to a copy of the crate, one at a time, and runs
# the models that must notice it. See README.md for the format.
#
#   run.sh            all mutants, a few minutes
#   run.sh --quick    five of them
#   run.sh NAME...    these
#
# Exit status 1 if a mutant survives, does not apply, or does not compile, or if a model fails without a mutant.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case "${CARGO_TARGET_DIR:-}" in
    '') target="$root/target/mutants" ;;
    /*) target="$CARGO_TARGET_DIR/mutants" ;;
    *) target="$PWD/$CARGO_TARGET_DIR/mutants" ;;
esac
scratch="$target/tree"
CARGO_TARGET_DIR="$target/build"
RUSTFLAGS="--cfg loom -A warnings"
RUST_BACKTRACE=0
# Built often and run briefly.
CARGO_PROFILE_RELEASE_DEBUG=false
export CARGO_TARGET_DIR RUSTFLAGS RUST_BACKTRACE CARGO_PROFILE_RELEASE_DEBUG

# A model that a mutant sends round in circles has noticed it too, but says so only by taking longer than this.
seconds_max=120
# All models together, without a mutant.
seconds_all_max=900

case "${1:-}" in
    '') names=$(cd "$here" && ls ./*.mutant | sed 's|^\./||; s|\.mutant$||') ;;
    --quick) names="wake-plain-load released-before-joiner-is-woken park-without-recheck push-fence-weak ring-tail-relaxed" ;;
    *) names="$*" ;;
esac

# A workspace with this one member, so that its `workspace = true` settings are found.
fresh_copy() {
    rm -rf "$scratch/executor"
    mkdir -p "$scratch"
    cp -R "$root/executor" "$scratch/executor"
    cp "$root/Cargo.lock" "$scratch/Cargo.lock"
    sed -e 's/^members = .*/members = ["executor"]/' -e '/^exclude = /d' "$root/Cargo.toml" >"$scratch/Cargo.toml"
}

# Replaces each text of mutant $1; fails unless it is there exactly once.
apply() {
    perl -e '
        my ($mutant, $tree) = @ARGV;
        open(my $in, "<", $mutant) or die "cannot read `$mutant`: $!\n";
        my ($file, $find, $replace, $part) = ("", "", "", "");
        while (my $line = <$in>) {
            if ($line =~ /^--- find in (\S+)$/) { ($file, $find, $replace, $part) = ($1, "", "", "find"); }
            elsif ($line eq "--- replace with\n") { $part = "replace"; }
            elsif ($line eq "--- end\n") {
                chomp($find, $replace);
                open(my $source, "<", "$tree/$file") or die "cannot read `$file`: $!\n";
                my $text = do { local $/; <$source> };
                my $found = () = $text =~ /\Q$find\E/g;
                die "its text is in `$file` $found times\n" unless $found == 1;
                $text =~ s/\Q$find\E/$replace/;
                open(my $out, ">", "$tree/$file") or die "cannot write `$file`: $!\n";
                print $out $text;
                $part = "";
            }
            elsif ($part eq "find") { $find .= $line; }
            elsif ($part eq "replace") { $replace .= $line; }
        }
    ' "$1" "$scratch/executor"
}

# Runs those models within $1 seconds that $2 says.
models() {
    (cd "$scratch" && timeout "$1" cargo test --quiet --release -p reveille-executor --test loom $2)
}

log="$target/log"
mkdir -p "$target"
fresh_copy
if ! models "$seconds_all_max" "" >"$log" 2>&1; then
    cat "$log"
    echo "a model fails without a mutant" >&2
    exit 1
fi

bad=0
printf '%-36s %-14s %s\n' mutant model result
for name in $names; do
    mutant="$here/$name.mutant"
    model=$(sed -n 's/^model: //p' "$mutant")
    fresh_copy
    if ! apply "$mutant" 2>"$log"; then
        result="does not apply: $(cat "$log")"
        bad=1
    elif ! models "$seconds_max" --no-run >"$log" 2>&1; then
        result="does not compile: $(grep -m 1 '^error' "$log")"
        bad=1
    elif models "$seconds_max" "$model" >"$log" 2>&1; then
        result="SURVIVED"
        bad=1
    else
        result="killed: $(sed -n '/panicked at/{n;p;}' "$log" | head -n 1 | cut -c 1-90)"
    fi
    printf '%-36s %-14s %s\n' "$name" "$model" "$result"
done
exit "$bad"
