//! The scripts. Each is played on both; what they observe must be the same, line by line.

use std::io::SeekFrom::{Current, End, Start};

use crate::script::Play;
use crate::stage::Stage;

scripts! {
    open_what_is_missing(p) {
        for letters in ["r", "w", "a", "rw", "wt"] {
            p.open("none", letters);
        }
        p.open("none/file", "wc");
    }
    create_what_exists(p) {
        p.file("f", "hello");
        p.open("f", "wn");
        p.open("f", "wc");
        p.show("f");
        p.open("f", "wct");
        p.show("f");
    }
    create_new_twice(p) {
        p.open("f", "wn");
        p.open("f", "wn");
    }
    options_that_contradict_each_other(p) {
        p.file("f", "hello");
        for letters in ["", "rc", "rt", "rn", "at", "c", "atn", "wtn", "ra", "wa"] {
            p.open("f", letters);
            p.open("g", letters);
            p.remove_file("g");
        }
        p.show("f");
    }
    a_directory_is_opened(p) {
        p.directory("d");
        p.open("d", "r");
        p.open("d", "w");
        p.open("d", "rw");
        p.open("d", "a");
        p.open("d", "wc");
        p.open("d", "wn");
        p.open("d/", "r");
    }
    a_directory_is_read_written_and_synced(p) {
        p.directory("d");
        let d = p.opened("d", "r");
        p.read(d);
        p.read_at(d, 0);
        p.write(d, "x");
        p.set_len(d, 0);
        p.sync(d);
        p.length(d);
    }
    write_to_a_read_only_handle(p) {
        p.file("f", "hello");
        let f = p.opened("f", "r");
        p.write(f, "x");
        p.write(f, "");
        p.write_at(f, "x", 2);
        p.set_len(f, 2);
        p.sync(f);
        p.read(f);
    }
    read_from_a_write_only_handle(p) {
        p.file("f", "hello");
        let f = p.opened("f", "w");
        p.read(f);
        p.read_up_to(f, 0);
        p.read_at(f, 0);
    }
    bytes_are_read_as_written(p) {
        let f = p.opened("f", "rwn");
        p.write(f, "hello");
        p.read(f);
        p.seek(f, Start(0));
        p.read_up_to(f, 2);
        p.read_up_to(f, 0);
        p.read(f);
        p.read(f);
    }
    one_cursor_a_handle(p) {
        p.file("f", "abcdef");
        let (one, two) = (p.opened("f", "rw"), p.opened("f", "r"));
        p.read_up_to(one, 3);
        p.read_up_to(two, 1);
        p.write(one, "X");
        p.read(two);
        p.read(one);
    }
    seek_past_the_end_and_write(p) {
        let f = p.opened("f", "rwn");
        p.write(f, "ab");
        p.seek(f, Start(6));
        p.read(f);
        p.length(f);
        p.write(f, "z");
        p.length(f);
        p.show("f");
    }
    seek_every_way(p) {
        p.file("f", "abcdef");
        let f = p.opened("f", "r");
        p.seek(f, End(-2));
        p.read(f);
        p.seek(f, Current(-3));
        p.read_up_to(f, 1);
        p.seek(f, Current(0));
        p.seek(f, End(3));
        p.seek(f, Current(-100));
        p.seek(f, End(-7));
        p.seek(f, Current(0));
        p.seek(f, Start(u64::MAX));
        p.seek(f, End(i64::MIN));
        p.seek(f, Current(i64::MIN));
    }
    append_wherever_the_cursor_is(p) {
        p.file("f", "abc");
        let f = p.opened("f", "ra");
        p.seek(f, Start(0));
        p.write(f, "d");
        p.seek(f, Current(0));
        p.write_at(f, "e", 0);
        p.seek(f, Current(0));
        p.show("f");
    }
    two_append(p) {
        let (one, two) = (p.opened("f", "ac"), p.opened("f", "ac"));
        p.write(one, "a");
        p.write(two, "b");
        p.write(one, "c");
        p.show("f");
    }
    append_after_it_was_cut_off(p) {
        p.file("f", "abcdef");
        let f = p.opened("f", "a");
        p.set_len(f, 2);
        p.write(f, "Z");
        p.show("f");
    }
    read_and_write_at_a_place(p) {
        p.file("f", "abcdef");
        let f = p.opened("f", "rw");
        p.read_up_to(f, 1);
        p.read_at(f, 3);
        p.write_at(f, "XY", 4);
        p.read(f);
        p.write_at(f, "!", 8);
        p.read_at(f, 0);
        p.read_at(f, 100);
    }
    places_that_no_file_has(p) {
        p.file("f", "abc");
        let f = p.opened("f", "rw");
        for at in [u64::MAX, 1 << 63, (1 << 63) - 1] {
            p.read_at(f, at);
            p.write_at(f, "x", at);
        }
        p.set_len(f, u64::MAX);
        p.set_len(f, 1 << 63);
        p.length(f);
    }
    truncate(p) {
        p.file("f", "abcdef");
        let f = p.opened("f", "rw");
        p.read_up_to(f, 4);
        p.set_len(f, 2);
        p.length(f);
        p.read(f);
        p.write(f, "x");
        p.show("f");
    }
    cut_off_bytes_do_not_come_back(p) {
        p.file("f", "abcdef");
        let f = p.opened("f", "rw");
        p.set_len(f, 2);
        p.set_len(f, 5);
        p.show("f");
    }
    opened_to_be_emptied_while_it_is_read(p) {
        p.file("f", "abcdef");
        let f = p.opened("f", "r");
        p.read_up_to(f, 2);
        p.open("f", "wt");
        p.read(f);
        p.length(f);
    }
    a_large_file_with_a_hole(p) {
        let f = p.opened("f", "rwn");
        p.write_at(f, "end", 100_000_000);
        p.length(f);
        p.read_at(f, 99_999_990);
        p.set_len(f, 100_000_001);
        p.read_at(f, 99_999_998);
    }
    a_write_across_sectors(p) {
        let f = p.opened("f", "rwn");
        p.write_at(f, "abcdefgh", 508);
        p.read_at(f, 506);
        p.write_at(f, "XY", 511);
        p.read_at(f, 508);
    }
    remove_an_open_file_and_go_on(p) {
        p.file("f", "hello");
        let f = p.opened("f", "rw");
        p.read_up_to(f, 1);
        p.remove_file("f");
        p.metadata("f");
        p.read(f);
        p.write(f, "!");
        p.sync(f);
        p.read_at(f, 0);
        p.length(f);
        p.file("f", "new");
        p.read_at(f, 0);
        p.show("f");
    }
    remove_what_is_missing(p) {
        p.remove_file("none");
        p.remove_file("none/none");
        p.remove_dir("none");
        p.remove_file("none/");
    }
    remove_the_wrong_kind(p) {
        p.file("f", "");
        p.directory("d");
        p.remove_file("d");
        p.remove_file("d/");
        p.remove_dir("f");
        p.remove_file("f/");
        p.remove_dir("f/");
        p.remove_dir("d/");
        p.remove_file("f");
        p.list("");
        p.list(".");
    }
    a_directory_that_is_not_empty(p) {
        p.directory("d");
        p.file("d/f", "x");
        p.remove_dir("d");
        p.remove_file("d/f");
        p.remove_dir("d");
        p.metadata("d");
    }
    directories_are_made_and_listed(p) {
        p.create_dir("d");
        p.create_dir("d/e");
        p.create_dir("d");
        p.create_dir("none/e");
        p.file("d/f", "x");
        p.create_dir("d/f");
        p.create_dir("d/f/g");
        p.create_dir("d/new/");
        p.list("d");
        p.list("d/");
        p.list("d/e");
        p.list("d/f");
        p.list("none");
    }
    rename_a_file(p) {
        p.file("a", "one");
        p.rename("a", "b");
        p.metadata("a");
        p.show("b");
        p.rename("a", "c");
        p.rename("b", "none/b");
        p.list(".");
    }
    rename_over(p) {
        p.file("a", "one");
        p.file("b", "two");
        let b = p.opened("b", "r");
        p.rename("a", "b");
        p.show("b");
        p.read(b);
        p.metadata("a");
        p.list(".");
    }
    rename_an_open_file(p) {
        p.file("a", "one");
        let a = p.opened("a", "rw");
        p.rename("a", "b");
        p.write(a, "two");
        p.show("b");
    }
    rename_to_itself(p) {
        p.file("a", "one");
        p.rename("a", "a");
        p.rename("a", "./a");
        p.show("a");
        p.directory("d");
        p.rename("d", "d");
        p.rename("d", "d/");
        p.list(".");
    }
    rename_the_wrong_kind(p) {
        p.file("f", "x");
        p.directory("d");
        p.directory("e");
        p.file("e/f", "y");
        p.rename("f", "d");
        p.rename("d", "f");
        p.rename("d", "e");
        p.rename("f", "g/");
        p.rename("f/", "g");
        p.rename("e", "d");
        p.list("d");
        p.list(".");
    }
    rename_a_directory(p) {
        p.directory("d");
        p.directory("d/e");
        p.file("d/e/f", "x");
        p.rename("d", "g/");
        p.show("g/e/f");
        p.metadata("d/e/f");
        p.rename("g", "g/e/h");
        p.rename("g/e/f", "g/e");
        p.rename("g/e", "g");
        p.show("g/e/../e/f");
        p.rename("g/e", "e");
        p.show("e/../e/f");
    }
    rename_what_cannot_be(p) {
        p.directory("d");
        p.file("f", "x");
        p.rename(".", "d/x");
        p.rename("d/.", "x");
        p.rename("d/..", "x");
        p.rename("f", "d/..");
        p.rename("f", "d/.");
        p.rename("f", "f/x");
        p.rename("d", "f/x");
    }
    paths_with_dots(p) {
        p.directory("d");
        p.directory("d/e");
        p.file("d/f", "x");
        p.show("d/../d/f");
        p.show("d/./f");
        p.show("./d//f");
        p.show("d/e/../f");
        p.show("none/../d/f");
        p.show("d/f/../f");
        p.metadata("d/e/..");
        p.metadata("d/.");
        p.metadata("d/f/.");
        p.metadata("d/f/");
        p.metadata("d//");
    }
    special_names_are_made_and_removed(p) {
        p.directory("d");
        p.create_dir(".");
        p.create_dir("d/.");
        p.create_dir("d/..");
        p.remove_dir(".");
        p.remove_dir("d/.");
        p.remove_dir("d/..");
        p.remove_file("d/.");
        p.remove_file("d/..");
        p.open("d/..", "wc");
        p.open("d/.", "wn");
    }
    names_that_nothing_has(p) {
        p.file("f", "x");
        let (long, longest) = ("n".repeat(256), "n".repeat(255));
        p.open("", "r");
        p.open("", "wc");
        p.create_dir("");
        p.rename("f", "");
        p.open(&longest, "wc");
        p.metadata(&longest);
        p.open(&long, "r");
        p.open(&long, "wc");
        p.create_dir(&long);
        p.rename("f", &long);
        p.metadata(&"d/".repeat(3000));
        p.open("f\0", "r");
        p.open("f/x", "r");
        p.open("f/x", "wc");
        p.open("f/", "r");
        p.open("new/", "wc");
        p.open("f/.", "r");
    }
    a_long_name_in_what_is_no_directory(p) {
        p.file("f", "x");
        p.metadata(&format!("f/{}", "n".repeat(300)));
        p.metadata(&format!("none/{}", "n".repeat(300)));
    }
    a_name_is_used_again(p) {
        p.file("f", "one");
        p.remove_file("f");
        p.create_dir("f");
        p.file("f/g", "two");
        p.show("f/g");
        p.remove_file("f/g");
        p.remove_dir("f");
        p.file("f", "three");
        p.show("f");
    }
    a_removed_directory_is_still_open(p) {
        p.directory("d");
        let d = p.opened("d", "r");
        p.remove_dir("d");
        p.sync(d);
        p.length(d);
        p.metadata("d");
    }
    the_end_of_a_file_moves(p) {
        p.file("f", "ab");
        let (reader, writer) = (p.opened("f", "r"), p.opened("f", "a"));
        p.read(reader);
        p.read(reader);
        p.write(writer, "cd");
        p.read(reader);
        p.close(writer);
        p.read(reader);
    }
    an_empty_write_changes_nothing(p) {
        let f = p.opened("f", "rwn");
        p.seek(f, Start(10));
        p.write(f, "");
        p.write_at(f, "", 20);
        p.length(f);
    }
}
