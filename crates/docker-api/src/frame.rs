//! The frames of an attach or log stream without a terminal.

/// Bytes of a frame's header.
const HEADER_BYTES: usize = 8;
/// The stream type of standard output.
const STDOUT: u8 = 1;
/// The first version of the API that calls frames by their own media type.
const FIRST_MULTIPLEXED: u32 = 42;

/// Returns the header for `payload_bytes` bytes of output. It could announce 4 GiB, but lines of logs are
/// much shorter.
fn header(payload_bytes: usize) -> [u8; HEADER_BYTES] {
    let payload_bytes = u32::try_from(payload_bytes).unwrap_or(u32::MAX);
    let [a, b, c, d] = payload_bytes.to_be_bytes();
    [STDOUT, 0, 0, 0, a, b, c, d]
}

/// Returns a line of output, or a piece of one, as a frame with `time` in front. On a terminal there is no
/// frame, and the line end that Kubernetes has trimmed becomes a terminal's line end again.
#[must_use]
pub fn framed(time: &str, line: &[u8], tty: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES + time.len() + line.len());
    if !tty {
        out.extend(header(time.len() + line.len()));
    }
    out.extend(time.as_bytes());
    match line.strip_suffix(b"\n") {
        Some(text) if tty && !text.ends_with(b"\r") => {
            out.extend(text);
            out.extend(b"\r\n");
        }
        _ => out.extend(line),
    }
    out
}

/// Docker's media type of a stream without types and lengths: the stream of a terminal, and any stream for
/// old clients.
const RAW: &str = "application/vnd.docker.raw-stream";
/// Docker's media type of a stream of frames.
const MULTIPLEXED: &str = "application/vnd.docker.multiplexed-stream";

/// Returns Docker's media type of a stream for a client that speaks `1.minor`, or gives no version. A
/// terminal's stream has no frames.
#[must_use]
pub fn media_type(minor: Option<u32>, tty: bool) -> &'static str {
    match minor {
        _ if tty => RAW,
        Some(minor) if minor < FIRST_MULTIPLEXED => RAW,
        _ => MULTIPLEXED,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_header_is_the_type_and_a_big_endian_length() {
        assert_eq!(super::header(258), [1, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(super::header(usize::MAX), [1, 0, 0, 0, 255, 255, 255, 255]);
    }

    #[test]
    fn a_terminals_lines_have_its_ends_and_no_header() {
        assert_eq!(super::framed("t ", b"a\n", false), b"\x01\0\0\0\0\0\0\x04t a\n");
        for line in [&b"a\n"[..], b"a\r\n"] {
            assert_eq!(super::framed("", line, true), b"a\r\n");
        }
        assert_eq!(super::framed("", b"> ", true), b"> ");
    }

    #[test]
    fn old_clients_know_frames_as_a_raw_stream_and_a_terminal_has_none() {
        for (minor, tty, word) in [
            (None, false, "multiplexed"),
            (Some(42), false, "multiplexed"),
            (Some(41), false, "raw"),
            (Some(47), true, "raw"),
        ] {
            assert_eq!(
                super::media_type(minor, tty),
                format!("application/vnd.docker.{word}-stream")
            );
        }
    }
}
