//! Runs the steps of an expression and counts what they cost.
//! Real Kubernetes: cel-go/interpreter/{interpretable,attributes,runtimecost}.go.

use std::sync::Arc;

use super::library::authorizer::{Decision, Query};
use super::library::{Opaque, matching};
use super::ops::equal;
use super::plan::{Attribute, By, Call, Loop, Node, Qualifier, Root};
use super::runtime_cost::call_cost;
use super::value::{Error, Evaluated, HEAVIEST, Key, List, Map, Struct, Value};

const LIST_COST: u64 = 10;
const MAP_COST: u64 = 30;
const STRUCT_COST: u64 = 40;

/// What an expression sees while it runs.
pub trait Activation {
    /// The value of a variable of the environment.
    fn variable(&self, name: &str) -> Option<Evaluated>;

    /// One of a policy's own `variables`.
    fn named(&self, name: &str) -> Evaluated {
        Err(Error::new(format!("no such key: {name}")))
    }

    /// Whether a user may do something.
    fn authorize(&self, _question: &Query, _verb: &str) -> Decision {
        Decision { error: Some("no authorizer".into()), ..Decision::default() }
    }
}

/// What came of an expression and what it cost.
pub struct Outcome {
    pub value: Evaluated,
    pub cost: u64,
}

pub fn run(node: &Node, activation: &dyn Activation, limit: u64) -> Outcome {
    let mut run = Run { activation, locals: vec![], cost: 0, limit };
    let value = run.eval(node);
    // Data that does not fit its schema is an error as soon as it is the result.
    let value = match value {
        Ok(Value::Invalid(why)) => Err(Error::new(why)),
        other => other,
    };
    Outcome { value, cost: run.cost }
}

struct Run<'a> {
    activation: &'a dyn Activation,
    /// Variables of loops, the innermost last. An error stays one until somebody reads it.
    locals: Vec<(&'a str, Evaluated)>,
    cost: u64,
    limit: u64,
}

impl<'a> Run<'a> {
    fn charge(&mut self, cost: u64) -> Result<(), Error> {
        self.cost = self.cost.saturating_add(cost);
        if self.cost > self.limit { Err(Error::TooCostly) } else { Ok(()) }
    }

    fn bounded(value: Value) -> Evaluated {
        if value.weight() > HEAVIEST { Err(Error::TooCostly) } else { Ok(value) }
    }

    fn eval(&mut self, node: &'a Node) -> Evaluated {
        match node {
            Node::Const(value) => Ok(value.clone()),
            Node::Attribute(a) => {
                let value = self.resolve(a);
                if !matches!(value, Err(Error::TooCostly)) && !matches!(a.root, Root::Conditional(_)) {
                    self.charge(1)?;
                }
                value
            }
            Node::Test(a) => Ok(match self.resolve(a)? {
                Value::Optional(v) => Value::Bool(v.is_some()),
                other => other,
            }),
            Node::And(terms) => self.logic(terms, false),
            Node::Or(terms) => self.logic(terms, true),
            Node::Equal { negated, sides } => self.equality(*negated, sides),
            Node::OrElse { value, sides } => self.or_else(*value, sides),
            Node::Call(call) => self.call(call),
            Node::Member { element, set } => {
                let element = self.eval(element)?;
                Ok(Value::Bool(Key::of(&element).is_some_and(|k| set.contains(&k))))
            }
            Node::List { elements, optional } => self.list(elements, optional),
            Node::Map(entries) => self.map(entries),
            Node::Struct { name, fields } => self.object(name, fields),
            Node::Fold(fold) => self.fold(fold),
        }
    }

    /// `&&` and `||`: one side decides whatever the other is; an error counts only if no side decides.
    fn logic(&mut self, terms: &'a [Node; 2], decides: bool) -> Evaluated {
        let mut failed = None;
        for term in terms {
            match self.eval(term) {
                Ok(Value::Bool(b)) if b == decides => return Ok(Value::Bool(decides)),
                Ok(Value::Bool(_)) => {}
                Err(Error::TooCostly) => return Err(Error::TooCostly),
                Err(e) => failed = failed.or(Some(e)),
                Ok(Value::Invalid(why)) => failed = failed.or(Some(Error::new(why))),
                Ok(_) => failed = failed.or_else(|| Some(Error::no_such_overload())),
            }
        }
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn equality(&mut self, negated: bool, sides: &'a [Node; 2]) -> Evaluated {
        let args = self.both(sides)?;
        let result = match &args {
            [Err(e), _] | [_, Err(e)] => Err(e.clone()),
            [Ok(Value::Invalid(why)), _] | [_, Ok(Value::Invalid(why))] => Err(Error::new(why)),
            [Ok(a), Ok(b)] => match equal(a, b) {
                Err(Error::TooCostly) => Err(Error::TooCostly),
                same if negated => Ok(Value::Bool(same != Ok(true))),
                same => same.map(Value::Bool),
            },
        };
        let (function, overload) = if negated { ("_!=_", "not_equals") } else { ("_==_", "equals") };
        self.charge(call_cost(function, overload, &args, &result))?;
        result
    }

    /// Both sides, even if the first is an error.
    fn both(&mut self, sides: &'a [Node; 2]) -> Result<[Evaluated; 2], Error> {
        let mut one = |node: &'a Node| match self.eval(node) {
            Err(Error::TooCostly) => Err(Error::TooCostly),
            other => Ok(other),
        };
        Ok([one(&sides[0])?, one(&sides[1])?])
    }

    fn or_else(&mut self, value: bool, sides: &'a [Node; 2]) -> Evaluated {
        match self.eval(&sides[0])? {
            Value::Optional(Some(v)) if value => Ok((*v).clone()),
            Value::Optional(Some(v)) => Ok(Value::Optional(Some(v))),
            Value::Optional(None) => self.eval(&sides[1]),
            _ => Err(Error::no_such_overload()),
        }
    }

    fn call(&mut self, call: &'a Call) -> Evaluated {
        let mut args: Vec<Evaluated> = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            let value = match self.eval(arg) {
                Err(Error::TooCostly) => return Err(Error::TooCostly),
                Ok(Value::Invalid(why)) => Err(Error::new(why)),
                other => other,
            };
            // With two arguments both are looked at, with more all up to an error.
            if value.is_err() && call.args.len() > 2 {
                return value;
            }
            args.push(value);
        }
        let result = self.applied(call, &args);
        self.charge(call_cost(&call.function, call.overload, &args, &result))?;
        result.and_then(Self::bounded)
    }

    fn applied(&mut self, call: &Call, args: &[Evaluated]) -> Evaluated {
        if call.function == "@not_strictly_false" {
            return Ok(Value::Bool(!matches!(args, [Ok(Value::Bool(false))])));
        }
        let values = args.iter().cloned().collect::<Result<Vec<_>, _>>()?;
        if call.function == "check" {
            return self.authorize(&values);
        }
        if let Some(pattern) = &call.pattern {
            return matching(&call.function, &values, pattern);
        }
        match call.native {
            Some(native) => native(&call.function, &values),
            None => Err(Error::new(format!("no such overload: {}", call.function))),
        }
    }

    fn authorize(&self, args: &[Value]) -> Evaluated {
        let [Value::Opaque(o), Value::String(verb)] = args else { return Err(Error::no_such_overload()) };
        let Opaque::Query(question) = &**o else { return Err(Error::no_such_overload()) };
        let decision = self.activation.authorize(question, verb);
        Ok(Value::opaque(Opaque::Query(Query::Decision(decision))))
    }

    fn list(&mut self, elements: &'a [Node], optional: &[usize]) -> Evaluated {
        let mut list = List::default();
        for (i, e) in elements.iter().enumerate() {
            match self.eval(e)? {
                Value::Optional(v) if optional.contains(&i) => v.iter().for_each(|v| list.push((**v).clone())),
                _ if optional.contains(&i) => {
                    return Err(Error::new("cannot initialize optional list element from non-optional value"));
                }
                v => list.push(v),
            }
        }
        self.charge(LIST_COST)?;
        Self::bounded(Value::List(list))
    }

    fn map(&mut self, entries: &'a [(Node, Node, bool)]) -> Evaluated {
        let mut map = Map::default();
        for (key, value, optional) in entries {
            let key = self.eval(key)?;
            let value = match self.eval(value)? {
                Value::Optional(None) if *optional => continue,
                Value::Optional(Some(v)) if *optional => (*v).clone(),
                v => v,
            };
            let key =
                Key::of(&key).ok_or_else(|| Error::new(format!("unsupported key type: {}", key.type_of().name())))?;
            map.put(key, value);
        }
        self.charge(MAP_COST)?;
        Self::bounded(Value::Map(map))
    }

    fn object(&mut self, name: &str, fields: &'a [(String, Node, bool)]) -> Evaluated {
        let mut made = vec![];
        for (field, node, optional) in fields {
            match self.eval(node)? {
                Value::Optional(None) if *optional => {}
                Value::Optional(Some(v)) if *optional => made.push((field.clone(), (*v).clone())),
                v => made.push((field.clone(), v)),
            }
        }
        self.charge(STRUCT_COST)?;
        Self::bounded(Value::Struct(Arc::new(Struct { name: name.into(), fields: made })))
    }

    fn fold(&mut self, fold: &'a Loop) -> Evaluated {
        let range = self.eval(&fold.range)?;
        let init = self.eval(&fold.init);
        let items: Vec<(Value, Value)> = match (&range, &fold.var2) {
            (Value::List(l), None) => l.items.iter().map(|v| (v.clone(), Value::Null)).collect(),
            (Value::List(l), Some(_)) => (0..).map(Value::Int).zip(l.items.iter().cloned()).collect(),
            (Value::Map(m), _) => m.entries.iter().map(|(k, v)| (k.value(), v.clone())).collect(),
            (Value::Invalid(why), _) => return Err(Error::new(why)),
            (other, _) => {
                return Err(Error::new(format!("got '{}', expected iterable type", other.type_of().name())));
            }
        };
        let depth = self.locals.len();
        self.locals.push((&fold.accumulator, init));
        let carried = self.turns(fold, items, depth);
        self.locals.truncate(depth);
        self.locals.push((&fold.accumulator, carried?));
        let result = self.eval(&fold.result);
        self.locals.truncate(depth);
        result
    }

    /// Turns a loop until its condition fails; what it carries may be an error.
    fn turns(&mut self, fold: &'a Loop, items: Vec<(Value, Value)>, depth: usize) -> Result<Evaluated, Error> {
        for (first, second) in items {
            self.locals.truncate(depth + 1);
            self.locals.push((&fold.var, Ok(first)));
            if let Some(var2) = &fold.var2 {
                self.locals.push((var2, Ok(second)));
            }
            match self.eval(&fold.condition) {
                Err(Error::TooCostly) => return Err(Error::TooCostly),
                Ok(Value::Bool(false)) => break,
                _ => {}
            }
            let carried = self.eval(&fold.step);
            if matches!(carried, Err(Error::TooCostly)) {
                return Err(Error::TooCostly);
            }
            self.locals[depth].1 = carried;
        }
        Ok(std::mem::replace(&mut self.locals[depth].1, Ok(Value::Null)))
    }

    fn resolve(&mut self, a: &'a Attribute) -> Evaluated {
        let start = match &a.root {
            Root::Variable(name) => match self.locals.iter().rev().find(|(n, _)| n == name) {
                Some((_, value)) => value.clone()?,
                None => match self.activation.variable(name) {
                    Some(value) => value?,
                    None => return Err(Error::new(format!("no such attribute(s): {name}"))),
                },
            },
            Root::Relative(node) => self.eval(node)?,
            Root::Conditional(parts) => match self.eval(&parts.0)? {
                Value::Bool(true) => self.resolve(&parts.1)?,
                Value::Bool(false) => self.resolve(&parts.2)?,
                Value::Invalid(why) => return Err(Error::new(why)),
                _ => return Err(Error::no_such_overload()),
            },
        };
        if a.qualifiers.is_empty() {
            return Ok(start);
        }
        let (mut value, mut optional) = match start {
            Value::Optional(None) => return Ok(Value::Optional(None)),
            Value::Optional(Some(v)) => ((*v).clone(), true),
            v => (v, false),
        };
        for q in &a.qualifiers {
            optional |= q.optional;
            match self.qualify(&value, q, optional)? {
                Some(v) => value = v,
                None => return Ok(Value::Optional(None)),
            }
        }
        Ok(if optional { Value::some(value) } else { value })
    }

    /// The field or element; none if it is absent and may be.
    fn qualify(&mut self, of: &Value, q: &'a Qualifier, optional: bool) -> Result<Option<Value>, Error> {
        let key = match &q.by {
            By::Const(value) => value.clone(),
            By::Attribute(a) => match self.resolve(a) {
                Ok(value) => value,
                Err(Error::TooCostly) => return Err(Error::TooCostly),
                Err(e) => {
                    self.charge(1)?;
                    return Err(e);
                }
            },
        };
        let found = self.find(of, &key);
        if q.test {
            self.charge(1)?;
            return Ok(match found? {
                Found::At(_) => Some(Value::Bool(true)),
                _ => Some(Value::Bool(false)),
            });
        }
        match found {
            Err(e) => {
                self.charge(1)?;
                Err(e)
            }
            Ok(Found::At(value)) => {
                self.charge(1)?;
                Ok(Some(value))
            }
            Ok(_) if optional => Ok(None),
            Ok(missing) => {
                self.charge(1)?;
                let what = if matches!(missing, Found::NoIndex) { "index out of bounds" } else { "no such key" };
                Err(Error::new(format!("{what}: {}", key_text(&key))))
            }
        }
    }

    fn find(&self, of: &Value, key: &Value) -> Result<Found, Error> {
        Ok(match of {
            Value::Invalid(why) => return Err(Error::new(why)),
            Value::Variables => match key {
                Value::String(name) => Found::At(self.activation.named(name)?),
                _ => return Err(Error::no_such_overload()),
            },
            Value::Map(map) => map.find(key)?.map_or(Found::NoKey, Found::At),
            Value::Struct(s) => match key {
                Value::String(name) => {
                    s.fields.iter().find(|(n, _)| **n == **name).map_or(Found::NoKey, |(_, v)| Found::At(v.clone()))
                }
                _ => Found::NoKey,
            },
            Value::List(list) => match index(key)? {
                Some(i) => list.items.get(i).cloned().map_or(Found::NoIndex, Found::At),
                None => Found::NoIndex,
            },
            _ => Found::NoKey,
        })
    }
}

enum Found {
    At(Value),
    NoKey,
    NoIndex,
}

fn index(key: &Value) -> Result<Option<usize>, Error> {
    match key {
        Value::Int(i) => Ok(usize::try_from(*i).ok()),
        Value::Uint(u) => Ok(usize::try_from(*u).ok()),
        Value::Double(f) if f.fract() == 0.0 && *f >= 0.0 && *f < 1e15 => Ok(Some(*f as usize)),
        Value::Double(f) => {
            Err(Error::new(format!("unsupported index value {} in list", crate::api::go_text::float(*f))))
        }
        other => Err(Error::new(format!("unsupported index type '{}' in list", other.type_of().name()))),
    }
}

fn key_text(key: &Value) -> String {
    match key {
        Value::String(s) => s.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Uint(u) => u.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Double(f) => crate::api::go_text::float(*f),
        other => other.type_of().name(),
    }
}
