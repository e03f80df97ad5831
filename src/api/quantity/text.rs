//! How quantities are read. What a text says and how it is written back are two things: `1.500` stays as it is, `1.50` becomes
//! `1500m`.
//!
//! Real Kubernetes: `ParseQuantity` of `k8s.io/apimachinery/pkg/api/resource/quantity.go`.

use super::amount::{Amount, NANO};
use super::{Format, NOT_ONE};

/// Real Kubernetes: ErrNumeric.
const BAD_NUMBER: &str = "unable to parse numeric part of quantity";
/// Real Kubernetes: ErrSuffix.
const BAD_SUFFIX: &str = "unable to parse quantity's suffix";

/// So many digits always fit 64 bits.
const NARROW_DIGITS: usize = 18;
/// So many always fit 128.
pub const WIDE_DIGITS: usize = 38;
/// What is written with a binary suffix ends here.
const LARGEST_BINARY: Amount = Amount::wide(i64::MAX as i128, 0);

/// What was read of a text.
pub struct Read {
    pub amount: Amount,
    pub format: Format,
    /// It is written back as it is.
    pub reused: bool,
}

/// The parts of a text, leading zeros taken off.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    pub negative: bool,
    pub whole: &'a str,
    pub fraction: &'a str,
    pub suffix: Suffix,
    /// There is no digit at all before the suffix.
    is_bare: bool,
}

/// What stands behind the digits.
#[derive(Clone, Copy)]
pub enum Suffix {
    /// A power of ten, as one of the letters or as an exponent.
    Decimal(Format, i32),
    /// A power of two.
    Binary(u32),
}

/// Reads a quantity, or says in Go's words why it is none.
pub fn read(text: &str) -> Result<Read, &'static str> {
    let parts = split(text)?;
    match parts.narrow() {
        Some(read) => Ok(Read { reused: read.reused || text == "0", ..read }),
        // More than one has, and yet no digit: a point or a sign before a large suffix.
        None if parts.is_bare => Err(BAD_NUMBER),
        None => Ok(parts.wide()),
    }
}

/// The parts of a text that has the shape of a quantity.
pub fn split(text: &str) -> Result<Parts<'_>, &'static str> {
    let digits = |t: &str| t.len() - t.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if text.is_empty() {
        return Err(NOT_ONE);
    }
    let negative = text.starts_with('-');
    let number = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start_matches('0');
    let (whole, rest) = number.split_at(digits(number));
    let after = rest.strip_prefix('.').unwrap_or(rest);
    let (fraction, suffix) = if after.len() < rest.len() { after.split_at(digits(after)) } else { ("", rest) };
    let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    if digits(exponent) < exponent.len() {
        return Err(NOT_ONE);
    }
    let is_bare = !text[..text.len() - suffix.len()].bytes().any(|b| b.is_ascii_digit());
    Ok(Parts { negative, whole, fraction, suffix: suffix_of(suffix).ok_or(BAD_SUFFIX)?, is_bare })
}

fn suffix_of(text: &str) -> Option<Suffix> {
    let binary = |n: u32| Some(Suffix::Binary(10 * n));
    let decimal = |e: i32| Some(Suffix::Decimal(Format::Decimal, e));
    match text {
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
            let exponent: i64 = text.strip_prefix(['e', 'E'])?.parse().ok()?;
            // Go keeps the low 32 bits of it.
            Some(Suffix::Decimal(Format::Exponent, exponent as i32))
        }
    }
}

impl Suffix {
    fn format(self) -> Format {
        match self {
            Suffix::Decimal(format, _) => format,
            Suffix::Binary(_) => Format::Binary,
        }
    }
}

impl Parts<'_> {
    pub fn digits(&self) -> impl Iterator<Item = u8> + Clone {
        self.whole.bytes().chain(self.fraction.bytes()).map(|b| b - b'0')
    }

    /// What 64 bits hold; `None` where a longer look is needed.
    fn narrow(&self) -> Option<Read> {
        // Where no digit is left, a zero is read.
        let whole = if self.whole.is_empty() { "0" } else { self.whole };
        let length = whole.len() + self.fraction.len();
        let scale = self.scale();
        let room = match self.suffix {
            Suffix::Decimal(..) => NARROW_DIGITS,
            Suffix::Binary(power) if self.fraction.is_empty() => 14usize.checked_sub(power as usize * 3 / 10)?,
            Suffix::Binary(_) => return None,
        };
        if length > room || scale < NANO {
            return None;
        }
        let shifted = [whole, self.fraction].concat();
        let number: i64 = shifted.parse().ok()?;
        let (value, reused) = match self.suffix {
            Suffix::Decimal(..) => (number, scale % 3 == 0 && !shifted.ends_with("000") && !shifted.starts_with('0')),
            Suffix::Binary(power) => (number.checked_mul(1 << power)?, number & 7 != 0),
        };
        let value = if self.negative { -value } else { value };
        Some(Read { amount: Amount::narrow(value, scale), format: self.suffix.format(), reused })
    }

    fn wide(&self) -> Read {
        let format = self.suffix.format();
        let amount = match self.suffix {
            _ if self.digits().all(|d| d == 0) => Amount::wide(0, self.scale()),
            Suffix::Decimal(..) => self.decimal(),
            Suffix::Binary(power) => self.binary(power).min(LARGEST_BINARY),
        };
        let small = amount.sign().is_gt() && amount < Amount::narrow(1, 0);
        Read {
            amount: if self.negative { amount.negated() } else { amount },
            // Less than one byte is better told in decimals.
            format: if small && format == Format::Binary { Format::Decimal } else { format },
            reused: false,
        }
    }

    /// Of its last digit.
    pub fn scale(&self) -> i32 {
        let exponent = if let Suffix::Decimal(_, exponent) = self.suffix { exponent } else { 0 };
        exponent.wrapping_sub(i32::try_from(self.fraction.len()).unwrap_or(i32::MAX))
    }

    fn decimal(&self) -> Amount {
        let digits = self.digits().skip_while(|d| *d == 0);
        let value = digits.clone().take(WIDE_DIGITS).fold(0i128, |n, d| n * 10 + i128::from(d));
        let dropped = digits.skip(WIDE_DIGITS);
        let finer = dropped.clone().any(|d| d != 0);
        let places = i32::try_from(dropped.count()).unwrap_or(i32::MAX);
        // Something that is not counted is more than nothing.
        Amount::wide(value + i128::from(finer), self.scale().saturating_add(places)).round_up(NANO)
    }

    fn binary(&self, power: u32) -> Amount {
        /// Digits of a fraction that count exactly; what stands behind them counts as one more.
        const EXACT: usize = 18;
        const UNIT: i32 = -18;
        let whole: i128 = if self.whole.is_empty() { 0 } else { self.whole.parse().unwrap_or(i128::MAX) };
        let Some(units) = whole.checked_mul(1 << power).filter(|n| *n <= i128::from(i64::MAX)) else {
            return LARGEST_BINARY;
        };
        let exact = &self.fraction[..self.fraction.len().min(EXACT)];
        let places = u32::try_from(EXACT - exact.len()).unwrap_or(0);
        let part = exact.parse::<i128>().unwrap_or(0) * 10i128.pow(places);
        let finer = self.fraction[exact.len()..].bytes().any(|b| b != b'0');
        Amount::wide(units, 0).plus(Amount::wide((part << power) + i128::from(finer), UNIT)).round_up(NANO)
    }
}
