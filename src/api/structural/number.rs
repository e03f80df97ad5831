//! Numbers are held against bounds, factors and the range of their format.
//! Real Kubernetes: k8s.io/kube-openapi/pkg/validation/validate: validator.go numberValidator, values.go.

use serde_json::Value;

use super::Structural;
use super::value::{Outcome, Problem};
use crate::api::go_text;

/// A number as Go holds it: whole if it was written as a whole one.
#[derive(Clone, Copy)]
pub enum Number {
    Whole(i64),
    Float(f64),
}

impl Number {
    pub fn of(v: &Value) -> Option<Number> {
        v.as_i64().map(Number::Whole).or_else(|| v.as_f64().map(Number::Float))
    }

    pub fn float(self) -> f64 {
        match self {
            // As in Go, a large one loses its last digits.
            #[allow(clippy::cast_precision_loss)]
            Number::Whole(n) => n as f64,
            Number::Float(f) => f,
        }
    }

    fn shown(self) -> String {
        match self {
            Number::Whole(n) => n.to_string(),
            Number::Float(f) => go_text::float(f),
        }
    }
}

/// Whether a number is a whole one, or a little more than one: what is lost in arithmetic.
pub fn is_whole(f: f64) -> bool {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    const CLOSE: f64 = 1e-9;
    if !f.is_finite() || f.abs() > LARGEST {
        return false;
    }
    let below = f.trunc();
    f == below || (below > 0.0 && (f - below) / (f + below) < CLOSE)
}

pub fn judge(n: Number, s: &Structural, path: &str) -> Outcome {
    let range = Range::of(s);
    let checks = &s.checks;
    let mut out = Outcome::default();
    range.refuse(n, "Checked", path).into_iter().for_each(|p| out.add(p));
    if let Some(factor) = checks.multiple_of {
        let refused = range.refuse(Number::Float(factor), "MultipleOf", path);
        let problem = multiple_of(n, factor, refused.is_none(), path);
        refused.into_iter().chain(problem).for_each(|p| out.add(p));
    }
    let bounds = [
        (checks.minimum, checks.exclusive_minimum, "Minimum boundary", BELOW),
        (checks.maximum, checks.exclusive_maximum, "Maximum boundary", ABOVE),
    ];
    for (bound, exclusive, name, side) in bounds {
        let Some(bound) = bound else { continue };
        let refused = range.refuse(Number::Float(bound), name, path);
        let problem = beyond(n, bound, exclusive, refused.is_none(), &side, path);
        refused.into_iter().chain(problem).for_each(|p| out.add(p));
    }
    out
}

/// One side of the range of numbers: what is out of bounds there, and the words for it.
struct Side {
    factor: i64,
    inclusive: &'static str,
    exclusive: &'static str,
}

const BELOW: Side = Side { factor: -1, inclusive: "greater than or equal to", exclusive: "greater than" };
const ABOVE: Side = Side { factor: 1, inclusive: "less than or equal to", exclusive: "less than" };

fn beyond(n: Number, bound: f64, exclusive: bool, exact: bool, side: &Side, path: &str) -> Option<Problem> {
    // Whole numbers are compared with the whole part of the bound, which for others than integers is a difference.
    let (order, limit) = match n {
        #[allow(clippy::cast_possible_truncation)]
        Number::Whole(n) if exact => (Some(n.cmp(&(bound as i64))), (bound as i64).to_string()),
        n => (n.float().partial_cmp(&bound), go_text::float(bound)),
    };
    let order = order? as i64 * side.factor;
    if order < 0 || (order == 0 && !exclusive) {
        return None;
    }
    let words = if exclusive { side.exclusive } else { side.inclusive };
    let value = if exact { n.shown() } else { go_text::float(n.float()) };
    Some(Problem::invalid(path, value, format!("{path} in body should be {words} {limit}")))
}

fn multiple_of(n: Number, factor: f64, exact: bool, path: &str) -> Option<Problem> {
    let not_positive = |factor: String| {
        let message = format!("factor MultipleOf declared for {path} must be positive: {factor}");
        Some(Problem::invalid(path, factor, message))
    };
    let (fits, value, factor) = match n {
        Number::Whole(n) if exact => {
            #[allow(clippy::cast_possible_truncation)]
            let factor = factor as i64;
            if factor <= 0 {
                return not_positive(factor.to_string());
            }
            (n % factor == 0, n.to_string(), factor.to_string())
        }
        n => {
            if factor <= 0.0 {
                return not_positive(go_text::float(factor));
            }
            let times = if factor < 1.0 { 1.0 / factor * n.float() } else { n.float() / factor };
            (is_whole(times), go_text::float(n.float()), go_text::float(factor))
        }
    };
    (!fits).then(|| Problem::invalid(path, value, format!("{path} in body should be a multiple of {factor}")))
}

/// What a number may be by its type and format, where both are certain.
struct Range<'a> {
    type_: &'a str,
    format: &'a str,
}

impl<'a> Range<'a> {
    fn of(s: &'a Structural) -> Range<'a> {
        let format = s.checks.format.as_str();
        match s.types.as_slice() {
            [t] if t == "integer" => {
                Range { type_: "integer", format: if matches!(format, "int32" | "int64") { format } else { "" } }
            }
            [t] if t == "number" => {
                Range { type_: "number", format: if matches!(format, "float" | "double") { format } else { "" } }
            }
            _ => Range { type_: "", format: "" },
        }
    }

    fn holds(&self, n: Number) -> bool {
        // The first number that has no room in 64 bits.
        const LIMIT: f64 = 9_223_372_036_854_775_808.0;
        match (self.type_, self.format) {
            ("integer", format) => {
                let whole = match n {
                    Number::Whole(n) => Some(n),
                    #[allow(clippy::cast_possible_truncation)]
                    Number::Float(f) => (f.fract() == 0.0 && (-LIMIT..LIMIT).contains(&f)).then_some(f as i64),
                };
                whole.is_some_and(|n| format != "int32" || i32::try_from(n).is_ok())
            }
            ("number", "float") => n.float().abs() <= f64::from(f32::MAX) || n.float().is_infinite(),
            _ => true,
        }
    }

    fn refuse(&self, n: Number, what: &str, path: &str) -> Option<Problem> {
        if self.holds(n) {
            return None;
        }
        let of = self.type_;
        let format = match self.format {
            "" => "(default format)".into(),
            format => format!("with format {format}"),
        };
        Some(Problem::whole(format!("{what} value must be of type {of} {format} in {path}")))
    }
}
