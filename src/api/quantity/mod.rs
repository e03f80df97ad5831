//! Quantities of resources: `100m`, `1536Mi`, `1e3`. Parsed exactly, printed canonically as Go does.
//!
//! Real Kubernetes: `k8s.io/apimachinery/pkg/api/resource`.

mod amount;
mod spelling;
mod text;

use std::cmp::Ordering;
use std::fmt;

use amount::Amount;
use spelling::Spelling;
use text::Suffix;

/// What Go says of a text that is no quantity.
pub const NOT_ONE: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// Why a text is no quantity, in Go's words, if it is none.
pub fn fault(text: &str) -> Option<&'static str> {
    text::read(text).err()
}

/// How a quantity was written, which decides how it is written back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Decimal,
    Binary,
    Exponent,
}

/// An amount of something; nothing in Kubernetes is finer than 10⁻⁹.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    amount: Amount,
    format: Format,
    /// Its own text, where that is as good as the canonical one. A quantity that was worked out has none.
    spelling: Spelling,
}

const MILLI: i32 = -3;

impl Quantity {
    pub const ZERO: Quantity = Quantity::of(Amount::narrow(0, 0), Format::Decimal);

    const fn of(amount: Amount, format: Format) -> Quantity {
        Quantity { amount, format, spelling: Spelling::NONE }
    }

    pub fn from_units(units: i64) -> Quantity {
        Quantity::of(Amount::narrow(units, 0), Format::Decimal)
    }

    pub fn from_milli(milli: i64) -> Quantity {
        Quantity::of(Amount::narrow(milli, MILLI), Format::Decimal)
    }

    pub fn from_nano(nano: i64) -> Quantity {
        Quantity::of(Amount::narrow(nano, amount::NANO), Format::Decimal)
    }

    /// Whole units in the binary format: bytes.
    pub fn from_bytes(bytes: i64) -> Quantity {
        Quantity::of(Amount::narrow(bytes, 0), Format::Binary)
    }

    /// Reads a quantity; `None` if it is none. Digits finer than 10⁻⁹ are rounded up.
    pub fn parse(text: &str) -> Option<Quantity> {
        let read = text::read(text).ok()?;
        let spelling = if read.reused { Spelling::new(text) } else { Spelling::NONE };
        Some(Quantity { amount: read.amount, format: read.format, spelling })
    }

    /// Thousandths, rounded up: how CPU is counted. More than 64 bits of them are 0 or what is left of them, as in Go.
    pub fn milli(self) -> i64 {
        self.amount.counted_in(MILLI)
    }

    /// Whole units, rounded up: bytes, pods. More than 64 bits of them are 0 or what is left of them, as in Go.
    pub fn units(self) -> i64 {
        self.amount.counted_in(0)
    }

    /// Rounded up to thousandths.
    pub fn rounded(self) -> Quantity {
        let amount = self.amount.round_up(MILLI);
        if amount == self.amount { self } else { Quantity::of(amount, self.format) }
    }

    /// Whether it is a number of whole units, as bytes must be: no thousandths are left over.
    pub fn is_whole(self) -> bool {
        self.milli() % 1000 == 0
    }

    /// The sum, written as the first of the two, unless that is nothing.
    pub fn plus(self, other: Quantity) -> Quantity {
        let format = if self.is_zero() { other.format } else { self.format };
        Quantity::of(self.amount.plus(other.amount), format)
    }

    /// The same amount in another notation.
    pub fn written_as(self, format: Format) -> Quantity {
        Quantity::of(self.amount, format)
    }

    pub fn format(self) -> Format {
        self.format
    }

    pub fn minus(self, other: Quantity) -> Quantity {
        self.plus(Quantity::of(other.amount.negated(), other.format))
    }

    /// Whole units, if it is written as such and there are not too many.
    pub fn whole(self) -> Option<i64> {
        self.amount.whole()
    }

    /// The nearest floating-point number.
    pub fn approximate(self) -> f64 {
        self.amount.approximate()
    }

    pub fn is_zero(self) -> bool {
        self.amount.sign().is_eq()
    }

    pub fn is_negative(self) -> bool {
        self.amount.sign().is_lt()
    }

    /// What Go's decoder keeps of a quantity: hashes of templates are made of it. Amounts that Go keeps as big decimals are not
    /// told apart.
    pub fn go_amount(text: &str) -> Option<GoAmount> {
        let q = Quantity::parse(text)?;
        let (value, scale) = q.amount.narrow_parts()?;
        let format = match q.format {
            Format::Decimal => "DecimalSI",
            Format::Binary => "BinarySI",
            Format::Exponent => "DecimalExponent",
        };
        Some(GoAmount { value, scale, format, text: q.spelling.to_string() })
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

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.amount == other.amount
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
        self.amount.cmp(&other.amount)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        if !self.spelling.is_empty() {
            return f.write_str(&self.spelling);
        }
        let small = || self.amount < Amount::narrow(1024, 0) && self.amount > Amount::narrow(-1024, 0);
        if self.format == Format::Binary
            && !small()
            && let Some((units, times)) = self.amount.by_1024()
        {
            return write!(f, "{units}{}", BINARY_SUFFIXES.get(times).unwrap_or(&""));
        }
        let (digits, exponent) = self.amount.by_thousands();
        f.write_str(&decimal(&digits, exponent, self.format))
    }
}

const BINARY_SUFFIXES: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// Digits and a power of a thousand as a text. What lies beyond the suffixes has none: 10²¹ is written `1`.
fn decimal(digits: &str, exponent: i32, format: Format) -> String {
    match (format, exponent) {
        (_, 0) => digits.to_string(),
        (Format::Exponent, _) => format!("{digits}e{exponent}"),
        (Format::Decimal | Format::Binary, -9..=18) => {
            const SUFFIXES: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
            format!("{digits}{}", usize::try_from(exponent / 3 + 3).map_or("", |i| SUFFIXES[i]))
        }
        _ => digits.to_string(),
    }
}

/// How the API server writes a quantity back, or the text itself if it is none (validation has refused it before).
pub fn canonical(text: &str) -> String {
    let Some(q) = Quantity::parse(text) else { return text.to_string() };
    beyond_counting(text).unwrap_or_else(|| q.to_string())
}

/// The amount alone, the same for all that is equal: `1Ki` and `1.024k` are.
pub fn amount(text: &str) -> String {
    Quantity::parse(text).map_or_else(|| text.to_string(), |q| q.written_as(Format::Exponent).to_string())
}

/// How an amount with more digits than are counted is written.
fn beyond_counting(text: &str) -> Option<String> {
    if text.len() <= text::WIDE_DIGITS {
        return None;
    }
    let parts = text::split(text).ok()?;
    let Suffix::Decimal(format, _) = parts.suffix else { return None };
    let digits: String = parts.digits().map(|d| char::from(b'0' + d)).collect();
    let digits = digits.trim_start_matches('0');
    if digits.trim_end_matches('0').len() <= text::WIDE_DIGITS || parts.scale() < amount::NANO {
        return None;
    }
    let (digits, exponent) = amount::by_thousands(digits, parts.scale());
    let sign = if parts.negative { "-" } else { "" };
    Some(sign.to_string() + &decimal(&digits, exponent, format))
}

/// As the API server writes it back when it keeps a resource to the thousandth, which is the finest that it knows of one; what is
/// finer counts as one more. Nothing, if it is no quantity.
pub fn rounded(text: &str) -> Option<String> {
    let q = Quantity::parse(text)?;
    Some(if q.rounded() == q { canonical(text) } else { q.rounded().to_string() })
}

#[cfg(test)]
mod tests;
