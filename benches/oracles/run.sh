#!/bin/sh
# Prints what the oracles that are on by default cost, in polls per second: this tree, beside a copy of it from which without.txt
# has taken them out. Rounds of the two take turns, so what else the machine does meets both; medians are compared.
#
#     run.sh              nine rounds, some two minutes when it is built
#     run.sh ROUNDS       so many rounds
#     run.sh --check      sees only whether they can be taken out of this tree, and builds nothing
#
# Exit status 1 if a line of without.txt is not found exactly once, or the copy does not compile.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
case "${CARGO_TARGET_DIR:-}" in
    '') target="$root/target/oracles" ;;
    /*) target="$CARGO_TARGET_DIR/oracles" ;;
    *) target="$PWD/$CARGO_TARGET_DIR/oracles" ;;
esac
rounds=${1:-9}

# Copies the tree to $1, as a workspace of what is needed.
copy() {
    rm -rf "$1"
    mkdir -p "$1/benches"
    cp -R "$root/executor" "$root/reactor-sim" "$root/sim" "$root/Cargo.lock" "$1/"
    cp -R "$here" "$1/benches/oracles"
    sed -e 's/^members = .*/members = ["executor", "reactor-sim", "sim", "sim\/interpose", "sim\/macros"]/' \
        "$root/Cargo.toml" >"$1/Cargo.toml"
}

take_out() {
    perl -e '
        my ($path, $tree) = @ARGV;
        local $/ = "";
        open(my $in, "<", $path) or die "cannot read `$path`: $!\n";
        while (my $rule = <$in>) {
            next if $rule =~ /^#/;
            my ($name, $file, $find, $replace) = $rule =~ /^(\S+) in (\S+)\n- (.*)\n\+ ?(.*)\n/ or die "not a rule: $rule";
            local $/;
            open(my $source, "<", "$tree/$file") or die "cannot read `$file`: $!\n";
            my $text = <$source>;
            my $count = () = $text =~ /\Q$find\E/g;
            $count == 1 or die "`$name`: found $count times, and not once: $find\n";
            $text =~ s/\Q$find\E/$replace/;
            open(my $out, ">", "$tree/$file") or die "cannot write `$file`: $!\n";
            print $out $text;
        }
    ' "$here/without.txt" "$1"
}

copy "$target/with"
copy "$target/without"
take_out "$target/without"
[ "$rounds" = --check ] && exit 0
for tree in with without; do
    (cd "$target/$tree/benches/oracles" &&
        RUSTFLAGS="-A warnings" CARGO_TARGET_DIR="$target/build-$tree" cargo build --release --quiet)
done

: >"$target/rates"
round=1
while [ "$round" -le "$rounds" ]; do
    for tree in with without; do
        "$target/build-$tree/release/reveille-oracles-bench" 500 | sed "s/^/$tree /" >>"$target/rates"
    done
    round=$((round + 1))
done

perl -e '
    my %rates;
    while (<>) { my ($tree, $name, $rate) = split; push @{$rates{$name}{$tree}}, $rate; }
    sub median { my @all = sort { $a <=> $b } @_; return $all[@all / 2]; }
    printf "%-8s %16s %16s %10s\n", "program", "with (polls/s)", "without", "cost";
    for my $name (qw(yields sleeps joins echoes short)) {
        my ($with, $without) = map { median(@{$rates{$name}{$_}}) } qw(with without);
        printf "%-8s %16.0f %16.0f %9.1f%%\n", $name, $with, $without, 100 * (1 - $with / $without);
    }
' "$target/rates"
