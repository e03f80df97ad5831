//! Numbers of any length with digits after the point.

use super::BigInt;

/// A number: its digits, and how many of them stand after the point.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Decimal {
    pub digits: BigInt,
    pub scale: u32,
}

/// Digits of a number at most.
pub const MOST_DIGITS: u32 = 2_000;

pub(super) fn ten(n: u32) -> BigInt {
    BigInt::from(10).pow(n)
}

impl Decimal {
    pub(super) fn whole(n: i64) -> Decimal {
        Decimal { digits: n.into(), scale: 0 }
    }

    pub(super) fn parse(text: &str) -> Option<Decimal> {
        let (a, b) = text.split_once('.').unwrap_or((text, ""));
        let digits = format!("0{a}{b}");
        if digits.len() > MOST_DIGITS as usize {
            return None;
        }
        Some(Decimal { digits: digits.parse().ok()?, scale: u32::try_from(b.len()).ok()? })
    }

    /// With so many digits after the point; what is too much is cut off.
    pub(super) fn at(&self, scale: u32) -> Decimal {
        let digits = match scale.checked_sub(self.scale) {
            Some(more) => &self.digits * ten(more),
            None => &self.digits / ten(self.scale - scale),
        };
        Decimal { digits, scale }
    }

    pub(super) fn is_zero(&self) -> bool {
        self.digits == BigInt::ZERO
    }

    pub(super) fn float(&self) -> f64 {
        self.text().replace("\\\n", "").parse().unwrap_or(0.0)
    }

    pub(super) fn of_float(n: f64, scale: u32) -> Option<Decimal> {
        let text = format!("{:.*}", usize::try_from(scale).unwrap_or(20).min(20), n.abs());
        let d = Decimal::parse(&text)?.at(scale);
        Some(if n < 0.0 { Decimal { digits: -d.digits, ..d } } else { d })
    }

    /// As it is printed: no zero before the point, long ones in lines of 70.
    pub(super) fn text(&self) -> String {
        let raw = self.digits.to_string();
        let (sign, raw) = raw.strip_prefix('-').map_or(("", raw.as_str()), |r| ("-", r));
        let scale = self.scale as usize;
        let text = if scale == 0 {
            format!("{sign}{raw}")
        } else if self.is_zero() {
            "0".into()
        } else {
            let padded = format!("{raw:0>w$}", w = scale);
            let (a, b) = padded.split_at(padded.len() - scale);
            format!("{sign}{a}.{b}")
        };
        let letters: Vec<char> = text.chars().collect();
        let rows: Vec<String> =
            letters.chunks(if letters.len() > 69 { 69 } else { 70 }).map(|r| r.iter().collect()).collect();
        rows.join("\\\n")
    }
}
