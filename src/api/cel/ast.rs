//! The tree of an expression, and where in the source each of its nodes stands.
//! Real Kubernetes: cel-go/common/ast.

use super::value::Value;

/// Names a node: places, types and references are looked up by it.
pub type Id = usize;

#[derive(Clone, Debug)]
pub struct Expr {
    pub id: Id,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Literal(Value),
    Ident(String),
    Select {
        operand: Box<Expr>,
        field: String,
        test: bool,
    },
    Call {
        function: String,
        target: Option<Box<Expr>>,
        args: Vec<Expr>,
    },
    List {
        elements: Vec<Expr>,
        optional: Vec<usize>,
    },
    Map(Vec<Entry>),
    Struct {
        name: String,
        fields: Vec<Field>,
    },
    Fold(Box<Fold>),
    /// Stands where parsing failed.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub key: Expr,
    pub value: Expr,
    pub optional: bool,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub id: Id,
    pub name: String,
    pub value: Expr,
    pub optional: bool,
}

/// What macros as `all` and `map` become: a loop over a range that carries one value along.
#[derive(Clone, Debug)]
pub struct Fold {
    pub range: Expr,
    pub var: String,
    pub var2: Option<String>,
    pub accumulator: String,
    pub init: Expr,
    pub condition: Expr,
    pub step: Expr,
    pub result: Expr,
}

impl Expr {
    /// `a.b.c` of plain names, as it may name a variable or a function.
    pub fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.clone()),
            Kind::Select { operand, field, test: false } => Some(format!("{}.{field}", operand.qualified_name()?)),
            _ => None,
        }
    }

    pub fn is_empty_list(&self) -> bool {
        matches!(&self.kind, Kind::List { elements, .. } if elements.is_empty())
    }

    /// Visits this node and all below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        let mut each = |e: &'a Expr| e.walk(visit);
        match &self.kind {
            Kind::Literal(_) | Kind::Ident(_) | Kind::Nothing => {}
            Kind::Select { operand, .. } => each(operand),
            Kind::Call { target, args, .. } => target.as_deref().into_iter().chain(args).for_each(each),
            Kind::List { elements, .. } => elements.iter().for_each(each),
            Kind::Map(entries) => entries.iter().flat_map(|e| [&e.key, &e.value]).for_each(each),
            Kind::Struct { fields, .. } => fields.iter().map(|f| &f.value).for_each(each),
            Kind::Fold(f) => [&f.range, &f.init, &f.condition, &f.step, &f.result].into_iter().for_each(each),
        }
    }
}

/// The text of an expression, and the places of its nodes in characters.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub text: String,
    pub places: Vec<usize>,
}

impl Source {
    pub fn new(text: &str) -> Source {
        Source { text: text.into(), places: vec![] }
    }

    /// Line (from 1) and column (from 0) of a place.
    pub fn position(&self, place: usize) -> (usize, usize) {
        let mut at = (1, 0);
        for c in self.text.chars().take(place) {
            at = if c == '\n' { (at.0 + 1, 0) } else { (at.0, at.1 + 1) };
        }
        at
    }
}
