//! Field selectors: `metadata.name=web,status.phase!=Running`.
//! Real Kubernetes: apimachinery/pkg/fields/selector.go.

/// One term of a field selector.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldTerm {
    pub field: String,
    pub value: String,
    pub equal: bool,
}

/// Reads what `--field-selector` takes. A backslash takes its meaning from a comma, an equals sign or a backslash behind it.
pub fn parse_fields(text: &str) -> Result<Vec<FieldTerm>, String> {
    let mut terms = split_terms(text);
    terms.sort_unstable();
    let read = |term: &str| {
        let unknown = || format!("invalid selector: '{text}'; can't understand '{term}'");
        let (at, sign) = ["!=", "==", "="]
            .into_iter()
            .filter_map(|sign| Some((term.find(sign)?, sign)))
            .min_by_key(|(at, sign)| (*at, *sign == "="))
            .ok_or_else(unknown)?;
        let value = unescaped(&term[at + sign.len()..])?;
        Ok(FieldTerm { field: term[..at].into(), value, equal: sign != "!=" })
    };
    terms.into_iter().filter(|t| !t.is_empty()).map(read).collect()
}

fn split_terms(text: &str) -> Vec<&str> {
    let (mut out, mut start, mut escaped) = (vec![], 0, false);
    for (i, c) in text.char_indices() {
        if c == ',' && !escaped {
            out.push(&text[start..i]);
            start = i + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    out.push(&text[start..]);
    out
}

fn unescaped(value: &str) -> Result<String, String> {
    let sequence = |s: String| format!("invalid field selector: invalid escape sequence: {s}");
    let mut out = String::new();
    let mut rest = value.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                Some(c) => return Err(sequence(format!("\\{c}"))),
                None => return Err(sequence("\\".into())),
            },
            // Go shows the number of the letter.
            ',' | '=' => {
                return Err(format!("invalid field selector: unescaped character in value: {}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}
