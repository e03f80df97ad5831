//! A digest: what names containers and images, 256 bits shown as 64 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

/// As large as a SHA-256 sum, and as unlikely to meet another; but made without cryptography, as nobody here forges one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Digest([u64; 4]);

impl Digest {
    pub fn of(text: &str) -> Digest {
        Digest(std::array::from_fn(|part| {
            // FNV-1a, each part from another start, and mixed once more: its high bits are weak.
            let mut h: u64 = 0xcbf2_9ce4_8422_2325 ^ (part as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            for b in text.bytes() {
                h = (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3);
            }
            h ^= h >> 29;
            h.wrapping_mul(0xbf58_476d_1ce4_e5b9)
        }))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(NotADigest);
        }
        let mut parts = [0; 4];
        for (i, part) in parts.iter_mut().enumerate() {
            let digits = text.get(16 * i..16 * (i + 1)).ok_or(NotADigest)?;
            *part = u64::from_str_radix(digits, 16).map_err(|_| NotADigest)?;
        }
        Ok(Digest(parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        for text in ["", "a", "b", "a longer text"] {
            let digest = Digest::of(text);
            assert_eq!(digest.to_string().len(), 64);
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
        assert_ne!(Digest::of("a"), Digest::of("b"));
        for wrong in ["", "ab", &"g".repeat(64), &"A".repeat(64), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong}");
        }
    }
}
