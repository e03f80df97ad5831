//! Statements of a script, out of the parser's tree.

use std::sync::Arc;

use brush_parser::ast::{self, AndOr, Command, CommandPrefixOrSuffixItem as Item, CompoundCommand};

#[derive(Clone, Debug)]
pub enum Stmt {
    Simple(Arc<Simple>),
    Pipeline {
        stages: Vec<Stmt>,
        negate: bool,
    },
    Sequence(Arc<Vec<Stmt>>),
    /// Runs the second if the first succeeded (`and`) or failed (`or`).
    Chain {
        first: Arc<Stmt>,
        and: bool,
        second: Arc<Stmt>,
    },
    If {
        arms: Arc<Vec<(Option<Stmt>, Stmt)>>,
    },
    Loop {
        condition: Arc<Stmt>,
        body: Arc<Stmt>,
        until: bool,
    },
    For {
        variable: String,
        words: Arc<Vec<String>>,
        body: Arc<Stmt>,
    },
    Case {
        word: String,
        arms: Arc<Vec<(Vec<String>, Stmt)>>,
    },
    Subshell(Arc<Stmt>),
    Background(Arc<Stmt>),
    Function {
        name: String,
        body: Arc<Stmt>,
    },
    Redirected {
        body: Arc<Stmt>,
        redirects: Vec<Redirect>,
    },
}

#[derive(Clone, Debug, Default)]
pub struct Simple {
    pub assignments: Vec<(String, String)>,
    /// Words as written, with their quotes.
    pub words: Vec<String>,
    pub redirects: Vec<Redirect>,
}

#[derive(Clone, Debug)]
pub enum Redirect {
    Read { path: String },
    Here { text: String, expand: bool },
    Write { fd: i32, path: String, append: bool },
    Both { path: String, append: bool },
    Duplicate { fd: i32, to: i32 },
}

/// How deeply parentheses may stand in one another. The parser tries every reading of `((`, so its time doubles with
/// each one that is never closed.
const MAX_PARENTHESES: usize = 12;
/// How many compound commands, braces or brackets may: the parser calls itself for each.
const MAX_COMPOUNDS: usize = 100;

/// Whether the parser should not even try. What stands in quotes and comments counts too: it is a rough measure.
fn is_too_deep(text: &str) -> bool {
    let (mut parentheses, mut brackets, mut compounds) = (0usize, 0usize, 0usize);
    for c in text.chars() {
        match c {
            '(' => parentheses += 1,
            ')' => parentheses = parentheses.saturating_sub(1),
            '{' | '[' => brackets += 1,
            '}' | ']' => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if parentheses > MAX_PARENTHESES || brackets > MAX_COMPOUNDS {
            return true;
        }
    }
    for word in text.split(|c: char| c.is_whitespace() || ";|&()".contains(c)) {
        match word {
            "{" | "if" | "while" | "until" | "for" | "case" => compounds += 1,
            "}" | "fi" | "done" | "esac" => compounds = compounds.saturating_sub(1),
            _ => {}
        }
        if compounds > MAX_COMPOUNDS {
            return true;
        }
    }
    false
}

/// Parses a script; the error is the line that a shell prints.
pub fn parse(text: &str) -> Result<Stmt, String> {
    if is_too_deep(text) {
        return Err("sh: syntax error: nested too deeply".to_string());
    }
    let mut parser =
        brush_parser::Parser::new(std::io::Cursor::new(text.as_bytes()), &brush_parser::ParserOptions::default());
    let program =
        parser.parse_program().map_err(|_| "sh: syntax error: unexpected end of file or token".to_string())?;
    let list = program.complete_commands.iter().flat_map(compound).collect();
    Ok(Stmt::Sequence(Arc::new(list)))
}

fn compound(list: &ast::CompoundList) -> Vec<Stmt> {
    list.0
        .iter()
        .map(|ast::CompoundListItem(item, separator)| {
            let s = and_or(item);
            if matches!(separator, ast::SeparatorOperator::Async) { Stmt::Background(Arc::new(s)) } else { s }
        })
        .collect()
}

fn sequence(list: &ast::CompoundList) -> Stmt {
    Stmt::Sequence(Arc::new(compound(list)))
}

fn and_or(list: &ast::AndOrList) -> Stmt {
    list.additional.iter().fold(pipeline(&list.first), |first, next| {
        let (and, p) = match next {
            AndOr::And(p) => (true, p),
            AndOr::Or(p) => (false, p),
        };
        Stmt::Chain { first: Arc::new(first), and, second: Arc::new(pipeline(p)) }
    })
}

fn pipeline(p: &ast::Pipeline) -> Stmt {
    let mut stages: Vec<Stmt> = p.seq.iter().map(command).collect();
    match (stages.len(), p.bang) {
        (1, false) => stages.remove(0),
        (_, negate) => Stmt::Pipeline { stages, negate },
    }
}

fn command(c: &Command) -> Stmt {
    match c {
        Command::Simple(s) => Stmt::Simple(Arc::new(simple(s))),
        Command::Compound(c, redirects) => {
            let body = compound_command(c);
            match redirects {
                Some(list) => {
                    Stmt::Redirected { body: Arc::new(body), redirects: list.0.iter().flat_map(redirect).collect() }
                }
                None => body,
            }
        }
        Command::Function(f) => {
            Stmt::Function { name: f.fname.value.clone(), body: Arc::new(compound_command(&f.body.0)) }
        }
        Command::ExtendedTest(..) => Stmt::Simple(Arc::new(Simple { words: vec!["[[".into()], ..Simple::default() })),
    }
}

fn compound_command(c: &CompoundCommand) -> Stmt {
    match c {
        CompoundCommand::BraceGroup(g) => sequence(&g.list),
        CompoundCommand::Subshell(s) => Stmt::Subshell(Arc::new(sequence(&s.list))),
        CompoundCommand::IfClause(i) => {
            let mut arms = vec![(Some(sequence(&i.condition)), sequence(&i.then))];
            arms.extend(i.elses.iter().flatten().map(|e| (e.condition.as_ref().map(sequence), sequence(&e.body))));
            Stmt::If { arms: Arc::new(arms) }
        }
        CompoundCommand::WhileClause(w) => {
            Stmt::Loop { condition: Arc::new(sequence(&w.0)), body: Arc::new(sequence(&w.1.list)), until: false }
        }
        CompoundCommand::UntilClause(w) => {
            Stmt::Loop { condition: Arc::new(sequence(&w.0)), body: Arc::new(sequence(&w.1.list)), until: true }
        }
        CompoundCommand::ForClause(f) => Stmt::For {
            variable: f.variable_name.clone(),
            words: Arc::new(match &f.values {
                Some(v) => v.iter().map(|w| w.value.clone()).collect(),
                None => vec!["\"$@\"".into()],
            }),
            body: Arc::new(sequence(&f.body.list)),
        },
        CompoundCommand::CaseClause(c) => Stmt::Case {
            word: c.value.value.clone(),
            arms: Arc::new(
                c.cases
                    .iter()
                    .map(|a| {
                        let body = a.cmd.as_ref().map_or_else(|| Stmt::Sequence(Arc::new(vec![])), sequence);
                        (a.patterns.iter().map(|p| p.value.clone()).collect(), body)
                    })
                    .collect(),
            ),
        },
        CompoundCommand::Arithmetic(a) => Stmt::Simple(Arc::new(Simple {
            words: vec!["test".into(), format!("$(({}))", a.expr.value), "-ne".into(), "0".into()],
            ..Simple::default()
        })),
        _ => Stmt::Simple(Arc::new(Simple { words: vec!["unsupported-syntax".into()], ..Simple::default() })),
    }
}

fn simple(s: &ast::SimpleCommand) -> Simple {
    let mut out = Simple::default();
    for item in s.prefix.iter().flat_map(|p| &p.0) {
        match item {
            Item::AssignmentWord(a, _) => {
                if let (ast::AssignmentName::VariableName(name), ast::AssignmentValue::Scalar(w)) = (&a.name, &a.value)
                {
                    out.assignments.push((name.clone(), w.value.clone()));
                }
            }
            Item::IoRedirect(r) => out.redirects.extend(redirect(r)),
            _ => {}
        }
    }
    out.words.extend(s.word_or_name.iter().map(|w| w.value.clone()));
    for item in s.suffix.iter().flat_map(|p| &p.0) {
        match item {
            Item::Word(w) | Item::AssignmentWord(_, w) => out.words.push(w.value.clone()),
            Item::IoRedirect(r) => out.redirects.extend(redirect(r)),
            Item::ProcessSubstitution(..) => {}
        }
    }
    out
}

fn redirect(r: &ast::IoRedirect) -> Option<Redirect> {
    use ast::{IoFileRedirectKind as Kind, IoFileRedirectTarget as To};
    match r {
        ast::IoRedirect::File(fd, kind, To::Filename(w)) => {
            let path = w.value.clone();
            Some(match kind {
                Kind::Read | Kind::ReadAndWrite => Redirect::Read { path },
                Kind::Append => Redirect::Write { fd: fd.unwrap_or(1), path, append: true },
                _ => Redirect::Write { fd: fd.unwrap_or(1), path, append: false },
            })
        }
        ast::IoRedirect::File(fd, Kind::DuplicateOutput, To::Fd(to)) => {
            Some(Redirect::Duplicate { fd: fd.unwrap_or(1), to: *to })
        }
        ast::IoRedirect::File(fd, Kind::DuplicateOutput, To::Duplicate(w)) => {
            Some(Redirect::Duplicate { fd: fd.unwrap_or(1), to: w.value.parse().ok()? })
        }
        ast::IoRedirect::OutputAndError(w, append) => Some(Redirect::Both { path: w.value.clone(), append: *append }),
        ast::IoRedirect::HereDocument(_, d) => {
            Some(Redirect::Here { text: d.doc.value.clone(), expand: d.requires_expansion })
        }
        ast::IoRedirect::HereString(_, w) => Some(Redirect::Here { text: format!("{}\n", w.value), expand: true }),
        ast::IoRedirect::File(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_opens_without_end_is_refused_at_once() {
        for opening in [
            "(",
            "((",
            "$((",
            "$(",
            "{ ",
            "if ",
            "while ",
            "until ",
            "f(){ ",
            "case x in a) ",
            "for x in a; do ",
            "${x:-",
            "$[",
        ] {
            assert!(parse(&opening.repeat(3000)).is_err(), "{opening}");
        }
        let (depth, body) = (10, "x=1");
        let nested = format!("{}{body}{}", "( ".repeat(depth), " )".repeat(depth));
        assert!(parse(&nested).is_ok());
        let long = "if true; then (echo a); fi\n".repeat(500);
        assert!(parse(&long).is_ok());
    }
}
