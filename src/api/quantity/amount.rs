//! What a quantity counts with: a whole number and a power of ten.
//!
//! Amounts of 64 bits and wider ones differ in what they answer when asked for a number that does not fit: the first mostly say 0,
//! the others wrap. Whoever asks for too much meets either (a pod that wants 1e30 CPUs asks the scheduler for none), so both are
//! kept apart here.
//!
//! Real Kubernetes: `int64Amount` and `infDecAmount` of `k8s.io/apimachinery/pkg/api/resource/amount.go`.

use std::cmp::Ordering;

/// The finest scale: nothing in Kubernetes is finer than 10⁻⁹.
pub const NANO: i32 = -9;

/// `value` · 10^`scale`. Of a wide one with more than 38 digits, the first 38 count.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    value: i128,
    scale: i32,
    wide: bool,
}

impl Amount {
    pub const fn narrow(value: i64, scale: i32) -> Amount {
        Amount { value: value as i128, scale, wide: false }
    }

    pub const fn wide(value: i128, scale: i32) -> Amount {
        Amount { value, scale, wide: true }
    }

    /// The fields of a narrow one.
    pub fn narrow_parts(self) -> Option<(i64, i32)> {
        if self.wide { None } else { i64::try_from(self.value).ok().map(|v| (v, self.scale)) }
    }

    pub fn sign(self) -> Ordering {
        self.value.cmp(&0)
    }

    /// The number of units of 10^`scale`, rounded away from zero: 0, or what is left of the number, if it does not fit.
    pub fn counted_in(self, scale: i32) -> i64 {
        match self.narrow_parts() {
            Some((value, own)) if own < scale => away_from_zero(value.into(), digits_between(own, scale)) as i64,
            Some((value, own)) => {
                let digits = digits_between(scale, own);
                let short_way = matches!(digits, 1 | 2 | 3 | 6 | 9) && value != i64::MIN;
                let too_much = || if short_way { value.wrapping_mul(10i64.pow(digits)) } else { 0 };
                times_power(value, digits).unwrap_or_else(too_much)
            }
            None => self.wrapped_in(scale),
        }
    }

    /// Real Kubernetes: `scaledValue`.
    fn wrapped_in(self, scale: i32) -> i64 {
        let low = |digits| self.value.wrapping_mul(10i128.wrapping_pow(digits)) as i64;
        // The last digit of what is too large for 128 bits stands for a billionth all the same.
        let own = if self.raised_to(NANO).is_none() { NANO } else { self.scale };
        let digits = digits_between(own, scale);
        match 10i64.checked_pow(digits) {
            _ if scale <= own => low(digits_between(scale, self.scale)),
            Some(divisor) if self.value < i128::from(i64::MAX) && (own == self.scale || self.value < 0) => {
                let low = low(digits_between(own, self.scale));
                // The remainder of a negative number counts as one more too, which rounds towards zero.
                low / divisor + i64::from(low % divisor != 0)
            }
            _ if scale <= self.scale => low(digits_between(scale, self.scale)),
            _ => {
                let digits = digits_between(self.scale, scale);
                let Some(divisor) = 10i128.checked_pow(digits) else { return i64::from(self.value > 0) };
                let up = i64::from(self.value.rem_euclid(divisor) != 0);
                (self.value.div_euclid(divisor) as i64).wrapping_add(up)
            }
        }
    }

    /// Its number at a finer scale, if 128 bits hold it.
    fn raised_to(self, scale: i32) -> Option<i128> {
        raised(self.value, digits_between(scale, self.scale))
    }

    /// The number of whole units, where it is one at first sight: thousands of thousandths are not looked at.
    pub fn whole(self) -> Option<i64> {
        let (value, scale) = self.narrow_parts()?;
        if scale < 0 { None } else { times_power(value, scale.unsigned_abs()) }
    }

    /// Nothing finer than 10^`scale` is left; what was finer counts as one more, away from zero.
    pub fn round_up(self, scale: i32) -> Amount {
        if self.scale >= scale {
            let finer = self.wide.then(|| self.raised_to(scale)).flatten();
            return finer.map_or(self, |value| Amount { value, scale, ..self });
        }
        Amount { value: away_from_zero(self.value, digits_between(self.scale, scale)), scale, ..self }
    }

    pub fn plus(self, other: Amount) -> Amount {
        if let (Some(a), Some(b)) = (self.narrow_parts(), other.narrow_parts())
            && let Some((value, scale)) = narrow_sum(a, b)
        {
            return Amount::narrow(value, scale);
        }
        let (finer, coarser) = if self.scale <= other.scale { (self, other) } else { (other, self) };
        let digits = digits_between(finer.scale, coarser.scale);
        if let Some(value) = raised(coarser.value, digits).and_then(|v| v.checked_add(finer.value)) {
            return Amount { value, scale: finer.scale, wide: true };
        }
        // More digits than are counted: the small ones count for as much as is left of them.
        let left = finer.value / 10i128.checked_pow(digits).unwrap_or(i128::MAX);
        Amount { value: coarser.value.saturating_add(left), scale: coarser.scale, wide: true }
    }

    pub fn negated(self) -> Amount {
        match self.narrow_parts() {
            Some((value, scale)) => Amount::narrow(value.wrapping_neg(), scale),
            None => Amount { value: self.value.saturating_neg(), ..self },
        }
    }

    /// Close to it as a floating-point number.
    pub fn approximate(self) -> f64 {
        if self.raised_to(NANO).is_none() && self.wide {
            let nanos = format!("{}e{}", self.value, i64::from(self.scale) - i64::from(NANO));
            return nanos.parse::<f64>().unwrap_or(f64::INFINITY) * power_of_ten(NANO);
        }
        if self.scale == 0 { self.value as f64 } else { self.value as f64 * power_of_ten(self.scale) }
    }

    /// Its digits without the thousands at their end, and the power of ten that they stand for, which is one of a thousand.
    pub fn by_thousands(self) -> (String, i32) {
        by_thousands(&self.value.to_string(), self.scale)
    }

    /// Its whole units without factors of 1,024, and how many of these there were; `None` if it is not of whole units.
    pub fn by_1024(self) -> Option<(i128, usize)> {
        let exact = if self.scale < 0 { self.round_up(0) } else { self };
        if exact != self {
            return None;
        }
        let (mut units, mut times) = (exact.raised_to(0)?, 0);
        while units != 0 && units % 1024 == 0 {
            units /= 1024;
            times += 1;
        }
        Some((units, times))
    }
}

/// The same of digits that are too many to be counted.
pub fn by_thousands(digits: &str, scale: i32) -> (String, i32) {
    let kept = digits.trim_end_matches('0');
    let dropped = i32::try_from(digits.len() - kept.len()).unwrap_or(i32::MAX);
    // Go's exponents wrap.
    let exponent = scale.wrapping_add(dropped);
    let zeros = exponent.rem_euclid(3);
    (format!("{kept}{}", &"00"[..zeros.unsigned_abs() as usize]), exponent.wrapping_sub(zeros))
}

/// Near to a power of ten, with the error that Go makes: it multiplies two of its table.
fn power_of_ten(exponent: i32) -> f64 {
    let exactly = |exponent: i32| format!("1e{exponent}").parse::<f64>().unwrap_or(f64::INFINITY);
    let rest = exponent % 32;
    if exponent < 0 { exactly(exponent - rest) / exactly(-rest) } else { exactly(exponent - rest) * exactly(rest) }
}

/// How many digits lie between two scales, the first of which is the finer one.
fn digits_between(finer: i32, coarser: i32) -> u32 {
    u32::try_from(i64::from(coarser) - i64::from(finer)).unwrap_or(0)
}

fn raised(value: i128, digits: u32) -> Option<i128> {
    if value == 0 { Some(0) } else { 10i128.checked_pow(digits).and_then(|p| value.checked_mul(p)) }
}

fn times_power(value: i64, digits: u32) -> Option<i64> {
    raised(value.into(), digits).and_then(|v| i64::try_from(v).ok())
}

/// Without its last digits; where those were something, they count as one more.
fn away_from_zero(value: i128, digits: u32) -> i128 {
    match 10i128.checked_pow(digits) {
        Some(divisor) => value / divisor + if value % divisor == 0 { 0 } else { value.signum() },
        None => value.signum(),
    }
}

fn narrow_sum(a: (i64, i32), b: (i64, i32)) -> Option<(i64, i32)> {
    match (a, b) {
        (_, (0, _)) => Some(a),
        ((0, _), _) => Some(b),
        ((x, scale), (y, other)) if scale > other => {
            Some((times_power(x, digits_between(other, scale))?.checked_add(y)?, other))
        }
        ((x, scale), (y, other)) => Some((times_power(y, digits_between(scale, other))?.checked_add(x)?, scale)),
    }
}

impl PartialEq for Amount {
    fn eq(&self, other: &Amount) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Amount {}

impl PartialOrd for Amount {
    fn partial_cmp(&self, other: &Amount) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Amount {
    fn cmp(&self, other: &Amount) -> Ordering {
        if self.scale > other.scale {
            return other.cmp(self).reverse();
        }
        match raised(other.value, digits_between(self.scale, other.scale)) {
            Some(value) => self.value.cmp(&value),
            // The other one has too many digits to be anything but further from zero.
            None => 0.cmp(&other.value),
        }
    }
}
