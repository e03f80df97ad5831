//! kubectl's dialect of JSONPath: text outside braces, `range`/`end`, filters, unions, recursive descent.
//! Real Kubernetes: k8s.io/client-go/util/jsonpath.

use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text(String),
    Path(Vec<Step>),
    Range { path: Vec<Step>, body: Vec<Node> },
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Wildcard,
    Recursive(String),
    Slice { from: Option<i64>, to: Option<i64>, step: Option<i64> },
    Index(i64),
    Union(Vec<Vec<Step>>),
    Filter { left: Operand, op: String, right: Option<Operand> },
    Root,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Path(Vec<Step>),
    Literal(Value),
}

/// A template that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    nodes: Vec<Node>,
    text: String,
}

struct Parser<'a> {
    rest: &'a str,
}

impl Template {
    pub fn parse(text: &str) -> Result<Template, String> {
        let mut p = Parser { rest: text };
        let nodes = p.nodes(false)?;
        Ok(Template { nodes, text: text.into() })
    }

    /// The path of `-o custom-columns` and `--sort-by`: braces and the leading dot may be left out.
    pub fn relaxed(text: &str) -> Result<Template, String> {
        let inner = text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).unwrap_or(text);
        let inner =
            if inner.starts_with(['.', '[']) || inner.is_empty() { inner.to_string() } else { format!(".{inner}") };
        Template::parse(&format!("{{{inner}}}"))
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Fills the template in. `strict`: a missing key is an error.
    pub fn print(&self, v: &Value, strict: bool) -> Result<String, String> {
        let mut out = String::new();
        print_nodes(&self.nodes, v, v, strict, &mut out)?;
        Ok(out)
    }

    /// The values that the paths find.
    pub fn find<'v>(&self, v: &'v Value) -> Vec<&'v Value> {
        let mut out = vec![];
        for n in &self.nodes {
            if let Node::Path(p) = n {
                out.extend(walk(p, vec![v], v, false).unwrap_or_default());
            }
        }
        out
    }
}

fn print_nodes(nodes: &[Node], v: &Value, root: &Value, strict: bool, out: &mut String) -> Result<(), String> {
    for n in nodes {
        match n {
            Node::Text(t) => out.push_str(t),
            Node::Path(p) => {
                let found = walk(p, vec![v], root, strict)?;
                let texts: Vec<String> = found.into_iter().map(show).collect();
                out.push_str(&texts.join(" "));
            }
            Node::Range { path, body } => {
                for item in walk(path, vec![v], root, strict)? {
                    print_nodes(body, item, root, strict, out)?;
                }
            }
        }
    }
    Ok(())
}

/// A value as kubectl prints it: strings bare, the rest as JSON. (What is not there at all is not shown.)
pub fn show(v: &Value) -> String {
    match v {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

fn walk<'v>(path: &[Step], start: Vec<&'v Value>, root: &'v Value, strict: bool) -> Result<Vec<&'v Value>, String> {
    let mut now = start;
    for step in path {
        let mut next = vec![];
        if let Step::Union(parts) = step {
            for p in parts {
                next.extend(walk(p, now.clone(), root, strict)?);
            }
            now = next;
            continue;
        }
        for v in now {
            match step {
                Step::Root => next.push(root),
                Step::Field(name) => match v {
                    Value::Object(m) => match m.get(name) {
                        Some(x) => next.push(x),
                        None if strict => return Err(format!("{name} is not found")),
                        None => {}
                    },
                    Value::Array(_) | Value::Null => {}
                    _ if strict => return Err(format!("{name} is not found")),
                    _ => {}
                },
                Step::Wildcard => match v {
                    Value::Object(m) => next.extend(m.values()),
                    Value::Array(a) => next.extend(a),
                    _ => {}
                },
                Step::Recursive(name) => descend(v, name, &mut next),
                Step::Index(i) => {
                    if let Value::Array(a) = v {
                        let len = i64::try_from(a.len()).unwrap_or(0);
                        let at = if *i < 0 { len + i } else { *i };
                        match usize::try_from(at).ok().and_then(|at| a.get(at)) {
                            Some(x) => next.push(x),
                            None => return Err(format!("array index out of bounds: index {i}, length {len}")),
                        }
                    }
                }
                Step::Slice { from, to, step } => {
                    if let Value::Array(a) = v {
                        let len = i64::try_from(a.len()).unwrap_or(0);
                        let fix = |n: i64| (if n < 0 { len + n } else { n }).clamp(0, len);
                        let (from, to) = (fix(from.unwrap_or(0)), fix(to.unwrap_or(len)));
                        let by = usize::try_from(step.unwrap_or(1).max(1)).unwrap_or(1);
                        let range = usize::try_from(from).unwrap_or(0)..usize::try_from(to.max(from)).unwrap_or(0);
                        next.extend(a[range].iter().step_by(by));
                    }
                }
                // Every part is looked up in all values before the next part.
                Step::Union(_) => {}
                Step::Filter { left, op, right } => {
                    if let Value::Array(a) = v {
                        next.extend(a.iter().filter(|x| holds(left, op, right.as_ref(), x, root)));
                    }
                }
            }
        }
        now = next;
    }
    Ok(now)
}

fn descend<'v>(v: &'v Value, name: &str, out: &mut Vec<&'v Value>) {
    match v {
        Value::Object(m) => {
            if let Some(x) = m.get(name) {
                out.push(x);
            }
            m.values().for_each(|x| descend(x, name, out));
        }
        Value::Array(a) => a.iter().for_each(|x| descend(x, name, out)),
        _ => {}
    }
}

fn operand<'v>(o: &'v Operand, v: &'v Value, root: &'v Value) -> Option<&'v Value> {
    match o {
        Operand::Literal(l) => Some(l),
        Operand::Path(p) => walk(p, vec![v], root, false).ok()?.first().copied(),
    }
}

fn holds(left: &Operand, op: &str, right: Option<&Operand>, v: &Value, root: &Value) -> bool {
    let l = operand(left, v, root);
    let Some(right) = right else { return l.is_some() };
    let (Some(l), Some(r)) = (l, operand(right, v, root)) else { return false };
    let order = match (l, r) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        _ => Some(show(l).cmp(&show(r))),
    };
    use std::cmp::Ordering::{Equal, Greater, Less};
    match op {
        "==" | "=" => order == Some(Equal),
        "!=" => order != Some(Equal),
        "<" => order == Some(Less),
        ">" => order == Some(Greater),
        "<=" => matches!(order, Some(Less | Equal)),
        ">=" => matches!(order, Some(Greater | Equal)),
        _ => false,
    }
}

impl Parser<'_> {
    fn nodes(&mut self, in_range: bool) -> Result<Vec<Node>, String> {
        let mut out = vec![];
        while !self.rest.is_empty() {
            let Some(i) = self.rest.find('{') else {
                out.push(Node::Text(std::mem::take(&mut self.rest).into()));
                break;
            };
            if i > 0 {
                out.push(Node::Text(self.rest[..i].into()));
            }
            self.rest = &self.rest[i + 1..];
            let action = self.action()?;
            let action = action.trim();
            if action == "end" {
                if in_range {
                    return Ok(out);
                }
                return Err("not in range, nothing to end".into());
            }
            if let Some(path) = action.strip_prefix("range") {
                let path = steps(path.trim())?;
                let body = self.nodes(true)?;
                out.push(Node::Range { path, body });
            } else if let Some(q) = action.chars().next().filter(|c| *c == '"' || *c == '\'') {
                let inner = action[1..].strip_suffix(q).ok_or("unterminated quoted string")?;
                out.push(Node::Text(unescape(inner)));
            } else {
                for part in split_paths(action) {
                    out.push(Node::Path(steps(&part)?));
                }
            }
        }
        if in_range {
            return Err("unterminated range, missing end".into());
        }
        Ok(out)
    }

    /// The text up to the closing brace; quotes and brackets may hold braces.
    fn action(&mut self) -> Result<String, String> {
        let mut quote: Option<char> = None;
        let mut escaped = false;
        for (i, c) in self.rest.char_indices() {
            match (quote, c) {
                _ if escaped => escaped = false,
                (_, '\\') => escaped = true,
                (Some(q), c) if c == q => quote = None,
                (None, '"' | '\'') => quote = Some(c),
                (None, '}') => {
                    let action = self.rest[..i].to_string();
                    self.rest = &self.rest[i + 1..];
                    return Ok(action);
                }
                _ => {}
            }
        }
        Err("unclosed action".into())
    }
}

/// Several paths may stand in one action, with blanks between.
fn split_paths(action: &str) -> Vec<String> {
    let mut out = vec![];
    let (mut depth, mut quote, mut word) = (0, None, String::new());
    for c in action.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') => depth -= 1,
            (None, c) if c.is_whitespace() && depth == 0 => {
                if !word.is_empty() {
                    out.push(std::mem::take(&mut word));
                }
                continue;
            }
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        out.push(word);
    }
    out
}

fn unescape(s: &str) -> String {
    s.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\")
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    let mut out = vec![];
    let mut rest = path;
    if let Some(r) = rest.strip_prefix('$') {
        out.push(Step::Root);
        rest = r;
    } else if let Some(r) = rest.strip_prefix('@') {
        rest = r;
    }
    while !rest.is_empty() {
        if let Some(r) = rest.strip_prefix("..") {
            let (name, r) = field(r);
            out.push(if name == "*" { Step::Wildcard } else { Step::Recursive(name) });
            rest = r;
        } else if let Some(r) = rest.strip_prefix('.') {
            let (name, r) = field(r);
            if name == "*" {
                out.push(Step::Wildcard);
            } else if !name.is_empty() {
                out.push(Step::Field(name));
            }
            rest = r;
        } else if rest.starts_with('[') {
            let end = closing(rest).ok_or("unterminated array")?;
            out.push(bracket(&rest[1..end])?);
            rest = &rest[end + 1..];
        } else {
            let c = rest.chars().next().unwrap_or(' ');
            if out.is_empty() && (c.is_alphanumeric() || c == '_') {
                return Err(format!("unrecognized identifier {rest}"));
            }
            return Err(format!("unrecognized character in action: {c:?}"));
        }
    }
    Ok(out)
}

/// A field's name up to the next dot or bracket; `\.` is a dot in the name.
fn field(s: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = s.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match c {
            '\\' => {
                if let Some((_, n)) = chars.next() {
                    name.push(n);
                }
            }
            '.' | '[' => return (name, &s[i..]),
            c => name.push(c),
        }
    }
    (name, "")
}

fn closing(s: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (i, c) in s.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

fn bracket(inner: &str) -> Result<Step, String> {
    let inner = inner.trim();
    if inner == "*" {
        return Ok(Step::Wildcard);
    }
    if let Some(f) = inner.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        return filter(f);
    }
    if let Some(q) = inner.chars().next().filter(|c| *c == '\'' || *c == '"') {
        let names: Vec<Vec<Step>> =
            inner.split(',').map(|p| p.trim().trim_matches(q)).map(|p| named(p, inner.contains(','))).collect();
        return Ok(match names.as_slice() {
            [one] => one.first().cloned().unwrap_or(Step::Field(String::new())),
            _ => Step::Union(names),
        });
    }
    let number = |s: &str| -> Result<Option<i64>, String> {
        let s = s.trim();
        if s.is_empty() { Ok(None) } else { s.parse().map(Some).map_err(|_| format!("invalid array index {inner}")) }
    };
    if inner.contains(',') {
        let parts: Result<Vec<Vec<Step>>, String> = inner.split(',').map(|p| bracket(p).map(|s| vec![s])).collect();
        return Ok(Step::Union(parts?));
    }
    if inner.contains(':') {
        let p: Vec<&str> = inner.split(':').collect();
        let at = |i: usize| p.get(i).map_or(Ok(None), |s| number(s));
        return Ok(Step::Slice { from: at(0)?, to: at(1)?, step: at(2)? });
    }
    // Without a number it is the first: a slice from the beginning, whose end follows from that.
    Ok(Step::Index(number(inner)?.unwrap_or(0)))
}

/// A quoted name. Among several, dots lead into fields of fields; alone they belong to the name.
fn named(name: &str, several: bool) -> Vec<Step> {
    if !several {
        return vec![Step::Field(name.replace("\\.", "."))];
    }
    let mut rest = name;
    let mut out = vec![];
    while !rest.is_empty() {
        let (part, tail) = field(rest);
        out.push(Step::Field(part));
        rest = tail.strip_prefix('.').unwrap_or("");
    }
    out
}

fn filter(f: &str) -> Result<Step, String> {
    for op in ["==", "!=", "<=", ">=", "<", ">", "="] {
        if let Some((l, r)) = split_outside_quotes(f, op) {
            return Ok(Step::Filter { left: side(l.trim())?, op: op.into(), right: Some(side(r.trim())?) });
        }
    }
    Ok(Step::Filter { left: side(f.trim())?, op: "exists".into(), right: None })
}

fn split_outside_quotes<'a>(s: &'a str, op: &str) -> Option<(&'a str, &'a str)> {
    let mut quote = None;
    for (i, c) in s.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, _) if s[i..].starts_with(op) => return Some((&s[..i], &s[i + op.len()..])),
            _ => {}
        }
    }
    None
}

fn side(s: &str) -> Result<Operand, String> {
    if s.starts_with(['@', '$', '.']) {
        return Ok(Operand::Path(steps(s)?));
    }
    if let Some(q) = s.chars().next().filter(|c| *c == '\'' || *c == '"') {
        return Ok(Operand::Literal(Value::from(unescape(s.trim_matches(q)))));
    }
    serde_json::from_str(s).map(Operand::Literal).map_err(|_| format!("unrecognized identifier {s}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn templates_print_as_kubectl_prints_them() {
        let v = json!({"kind": "List", "items": [
            {"metadata": {"name": "a", "labels": {"x.y/z": "1"}}, "status": {"c": [{"type": "Ready", "status": "True"}, {"type": "X", "status": "False"}], "n": 3}},
            {"metadata": {"name": "b"}, "status": {"c": [], "n": 5}}]});
        for (t, want) in [
            ("{.items[*].metadata.name}", "a b"),
            ("{range .items[*]}{.metadata.name}{\"\\t\"}{.status.n}{\"\\n\"}{end}", "a\t3\nb\t5\n"),
            ("{.items[0].status.c[?(@.type==\"Ready\")].status}", "True"),
            ("{.items[?(@.status.n>4)].metadata.name}", "b"),
            ("x {.kind} y", "x List y"),
            ("{..name}", "a b"),
            ("{.items[-1:].metadata.name}", "b"),
            ("{.items[0].metadata.labels.x\\.y/z}", "1"),
            ("{.items[0].metadata.labels['x.y/z']}", "1"),
            ("{.items[0]['metadata.name','status.n']}", "a 3"),
            ("{.items[*]['metadata.name','status.n']}", "a b 3 5"),
            ("{.items[0].metadata.name} {.items[0].status.n}", "a 3"),
            ("{.items[].metadata.name}", "a"),
            ("{.items[0].status.c[0]}", "{\"status\":\"True\",\"type\":\"Ready\"}"),
        ] {
            assert_eq!(Template::parse(t).and_then(|t| t.print(&v, false)).as_deref(), Ok(want), "{t}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_template_prints_or_is_refused_without_panic(s in "[{}\\[\\]()@.$*?'\"a-c0-9 :,=<>\\\\-]{0,40}") {
            if let Ok(t) = Template::parse(&s) {
                let _ = t.print(&json!({"a": [1, {"b": "c"}]}), true);
            }
        }
    }
}
