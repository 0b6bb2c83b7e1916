use bytes::Bytes;

use super::*;

fn line(second: i64, text: &'static str) -> LogLine {
    LogLine {
        time: Timestamp::from_second(second).unwrap(),
        text: Bytes::from_static(text.as_bytes()),
    }
}

fn cursor(tail: Option<usize>) -> Cursor {
    Cursor::new(&LogRequest {
        tail,
        ..LogRequest::default()
    })
}

/// Returns the text that a client gets from one read.
fn read<const N: usize>(cursor: &mut Cursor, lines: [LogLine; N]) -> String {
    cursor.rewind();
    let passed = lines.into_iter().filter_map(|line| cursor.pass(line));
    let texts = passed.map(|line| String::from_utf8(line.text.into()).unwrap());
    texts.collect()
}

#[test]
fn a_resumed_log_neither_repeats_nor_loses_lines_of_one_instant() {
    let mut cursor = cursor(None);
    let first = [line(1, "a\n"), line(2, "b\n"), line(2, "c\n")];
    assert_eq!(read(&mut cursor, first), "a\nb\nc\n");
    let second = [line(2, "b\n"), line(2, "c\n"), line(2, "d\n"), line(3, "e\n")];
    assert_eq!(read(&mut cursor, second), "d\ne\n");
}

#[test]
fn a_long_line_is_resumed_where_it_was_cut_off() {
    let mut cursor = cursor(None);
    assert_eq!(
        read(&mut cursor, [line(1, "a\n"), line(2, "bb"), line(2, "b")]),
        "a\nbbb"
    );
    // The kubelet begins with the beginning of the line. The ends of its pieces are random.
    assert_eq!(cursor.place(), (Some(line(2, "").time), None));
    assert_eq!(read(&mut cursor, [line(2, "bbbbc")]), "bc");
    assert_eq!(
        read(&mut cursor, [line(2, "bb"), line(2, "bbcd\n"), line(3, "e\n")]),
        "d\ne\n"
    );
}

#[test]
fn the_rest_of_an_older_line_at_the_beginning_of_a_resumed_log_is_not_new() {
    let mut cursor = cursor(Some(1));
    assert_eq!(read(&mut cursor, [line(3, "the end\n")]), "the end\n");
    cursor.counted();
    // The line's beginning is older than the whole second at which the kubelet resumes, so that there is no
    // time for it.
    let rest = line(0, "its middle and the end\n");
    assert_eq!(read(&mut cursor, [rest, line(4, "next\n")]), "next\n");
}

#[test]
fn a_line_whose_beginning_has_not_been_read_goes_on_with_what_comes_next() {
    let mut cursor = cursor(Some(2));
    assert_eq!(cursor.place(), (None, Some(2)));
    assert_eq!(read(&mut cursor, [line(5, "bb")]), "bb");
    cursor.counted();
    assert_eq!(cursor.place(), (None, Some(0)));
    assert_eq!(read(&mut cursor, [line(7, "b\n"), line(8, "c\n")]), "b\nc\n");
    assert_eq!(cursor.place(), (Some(line(8, "").time), None));
}

#[test]
fn who_wants_nothing_of_what_is_there_begins_after_it() {
    let mut cursor = cursor(Some(0));
    assert_eq!(cursor.place(), (None, Some(1)));
    assert_eq!(read(&mut cursor, [line(1, "a\n")]), "");
    cursor.counted();
    assert_eq!(read(&mut cursor, [line(1, "a\n"), line(1, "b\n")]), "b\n");
}

#[test]
fn an_empty_log_that_was_counted_is_read_from_its_first_line() {
    let mut cursor = cursor(Some(0));
    assert_eq!(read(&mut cursor, []), "");
    cursor.counted();
    assert_eq!(cursor.place(), (None, None));
    assert_eq!(read(&mut cursor, [line(1, "a\n")]), "a\n");
}

#[test]
fn a_count_that_was_cut_off_goes_on_after_what_was_read() {
    let mut cursor = cursor(Some(9));
    assert_eq!(read(&mut cursor, [line(1, "a\n")]), "a\n");
    assert_eq!(cursor.place(), (Some(line(1, "").time), None));
    assert_eq!(read(&mut cursor, [line(1, "a\n"), line(2, "b\n")]), "b\n");
}

/// A runtime takes the times of standard output and error before it puts the lines in order.
#[test]
fn a_line_that_is_older_than_the_one_before_it_is_read_once() {
    let mut cursor = cursor(None);
    let lines = || [line(2, "b\n"), line(1, "a\n")];
    assert_eq!(read(&mut cursor, lines()), "b\na\n");
    assert_eq!(read(&mut cursor, lines()), "");
}

#[test]
fn nothing_is_read_that_is_older_than_the_client_says() {
    let mut cursor = Cursor::new(&LogRequest {
        since: Some(line(2, "").time),
        ..LogRequest::default()
    });
    let lines = [line(0, "rest\n"), line(1, "a\n"), line(2, "b\n"), line(3, "c\n")];
    assert_eq!(read(&mut cursor, lines), "b\nc\n");
}
