//! What is wrong with an expression that does not follow the grammar, in cel-go's words.
//!
//! They come from the `cel` crate, whose parser is made by ANTLR from the same grammar as cel-go's and therefore names what it
//! expected in the same words.

use super::issue::Issues;

/// The longest expression of which ANTLR says what is wrong with it.
const LONGEST_TOLD: usize = 4000;

/// What ANTLR says of an expression that does not follow the grammar.
pub fn syntax_errors(text: &str) -> Issues {
    let mut issues = Issues::default();
    // The crate's parser recurses for every bracket, and is slow where much is ambiguous.
    let brackets = text.bytes().filter(|b| matches!(b, b'(' | b'[' | b'{' | b'?')).count();
    let signs = text.bytes().filter(|b| matches!(b, b'!' | b'-')).count();
    if brackets < 40
        && signs < 100
        && text.len() < LONGEST_TOLD
        && let Err(errors) = cel::parser::Parser::new().enable_optional_syntax(true).parse(text)
    {
        for e in errors.errors.iter().filter(|e| e.msg.starts_with("Syntax error: ")) {
            let (line, column) = e.pos;
            let at = (usize::try_from(line).unwrap_or(1), usize::try_from(column - 1).unwrap_or(0));
            issues.add(Some(at), reserved_word(&e.msg));
        }
    }
    if issues.is_empty() {
        issues.add(Some((1, 0)), "Syntax error: expression does not follow the grammar");
    }
    issues
}

/// A word that may not stand after a dot is told as before ANTLR found the words for it.
fn reserved_word(message: &str) -> String {
    for word in ["true", "false", "null"] {
        if let Some((head, tail)) = message.split_once(&format!("no viable alternative at input '.{word}'")) {
            return format!("{head}mismatched input '{word}' expecting IDENTIFIER{tail}");
        }
    }
    message.into()
}
