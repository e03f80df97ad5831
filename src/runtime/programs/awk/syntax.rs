//! What a program of `awk` consists of.

#[derive(Clone, PartialEq, Debug)]
pub enum Expr {
    Number(f64),
    Text(String),
    /// `/x/`: by itself it is matched against the record.
    Regex(String),
    Variable(String),
    Field(Box<Expr>),
    Element(String, Vec<Expr>),
    Assign(Box<Expr>, Option<Operator>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Minus(Box<Expr>),
    Plus(Box<Expr>),
    Two(Operator, Box<Expr>, Box<Expr>),
    Match {
        negated: bool,
        text: Box<Expr>,
        pattern: Box<Expr>,
    },
    In(Vec<Expr>, String),
    Step {
        of: Box<Expr>,
        by: f64,
        before: bool,
    },
    Call(String, Vec<Expr>),
    Builtin(&'static str, Vec<Expr>),
    Getline {
        from: From,
        target: Option<Box<Expr>>,
    },
    /// `(a, b)`
    Group(Vec<Expr>),
}

#[derive(Clone, PartialEq, Debug)]
pub enum From {
    Input,
    File(Box<Expr>),
    Command(Box<Expr>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Concatenate,
    Less,
    LessEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Stmt {
    Expr(Expr),
    Print { args: Vec<Expr>, formatted: bool, to: Option<(Redirect, Expr)> },
    If(Expr, Box<Stmt>, Option<Box<Stmt>>),
    While(Expr, Box<Stmt>),
    Do(Box<Stmt>, Expr),
    For(Option<Box<Stmt>>, Option<Expr>, Option<Box<Stmt>>, Box<Stmt>),
    ForIn(String, String, Box<Stmt>),
    Block(Vec<Stmt>),
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
    Break,
    Continue,
    Delete(String, Option<Vec<Expr>>),
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Redirect {
    Write,
    Append,
    Pipe,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Pattern {
    Begin,
    End,
    Always,
    When(Expr),
    Range(Expr, Expr),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Rule {
    pub pattern: Pattern,
    /// `None`: the record is printed.
    pub body: Option<Stmt>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Function {
    pub name: String,
    pub params: Vec<String>,
    pub body: Stmt,
}

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Program {
    pub rules: Vec<Rule>,
    pub functions: Vec<Function>,
}

/// What `awk` has of functions, with the least and the most arguments.
pub const BUILTINS: &[(&str, usize, usize)] = &[
    ("atan2", 2, 2),
    ("close", 1, 2),
    ("cos", 1, 1),
    ("exp", 1, 1),
    ("fflush", 0, 1),
    ("gsub", 2, 3),
    ("index", 2, 2),
    ("int", 1, 1),
    ("length", 0, 1),
    ("log", 1, 1),
    ("match", 2, 2),
    ("rand", 0, 0),
    ("sin", 1, 1),
    ("split", 2, 3),
    ("sprintf", 1, 100),
    ("sqrt", 1, 1),
    ("srand", 0, 1),
    ("strftime", 0, 2),
    ("sub", 2, 3),
    ("substr", 2, 3),
    ("system", 1, 1),
    ("systime", 0, 0),
    ("tolower", 1, 1),
    ("toupper", 1, 1),
];
