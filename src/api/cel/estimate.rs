//! What an expression costs at least and at most, whatever the data are that a schema allows.
//! Real Kubernetes: cel-go/checker/cost.go.

use std::collections::BTreeMap;

use super::ast::{Entry, Expr, Fold, Id, Kind};
use super::checker::Checked;
use super::estimate_calls;
use super::runtime_cost::TRAVERSAL;
use super::size::Range;
use super::types::Type;
use super::value::Value;

/// Knows how large the data may be to which a path leads: a variable, then names of fields, `@items`, `@keys`, `@values`.
pub trait Sizes {
    fn size(&self, path: &[String]) -> Option<Range>;
}

/// Nothing is known.
pub struct NoSizes;

impl Sizes for NoSizes {
    fn size(&self, _: &[String]) -> Option<Range> {
        None
    }
}

/// An expression as its cost sees it.
pub struct Seen<'e> {
    pub expr: &'e Expr,
    pub path: Vec<String>,
    pub type_: Type,
    pub size: Option<Range>,
}

/// What a call costs, and how large its result is if that is known.
pub struct CallCost {
    pub cost: Range,
    pub result: Option<Range>,
}

impl From<Range> for CallCost {
    fn from(cost: Range) -> CallCost {
        CallCost { cost, result: None }
    }
}

/// How large the elements of a list or map are.
#[derive(Clone, Copy)]
struct Entries {
    list: bool,
    key: Range,
    value: Range,
}

impl Entries {
    fn union(a: Option<Entries>, b: Option<Entries>) -> Option<Entries> {
        let (a, b) = (a?, b?);
        Some(Entries { list: a.list, key: a.key.union(b.key), value: a.value.union(b.value) })
    }
}

#[derive(Clone, Default)]
struct Local {
    path: Vec<String>,
    size: Option<Range>,
    entries: Option<Entries>,
}

pub struct Estimator<'e> {
    checked: &'e Checked,
    sizes: &'e dyn Sizes,
    paths: BTreeMap<Id, Vec<String>>,
    locals: Vec<(String, Local)>,
    known: BTreeMap<Id, Range>,
    entries: BTreeMap<Id, Entries>,
}

pub fn estimate(e: &Expr, checked: &Checked, sizes: &dyn Sizes) -> Range {
    let mut estimator = Estimator {
        checked,
        sizes,
        paths: BTreeMap::new(),
        locals: vec![],
        known: BTreeMap::new(),
        entries: BTreeMap::new(),
    };
    estimator.cost(e)
}

impl<'e> Estimator<'e> {
    fn cost(&mut self, e: &'e Expr) -> Range {
        match &e.kind {
            Kind::Literal(_) | Kind::Nothing => Range::ZERO,
            Kind::Ident(name) => {
                let path = self.local(name).map_or_else(|| vec![name.clone()], |l| l.path.clone());
                self.paths.insert(e.id, path);
                Range::fixed(1)
            }
            Kind::Select { operand, field, test } => self.select(e.id, operand, field, *test),
            Kind::Call { function, target, args } => self.call(e, function, target.as_deref(), args),
            Kind::List { elements, .. } => self.list(e.id, elements),
            Kind::Map(entries) => self.map(e.id, entries),
            Kind::Struct { fields, .. } => {
                fields.iter().fold(Range::ZERO, |sum, f| sum.plus(self.cost(&f.value))).plus(Range::fixed(40))
            }
            Kind::Fold(fold) if is_bind(fold) => self.bind(e.id, fold),
            Kind::Fold(fold) => self.fold(e.id, fold),
        }
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|(n, _)| n == name).map(|(_, l)| l)
    }

    fn path(&self, e: &Expr) -> Vec<String> {
        if let Kind::Ident(name) = &e.kind
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&e.id).cloned().unwrap_or_default()
    }

    /// The path to a part of what a node is; of what has no path its parts have one that begins with themselves.
    fn below(&self, e: &Expr, part: &str) -> Vec<String> {
        let mut path = self.path(e);
        path.push(part.into());
        path
    }

    fn seen(&mut self, e: &'e Expr) -> Seen<'e> {
        let mut path = self.path(e);
        if path.first().is_some_and(|p| p == "@result" || p == "__result__") {
            path.clear();
        }
        Seen { expr: e, path, type_: self.checked.type_of(e.id), size: self.size(e) }
    }

    fn size(&mut self, e: &Expr) -> Option<Range> {
        if let Some(known) = self.known.get(&e.id) {
            return Some(*known);
        }
        let literal = match &e.kind {
            Kind::Literal(v) => Some(v.size().unwrap_or(1)),
            Kind::List { elements, .. } => Some(elements.len()),
            Kind::Map(entries) => Some(entries.len()),
            _ => None,
        };
        if let Some(n) = literal {
            return Some(Range::fixed(n as u64));
        }
        let path = self.path(e);
        if let Some(size) = self.size_at(&path) {
            self.known.insert(e.id, size);
            return Some(size);
        }
        if self.checked.type_of(e.id).is_scalar() {
            return Some(Range::fixed(1));
        }
        match &e.kind {
            Kind::Ident(name) => self.local(name)?.size,
            _ => None,
        }
    }

    pub fn size_at(&self, path: &[String]) -> Option<Range> {
        if path.is_empty() { None } else { self.sizes.size(path) }
    }

    fn size_or_unknown(&mut self, e: &Expr) -> Range {
        self.size(e).unwrap_or(Range::UNKNOWN)
    }

    fn entries_of(&self, e: &Expr) -> Option<Entries> {
        self.entries.get(&e.id).copied().or_else(|| match &e.kind {
            Kind::Ident(name) => self.local(name)?.entries,
            _ => None,
        })
    }

    fn note(&mut self, id: Id, size: Option<Range>, entries: Option<Entries>) {
        if let Some(size) = size {
            self.known.insert(id, size);
        }
        if let Some(entries) = entries {
            self.entries.insert(id, entries);
        }
    }

    fn select(&mut self, id: Id, operand: &'e Expr, field: &str, test: bool) -> Range {
        let cost = self.cost(operand);
        if test {
            return cost;
        }
        let path = self.below(operand, field);
        self.paths.insert(id, path);
        match self.checked.type_of(operand.id) {
            Type::Map(_) | Type::Struct(_) | Type::Param(_) => cost.plus(Range::fixed(1)),
            _ => cost,
        }
    }

    fn list(&mut self, id: Id, elements: &'e [Expr]) -> Range {
        let mut cost = Range::fixed(10);
        let mut item = Range { min: if elements.is_empty() { 0 } else { u64::MAX }, max: 0 };
        for e in elements {
            cost = cost.plus(self.cost(e));
            item = item.union(self.size_or_unknown(e));
        }
        self.note(id, None, Some(Entries { list: true, key: Range::fixed(1), value: item }));
        cost
    }

    fn map(&mut self, id: Id, entries: &'e [Entry]) -> Range {
        let mut cost = Range::fixed(30);
        let none = Range { min: if entries.is_empty() { 0 } else { u64::MAX }, max: 0 };
        let (mut key, mut value) = (none, none);
        for entry in entries {
            cost = cost.plus(self.cost(&entry.key)).plus(self.cost(&entry.value));
            key = key.union(self.size_or_unknown(&entry.key));
            value = value.union(self.size_or_unknown(&entry.value));
        }
        self.note(id, None, Some(Entries { list: false, key, value }));
        cost
    }

    fn bind(&mut self, id: Id, fold: &'e Fold) -> Range {
        let mut cost = self.cost(&fold.range).plus(self.cost(&fold.init));
        self.push_value(&fold.accumulator, &fold.init);
        cost = cost.plus(self.cost(&fold.result));
        let (size, entries) = (self.size(&fold.result), self.entries_of(&fold.result));
        self.locals.pop();
        self.note(id, size, entries);
        cost
    }

    fn push_value(&mut self, name: &str, e: &'e Expr) {
        let local = Local { path: self.path(e), size: self.size(e), entries: self.entries_of(e) };
        self.locals.push((name.into(), local));
    }

    /// A variable that goes through a range: its keys or its elements.
    fn push_part(&mut self, name: &str, range: &'e Expr, of_list: &str, of_map: &str) {
        let entries = self.entries_of(range);
        let list = entries.map_or_else(|| matches!(self.checked.type_of(range.id), Type::List(_)), |e| e.list);
        let part = if list { of_list } else { of_map };
        let value = matches!(part, "@items" | "@values");
        let size = entries.map(|e| if value { e.value } else { e.key });
        let path = self.below(range, part);
        self.locals.push((name.into(), Local { path, size, entries: None }));
    }

    fn fold(&mut self, id: Id, fold: &'e Fold) -> Range {
        let mut cost = self.cost(&fold.range).plus(self.cost(&fold.init));
        let depth = self.locals.len();
        self.push_value(&fold.accumulator, &fold.init);
        match &fold.var2 {
            Some(var2) => {
                self.push_part(&fold.var, &fold.range, "@indices", "@keys");
                self.push_part(var2, &fold.range, "@items", "@values");
            }
            None => self.push_part(&fold.var, &fold.range, "@items", "@keys"),
        }
        let turn = self.cost(&fold.condition).plus(self.cost(&fold.step));
        self.locals.truncate(depth + 1);
        cost = cost.plus(self.cost(&fold.result));
        self.locals.truncate(depth);
        let count = self.size_or_unknown(&fold.range);
        let cost = cost.plus(count.times(turn));
        match &fold.init.kind {
            Kind::Literal(_) => {
                let size = self.size(&fold.init);
                self.note(id, size, None);
            }
            Kind::List { .. } | Kind::Map(_) => {
                let entries = self.entries_of(&fold.step);
                self.note(id, Some(count), entries);
            }
            _ => {}
        }
        cost
    }

    fn call(&mut self, e: &'e Expr, function: &str, target: Option<&'e Expr>, args: &'e [Expr]) -> Range {
        if function == "dyn" && args.len() == 1 {
            let cost = self.cost(&args[0]).plus(Range::fixed(1));
            let (size, entries) = (self.size(&args[0]), self.entries_of(&args[0]));
            self.note(e.id, size, entries);
            return cost;
        }
        let mut costs = vec![];
        let mut seen = vec![];
        for arg in args {
            costs.push(self.cost(arg));
            seen.push(self.seen(arg));
        }
        let overloads = self.checked.overloads(e.id);
        if overloads.is_empty() {
            return Range::ZERO;
        }
        let before = target.map_or(Range::ZERO, |t| self.cost(t));
        let target = target.map(|t| self.seen(t));
        let mut cost = Range { min: u64::MAX, max: 0 };
        let mut result: Option<Range> = None;
        for overload in overloads {
            let one = self.overload(e, function, overload, target.as_ref(), &seen, &costs);
            cost = cost.union(one.cost);
            if let Some(size) = one.result {
                result = Some(result.map_or(size, |r| r.union(size)));
            }
            let part = match *overload {
                "index_list" => Some("@items"),
                "index_map" => Some("@values"),
                _ => None,
            };
            if let (Some(part), Some(of)) = (part, args.first()) {
                result = self.entries_of(of).map(|e| e.value);
                let path = self.below(of, part);
                self.paths.insert(e.id, path);
            }
            if result.is_none() {
                result = self.size(e);
            }
        }
        self.note(e.id, result, None);
        before.plus(cost)
    }

    fn overload(
        &mut self,
        e: &Expr,
        function: &str,
        overload: &str,
        target: Option<&Seen<'e>>,
        args: &[Seen<'e>],
        costs: &[Range],
    ) -> CallCost {
        let of_args = costs.iter().fold(Range::ZERO, |sum, c| sum.plus(*c));
        if let Some(known) = estimate_calls::by_library(self, function, overload, target, args) {
            return CallCost { cost: known.cost.plus(of_args), result: known.result };
        }
        match (overload, args) {
            ("logical_or" | "logical_and", [_, _]) => {
                return Range { min: costs[0].min, max: costs[0].plus(costs[1]).max }.into();
            }
            ("conditional", [_, yes, no]) => {
                let size = known(yes).union(known(no));
                let entries = Entries::union(self.entries_of(yes.expr), self.entries_of(no.expr));
                self.note(e.id, None, entries);
                let cost = costs[0].plus(costs[1].union(costs[2]));
                return CallCost { cost, result: Some(size) };
            }
            ("add_string" | "add_bytes" | "add_list", [left, right]) => {
                let size = known(left).plus(known(right));
                let entries = Entries::union(self.entries_of(left.expr), self.entries_of(right.expr));
                self.note(e.id, None, entries);
                let cost = if overload == "add_list" { Range::fixed(1) } else { size.scaled(TRAVERSAL) };
                return CallCost { cost: cost.plus(of_args), result: Some(size) };
            }
            _ => {}
        }
        let own = estimate_calls::standard(overload, target, args);
        CallCost { cost: own.cost.plus(of_args), result: own.result }
    }
}

pub fn known(seen: &Seen<'_>) -> Range {
    seen.size.unwrap_or(Range::UNKNOWN)
}

/// A loop that only gives a value a name.
fn is_bind(fold: &Fold) -> bool {
    fold.range.is_empty_list()
        && matches!(fold.condition.kind, Kind::Literal(Value::Bool(false)))
        && fold.accumulator != "__result__"
}
