//! A checked expression made ready to run, in the steps in which cel-go runs it: what an evaluation costs depends on them.
//!
//! A name with the fields and indexes after it is one step, an attribute. Literals whose parts are constants are one constant.
//! Real Kubernetes: cel-go/interpreter/{planner,attributes,decorators}.go.

use std::collections::BTreeSet;

use super::ast::{Expr, Fold, Kind};
use super::checker::{Checked, Reference};
use super::library::{self, Native};
use super::value::{Error, Key, List, Map, Value};
use crate::api::go_regexp::Pattern;

pub enum Node {
    Const(Value),
    Attribute(Attribute),
    /// `has(…)`.
    Test(Attribute),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Equal {
        negated: bool,
        sides: Box<[Node; 2]>,
    },
    /// `.or()` and `.orValue()`, which look at their argument only if they need it.
    OrElse {
        value: bool,
        sides: Box<[Node; 2]>,
    },
    Call(Call),
    /// `in` a list of constants.
    Member {
        element: Box<Node>,
        set: BTreeSet<Key>,
    },
    List {
        elements: Vec<Node>,
        optional: Vec<usize>,
    },
    Map(Vec<(Node, Node, bool)>),
    Struct {
        name: String,
        fields: Vec<(String, Node, bool)>,
    },
    Fold(Box<Loop>),
}

pub struct Call {
    pub function: String,
    /// The only overload that it can be, if that is known.
    pub overload: &'static str,
    pub native: Option<Native>,
    pub args: Vec<Node>,
    /// A regular expression that stands in the expression itself.
    pub pattern: Option<Box<Pattern>>,
}

pub struct Attribute {
    pub root: Root,
    pub qualifiers: Vec<Qualifier>,
}

pub enum Root {
    Variable(String),
    Relative(Box<Node>),
    Conditional(Box<(Node, Attribute, Attribute)>),
}

pub struct Qualifier {
    pub by: By,
    pub optional: bool,
    /// Only whether it is there is asked.
    pub test: bool,
}

pub enum By {
    Const(Value),
    Attribute(Attribute),
}

pub struct Loop {
    pub range: Node,
    pub var: String,
    pub var2: Option<String>,
    pub accumulator: String,
    pub init: Node,
    pub condition: Node,
    pub step: Node,
    pub result: Node,
}

/// Makes the steps; a constant that cannot be made is an error now.
pub fn plan(e: &Expr, checked: &Checked) -> Result<Node, Error> {
    let each = |all: &[Expr]| all.iter().map(|e| plan(e, checked)).collect::<Result<Vec<_>, _>>();
    Ok(match &e.kind {
        Kind::Nothing => return Err(Error::new("unsupported expr")),
        Kind::Literal(value) => Node::Const(value.clone()),
        Kind::Ident(name) => match checked.reference(e.id) {
            Some(Reference::Ident { value: Some(value), .. }) => Node::Const(value.clone()),
            _ => Node::Attribute(Attribute { root: Root::Variable(name.clone()), qualifiers: vec![] }),
        },
        Kind::Select { operand, field, test } => {
            let mut attribute = attribute(plan(operand, checked)?);
            let by = By::Const(Value::string(field));
            attribute.qualifiers.push(Qualifier { by, optional: false, test: *test });
            if *test { Node::Test(attribute) } else { Node::Attribute(attribute) }
        }
        Kind::Call { function, target, args } => {
            let mut nodes = vec![];
            if let Some(target) = target {
                nodes.push(plan(target, checked)?);
            }
            nodes.extend(each(args)?);
            call(function, checked.overloads(e.id), nodes)?
        }
        Kind::List { elements, optional } => list(each(elements)?, optional),
        Kind::Map(entries) => {
            let mut nodes = vec![];
            for entry in entries {
                nodes.push((plan(&entry.key, checked)?, plan(&entry.value, checked)?, entry.optional));
            }
            map(nodes)
        }
        Kind::Struct { name, fields } => {
            let mut nodes = vec![];
            for f in fields {
                nodes.push((f.name.clone(), plan(&f.value, checked)?, f.optional));
            }
            Node::Struct { name: name.clone(), fields: nodes }
        }
        Kind::Fold(fold) => Node::Fold(Box::new(planned_loop(fold, checked)?)),
    })
}

fn planned_loop(fold: &Fold, checked: &Checked) -> Result<Loop, Error> {
    Ok(Loop {
        range: plan(&fold.range, checked)?,
        var: fold.var.clone(),
        var2: fold.var2.clone(),
        accumulator: fold.accumulator.clone(),
        init: plan(&fold.init, checked)?,
        condition: plan(&fold.condition, checked)?,
        step: plan(&fold.step, checked)?,
        result: plan(&fold.result, checked)?,
    })
}

/// A node to which fields and indexes can be added.
fn attribute(node: Node) -> Attribute {
    match node {
        Node::Attribute(a) => a,
        other => Attribute { root: Root::Relative(Box::new(other)), qualifiers: vec![] },
    }
}

fn pair(nodes: Vec<Node>) -> Result<Box<[Node; 2]>, Error> {
    <[Node; 2]>::try_from(nodes).map(Box::new).map_err(|_| Error::no_such_overload())
}

fn call(function: &str, overloads: &[&'static str], mut nodes: Vec<Node>) -> Result<Node, Error> {
    match function {
        "_&&_" => return Ok(Node::And(pair(nodes)?)),
        "_||_" => return Ok(Node::Or(pair(nodes)?)),
        "_==_" | "_!=_" => return Ok(Node::Equal { negated: function == "_!=_", sides: pair(nodes)? }),
        "or" | "orValue" => return Ok(Node::OrElse { value: function == "orValue", sides: pair(nodes)? }),
        "_?_:_" if nodes.len() == 3 => {
            let no = attribute(nodes.remove(2));
            let yes = attribute(nodes.remove(1));
            let root = Root::Conditional(Box::new((nodes.remove(0), yes, no)));
            return Ok(Node::Attribute(Attribute { root, qualifiers: vec![] }));
        }
        "_[_]" | "_[?_]" | "_?._" if nodes.len() == 2 => {
            let by = match nodes.remove(1) {
                Node::Const(value) => By::Const(value),
                other => By::Attribute(attribute(other)),
            };
            let mut attribute = attribute(nodes.remove(0));
            attribute.qualifiers.push(Qualifier { by, optional: function != "_[_]", test: false });
            return Ok(Node::Attribute(attribute));
        }
        "@in" if overloads == ["in_list"] && nodes.len() == 2 => {
            if let Node::Const(Value::List(list)) = &nodes[1] {
                if list.items.is_empty() {
                    return Ok(Node::Const(Value::Bool(false)));
                }
                if let Some(set) = list.items.iter().map(Key::of).collect::<Option<BTreeSet<_>>>() {
                    return Ok(Node::Member { element: Box::new(nodes.remove(0)), set });
                }
            }
        }
        _ => {}
    }
    let native = library::native(function);
    let conversion = matches!(
        function,
        "bool" | "bytes" | "double" | "duration" | "dyn" | "int" | "string" | "timestamp" | "type" | "uint"
    );
    if conversion && let ([Node::Const(value)], Some(native)) = (nodes.as_slice(), native) {
        return Ok(Node::Const(native(function, std::slice::from_ref(value))?));
    }
    let overload = if let [only] = overloads { *only } else { "" };
    let mut pattern = None;
    if matches!(function, "matches" | "find" | "findAll")
        && let Some(Node::Const(Value::String(text))) = nodes.get(1)
    {
        let read = Pattern::new(text);
        if let Some(why) = read.refusal() {
            return Err(Error::new(why));
        }
        pattern = Some(Box::new(read));
    }
    Ok(Node::Call(Call { function: function.into(), overload, native, args: nodes, pattern }))
}

fn list(elements: Vec<Node>, optional: &[usize]) -> Node {
    let constant = |n: &Node| match n {
        Node::Const(v) => Some(v.clone()),
        _ => None,
    };
    match elements.iter().map(constant).collect::<Option<Vec<_>>>() {
        Some(values) if optional.is_empty() => Node::Const(Value::List(List::of(values))),
        _ => Node::List { elements, optional: optional.to_vec() },
    }
}

fn map(entries: Vec<(Node, Node, bool)>) -> Node {
    let mut made = Map::default();
    for (key, value, optional) in &entries {
        match (key, value) {
            (Node::Const(key), Node::Const(value)) if !optional => match Key::of(key) {
                Some(key) => drop(made.put(key, value.clone())),
                None => return Node::Map(entries),
            },
            _ => return Node::Map(entries),
        }
    }
    Node::Const(Value::Map(made))
}
