//! YAML as kubectl reads and prints it: YAML 1.1 words for booleans, sorted keys, go-yaml's quoting.
//!
//! Real Kubernetes: `sigs.k8s.io/yaml`, which goes through JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use libyaml_safer::{Emitter, Encoding, ErrorKind, Event, EventData, MappingStyle, Parser, ScalarStyle, SequenceStyle};
use serde_json::{Map, Number, Value};

use super::Time;
use super::go_text::number;

/// How deep a document may nest; deeper input is refused instead of exhausting the stack.
const MAX_DEPTH: usize = 100;

/// What a repeated key in a mapping is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeated {
    /// kubectl takes the last one without a word.
    LastWins,
    /// In files of our own it is a mistake worth telling.
    Refused,
}

/// Reads all documents of a stream. The error is worded as go-yaml words it, with the line inside its document.
pub fn parse_all(text: &str) -> Result<Vec<Value>, String> {
    super::documents::chunks(text).map(|c| parse(&c?, Repeated::Refused)).filter_map(Result::transpose).collect()
}

/// Reads the first document of a text; what follows it is left alone, as go-yaml does.
///
/// The scanner panics at a few inputs, `[!tag,x]` above all, which libyaml takes. Such a text is read once more with its
/// tags set apart; if that is no help either, it is refused.
pub fn parse(text: &str, repeated: Repeated) -> Result<Option<Value>, String> {
    parse_with(text, repeated, Version::Old)
}

/// The same by the words of YAML 1.2, as kustomize reads: `yes` and `on` are texts, a date is a time.
pub fn parse_new(text: &str) -> Result<Option<Value>, String> {
    parse_with(text, Repeated::LastWins, Version::New)
}

/// Which of go-yaml's versions reads: the second knows YAML 1.1, the third 1.2.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Old,
    New,
}

impl Version {
    fn meaning(self, text: &str) -> Value {
        if self == Version::New { meaning(text) } else { resolve(text) }
    }
}

fn parse_with(text: &str, repeated: Repeated, version: Version) -> Result<Option<Value>, String> {
    let quietly = |text: &str| std::panic::catch_unwind(|| first_document(text, repeated, version)).ok();
    quietly(text)
        .or_else(|| quietly(&tags_apart(text)))
        .unwrap_or_else(|| Err("yaml: unknown problem parsing YAML content".into()))
}

/// Puts a space between a tag and the comma behind it, but not in quotes.
fn tags_apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let (mut in_tag, mut before, mut quote) = (false, ' ', None);
    for c in text.chars() {
        match quote {
            Some(q) if c == q && before != '\\' => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        if in_tag && c == ',' {
            out.push(' ');
        }
        let ends = c.is_whitespace() || "[]{},".contains(c);
        in_tag =
            !ends && quote.is_none() && (in_tag || (c == '!' && (before.is_whitespace() || "[{,:".contains(before))));
        out.push(c);
        before = c;
    }
    out
}

fn first_document(text: &str, repeated: Repeated, version: Version) -> Result<Option<Value>, String> {
    let mut bytes = text.as_bytes();
    let mut parser = Parser::new();
    parser.set_input(&mut bytes);
    let mut reader = Reader { parser, anchors: vec![], repeated, version, nodes: 0, repeated_nodes: 0 };
    loop {
        match reader.next()?.data {
            EventData::StreamEnd => return Ok(None),
            EventData::DocumentStart { .. } => {
                let first = reader.next()?;
                let document = reader.node(first.data, 0)?;
                // What follows must be its end.
                reader.next()?;
                return Ok(Some(document));
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<&'a mut &'a [u8]>,
    anchors: Vec<Anchor>,
    repeated: Repeated,
    version: Version,
    /// Nodes so far, those that aliases repeat among them.
    nodes: usize,
    repeated_nodes: usize,
}

/// A value that aliases may repeat, and of how many nodes it is made.
struct Anchor {
    name: String,
    value: Value,
    nodes: usize,
}

/// How much of a document may be repetition: nearly all of a small one, a tenth of one of millions of nodes. Otherwise
/// a few lines could fill the memory. Real Kubernetes: goyaml.v2 decode.go allowedAliasRatio.
fn allowed_repetition(nodes: usize) -> f64 {
    let (small, large) = (400_000.0, 4_000_000.0);
    0.99 - 0.89 * ((nodes as f64 - small) / (large - small)).clamp(0.0, 1.0)
}

/// go-yaml numbers lines from 0 and shows the number as it is where the parser gave up, one more where the scanner
/// did; 0 is not shown at all. The third version shows where it was in rather, if that is known.
/// Real Kubernetes: goyaml.v2 and v3 decode.go fail.
fn worded(e: &libyaml_safer::Error, version: Version) -> String {
    let line = |mark: Option<libyaml_safer::Mark>| mark.map_or(0, |m| m.line);
    let context = if version == Version::New { line(e.context_mark()) } else { 0 };
    let line = match if context > 0 { context } else { line(e.problem_mark()) } {
        0 => return format!("yaml: {}", e.problem()),
        line if e.kind() == ErrorKind::Scanner => line + 1,
        line => line,
    };
    format!("yaml: line {line}: {}", e.problem())
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Event, String> {
        self.parser.parse().map_err(|e| worded(&e, self.version))
    }

    fn node(&mut self, event: EventData, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err("yaml: exceeded max depth of 100".into());
        }
        let before = self.nodes;
        self.nodes += 1;
        let (anchor, value) = match event {
            EventData::Scalar { anchor, tag, value, style, .. } => {
                let value = match tag.as_deref().unwrap_or("") {
                    "" if style == ScalarStyle::Plain => self.version.meaning(&value),
                    tag => tagged(tag, value, self.version)?,
                };
                (anchor, value)
            }
            EventData::SequenceStart { anchor, .. } => {
                let mut items = vec![];
                loop {
                    match self.next()?.data {
                        EventData::SequenceEnd => break,
                        e => items.push(self.node(e, depth + 1)?),
                    }
                }
                (anchor, Value::Array(items))
            }
            EventData::MappingStart { anchor, .. } => (anchor, Value::Object(self.mapping(depth)?)),
            EventData::Alias { anchor } => {
                let Some(found) = self.anchors.iter().rev().find(|a| a.name == anchor) else {
                    return Err(format!("yaml: unknown anchor '{anchor}' referenced"));
                };
                self.nodes += found.nodes;
                self.repeated_nodes += found.nodes;
                let share = self.repeated_nodes as f64 / self.nodes as f64;
                if self.repeated_nodes > 100 && self.nodes > 1000 && share > allowed_repetition(self.nodes) {
                    return Err("yaml: document contains excessive aliasing".into());
                }
                return Ok(found.value.clone());
            }
            _ => (None, Value::Null),
        };
        if let Some(name) = anchor {
            self.anchors.push(Anchor { name, value: value.clone(), nodes: self.nodes - before });
        }
        Ok(value)
    }

    fn mapping(&mut self, depth: usize) -> Result<Map<String, Value>, String> {
        let mut map = Map::new();
        let mut merges = vec![];
        loop {
            let event = self.next()?;
            let line = event.start_mark.line + 1;
            let key = match event.data {
                EventData::MappingEnd => break,
                e => self.node(e, depth + 1)?,
            };
            let key = match key {
                Value::String(s) => s,
                Value::Null => "null".into(),
                Value::Bool(b) => b.to_string(),
                Value::Number(n) => n.to_string(),
                Value::Array(_) | Value::Object(_) => return Err(format!("yaml: invalid map key: {key}")),
            };
            let first = self.next()?;
            let value = self.node(first.data, depth + 1)?;
            if key == "<<" {
                merges.push(value);
            } else if self.repeated == Repeated::Refused && map.contains_key(&key) {
                return Err(format!("yaml: unmarshal errors:\n  line {line}: key {key:?} already set in map"));
            } else {
                map.insert(key, value);
            }
        }
        for m in merges {
            let sources = match m {
                Value::Array(a) => a,
                one => vec![one],
            };
            for (k, v) in
                sources.into_iter().filter_map(|s| if let Value::Object(o) = s { Some(o) } else { None }).flatten()
            {
                map.entry(k).or_insert(v);
            }
        }
        Ok(map)
    }
}

/// A scalar that says what it is. Real Kubernetes: goyaml.v2 resolve.go.
fn tagged(tag: &str, text: String, version: Version) -> Result<Value, String> {
    let Some(tag) = tag.strip_prefix("tag:yaml.org,2002:") else { return Ok(Value::String(text)) };
    if tag == "binary" {
        let bytes = STANDARD.decode(&text).map_err(|_| "yaml: !!binary value contains invalid base64 data")?;
        return Ok(Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    }
    if !["int", "float", "bool", "null"].contains(&tag) {
        return Ok(Value::String(text));
    }
    let value = version.meaning(&text);
    let is = match &value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(n) if n.is_f64() => "float",
        Value::Number(_) => "int",
        _ => "str",
    };
    match (tag, is) {
        ("float", "int") => Ok(value),
        _ if tag == is => Ok(value),
        _ => Err(format!("yaml: cannot decode !!{is} `{text}` as a !!{tag}")),
    }
}

/// What a plain scalar means in YAML 1.2 as go-yaml's third version reads it. Real Kubernetes: go.yaml.in/yaml/v3 resolve.go.
pub fn meaning(s: &str) -> Value {
    if ["y", "yes", "n", "no", "on", "off"].contains(&s.to_ascii_lowercase().as_str()) {
        return Value::String(s.into());
    }
    if let Ok(whole) = s.replace('_', "").parse::<u64>()
        && s.starts_with(|c: char| c.is_ascii_digit() && c != '0')
    {
        return whole.into();
    }
    let date = s
        .get(..10)
        .filter(|d| d.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (b == b'-' && (i == 4 || i == 7))));
    match date.filter(|_| s.as_bytes().get(4) == Some(&b'-')) {
        Some(date) if s.len() == 10 => match Time::parse(&format!("{date}T00:00:00Z")) {
            Some(_) => Value::String(format!("{date}T00:00:00Z")),
            None => Value::String(s.into()),
        },
        _ => resolve(s),
    }
}

/// What a plain scalar means in YAML 1.1 as go-yaml reads it.
fn resolve(s: &str) -> Value {
    match s {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    if !s.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return Value::String(s.into());
    }
    let plain = s.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(d) => (true, d),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let radix = |prefix: &str, radix: u32| digits.strip_prefix(prefix).and_then(|d| i64::from_str_radix(d, radix).ok());
    let octal = || {
        (digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| i64::from_str_radix(&digits[1..], 8).ok())
            .flatten()
    };
    let other = radix("0x", 16).or_else(|| radix("0b", 2)).or_else(|| radix("0o", 8)).or_else(octal);
    if let Some(i) = other {
        return Value::from(if negative { -i } else { i });
    }
    let first_zero = digits.len() > 1 && digits.starts_with('0');
    if !first_zero
        && digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(i) = plain.parse::<i64>()
    {
        return Value::from(i);
    }
    let float_like = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.bytes().any(|b| b.is_ascii_digit())
        && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if float_like
        && let Ok(f) = plain.parse::<f64>()
        && f.is_finite()
    {
        // It becomes JSON on its way, where Go writes no point.
        if f.fract() == 0.0 && f.abs() < 1e15 {
            return Value::from(f as i64);
        }
        return Number::from_f64(f).map_or_else(|| Value::String(s.into()), Value::Number);
    }
    Value::String(s.into())
}

/// Prints a value as kubectl's `-o yaml` does.
pub fn print(v: &Value) -> String {
    let mut out: Vec<u8> = vec![];
    {
        let mut e = Emitter::new();
        e.set_output(&mut out);
        e.set_unicode(true);
        // sigs.k8s.io/yaml folds at the first blank after column 80; a literal block stays as it is.
        e.set_width(80);
        e.set_indent(2);
        let mut events = vec![Event::stream_start(Encoding::Utf8), Event::document_start(None, &[], true)];
        emit(v, &mut events);
        events.push(Event::document_end(true));
        events.push(Event::stream_end());
        for event in events {
            if e.emit(event).is_err() {
                break;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn emit(v: &Value, out: &mut Vec<Event>) {
    match v {
        Value::Null => out.push(Event::scalar(None, None, "null", true, true, ScalarStyle::Plain)),
        Value::Bool(b) => {
            out.push(Event::scalar(None, None, if *b { "true" } else { "false" }, true, true, ScalarStyle::Plain))
        }
        Value::Number(n) => {
            let text = if n.is_f64() { number(n) } else { n.to_string() };
            out.push(Event::scalar(None, None, &text, true, true, ScalarStyle::Plain));
        }
        Value::String(s) => {
            let style = if s.contains('\n') {
                ScalarStyle::Literal
            } else if matches!(resolve(s), Value::String(_)) && !looks_like_base60(s) && !looks_like_time(s) {
                ScalarStyle::Plain
            } else {
                ScalarStyle::DoubleQuoted
            };
            out.push(Event::scalar(None, None, s, true, true, style));
        }
        Value::Array(a) => {
            let style = if a.is_empty() { SequenceStyle::Flow } else { SequenceStyle::Block };
            out.push(Event::sequence_start(None, None, true, style));
            for x in a {
                emit(x, out);
            }
            out.push(Event::sequence_end());
        }
        Value::Object(m) => {
            let style = if m.is_empty() { MappingStyle::Flow } else { MappingStyle::Block };
            out.push(Event::mapping_start(None, None, true, style));
            let mut keys: Vec<&String> = m.keys().collect();
            keys.sort_by(|a, b| natural(a, b));
            for k in keys {
                emit(&Value::String(k.clone()), out);
                emit(&m[k], out);
            }
            out.push(Event::mapping_end());
        }
    }
}

/// go-yaml orders map keys naturally: letters before digits differ, numbers by value.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    use std::cmp::Ordering;
    let (ar, br): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut digits = false;
    let mut i = 0;
    while i < ar.len() && i < br.len() {
        if ar[i] == br[i] {
            digits = ar[i].is_ascii_digit();
            i += 1;
            continue;
        }
        let (al, bl) = (ar[i].is_alphabetic(), br[i].is_alphabetic());
        if al && bl {
            return ar[i].cmp(&br[i]);
        }
        if al || bl {
            return match (digits, al) {
                (true, true) => Ordering::Less,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Greater,
                (false, false) => Ordering::Less,
            };
        }
        let number = |r: &[char]| {
            let s: String = r[i..].iter().take_while(|c| c.is_ascii_digit()).collect();
            (s.len(), s.parse::<u128>().unwrap_or(0))
        };
        let ((alen, an), (blen, bn)) = (number(&ar), number(&br));
        if alen > 0 && blen > 0 {
            if an != bn {
                return an.cmp(&bn);
            }
            if alen != blen {
                return alen.cmp(&blen);
            }
        }
        return ar[i].cmp(&br[i]);
    }
    ar.len().cmp(&br.len())
}

/// `1:30` was a number in YAML 1.1, so it is quoted.
fn looks_like_base60(s: &str) -> bool {
    let rest = s.strip_prefix(['-', '+']).unwrap_or(s);
    let mut parts = rest.split(':');
    let first = parts.next().unwrap_or("");
    let more: Vec<&str> = parts.collect();
    !more.is_empty()
        && !first.is_empty()
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_')
        && more.iter().enumerate().all(|(i, p)| {
            let p = if i + 1 == more.len() { p.split('.').next().unwrap_or(p) } else { p };
            matches!(p.len(), 1 | 2)
                && p.bytes().all(|b| b.is_ascii_digit())
                && (p.len() == 1 || p.as_bytes()[0] < b'6')
        })
}

/// A timestamp would be read back as one, so it is quoted.
fn looks_like_time(s: &str) -> bool {
    let b = s.as_bytes();
    b.len() >= 8
        && b[..4].iter().all(u8::is_ascii_digit)
        && b[4] == b'-'
        && s.split(['-', 'T', 't', ' ', ':', '.', 'Z', '+']).all(|p| p.bytes().all(|c| c.is_ascii_digit()))
        && s.matches('-').count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn yaml_1_1_words_mean_what_they_mean_in_a_cluster() {
        let v = parse_all(
            "a: yes\nb: off\nc: 017\nd: 1_000\ne: \"yes\"\nf: 1.5\ng: ~\nh: 0x1F\ni: 1e3\nj: 1.2.3\nk: nginx:1.25\n",
        )
        .unwrap();
        assert_eq!(
            v[0],
            json!({"a": true, "b": false, "c": 15, "d": 1000, "e": "yes", "f": 1.5, "g": null, "h": 31, "i": 1000, "j": "1.2.3", "k": "nginx:1.25"})
        );
    }

    #[test]
    fn documents_anchors_and_merges() {
        let v = parse_all("a: &x {p: 1}\nb: *x\nc:\n  <<: *x\n  q: 2\n---\n- 1\n").unwrap();
        assert_eq!(v, vec![json!({"a": {"p": 1}, "b": {"p": 1}, "c": {"p": 1, "q": 2}}), json!([1])]);
    }

    #[test]
    fn a_few_lines_cannot_fill_the_memory() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_string();
        for i in 1..12 {
            bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
        }
        assert_eq!(parse_all(&bomb).unwrap_err(), "yaml: document contains excessive aliasing");
        let honest = format!("a: &x {{p: 1}}\nb: [{}]\n", vec!["*x"; 300].join(", "));
        assert_eq!(parse_all(&honest).map(|v| v[0]["b"].as_array().map(Vec::len)), Ok(Some(300)));
    }

    #[test]
    fn long_texts_are_folded_as_in_a_cluster() {
        let text = "recent recommendations were higher than current one, applying the highest recent recommendation";
        assert_eq!(
            print(&json!({"status": {"conditions": [{"message": text}]}})),
            "status:\n  conditions:\n  - message: recent recommendations were higher than current one, applying the highest\n      recent recommendation\n"
        );
    }

    #[test]
    fn strings_that_look_like_something_else_are_quoted() {
        let v = json!({"a": "true", "b": "1", "c": "x: y", "d": "", "e": [], "f": {}, "g": "2026-01-01T00:00:00Z", "h": "l1\nl2\n", "i": "a", "z": null});
        assert_eq!(
            print(&v),
            "a: \"true\"\nb: \"1\"\nc: 'x: y'\nd: \"\"\ne: []\nf: {}\ng: \"2026-01-01T00:00:00Z\"\nh: |\n  l1\n  l2\ni: a\nz: null\n"
        );
    }

    /// Each line as kubectl v1.36.3 words it, recorded from the real one.
    #[test]
    fn broken_yaml_is_told_with_the_line_that_kubectl_tells() {
        for (bad, want) in [
            ("order: [", "line 1: did not find expected node content"),
            ("a: {\n", "line 1: did not find expected node content"),
            ("a: {b\n", "line 1: did not find expected ',' or '}'"),
            ("a: {b: 1,, c}\n", "did not find expected node content"),
            ("a: 1\nb: [1,\n c: {\n", "line 3: did not find expected node content"),
            ("x: 1\na: [1\nb: 2\n", "line 2: did not find expected ',' or ']'"),
            ("a: 1\nb: {x: 1\n\n\nc: 3\n", "line 4: did not find expected ',' or '}'"),
            ("a:\n  - b\n c\n", "line 2: did not find expected key"),
            ("a: |\n  x\n y\n", "line 2: did not find expected key"),
            ("a: 1\n- b\n", "line 1: did not find expected key"),
            ("a: 'x\n\n\n", "line 4: found unexpected end of stream"),
            ("a: 1\nb: \"unclosed\nc: 2\n", "line 4: found unexpected end of stream"),
            ("key: \"unterminated\nb: 1", "line 3: found unexpected end of stream"),
            ("a: 1\nb\nc: 2\n", "line 3: could not find expected ':'"),
            ("x:\n- y\n-z\n", "line 4: could not find expected ':'"),
            ("x: 1\nb: @c", "line 2: found character that cannot start any token"),
            ("a: x\n@: 1\n", "line 2: found character that cannot start any token"),
            ("a: b: c\n", "mapping values are not allowed in this context"),
            ("a: x\nb: 1\n  c: 2\n", "line 3: mapping values are not allowed in this context"),
            ("\ta: 1\n", "found character that cannot start any token"),
            ("a: `x`\n", "found character that cannot start any token"),
            ("a: \"\\q\"\n", "found unknown escape character"),
            ("%YAML 1.3\n---\na: 1\n", "found incompatible YAML document"),
            ("a: *x\n", "unknown anchor 'x' referenced"),
            ("a: 1\n--- b\nc: 1\n", "invalid Yaml document separator: b"),
        ] {
            let e = parse_all(bad).expect_err(bad);
            assert_eq!(e.strip_prefix("yaml: ").unwrap_or(&e), want, "{bad:?}");
        }
    }

    #[test]
    fn a_tag_before_a_comma_is_read_and_what_the_scanner_cannot_bear_is_refused() {
        assert_eq!(parse_all("[!x,b, 'c !d,e']"), Ok(vec![json!(["", "b", "c !d,e"])]));
        assert_eq!(parse_all("\"\"{!,"), Ok(vec![json!("")]), "only the first document counts");
    }

    #[test]
    fn the_last_of_repeated_keys_wins_unless_they_are_refused() {
        assert_eq!(parse("a: 1\na: 2\n", Repeated::LastWins), Ok(Some(json!({"a": 2}))));
        let e = parse("a: 1\na: 2\n", Repeated::Refused).unwrap_err();
        assert_eq!(e, "yaml: unmarshal errors:\n  line 2: key \"a\" already set in map");
    }

    proptest::proptest! {
        #[test]
        fn any_text_parses_or_is_refused_without_panic(s in "[a-c:{}\\[\\]\\-\\n #'\"&*|>!%@,?]{0,40}") {
            let _ = parse_all(&s);
        }

        #[test]
        fn what_is_printed_reads_back_the_same(s in "[ -~\\n]{0,30}", n in -1000i64..1000) {
            let v = json!({"k": s, "n": n, "l": [s, {"m": s}]});
            proptest::prop_assert_eq!(parse_all(&print(&v)).map_err(proptest::test_runner::TestCaseError::fail)?, vec![v]);
        }
    }
}
