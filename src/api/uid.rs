//! A UID as a number: maps by UID compare numbers, and need not look at a text elsewhere in memory for each step.

use std::fmt;

/// Names an object of all times. Kubernetes makes it a UUID, or for static pods an MD5 sum: 128 bits either way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Uid(u128);

impl Uid {
    /// Any other text, such as the name of a node in an Event about it, stands for itself by its hash.
    pub fn of(text: &str) -> Uid {
        let (mut number, mut digits) = (0u128, 0);
        for b in text.bytes() {
            let digit = match b {
                b'0'..=b'9' => b - b'0',
                b'a'..=b'f' => b - b'a' + 10,
                b'-' => continue,
                _ => return Uid(hash(text)),
            };
            number = number << 4 | u128::from(digit);
            digits += 1;
        }
        if digits == 32 { Uid(number) } else { Uid(hash(text)) }
    }
}

/// As Kubernetes writes it.
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0;
        let group = |from: u32, digits: u32| n >> from & ((1 << (4 * digits)) - 1);
        let (a, b, c, d, e) = (group(96, 8), group(80, 4), group(64, 4), group(48, 4), group(0, 12));
        write!(f, "{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}")
    }
}

/// FNV-1a.
fn hash(text: &str) -> u128 {
    let start = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    text.bytes().fold(start, |h, b| (h ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_its_number_and_other_texts_differ() {
        assert_eq!(Uid::of("00000000-0000-0000-0000-0000000000ff"), Uid(0xff));
        assert_eq!(Uid::of("ffffffff-ffff-ffff-ffff-ffffffffffff"), Uid(u128::MAX));
        let text = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        assert_eq!(Uid::of(text).to_string(), text);
        assert_ne!(Uid::of("node-1"), Uid::of("node-2"));
        assert_ne!(Uid::of("ff"), Uid::of("00000000-0000-0000-0000-0000000000ff"));
        assert_ne!(Uid::of(""), Uid::of("00000000-0000-0000-0000-000000000000"));
    }
}
