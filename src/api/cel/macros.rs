//! Calls that are not calls: `has`, `all`, `map` and the like become loops while an expression is read.
//! Real Kubernetes: cel-go/parser/macro.go, cel/library.go (optMap), ext/comprehensions.go, ext/lists.go (sortBy).

use super::ast::{Entry, Expr, Fold, Id, Kind};
use super::parser::{Parser, call};
use super::value::Value;

/// The variable in which a loop carries its result; no expression can name it.
pub const ACCUMULATOR: &str = "@result";
/// Its name in former times, which stays forbidden.
const OLD_ACCUMULATOR: &str = "__result__";
/// A macro that writes its target twice is not expanded in an expression with more nodes.
const MOST_NODES: usize = 50_000;
const UNUSED: &str = "#unused";

/// Makes nodes that stand where the macro stands.
struct Maker<'p, 'a> {
    parser: &'p mut Parser<'a>,
    place: usize,
}

/// The place and the words of what is wrong with a macro's arguments.
type Expanded = Result<Expr, (Id, String)>;

pub fn global_call(parser: &mut Parser<'_>, id: Id, function: &str, args: Vec<Expr>) -> Expr {
    if function != "has" || args.len() != 1 {
        return Expr { id, kind: call(function, args) };
    }
    let mut args = args;
    let arg = args.remove(0);
    let mut maker = Maker::new(parser, id);
    let expanded = match arg.kind {
        Kind::Select { operand, field, .. } => Ok(maker.node(Kind::Select { operand, field, test: true })),
        _ => Err((arg.id, "invalid argument to has() macro".into())),
    };
    finish(parser, expanded)
}

pub fn member_call(parser: &mut Parser<'_>, id: Id, function: &str, target: Expr, args: Vec<Expr>) -> Expr {
    let binds = parser.bindings && matches!(&target.kind, Kind::Ident(name) if name == "cel");
    let mut m = Maker::new(parser, id);
    let expanded = match (function, args.len()) {
        ("bind", 3) if binds => m.bind_name(args),
        ("all" | "exists" | "exists_one", 2) | ("all" | "exists" | "exists_one" | "existsOne", 3) => {
            m.quantifier(function, target, args)
        }
        ("map", 2 | 3) => m.map(target, args),
        ("filter", 2) => m.filter(target, args),
        ("optMap" | "optFlatMap", 2) => m.optional_map(function, target, args),
        ("transformList" | "transformMap" | "transformMapEntry", 3 | 4) => m.transform(function, target, args),
        ("sortBy", 2) => m.sort_by(target, args),
        _ => {
            let kind = Kind::Call { function: function.into(), target: Some(Box::new(target)), args };
            return Expr { id, kind };
        }
    };
    finish(parser, expanded)
}

fn finish(parser: &mut Parser<'_>, expanded: Expanded) -> Expr {
    expanded.unwrap_or_else(|(at, why)| {
        let place = parser.source.places[at];
        parser.error(place, why)
    })
}

/// The names that a loop binds, taken from its first arguments.
struct Vars {
    first: String,
    second: Option<String>,
}

impl<'p, 'a> Maker<'p, 'a> {
    fn new(parser: &'p mut Parser<'a>, id: Id) -> Maker<'p, 'a> {
        let place = parser.source.places[id];
        Maker { parser, place }
    }

    fn node(&mut self, kind: Kind) -> Expr {
        self.parser.node(self.place, kind)
    }

    fn literal(&mut self, value: Value) -> Expr {
        self.node(Kind::Literal(value))
    }

    fn accumulator(&mut self) -> Expr {
        self.node(Kind::Ident(ACCUMULATOR.into()))
    }

    fn list(&mut self, elements: Vec<Expr>) -> Expr {
        self.node(Kind::List { elements, optional: vec![] })
    }

    fn call(&mut self, function: &str, args: Vec<Expr>) -> Expr {
        self.node(call(function, args))
    }

    fn member(&mut self, function: &str, target: Expr, args: Vec<Expr>) -> Expr {
        self.node(Kind::Call { function: function.into(), target: Some(Box::new(target)), args })
    }

    fn fold(&mut self, range: Expr, vars: Vars, init: Expr, condition: Expr, step: Expr, result: Expr) -> Expr {
        let accumulator = ACCUMULATOR.into();
        let fold = Fold { range, var: vars.first, var2: vars.second, accumulator, init, condition, step, result };
        self.node(Kind::Fold(Box::new(fold)))
    }

    /// A loop that never turns: its result sees a value under a name.
    fn bind(&mut self, name: &str, value: Expr, result: Expr) -> Expr {
        let (range, condition) = (self.list(vec![]), self.literal(Value::Bool(false)));
        let step = self.node(Kind::Ident(name.into()));
        let fold = Fold {
            range,
            var: UNUSED.into(),
            var2: None,
            accumulator: name.into(),
            init: value,
            condition,
            step,
            result,
        };
        self.node(Kind::Fold(Box::new(fold)))
    }

    /// `cel.bind(name, value, result)`
    fn bind_name(&mut self, mut args: Vec<Expr>) -> Expanded {
        let (result, value, name) = (args.remove(2), args.remove(1), args.remove(0));
        match name.kind {
            Kind::Ident(name) => Ok(self.bind(&name, value, result)),
            _ => Err((name.id, "cel.bind() variable names must be simple identifiers".into())),
        }
    }

    fn quantifier(&mut self, kind: &str, target: Expr, mut args: Vec<Expr>) -> Expanded {
        let vars = variables(&args[..args.len() - 1], "argument must be a simple name")?;
        let predicate = args.remove(args.len() - 1);
        let accu = self.accumulator();
        let (init, condition, step, result) = match kind {
            "all" => {
                let condition = self.call("@not_strictly_false", vec![accu]);
                let carried = self.accumulator();
                let step = self.call("_&&_", vec![carried, predicate]);
                (Value::Bool(true), condition, step, self.accumulator())
            }
            "exists" => {
                let not = self.call("!_", vec![accu]);
                let condition = self.call("@not_strictly_false", vec![not]);
                let carried = self.accumulator();
                let step = self.call("_||_", vec![carried, predicate]);
                (Value::Bool(false), condition, step, self.accumulator())
            }
            _ => {
                let one = self.literal(Value::Int(1));
                let more = self.call("_+_", vec![accu, one]);
                let same = self.accumulator();
                let step = self.call("_?_:_", vec![predicate, more, same]);
                let (count, one) = (self.accumulator(), self.literal(Value::Int(1)));
                let result = self.call("_==_", vec![count, one]);
                (Value::Int(0), self.literal(Value::Bool(true)), step, result)
            }
        };
        let init = self.literal(init);
        Ok(self.fold(target, vars, init, condition, step, result))
    }

    /// A list that grows by `item` for each element that passes.
    fn collect(&mut self, target: Expr, vars: Vars, filter: Option<Expr>, item: Expr) -> Expr {
        let (carried, item) = (self.accumulator(), self.list(vec![item]));
        let step = self.call("_+_", vec![carried, item]);
        let init = self.list(vec![]);
        self.grown(target, vars, init, filter, step)
    }

    fn grown(&mut self, target: Expr, vars: Vars, init: Expr, filter: Option<Expr>, step: Expr) -> Expr {
        let step = match filter {
            Some(filter) => {
                let same = self.accumulator();
                self.call("_?_:_", vec![filter, step, same])
            }
            None => step,
        };
        let (condition, result) = (self.literal(Value::Bool(true)), self.accumulator());
        self.fold(target, vars, init, condition, step, result)
    }

    fn map(&mut self, target: Expr, mut args: Vec<Expr>) -> Expanded {
        let vars = variables(&args[..1], "argument is not an identifier")?;
        let item = args.remove(args.len() - 1);
        let filter = (args.len() > 1).then(|| args.remove(1));
        Ok(self.collect(target, vars, filter, item))
    }

    fn filter(&mut self, target: Expr, mut args: Vec<Expr>) -> Expanded {
        let vars = variables(&args[..1], "argument is not an identifier")?;
        let filter = args.remove(1);
        Ok(self.collect(target, vars, Some(filter), args.remove(0)))
    }

    fn transform(&mut self, kind: &str, target: Expr, mut args: Vec<Expr>) -> Expanded {
        let vars = variables(&args[..2], "argument must be a simple name")?;
        let item = args.remove(args.len() - 1);
        let filter = (args.len() > 2).then(|| args.remove(2));
        if kind == "transformList" {
            return Ok(self.collect(target, vars, filter, item));
        }
        let carried = self.accumulator();
        let mut insert = vec![carried];
        if kind == "transformMap" {
            insert.push(self.node(Kind::Ident(vars.first.clone())));
        }
        insert.push(item);
        let step = self.call("cel.@mapInsert", insert);
        let init = self.node(Kind::Map(vec![]));
        Ok(self.grown(target, vars, init, filter, step))
    }

    fn optional_map(&mut self, kind: &str, target: Expr, mut args: Vec<Expr>) -> Expanded {
        let Kind::Ident(name) = &args[0].kind else {
            return Err((args[0].id, format!("{kind}() variable name must be a simple identifier")));
        };
        let name = name.clone();
        if self.parser.source.places.len() > MOST_NODES {
            return Err((args[0].id, "expression size exceeds limit".into()));
        }
        let again = self.copy(&target);
        let present = self.member("hasValue", target, vec![]);
        let value = self.member("value", again, vec![]);
        let mapped = self.bind(&name, value, args.remove(1));
        let mapped = if kind == "optMap" { self.call("optional.of", vec![mapped]) } else { mapped };
        let none = self.call("optional.none", vec![]);
        Ok(self.call("_?_:_", vec![present, mapped, none]))
    }

    fn sort_by(&mut self, target: Expr, args: Vec<Expr>) -> Expanded {
        const INPUT: &str = "@__sortBy_input__";
        if matches!(target.kind, Kind::Literal(_) | Kind::Map(_) | Kind::Struct { .. } | Kind::Nothing) {
            let why = "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
            return Err((target.id, why.into()));
        }
        let input = self.node(Kind::Ident(INPUT.into()));
        let keys = self.map(input, args)?;
        let input = self.node(Kind::Ident(INPUT.into()));
        let sorted = self.member("@sortByAssociatedKeys", input, vec![keys]);
        Ok(self.bind(INPUT, target, sorted))
    }

    /// The same nodes at the same places under other names.
    fn copy(&mut self, e: &Expr) -> Expr {
        let place = self.parser.source.places[e.id];
        let kind = match &e.kind {
            Kind::Select { operand, field, test } => {
                Kind::Select { operand: Box::new(self.copy(operand)), field: field.clone(), test: *test }
            }
            Kind::Call { function, target, args } => Kind::Call {
                function: function.clone(),
                target: target.as_ref().map(|t| Box::new(self.copy(t))),
                args: args.iter().map(|a| self.copy(a)).collect(),
            },
            Kind::List { elements, optional } => {
                Kind::List { elements: elements.iter().map(|e| self.copy(e)).collect(), optional: optional.clone() }
            }
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|e| Entry { key: self.copy(&e.key), value: self.copy(&e.value), optional: e.optional })
                    .collect(),
            ),
            Kind::Fold(f) => Kind::Fold(Box::new(Fold {
                range: self.copy(&f.range),
                var: f.var.clone(),
                var2: f.var2.clone(),
                accumulator: f.accumulator.clone(),
                init: self.copy(&f.init),
                condition: self.copy(&f.condition),
                step: self.copy(&f.step),
                result: self.copy(&f.result),
            })),
            Kind::Struct { name, fields } => {
                let mut copies = vec![];
                for f in fields {
                    let id = self.parser.id(self.parser.source.places[f.id]);
                    copies.push(super::ast::Field { id, value: self.copy(&f.value), ..f.clone() });
                }
                Kind::Struct { name: name.clone(), fields: copies }
            }
            Kind::Literal(_) | Kind::Ident(_) | Kind::Nothing => e.kind.clone(),
        };
        self.parser.node(place, kind)
    }
}

fn variables(args: &[Expr], why: &str) -> Result<Vars, (Id, String)> {
    let mut names = vec![];
    for arg in args {
        let Kind::Ident(name) = &arg.kind else { return Err((arg.id, why.into())) };
        names.push(name.clone());
    }
    if let [first, second] = names.as_slice()
        && first == second
    {
        return Err((args[1].id, format!("duplicate variable name: {first}")));
    }
    for (name, arg) in names.iter().zip(args) {
        if name == ACCUMULATOR || name == OLD_ACCUMULATOR {
            return Err((arg.id, "iteration variable overwrites accumulator variable".into()));
        }
    }
    let mut names = names.into_iter();
    Ok(Vars { first: names.next().unwrap_or_default(), second: names.next() })
}
