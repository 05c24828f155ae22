#!/usr/bin/env perl
# Applies a planted bug to a tree: `apply.pl MUTANT TREE`. README.md says what a mutant looks like.
#
# Each text that is to be found must be in its file exactly once, or nothing is said to have been applied.
use strict;
use warnings;

my ($mutant, $tree) = @ARGV;
open(my $in, "<", $mutant) or die "cannot read `$mutant`: $!\n";
my ($file, $find, $replace, $part) = ("", "", "", "");
while (my $line = <$in>) {
    if ($line =~ /^--- find in (\S+)$/) { ($file, $find, $replace, $part) = ($1, "", "", "find"); }
    elsif ($line eq "--- replace with\n") { $part = "replace"; }
    elsif ($line eq "--- end\n") { put_in(); $part = ""; }
    elsif ($part eq "find") { $find .= $line; }
    elsif ($part eq "replace") { $replace .= $line; }
}

sub put_in {
    chomp($find, $replace);
    open(my $source, "<", "$tree/$file") or die "cannot read `$file`: $!\n";
    my $text = do { local $/; <$source> };
    my $found = () = $text =~ /\Q$find\E/g;
    die "its text is in `$file` $found times\n" unless $found == 1;
    $text =~ s/\Q$find\E/$replace/;
    open(my $out, ">", "$tree/$file") or die "cannot write `$file`: $!\n";
    print $out $text;
}
