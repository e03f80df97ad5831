//! PEM: bytes as text, between lines that say what they are.
//!
//! Real Kubernetes reads it with Go's `encoding/pem`; [`blocks`] finds what that finds.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Go does not mind what the unused bits of the last letter are, but wants the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// `CERTIFICATE`, as the line at the begin says it.
    pub label: String,
    pub has_headers: bool,
    pub bytes: Vec<u8>,
}

/// All that is well formed; text around the blocks is no matter.
pub fn blocks(text: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(text);
    let mut out = vec![];
    // The label of the block that is open, and its lines so far.
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in text.lines().map(str::trim_end) {
        if let Some(label) = line.strip_prefix("-----BEGIN ") {
            open = label.strip_suffix("-----").map(|label| (label, vec![]));
        } else if let Some(end) = line.strip_prefix("-----END ") {
            let closed = open.take().filter(|(label, _)| end.strip_suffix("-----") == Some(*label));
            out.extend(closed.and_then(|(label, lines)| block(label, &lines)));
        } else if let Some((_, lines)) = &mut open {
            lines.push(line);
        }
    }
    out
}

fn block(label: &str, lines: &[&str]) -> Option<Block> {
    let headers = lines.iter().take_while(|l| l.contains(':')).count();
    let base64: String = lines[headers..].concat().chars().filter(|c| !matches!(c, ' ' | '\t')).collect();
    let bytes = BASE64.decode(base64).ok()?;
    Some(Block { label: label.into(), has_headers: headers > 0, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_among_other_text() {
        let text = "hello\n-----BEGIN A B-----\nYWJj\r\n ZGVm \n-----END A B-----\n-----BEGIN C-----\nx: y\n\nYQ==\n-----END C-----\n";
        let found = blocks(text.as_bytes());
        assert_eq!(
            found,
            [
                Block { label: "A B".into(), has_headers: false, bytes: b"abcdef".to_vec() },
                Block { label: "C".into(), has_headers: true, bytes: b"a".to_vec() },
            ]
        );
    }

    #[test]
    fn what_is_not_well_formed_is_passed_over() {
        for text in [
            "",
            "YWJj",
            "-----BEGIN A-----\nYWJj\n",
            "-----BEGIN A-----\nYWJj\n-----END B-----\n",
            "-----BEGIN A-----\nYW!j\n-----END A-----\n",
            "x-----BEGIN A-----\nYWJj\n-----END A-----\n",
            "-----BEGIN A\nYWJj\n-----END A-----\n",
        ] {
            assert_eq!(blocks(text.as_bytes()), [], "{text}");
        }
    }
}
