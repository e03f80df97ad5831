//! One `%…` of a format as C's printf reads it: how a text or a number is printed. The shell's `printf` and awk's share it.

/// Columns that a width may ask for.
pub const MOST_COLUMNS: usize = 10_000;

/// `%-8.3f`: all but the `%`.
#[derive(Clone, Debug)]
pub struct Conversion {
    pub flags: String,
    pub width: usize,
    pub precision: Option<usize>,
    pub letter: char,
}

impl Conversion {
    pub fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    pub fn integer(&self, n: i64) -> String {
        let digits = match self.letter {
            'o' => format!("{n:o}"),
            'x' => format!("{n:x}"),
            'X' => format!("{n:X}"),
            'u' => n.cast_unsigned().to_string(),
            _ => n.unsigned_abs().to_string(),
        };
        let zeros = "0".repeat(self.precision.unwrap_or(0).saturating_sub(digits.len()));
        let prefix = match self.letter {
            'x' if self.has('#') && n != 0 => "0x",
            'X' if self.has('#') && n != 0 => "0X",
            'o' if self.has('#') => "0",
            'd' | 'i' if n < 0 => "-",
            'd' | 'i' if self.has('+') => "+",
            'd' | 'i' if self.has(' ') => " ",
            _ => "",
        };
        self.padded_number(&format!("{prefix}{zeros}{digits}"))
    }

    pub fn float(&self, n: f64) -> String {
        let precision = self.precision.unwrap_or(6);
        let sign = match () {
            () if n.is_sign_negative() => "-",
            () if self.has('+') => "+",
            () if self.has(' ') => " ",
            () => "",
        };
        let n = n.abs();
        let scientific = |n: f64, precision: usize, upper: bool| {
            let text = format!("{n:.precision$e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let (esign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |e| ('-', e));
            format!("{mantissa}{}{esign}{digits:0>2}", if upper { 'E' } else { 'e' })
        };
        let text = match self.letter {
            _ if n.is_infinite() => "inf".into(),
            _ if n.is_nan() => "nan".into(),
            'e' | 'E' => scientific(n, precision, self.letter == 'E'),
            'g' | 'G' => {
                let p = precision.max(1);
                let exponent = if n == 0.0 {
                    0
                } else {
                    format!("{n:.*e}", p - 1).rsplit('e').next().and_then(|e| e.parse::<i64>().ok()).unwrap_or_default()
                };
                let whole = i64::try_from(p).unwrap_or(i64::MAX);
                let text = if exponent < -4 || exponent >= whole {
                    scientific(n, p - 1, self.letter == 'G')
                } else {
                    format!("{n:.*}", usize::try_from(whole - 1 - exponent).unwrap_or_default())
                };
                if self.has('#') { text } else { shortened(&text) }
            }
            _ => format!("{n:.precision$}"),
        };
        self.padded_number(&format!("{sign}{text}"))
    }

    /// Up to the width, with spaces.
    pub fn padded(&self, text: &[u8], columns: usize) -> Vec<u8> {
        let spaces = vec![b' '; self.width.saturating_sub(columns)];
        let parts = if self.has('-') { [text, spaces.as_slice()] } else { [spaces.as_slice(), text] };
        parts.concat()
    }

    /// The same with zeros behind the sign, where that is wanted.
    fn padded_number(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.len());
        let is_integer = "diouxX".contains(self.letter);
        if self.has('-') {
            return format!("{text}{}", " ".repeat(missing));
        }
        if !self.has('0') || (is_integer && self.precision.is_some()) {
            return format!("{}{text}", " ".repeat(missing));
        }
        let sign = text.len() - text.trim_start_matches(['-', '+', ' ']).len();
        let hex = text[sign..].starts_with("0x") || text[sign..].starts_with("0X");
        let (before, digits) = text.split_at(if hex { sign + 2 } else { sign });
        format!("{before}{}{digits}", "0".repeat(missing))
    }
}

/// Without zeros at the end of a fraction.
fn shortened(text: &str) -> String {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(i) => text.split_at(i),
        None => (text, ""),
    };
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    format!("{mantissa}{exponent}")
}
