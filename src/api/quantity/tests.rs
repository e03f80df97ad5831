//! Judged by what Kubernetes' own library made of the same texts: tests/reference/quantities.

use serde_json::Value;

use super::*;

fn recorded() -> impl Iterator<Item = Vec<Value>> {
    let lines = include_str!("../../../tests/reference/quantities/recorded.jsonl").lines();
    lines.map(|l| serde_json::from_str(l).unwrap())
}

/// What Go's library says of one text, in the order of the recording.
fn one(text: &str) -> Vec<Value> {
    if let Some(why) = fault(text) {
        return vec![text.into(), why.into()];
    }
    let q = Quantity::parse(text).unwrap();
    let format = match q.format {
        Format::Decimal => "DecimalSI",
        Format::Binary => "BinarySI",
        Format::Exponent => "DecimalExponent",
    };
    vec![
        text.into(),
        canonical(text).into(),
        q.written_as(q.format).to_string().into(),
        rounded(text).into(),
        q.units().into(),
        q.milli().into(),
        q.whole().into(),
        format!("{:e}", q.approximate()).into(),
        format.into(),
    ]
}

/// What it says of two.
fn two(a: &str, b: &str) -> Vec<Value> {
    let (x, y) = (Quantity::parse(a).unwrap(), Quantity::parse(b).unwrap());
    let (sum, difference) = (x.plus(y), x.minus(y));
    vec![
        a.into(),
        b.into(),
        (x.cmp(&y) as i64).into(),
        sum.to_string().into(),
        difference.to_string().into(),
        sum.units().into(),
        difference.milli().into(),
    ]
}

fn text(v: &Value) -> &str {
    v.as_str().unwrap()
}

#[test]
fn quantities_are_read_counted_and_written_as_go_does() {
    let cases: Vec<Vec<Value>> = recorded().filter(|case| case.len() != 7).collect();
    assert!(cases.len() > 1500);
    let different: Vec<_> = cases
        .into_iter()
        .map(|mut want| {
            // Go writes 1e+09 for 1e9.
            if let Some(v) = want.get_mut(7) {
                *v = format!("{:e}", text(v).parse::<f64>().unwrap()).into();
            }
            (one(text(&want[0])), want)
        })
        .filter(|(got, want)| got != want)
        .collect();
    assert!(different.is_empty(), "{}: {}", different.len(), shown(&different));
}

#[test]
fn two_quantities_are_compared_added_and_taken_apart_as_go_does() {
    let cases: Vec<Vec<Value>> = recorded().filter(|case| case.len() == 7).collect();
    assert!(cases.len() >= 1500);
    let different: Vec<_> = cases
        .into_iter()
        .map(|want| (two(text(&want[0]), text(&want[1])), want))
        .filter(|(got, want)| got != want)
        .collect();
    assert!(different.is_empty(), "{}: {}", different.len(), shown(&different));
}

#[test]
fn exponents_beyond_all_measure_are_told_apart_too() {
    let parse = |t: &str| Quantity::parse(t).unwrap();
    assert!(parse("1e2147483647") > parse("9e2147483646"));
    assert!(parse("1e2147483647") > parse("9e400") && parse("-1e2147483647") < parse("-1e400"));
    assert_eq!(parse("1e-2147483648"), parse("1n"));
    assert_eq!(canonical("1e2147483647"), "10e2147483646");
    assert_eq!(canonical("1000e2147483647"), "1e-2147483646", "Go's exponents wrap too");
    assert_eq!(parse("1e2147483647").plus(parse("1")), parse("1e2147483647"));
    assert_eq!(parse("1e2147483647").rounded(), parse("1e2147483647"));
    // Each of more digits than are counted.
    let long = "9".repeat(60);
    assert!(parse(&long) > parse("1e59") && parse(&long) <= parse("1e60"));
    assert_eq!(canonical(&format!("{long}000")), format!("{long}k"));
}

fn shown(different: &[(Vec<Value>, Vec<Value>)]) -> String {
    let line = |v: &[Value]| serde_json::to_string(v).unwrap();
    different.iter().take(20).map(|(got, want)| format!("\n got {}\nwant {}", line(got), line(want))).collect()
}
