//! Statements of a script, out of the parser's tree.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use brush_parser::ast::{self, AndOr, Command, CommandPrefixOrSuffixItem as Item, CompoundCommand};

#[derive(Clone, Debug)]
pub enum Stmt {
    Simple(Arc<Simple>),
    Pipeline {
        stages: Arc<Vec<Stmt>>,
        negate: bool,
    },
    Sequence(Arc<Vec<Stmt>>),
    /// `time …`: how long it took is said after it.
    Timed {
        body: Arc<Stmt>,
        posix: bool,
    },
    /// Runs the second if the first succeeded (`and`) or failed (`or`).
    Chain {
        first: Arc<Stmt>,
        and: bool,
        second: Arc<Stmt>,
    },
    If {
        arms: Arc<Vec<(Option<Stmt>, Stmt)>>,
    },
    Loop(Arc<Loop>),
    For(Arc<For>),
    /// `for ((i = 0; i < 3; i++))`: the three expressions.
    Count {
        start: String,
        condition: Arc<Stmt>,
        body: Arc<Stmt>,
        update: Arc<Stmt>,
    },
    Case(Arc<Case>),
    Subshell(Arc<Stmt>),
    Background(Arc<Stmt>),
    Function {
        name: String,
        body: Arc<Stmt>,
    },
    Redirected {
        body: Arc<Stmt>,
        redirects: Arc<Vec<Redirect>>,
    },
    /// `[[ … ]]`
    Test(Arc<Test>),
}

#[derive(Clone, Debug, Default)]
pub struct Simple {
    pub assignments: Vec<Assignment>,
    /// Arrays among the words of a declaration: `local a=(x y)`.
    pub arrays: Vec<Assignment>,
    /// Words as written, with their quotes.
    pub words: Vec<String>,
    pub redirects: Vec<Redirect>,
    /// The line of the script that it stands in.
    pub line: usize,
}

#[derive(Clone, Debug)]
pub struct Assignment {
    pub name: String,
    /// `a[i]=x`
    pub index: Option<String>,
    pub value: Value,
    /// `x+=y`
    pub append: bool,
}

#[derive(Clone, Debug)]
pub enum Value {
    One(String),
    /// `(x y)`, `([k]=v)`
    Array(Vec<(Option<String>, String)>),
}

#[derive(Clone, Debug)]
pub struct Loop {
    pub condition: Stmt,
    pub body: Stmt,
    pub until: bool,
}

#[derive(Clone, Debug)]
pub struct For {
    pub variable: String,
    pub words: Vec<String>,
    pub body: Stmt,
}

#[derive(Clone, Debug)]
pub struct Case {
    pub word: String,
    pub arms: Vec<Arm>,
}

#[derive(Clone, Debug)]
pub struct Arm {
    pub patterns: Vec<String>,
    pub body: Stmt,
    /// `;&`: the next arm's body follows.
    pub falls_through: bool,
}

#[derive(Clone, Debug)]
pub enum Test {
    And(Arc<Test>, Arc<Test>),
    Or(Arc<Test>, Arc<Test>),
    Not(Arc<Test>),
    One { operator: String, word: String },
    Two { operator: String, left: String, right: String },
}

#[derive(Clone, Debug)]
pub struct Redirect {
    pub fd: u32,
    pub to: Target,
}

#[derive(Clone, Debug)]
pub enum Target {
    Read(String),
    Write {
        path: String,
        clobber: bool,
    },
    Append(String),
    Both(String),
    Here {
        text: String,
        expand: bool,
    },
    /// `<<< word`
    HereWord(String),
    /// Another descriptor, or `-`.
    Duplicate(String),
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

/// Why a text is no script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// More could make it one.
    Unfinished,
    Wrong(String),
}

impl Refused {
    /// As dash says it.
    pub fn text(&self) -> String {
        match self {
            Refused::Unfinished => "Syntax error: end of file unexpected".into(),
            Refused::Wrong(why) => format!("Syntax error: {why}"),
        }
    }
}

fn refusal(e: &brush_parser::ParseError) -> Refused {
    use brush_parser::ParseError as E;
    match e {
        E::ParsingNear(_) => Refused::Wrong("unexpected token".into()),
        E::ParsingAtEndOfInput | E::Tokenizing { .. } => Refused::Unfinished,
    }
}

/// Scripts that were parsed of late: the entry points of images, which every container of them runs.
static KNOWN: Mutex<VecDeque<(Arc<str>, Stmt)>> = Mutex::new(VecDeque::new());
/// So many of them are remembered, if they are not too long to be kept.
const MOST_KNOWN: usize = 16;
const LONGEST_KNOWN: usize = 16_384;

/// Parses a script.
pub fn parse(text: &str) -> Result<Stmt, Refused> {
    if text.len() > LONGEST_KNOWN {
        return parse_anew(text);
    }
    if let Ok(known) = KNOWN.lock()
        && let Some((_, script)) = known.iter().find(|(known, _)| **known == *text)
    {
        return Ok(script.clone());
    }
    let script = parse_anew(text)?;
    if let Ok(mut known) = KNOWN.lock() {
        known.truncate(MOST_KNOWN - 1);
        known.push_front((text.into(), script.clone()));
    }
    Ok(script)
}

fn parse_anew(text: &str) -> Result<Stmt, Refused> {
    if is_too_deep(text) {
        return Err(Refused::Wrong("nested too deeply".into()));
    }
    let mut parser =
        brush_parser::Parser::new(std::io::Cursor::new(text.as_bytes()), &brush_parser::ParserOptions::default());
    let program = parser.parse_program().map_err(|e| refusal(&e))?;
    let list = program.complete_commands.iter().flat_map(compound).collect();
    Ok(Stmt::Sequence(Arc::new(list)))
}

/// How far back a shell looks for a line up to which a script can be read.
const MOST_CUTS: usize = 64;

/// The lines of a script before the one that cannot be read, and the number of that line: a shell reads and runs them one by one.
pub fn readable_part(text: &str) -> (Option<Stmt>, usize) {
    let ends: Vec<usize> = text.match_indices('\n').map(|(i, _)| i + 1).collect();
    let good =
        ends.iter().enumerate().rev().take(MOST_CUTS).find_map(|(n, end)| Some((parse(&text[..*end]).ok()?, n + 2)));
    match good {
        Some((s, line)) => (Some(s), line),
        None => (None, 1),
    }
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
    let body = match (stages.len(), p.bang) {
        (1, false) => stages.remove(0),
        (_, negate) => Stmt::Pipeline { stages: Arc::new(stages), negate },
    };
    match &p.timed {
        None => body,
        Some(how) => {
            let posix = matches!(how, ast::PipelineTimed::TimedWithPosixOutput(_));
            Stmt::Timed { body: Arc::new(body), posix }
        }
    }
}

fn redirected(body: Stmt, redirects: Option<&ast::RedirectList>) -> Stmt {
    match redirects {
        Some(list) => {
            let redirects = Arc::new(list.0.iter().flat_map(redirect).collect());
            Stmt::Redirected { body: Arc::new(body), redirects }
        }
        None => body,
    }
}

fn command(c: &Command) -> Stmt {
    match c {
        Command::Simple(s) => Stmt::Simple(Arc::new(simple(s))),
        Command::Compound(c, redirects) => redirected(compound_command(c), redirects.as_ref()),
        Command::Function(f) => {
            let body = redirected(compound_command(&f.body.0), f.body.1.as_ref());
            Stmt::Function { name: f.fname.value.clone(), body: Arc::new(body) }
        }
        Command::ExtendedTest(t, redirects) => redirected(Stmt::Test(Arc::new(test(&t.expr))), redirects.as_ref()),
    }
}

fn test(e: &ast::ExtendedTestExpr) -> Test {
    use ast::ExtendedTestExpr as E;
    match e {
        E::And(a, b) => Test::And(Arc::new(test(a)), Arc::new(test(b))),
        E::Or(a, b) => Test::Or(Arc::new(test(a)), Arc::new(test(b))),
        E::Not(a) => Test::Not(Arc::new(test(a))),
        E::Parenthesized(a) => test(a),
        E::UnaryTest(op, w) => Test::One { operator: op.to_string(), word: w.value.clone() },
        E::BinaryTest(op, a, b) => {
            Test::Two { operator: op.to_string(), left: a.value.clone(), right: b.value.clone() }
        }
    }
}

/// An arithmetic expression as a command: well if it is not 0.
fn arithmetic(text: &str) -> Stmt {
    let words = ["test", &format!("$(({text}))"), "-ne", "0"].map(String::from).to_vec();
    Stmt::Simple(Arc::new(Simple { words, ..Simple::default() }))
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
        CompoundCommand::WhileClause(w) => repeated(w, false),
        CompoundCommand::UntilClause(w) => repeated(w, true),
        CompoundCommand::ForClause(f) => Stmt::For(Arc::new(For {
            variable: f.variable_name.clone(),
            words: match &f.values {
                Some(v) => v.iter().map(|w| w.value.clone()).collect(),
                None => vec!["\"$@\"".into()],
            },
            body: sequence(&f.body.list),
        })),
        CompoundCommand::ArithmeticForClause(f) => {
            let text = |e: &Option<ast::UnexpandedArithmeticExpr>| e.as_ref().map(|e| e.value.clone());
            Stmt::Count {
                start: text(&f.initializer).unwrap_or_default(),
                condition: Arc::new(arithmetic(&text(&f.condition).unwrap_or_else(|| "1".into()))),
                update: Arc::new(arithmetic(&text(&f.updater).unwrap_or_else(|| "1".into()))),
                body: Arc::new(sequence(&f.body.list)),
            }
        }
        CompoundCommand::CaseClause(c) => Stmt::Case(Arc::new(Case {
            word: c.value.value.clone(),
            arms: c
                .cases
                .iter()
                .map(|a| Arm {
                    patterns: a.patterns.iter().map(|p| p.value.clone()).collect(),
                    body: a.cmd.as_ref().map_or_else(|| Stmt::Sequence(Arc::new(vec![])), sequence),
                    falls_through: matches!(a.post_action, ast::CaseItemPostAction::UnconditionallyExecuteNextCaseItem),
                })
                .collect(),
        })),
        CompoundCommand::Arithmetic(a) => arithmetic(&a.expr.value),
        CompoundCommand::Coprocess(c) => Stmt::Background(Arc::new(command(&c.body))),
    }
}

fn repeated(w: &ast::WhileOrUntilClauseCommand, until: bool) -> Stmt {
    Stmt::Loop(Arc::new(Loop { condition: sequence(&w.0), body: sequence(&w.1.list), until }))
}

fn assignment(a: &ast::Assignment) -> Assignment {
    let (name, index) = match &a.name {
        ast::AssignmentName::VariableName(n) => (n.clone(), None),
        ast::AssignmentName::ArrayElementName(n, i) => (n.clone(), Some(i.clone())),
    };
    let value = match &a.value {
        ast::AssignmentValue::Scalar(w) => Value::One(w.value.clone()),
        ast::AssignmentValue::Array(all) => {
            Value::Array(all.iter().map(|(k, v)| (k.as_ref().map(|k| k.value.clone()), v.value.clone())).collect())
        }
    };
    Assignment { name, index, value, append: a.append }
}

fn simple(s: &ast::SimpleCommand) -> Simple {
    let mut out = Simple::default();
    for item in s.prefix.iter().flat_map(|p| &p.0) {
        match item {
            Item::AssignmentWord(a, _) => out.assignments.push(assignment(a)),
            Item::IoRedirect(r) => out.redirects.extend(redirect(r)),
            _ => {}
        }
    }
    out.words.extend(s.word_or_name.iter().map(|w| w.value.clone()));
    out.line = s.word_or_name.as_ref().and_then(|w| w.loc.as_ref()).map_or(1, |l| l.start.line);
    for item in s.suffix.iter().flat_map(|p| &p.0) {
        match item {
            Item::AssignmentWord(a, _) if matches!(a.value, ast::AssignmentValue::Array(_)) => {
                let a = assignment(a);
                out.words.push(a.name.clone());
                out.arrays.push(a);
            }
            Item::Word(w) | Item::AssignmentWord(_, w) => out.words.push(w.value.clone()),
            Item::IoRedirect(r) => out.redirects.extend(redirect(r)),
            Item::ProcessSubstitution(..) => {}
        }
    }
    out
}

fn redirect(r: &ast::IoRedirect) -> Vec<Redirect> {
    use ast::{IoFileRedirectKind as Kind, IoFileRedirectTarget as To};
    let number = |fd: &Option<i32>, default: u32| fd.and_then(|f| u32::try_from(f).ok()).unwrap_or(default);
    let one = |fd, to| vec![Redirect { fd, to }];
    match r {
        ast::IoRedirect::File(fd, kind, target) => {
            let reads = matches!(kind, Kind::Read | Kind::ReadAndWrite | Kind::DuplicateInput);
            let fd = number(fd, u32::from(!reads));
            let path = match target {
                To::Filename(w) | To::Duplicate(w) => w.value.clone(),
                To::Fd(n) => n.to_string(),
                To::ProcessSubstitution(..) => return vec![],
            };
            let is_descriptor = !matches!(target, To::Filename(_));
            one(
                fd,
                match kind {
                    _ if is_descriptor => Target::Duplicate(path),
                    Kind::DuplicateInput | Kind::DuplicateOutput => Target::Duplicate(path),
                    Kind::Read => Target::Read(path),
                    Kind::ReadAndWrite => Target::Both(path),
                    Kind::Append => Target::Append(path),
                    Kind::Write | Kind::Clobber => Target::Write { path, clobber: matches!(kind, Kind::Clobber) },
                },
            )
        }
        ast::IoRedirect::OutputAndError(w, append) => {
            let path = w.value.clone();
            let to = if *append { Target::Append(path) } else { Target::Write { path, clobber: false } };
            vec![Redirect { fd: 1, to }, Redirect { fd: 2, to: Target::Duplicate("1".into()) }]
        }
        ast::IoRedirect::HereDocument(fd, d) => {
            let text = match d.remove_tabs {
                true => d.doc.value.split_inclusive('\n').map(|l| l.trim_start_matches('\t')).collect(),
                false => d.doc.value.clone(),
            };
            one(number(fd, 0), Target::Here { text, expand: d.requires_expansion })
        }
        ast::IoRedirect::HereString(fd, w) => one(number(fd, 0), Target::HereWord(w.value.clone())),
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
