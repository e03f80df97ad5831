//! Quantities of resources: `100m`, `1536Mi`, `1e3`. Parsed exactly, printed canonically as Go does.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/api/resource`.

use std::cmp::Ordering;
use std::fmt;

/// Why a text is no quantity, in Go's words, if it is none.
pub fn fault(text: &str) -> Option<&'static str> {
    if Quantity::parse(text).is_some() {
        return None;
    }
    let digits = |t: &str| t.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let rest = &unsigned[unsigned.len() - digits(unsigned)..];
    let rest = rest.strip_prefix('.').map_or(rest, |r| &r[r.len() - digits(r)..]);
    let rest = rest.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    // Whatever has the shape of one fails for its suffix only.
    Some(if !text.is_empty() && digits(rest) == 0 { BAD_SUFFIX } else { NOT_ONE })
}

/// How a quantity was written, which decides how it is written back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// An amount in units of 10⁻⁹; nothing in Kubernetes is finer.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    pub format: Format,
}

/// What Go says of a text that is no quantity.
pub const NOT_ONE: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const BAD_SUFFIX: &str = "unable to parse quantity's suffix";

const NANO: i128 = 1_000_000_000;
/// Larger amounts are not told apart.
const LARGEST: i128 = i128::MAX / NANO * NANO;
/// Go caps what is written with a binary suffix.
const LARGEST_BINARY: i128 = 9_223_372_036_854_775_807 * NANO;

impl Quantity {
    pub const ZERO: Quantity = Quantity { nanos: 0, format: Format::Decimal };

    pub fn from_milli(milli: i64) -> Quantity {
        Quantity { nanos: i128::from(milli) * 1_000_000, format: Format::Decimal }
    }

    pub fn from_nano(nano: i64) -> Quantity {
        Quantity { nanos: nano.into(), format: Format::Decimal }
    }

    /// Whole units in the binary format: bytes.
    pub fn from_bytes(bytes: i64) -> Quantity {
        Quantity { nanos: i128::from(bytes) * NANO, format: Format::Binary }
    }

    /// Reads a quantity; `None` if it is none. Digits finer than 10⁻⁹ are rounded up; what is larger than anything that can be
    /// counted counts as the largest amount.
    pub fn parse(text: &str) -> Option<Quantity> {
        let read = Digits::read(text)?;
        let nanos = match read.base {
            1 => read.decimal_nanos(),
            base => read.binary_nanos(base).min(LARGEST_BINARY),
        };
        Some(Quantity { nanos: if read.negative { -nanos } else { nanos }, format: read.format })
    }

    /// Thousandths, rounded up: how CPU is counted.
    pub fn milli(self) -> i64 {
        ceil_div(self.nanos, 1_000_000)
    }

    /// Whole units, rounded up: bytes, pods.
    pub fn units(self) -> i64 {
        ceil_div(self.nanos, NANO)
    }

    /// Rounded up to thousandths.
    pub fn rounded(self) -> Quantity {
        let unit = NANO / 1000;
        let up = self.nanos.div_euclid(unit) + i128::from(self.nanos.rem_euclid(unit) != 0);
        Quantity { nanos: up * unit, format: self.format }
    }

    /// Whether it is a number of whole units, as bytes must be.
    pub fn is_whole(self) -> bool {
        self.nanos % NANO == 0
    }

    /// The sum, written as the first of the two, unless that is nothing.
    pub fn plus(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity { nanos: self.nanos.saturating_add(other.nanos), format }
    }

    /// The same amount in another notation.
    pub fn written_as(self, format: Format) -> Quantity {
        Quantity { format, ..self }
    }

    pub fn minus(self, other: Quantity) -> Quantity {
        self.plus(Quantity { nanos: -other.nanos, ..other })
    }

    /// How many times `other` fits in, as a fraction.
    pub fn ratio_to(self, other: Quantity) -> f64 {
        self.nanos as f64 / other.nanos as f64
    }

    /// Whole units, if it is of whole units and there are not too many.
    pub fn whole(self) -> Option<i64> {
        if self.nanos % NANO == 0 { i64::try_from(self.nanos / NANO).ok() } else { None }
    }

    /// The nearest floating-point number.
    pub fn approximate(self) -> f64 {
        self.nanos as f64 / NANO as f64
    }

    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// What Go's decoder keeps of a quantity: hashes of templates are made of it.
    /// Amounts of a pebibyte and more, which Go keeps as big decimals, are not told apart.
    pub fn go_amount(text: &str) -> Option<GoAmount> {
        let q = Quantity::parse(text)?;
        let digits = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(digits);
        let (_, base, exponent) = scale(suffix)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let shifted = format!("{whole}{fraction}");
        let mantissa: i64 = shifted.parse().ok()?;
        let (value, scale) = match base {
            1 => (mantissa, exponent - i32::try_from(fraction.len()).ok()?),
            _ => (q.units(), 0),
        };
        // Go reuses the text where a quick look says that it is canonical.
        let reuse = match base {
            _ if text == "0" => true,
            1 => scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0'),
            _ => mantissa & 7 != 0,
        };
        let format = match q.format {
            Format::Decimal => "DecimalSI",
            Format::Binary => "BinarySI",
            Format::Exponent => "DecimalExponent",
        };
        Some(GoAmount { value, scale, format, text: if reuse { text.to_string() } else { String::new() } })
    }
}

/// The fields of Go's `resource.Quantity`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct GoAmount {
    pub value: i64,
    pub scale: i32,
    pub format: &'static str,
    pub text: String,
}

fn ceil_div(n: i128, d: i128) -> i64 {
    let q = n.div_euclid(d) + i128::from(n.rem_euclid(d) != 0);
    i64::try_from(q).unwrap_or(if q > 0 { i64::MAX } else { i64::MIN })
}

/// A quantity as it is written: digits before and after the point, and what its suffix makes of them.
struct Digits<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    format: Format,
    /// Of a binary suffix; 1 for all others.
    base: i128,
    exponent: i32,
}

impl<'a> Digits<'a> {
    fn read(text: &'a str) -> Option<Digits<'a>> {
        let (negative, rest) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(digits);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') {
            return None;
        }
        let (format, base, exponent) = scale(suffix)?;
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        Some(Digits { negative, whole, fraction, format, base, exponent })
    }

    /// The amount with the point moved behind the nanos; what stands behind that rounds up.
    fn decimal_nanos(&self) -> i128 {
        let length = i64::try_from(self.whole.len() + self.fraction.len()).unwrap_or(i64::MAX);
        let point = i64::try_from(self.whole.len()).unwrap_or(i64::MAX).saturating_add(i64::from(self.exponent) + 9);
        let counted = usize::try_from(point).unwrap_or(0);
        let digits = || self.whole.bytes().chain(self.fraction.bytes()).map(|b| i128::from(b - b'0'));
        let read = digits().take(counted).try_fold(0i128, |n, d| n.checked_mul(10)?.checked_add(d));
        let nanos = match read {
            None => return LARGEST,
            Some(0) => 0,
            Some(n) => {
                let zeros = u32::try_from((point - length).max(0)).unwrap_or(u32::MAX);
                match 10i128.checked_pow(zeros).and_then(|p| n.checked_mul(p)) {
                    None => return LARGEST,
                    Some(n) => n.min(LARGEST),
                }
            }
        };
        let finer = digits().skip(counted).any(|d| d != 0);
        nanos + i128::from(finer && nanos < LARGEST)
    }

    fn binary_nanos(&self, base: i128) -> i128 {
        /// Digits of a fraction that count exactly; what stands behind them rounds up.
        const EXACT: usize = 18;
        // Too many digits do not fit; none are nothing.
        let whole: i128 = if self.whole.is_empty() { 0 } else { self.whole.parse().unwrap_or(LARGEST) };
        let Some(whole) = whole.checked_mul(base).and_then(|units| units.checked_mul(NANO)) else { return LARGEST };
        let exact = &self.fraction[..self.fraction.len().min(EXACT)];
        let unit = 10i128.pow(u32::try_from(EXACT - exact.len()).unwrap_or(0));
        let part = exact.parse::<i128>().unwrap_or(0) * unit + i128::from(self.fraction.len() > EXACT);
        // part · base · 10⁹ / 10¹⁸
        let scaled = part * base;
        whole.saturating_add(scaled / NANO + i128::from(scaled % NANO != 0)).min(LARGEST)
    }

    /// How Go writes an amount that is beyond counting.
    fn canonical(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = [self.whole, self.fraction].concat();
        let digits = digits.trim_start_matches('0');
        let mantissa = digits.trim_end_matches('0');
        let exponent = i64::from(self.exponent) + i64::try_from(digits.len() - mantissa.len()).unwrap_or(0)
            - i64::try_from(self.fraction.len()).unwrap_or(0);
        if self.format == Format::Exponent {
            let rest = usize::try_from(exponent.rem_euclid(3)).unwrap_or(0);
            let zeros = "0".repeat(rest);
            return format!("{sign}{mantissa}{zeros}e{}", exponent - exponent.rem_euclid(3));
        }
        let exponent = usize::try_from(exponent).unwrap_or(0);
        let group = (exponent / 3).min(6);
        let suffix = ["", "k", "M", "G", "T", "P", "E"][group];
        format!("{sign}{mantissa}{}{suffix}", "0".repeat(exponent - 3 * group))
    }
}

/// Format, binary factor and decimal exponent of a suffix.
fn scale(suffix: &str) -> Option<(Format, i128, i32)> {
    let binary = |n: u32| Some((Format::Binary, 1i128 << (10 * n), 0));
    let decimal = |e: i32| Some((Format::Decimal, 1, e));
    match suffix {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let e = suffix.strip_prefix(['e', 'E'])?;
            let exponent: i32 = e.parse().ok()?;
            Some((Format::Exponent, 1, exponent))
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Quantity) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Quantity) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        let whole = self.nanos % NANO == 0;
        if self.format == Format::Binary && whole && self.nanos.abs() >= 1024 * NANO {
            let mut value = self.nanos / NANO;
            let mut suffix = "";
            for next in ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"] {
                if value % 1024 != 0 {
                    break;
                }
                value /= 1024;
                suffix = next;
            }
            return write!(f, "{value}{suffix}");
        }
        // The largest power of a thousand that leaves an integer.
        let (mut value, mut exponent) = (self.nanos, -9);
        while value % 1000 == 0 && exponent < 18 {
            value /= 1000;
            exponent += 3;
        }
        if self.format == Format::Exponent {
            return if exponent == 0 { write!(f, "{value}") } else { write!(f, "{value}e{exponent}") };
        }
        let suffix = match exponent {
            -9 => "n",
            -6 => "u",
            -3 => "m",
            0 => "",
            3 => "k",
            6 => "M",
            9 => "G",
            12 => "T",
            15 => "P",
            _ => "E",
        };
        write!(f, "{value}{suffix}")
    }
}

/// The canonical spelling, or the text itself if it is no quantity (validation has refused it before).
pub fn canonical(text: &str) -> String {
    match Quantity::parse(text) {
        None => text.to_string(),
        Some(q) if q.nanos.abs() == LARGEST => Digits::read(text).map_or_else(|| text.to_string(), |d| d.canonical()),
        Some(q) => q.to_string(),
    }
}

/// The canonical spelling to the thousandth, which is the finest that the API server keeps of a resource; what is finer counts as
/// one more. Nothing, if it is no quantity.
pub fn rounded(text: &str) -> Option<String> {
    let q = Quantity::parse(text)?;
    Some(if q.nanos.abs() == LARGEST { canonical(text) } else { q.rounded().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_resource_is_never_less_than_what_was_said() {
        for (text, want) in
            [("1e400", "10e399"), ("-1e400", "-10e399"), ("0.0001", "1m"), ("1e30", "1e30"), ("1.5", "1500m")]
        {
            assert_eq!(rounded(text).as_deref(), Some(want), "{text}");
        }
        assert_eq!(rounded("x"), None);
    }

    #[test]
    fn quantities_are_written_as_go_writes_them() {
        for (text, want) in [
            ("0.1", "100m"),
            ("1.5Gi", "1536Mi"),
            ("1024Ki", "1Mi"),
            ("1e3", "1e3"),
            ("1000", "1k"),
            ("100m", "100m"),
            ("1500m", "1500m"),
            ("2", "2"),
            ("0", "0"),
            ("128Mi", "128Mi"),
            ("1023", "1023"),
            ("0.5", "500m"),
            ("1M", "1M"),
            ("24673844Ki", "24673844Ki"),
            ("267847642337", "267847642337"),
            ("-5m", "-5m"),
            ("1.0001n", "2n"),
            // As a real server has written them.
            ("1e30", "1e30"),
            ("1e40", "10e39"),
            ("1e400", "10e399"),
            ("-1e400", "-10e399"),
            ("0.1000000000000000000000000000000000000000000000000000000000000001", "100000001n"),
            ("9999999999Ei", "9223372036854775807"),
            ("8Ei", "9223372036854775807"),
            ("-9999Ei", "-9223372036854775807"),
            ("99999999999999999999999999999999999999999", "99999999999999999999999999999999999999999"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("0.0000000000000000000000000000001e40", "1e9"),
            ("1E5", "100e3"),
            ("1e-40", "1e-9"),
            (".", "0"),
        ] {
            assert_eq!(canonical(text), want, "{text}");
        }
        for bad in ["", "x", "1.2.3", "1Kx", "1e", "--1", "1 ", "९"] {
            assert!(Quantity::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn cpu_and_bytes_round_up() {
        assert_eq!(Quantity::parse("0.0001").map(Quantity::milli), Some(1));
        assert_eq!(Quantity::parse("1.5").map(Quantity::units), Some(2));
        assert!(Quantity::parse("1Gi") > Quantity::parse("1G"));
    }
}
