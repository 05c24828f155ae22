#!/bin/sh
# Shows that the parity scripts, and the model of the disk, can fail: breaks one rule of the simulated kernel, or of the simulated
# disk, at a time, in a copy, and expects a script or the model to notice. rules.txt holds the rules: a name, the file, what
# is there, and what is put in its place.
#
#   run.sh            all rules, about two minutes
#   run.sh NAME...    these
#
# Exit status 1 if a broken rule goes unnoticed, its text is not found exactly once, or it does not compile.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target="${CARGO_TARGET_DIR:-$root/target}/parity-mutants"
tree="$target/tree"
CARGO_TARGET_DIR="$target/build"
RUSTFLAGS="-A warnings"
RUST_BACKTRACE=0
export CARGO_TARGET_DIR RUSTFLAGS RUST_BACKTRACE

copy() {
    rm -rf "$tree/reactor-sim"
    mkdir -p "$tree"
    cp -R "$root/executor" "$root/reactor-sim" "$root/Cargo.lock" "$tree/"
    # The model drives itself here: what it is part of takes long to build.
    mkdir -p "$tree/reactor-sim/tests/model"
    cp -R "$root/properties/src/models/bytes.rs" "$root/properties/src/models/disk" "$tree/reactor-sim/tests/model/"
    cp "$here/disk_model.rs" "$tree/reactor-sim/tests/"
    sed -e 's/^members = .*/members = ["executor", "reactor-sim"]/' -e '/^exclude = /d' "$root/Cargo.toml" >"$tree/Cargo.toml"
}

# Prints the names of rules.txt, or applies the rule called $1.
rules() {
    perl -e '
        my ($path, $tree, $wanted) = @ARGV;
        local $/ = "";
        open(my $in, "<", $path) or die "cannot read `$path`: $!\n";
        while (my $rule = <$in>) {
            next if $rule =~ /^#/;
            my ($name, $file, $find, $replace) = $rule =~ /^(\S+) in (\S+)\n- (.*)\n\+ ?(.*)\n/ or die "not a rule: $rule";
            if (!defined $wanted) { print "$name\n"; next; }
            next if $name ne $wanted;
            local $/;
            open(my $source, "<", "$tree/$file") or die "cannot read `$file`: $!\n";
            my $text = <$source>;
            my $found = () = $text =~ /\Q$find\E/g;
            die "`$find` is in `$file` $found times\n" unless $found == 1;
            $text =~ s/\Q$find\E/$replace/;
            open(my $out, ">", "$tree/$file") or die "cannot write `$file`: $!\n";
            print $out $text;
            exit 0;
        }
        exit(defined $wanted ? 1 : 0);
    ' "$here/rules.txt" "$tree/reactor-sim" "$@"
}

[ $# -gt 0 ] || set -- $(rules)
failed=0
copy
if ! (cd "$tree" && cargo test -q --offline -p reveille-reactor --test parity --test files_parity --test disk_model >"$target/log" 2>&1); then
    echo "nothing is broken, and something is noticed: see $target/log"
    exit 1
fi
for name in "$@"; do
    copy
    rules "$name" || { echo "$name: does not apply"; failed=1; continue; }
    case $(sed -n "s/^$name in //p" "$here/rules.txt") in
    src/disk/*) tests="--test files_parity --test disk_model" ;;
    *) tests="--test parity" ;;
    esac
    if ! (cd "$tree" && cargo test -q --offline -p reveille-reactor $tests --no-run >"$target/log" 2>&1); then
        echo "$name: does not compile, see $target/log"
        failed=1
    # Without a limit of its own a window takes all the memory there is.
    elif (cd "$tree" && ulimit -v 4000000 && cargo test -q --offline --no-fail-fast -p reveille-reactor $tests >"$target/log" 2>&1); then
        echo "$name: NOT NOTICED"
        failed=1
    else
        scripts=$(grep -c '^recorded:' "$target/log" || true)
        model=$(grep -c "^thread 'the_model" "$target/log" || true)
        echo "$name: noticed ($scripts scripts, $model tests of the model)"
    fi
done
exit $failed
