//! The words of a command as OpenSSL reads them: options have one dash and a whole name, and their order is kept.

use super::Failed;

pub struct Words {
    command: String,
    /// Options in the order in which they stand, with what they are given.
    pub options: Vec<(String, String)>,
    pub rest: Vec<String>,
}

/// `flags` and `valued` are names, parted by blanks.
pub fn parse(command: &str, args: &[String], flags: &str, valued: &str) -> Result<Words, Failed> {
    let mut words = Words { command: command.into(), options: vec![], rest: vec![] };
    let mut left = args.iter();
    while let Some(arg) = left.next() {
        let Some(name) = arg.strip_prefix('-').filter(|n| !n.is_empty()) else {
            words.rest.push(arg.clone());
            words.rest.extend(left.cloned());
            break;
        };
        let name = name.strip_prefix('-').unwrap_or(name);
        if name == "help" {
            return Err(summary(command, flags, valued));
        }
        if flags.split(' ').any(|f| f == name) {
            words.options.push((name.into(), String::new()));
        } else if valued.split(' ').any(|v| v == name) {
            let value = left.next().ok_or_else(|| words.usage(&format!("Option -{name} needs a value")))?;
            words.options.push((name.into(), value.clone()));
        } else {
            let digests = ["req", "x509", "dgst"].contains(&command);
            let text = match digests {
                true => format!("Unknown option or message digest: {name}"),
                false => format!("Unknown option: -{name}"),
            };
            return Err(words.usage(&text));
        }
    }
    Ok(words)
}

fn summary(command: &str, flags: &str, valued: &str) -> Failed {
    let mut text =
        format!("Usage: {command} [options]\n\nValid options are:\n -help               Display this summary\n");
    flags.split(' ').filter(|f| !f.is_empty()).for_each(|f| text.push_str(&format!(" -{f}\n")));
    valued.split(' ').filter(|v| !v.is_empty()).for_each(|v| text.push_str(&format!(" -{v} val\n")));
    Failed { text, code: 0 }
}

impl Words {
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(n, _)| n == name)
    }

    /// What the last of that name is given.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.options.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn number(&self, name: &str) -> Result<Option<i64>, Failed> {
        self.value(name).map(|v| self.a_number(v)).transpose()
    }

    pub fn a_number(&self, text: &str) -> Result<i64, Failed> {
        text.parse().map_err(|_| self.usage(&format!("Can't parse \"{text}\" as a number")))
    }

    /// A complaint about the words themselves.
    pub fn usage(&self, text: &str) -> Failed {
        let name = &self.command;
        format!("{name}: {text}\n{name}: Use -help for summary.").into()
    }

    /// Nothing may stand after the options.
    pub fn ends(self) -> Result<Words, Failed> {
        match self.rest.is_empty() {
            true => Ok(self),
            false => Err(format!("{}: Use -help for summary.", self.command).into()),
        }
    }
}
