//! The text of a quantity, kept beside it.

use std::ops::Deref;

/// Enough for all but those with a long row of zeros before them.
const ROOM: usize = 27;

/// A short text that can be copied, or none.
#[derive(Clone, Copy, Debug)]
pub struct Spelling {
    length: u8,
    bytes: [u8; ROOM],
}

impl Spelling {
    pub const NONE: Spelling = Spelling { length: 0, bytes: [0; ROOM] };

    /// What is too long is not kept.
    pub fn new(text: &str) -> Spelling {
        let mut spelling = Spelling::NONE;
        if let (Some(room), Ok(length)) = (spelling.bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            room.copy_from_slice(text.as_bytes());
            spelling.length = length;
        }
        spelling
    }
}

impl Deref for Spelling {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(&self.bytes[..self.length.into()]).unwrap_or("")
    }
}
