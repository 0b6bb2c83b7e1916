//! The frames of an attach stream without a terminal.

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 8;
/// The stream type of standard output.
const STDOUT: u8 = 1;

/// The header before `payload_bytes` bytes of output.
#[must_use]
pub const fn header(payload_bytes: u32) -> [u8; HEADER_BYTES] {
    let [a, b, c, d] = payload_bytes.to_be_bytes();
    [STDOUT, 0, 0, 0, a, b, c, d]
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_header_is_the_type_and_a_big_endian_length() {
        assert_eq!(super::header(258), [1, 0, 0, 0, 0, 0, 1, 2]);
    }
}
