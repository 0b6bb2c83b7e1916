//! The frames of an attach or log stream without a terminal.

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 8;
/// The stream type of standard output.
const STDOUT: u8 = 1;
/// The first version of the API that calls frames by their own media type.
const FIRST_MULTIPLEXED: u32 = 42;

/// The header before `payload_bytes` bytes of output.
///
/// # Panics
/// Beyond 4 GiB, which no line of a Pod's log has: the kubelet cuts them at 16 KiB.
#[must_use]
pub fn header(payload_bytes: usize) -> [u8; HEADER_BYTES] {
    let payload_bytes = u32::try_from(payload_bytes).expect("a line is shorter than 4 GiB");
    let [a, b, c, d] = payload_bytes.to_be_bytes();
    [STDOUT, 0, 0, 0, a, b, c, d]
}

/// What Docker calls a stream of frames to a client that speaks `1.minor`, or none in particular.
#[must_use]
pub fn media_type(minor: Option<u32>) -> &'static str {
    match minor {
        Some(minor) if minor < FIRST_MULTIPLEXED => "application/vnd.docker.raw-stream",
        _ => "application/vnd.docker.multiplexed-stream",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_header_is_the_type_and_a_big_endian_length() {
        assert_eq!(super::header(258), [1, 0, 0, 0, 0, 0, 1, 2]);
    }

    #[test]
    fn old_clients_know_frames_as_a_raw_stream() {
        for (minor, word) in [
            (None, "multiplexed"),
            (Some(42), "multiplexed"),
            (Some(41), "raw"),
        ] {
            assert_eq!(
                super::media_type(minor),
                format!("application/vnd.docker.{word}-stream")
            );
        }
    }
}
