#!/bin/sh
# Shows that the parity scripts can fail: breaks one rule of the simulated kernel at a time, in a copy, and expects a script
# to notice. rules.txt holds the rules: a name, the file, what is there, and what is put in its place.
#
#   run.sh            all rules, about a minute
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
for name in "$@"; do
    copy
    rules "$name" || { echo "$name: does not apply"; failed=1; continue; }
    if ! (cd "$tree" && cargo test -q --offline -p reveille-reactor --test parity --no-run >"$target/log" 2>&1); then
        echo "$name: does not compile, see $target/log"
        failed=1
    elif (cd "$tree" && cargo test -q --offline -p reveille-reactor --test parity >"$target/log" 2>&1); then
        echo "$name: NOT NOTICED"
        failed=1
    else
        scripts=$(grep -c '^recorded:' "$target/log" || true)
        echo "$name: noticed ($([ "$scripts" -gt 0 ] && echo "$scripts scripts" || echo "by a panic"))"
    fi
done
exit $failed
