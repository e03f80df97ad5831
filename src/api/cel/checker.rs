//! Finds the type of each part of an expression, and which function each call means.
//! Real Kubernetes: cel-go/checker/checker.go.

use super::ast::{Entry, Expr, Field, Fold, Id, Kind, Source};
use super::declarations::Overload;
use super::env::Env;
use super::issue::Issues;
use super::types::{Mapping, Type, all_assignable, assignable, most_general, signature, substitute};
use super::value::Value;

/// What a name or a call refers to.
#[derive(Clone, Debug)]
pub enum Reference {
    Ident { name: String, value: Option<Value> },
    Overloads(Vec<&'static str>),
}

/// What is known of each node.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    pub types: Vec<Option<Type>>,
    pub references: Vec<Option<Reference>>,
}

impl Checked {
    pub fn type_of(&self, id: Id) -> Type {
        self.types.get(id).cloned().flatten().unwrap_or(Type::Dyn)
    }

    pub fn reference(&self, id: Id) -> Option<&Reference> {
        self.references.get(id)?.as_ref()
    }

    pub fn overloads(&self, id: Id) -> &[&'static str] {
        match self.reference(id) {
            Some(Reference::Overloads(all)) => all,
            _ => &[],
        }
    }

    /// Whether the expression reads a variable.
    pub fn reads(&self, variable: &str) -> bool {
        self.references.iter().flatten().any(|r| matches!(r, Reference::Ident { name, .. } if name == variable))
    }
}

struct Checker<'e> {
    env: &'e Env,
    source: &'e Source,
    issues: Issues,
    /// Variables of loops, the innermost last.
    locals: Vec<(String, Type)>,
    mapping: Mapping,
    fresh: usize,
    checked: Checked,
}

/// Checks an expression; names in it become full names.
pub fn check(e: &mut Expr, source: &Source, env: &Env) -> (Checked, Issues) {
    let nodes = source.places.len();
    let checked = Checked { types: vec![None; nodes], references: vec![None; nodes] };
    let mut c =
        Checker { env, source, issues: Issues::default(), locals: vec![], mapping: Mapping::new(), fresh: 0, checked };
    c.check(e);
    for t in c.checked.types.iter_mut().flatten() {
        *t = substitute(&c.mapping, t, true);
    }
    (c.checked, c.issues)
}

impl Checker<'_> {
    fn error(&mut self, id: Id, message: String) {
        let place = self.source.places.get(id).copied().unwrap_or(0);
        self.issues.add(Some(self.source.position(place)), message);
    }

    fn undeclared(&mut self, id: Id, name: &str) {
        self.error(id, format!("undeclared reference to '{name}' (in container '')"));
    }

    fn mismatch(&mut self, id: Id, wanted: &Type, found: &Type) {
        self.error(id, format!("expected type '{wanted}' but found '{found}'"));
    }

    fn set(&mut self, id: Id, t: Type) {
        self.checked.types[id] = Some(t);
    }

    fn get(&self, e: &Expr) -> Type {
        self.checked.type_of(e.id)
    }

    fn refer(&mut self, id: Id, r: Reference) {
        self.checked.references[id] = Some(r);
    }

    fn fits(&mut self, a: &Type, b: &Type) -> bool {
        assignable(&mut self.mapping, a, b)
    }

    fn new_variable(&mut self) -> Type {
        self.fresh += 1;
        Type::Param(format!("_var{}", self.fresh - 1).into())
    }

    fn known(&self, t: &Type) -> Type {
        substitute(&self.mapping, t, false)
    }

    fn check(&mut self, e: &mut Expr) {
        let id = e.id;
        match &mut e.kind {
            Kind::Nothing => self.set(id, Type::Error),
            Kind::Literal(value) => {
                let t = value.type_of();
                self.set(id, t);
            }
            Kind::Ident(_) => self.ident(e),
            Kind::Select { .. } => self.select(e),
            Kind::Call { .. } => self.call(e),
            Kind::List { elements, optional } => self.list(id, elements, optional),
            Kind::Map(entries) => self.map(id, entries),
            Kind::Struct { name, fields } => self.object(id, name, fields),
            Kind::Fold(fold) => self.fold(id, fold),
        }
    }

    /// A variable of a loop, or what the environment knows.
    fn lookup(&self, name: &str) -> Option<(String, Type, Option<Value>)> {
        if let Some((name, t)) = self.locals.iter().rev().find(|(n, _)| n == name) {
            return Some((name.clone(), t.clone(), None));
        }
        self.env.ident(name).map(|i| (i.name, i.type_, i.value))
    }

    /// Reads a node as a name, if that is one.
    fn resolve(&mut self, e: &mut Expr, name: &str) -> bool {
        let Some((name, t, value)) = self.lookup(name) else { return false };
        self.set(e.id, t);
        self.refer(e.id, Reference::Ident { name: name.clone(), value });
        e.kind = Kind::Ident(name);
        true
    }

    fn ident(&mut self, e: &mut Expr) {
        let Kind::Ident(name) = &e.kind else { return };
        let name = name.clone();
        if !self.resolve(e, &name) {
            self.set(e.id, Type::Error);
            self.undeclared(e.id, &name);
        }
    }

    fn select(&mut self, e: &mut Expr) {
        if let Some(name) = e.qualified_name()
            && self.resolve(e, &name)
        {
            return;
        }
        let id = e.id;
        let Kind::Select { operand, field, test } = &mut e.kind else { return };
        let result = self.field(id, operand, field, false);
        let t = if *test { Type::Bool } else { self.known(&result) };
        self.set(id, t);
    }

    /// The type of a field of what the operand yields.
    fn field(&mut self, id: Id, operand: &mut Expr, field: &str, optional: bool) -> Type {
        self.check(operand);
        let of = self.known(&self.get(operand));
        let target = of.in_optional().unwrap_or(&of);
        let result = match target {
            Type::Map(kv) => kv.1.clone(),
            Type::Struct(name) => self.field_of(id, name, field),
            Type::Param(_) => {
                self.fits(&Type::Dyn, target);
                Type::Dyn
            }
            t if t.is_dyn_or_error() => Type::Dyn,
            t => {
                self.error(id, format!("type '{t}' does not support field selection"));
                Type::Dyn
            }
        };
        if optional || of.in_optional().is_some() { Type::optional(result) } else { result }
    }

    fn field_of(&mut self, id: Id, of: &str, field: &str) -> Type {
        if let Some(t) = self.env.field(of, field) {
            return t;
        }
        if self.env.is_struct(of) {
            self.error(id, format!("undefined field '{field}'"));
        } else {
            self.error(id, format!("unexpected failed resolution of '{of}'"));
        }
        Type::Error
    }

    fn call(&mut self, e: &mut Expr) {
        let id = e.id;
        let Kind::Call { function, target, args } = &mut e.kind else { return };
        if function == "_?._" {
            let [operand, Expr { kind: Kind::Literal(Value::String(name)), .. }] = args.as_mut_slice() else { return };
            let result = self.field(id, operand, name, true);
            let t = self.known(&result);
            self.set(id, t);
            self.refer(id, Reference::Overloads(vec!["select_optional_field"]));
            return;
        }
        args.iter_mut().for_each(|a| self.check(a));
        let full = target.as_ref().and_then(|t| t.qualified_name()).map(|prefix| format!("{prefix}.{function}"));
        if let Some(full) = full.filter(|f| self.env.function(f).is_some()) {
            *function = full;
            *target = None;
        }
        if let Some(target) = target {
            self.check(target);
        }
        let name = function.clone();
        let Some(overloads) = self.env.function(&name) else {
            self.set(id, Type::Error);
            self.undeclared(id, &name);
            return;
        };
        *function = name.trim_start_matches('.').into();
        let types: Vec<Type> = target.as_deref().into_iter().chain(args.iter()).map(|a| self.get(a)).collect();
        let t = if matches!(function.as_str(), "_&&_" | "_||_") {
            let ids: Vec<Id> = args.iter().map(|a| a.id).collect();
            self.logic(id, overloads, &ids, &types)
        } else {
            self.overload(id, &name, overloads, &types, target.is_some())
        };
        self.set(id, t);
    }

    /// `&&` and `||` tell which of their arguments is not a bool.
    fn logic(&mut self, id: Id, overloads: &'static [Overload], args: &[Id], types: &[Type]) -> Type {
        let mut all_fit = true;
        for (arg, t) in args.iter().zip(types) {
            if !self.fits(t, &Type::Bool) {
                self.mismatch(*arg, &Type::Bool, t);
                all_fit = false;
            }
        }
        if !all_fit {
            return Type::Error;
        }
        self.refer(id, Reference::Overloads(overloads.iter().map(|o| o.id).take(1).collect()));
        Type::Bool
    }

    fn overload(&mut self, id: Id, name: &str, overloads: &'static [Overload], types: &[Type], member: bool) -> Type {
        let mut found = vec![];
        let mut result: Option<Type> = None;
        for o in overloads.iter().filter(|o| o.member == member) {
            let mut instance = Mapping::new();
            for param in &o.params {
                let fresh = self.new_variable();
                instance.insert(param.clone(), fresh);
            }
            let wanted: Vec<Type> = o.args.iter().map(|a| substitute(&instance, a, false)).collect();
            if !all_assignable(&mut self.mapping, types, &wanted) {
                continue;
            }
            found.push(o.id);
            let yields = self.known(&substitute(&instance, &o.result, false));
            result = Some(match result {
                Some(before) if !before.is_dyn() && yields != before => Type::Dyn,
                Some(before) => before,
                None => yields,
            });
        }
        let Some(result) = result else {
            let types: Vec<Type> = types.iter().map(|t| substitute(&self.mapping, t, true)).collect();
            let shown = signature(&types, member);
            self.error(
                id,
                format!("found no matching overload for '{}' applied to '{shown}'", name.trim_start_matches('.')),
            );
            return Type::Error;
        };
        self.refer(id, Reference::Overloads(found));
        result
    }

    /// What is in an optional element; it is an error if it is none.
    fn unwrapped(&mut self, e: &Expr) -> Type {
        let t = self.get(e);
        match t.in_optional() {
            Some(inner) => inner.clone(),
            None => {
                if !t.is_dyn() {
                    self.mismatch(e.id, &Type::optional(t.clone()), &t);
                }
                t
            }
        }
    }

    /// Elements of several kinds are of any; that they should be of one is judged later.
    fn join(&mut self, before: Option<Type>, t: Type) -> Type {
        match before {
            None => t,
            Some(before) if self.fits(&before, &t) => most_general(&before, &t),
            Some(_) => Type::Dyn,
        }
    }

    fn list(&mut self, id: Id, elements: &mut [Expr], optional: &[usize]) {
        let mut of = None;
        for (i, e) in elements.iter_mut().enumerate() {
            self.check(e);
            let t = if optional.contains(&i) { self.unwrapped(e) } else { self.get(e) };
            of = Some(self.join(of, t));
        }
        let of = of.unwrap_or_else(|| self.new_variable());
        self.set(id, Type::list(of));
    }

    fn map(&mut self, id: Id, entries: &mut [Entry]) {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            self.check(&mut entry.key);
            let t = self.get(&entry.key);
            keys = Some(self.join(keys, t));
            self.check(&mut entry.value);
            let t = if entry.optional { self.unwrapped(&entry.value) } else { self.get(&entry.value) };
            values = Some(self.join(values, t));
        }
        let keys = keys.unwrap_or_else(|| self.new_variable());
        let values = values.unwrap_or_else(|| self.new_variable());
        self.set(id, Type::map(keys, values));
    }

    fn object(&mut self, id: Id, name: &mut String, fields: &mut [Field]) {
        let Some((full, of, _)) = self.lookup(name) else {
            self.set(id, Type::Error);
            self.undeclared(id, name);
            return;
        };
        *name = full;
        self.refer(id, Reference::Ident { name: name.clone(), value: None });
        let result = match of {
            Type::Type(Some(of)) if matches!(*of, Type::Struct(_)) => (*of).clone(),
            Type::Type(Some(of)) => {
                self.error(id, format!("'{}' is not a message type", of.name()));
                Type::Error
            }
            other => {
                self.error(id, format!("'{other}' is not a type"));
                Type::Error
            }
        };
        self.set(id, result);
        for f in fields {
            self.check(&mut f.value);
            let wanted = self.field_of(f.id, name, &f.name);
            let t = if f.optional { self.unwrapped(&f.value) } else { self.get(&f.value) };
            if !self.fits(&wanted, &t) {
                let (name, wanted) = (&f.name, &wanted);
                let why = format!("expected type of field '{name}' is '{wanted}' but provided type is '{t}'");
                self.error(f.id, why);
            }
        }
    }

    fn fold(&mut self, id: Id, fold: &mut Fold) {
        self.check(&mut fold.range);
        self.check(&mut fold.init);
        let range = self.known(&self.get(&fold.range));
        let carried = self.get(&fold.init);
        let two = fold.var2.is_some();
        let (first, second) = match &range {
            Type::List(e) if two => (Type::Int, (**e).clone()),
            Type::List(e) => ((**e).clone(), Type::Dyn),
            Type::Map(kv) => (kv.0.clone(), kv.1.clone()),
            t if t.is_dyn_or_error() || matches!(t, Type::Param(_)) => {
                self.fits(&Type::Dyn, t);
                (Type::Dyn, Type::Dyn)
            }
            t => {
                let why = "cannot be range of a comprehension (must be list, map, or dynamic)";
                self.error(fold.range.id, format!("expression of type '{t}' {why}"));
                (Type::Error, Type::Error)
            }
        };
        self.locals.push((fold.accumulator.clone(), carried.clone()));
        let outer = self.locals.len();
        self.locals.push((fold.var.clone(), first));
        if let Some(var2) = &fold.var2 {
            self.locals.push((var2.clone(), second));
        }
        self.check(&mut fold.condition);
        self.assert(&fold.condition, &Type::Bool);
        self.check(&mut fold.step);
        self.assert(&fold.step, &carried);
        self.locals.truncate(outer);
        self.check(&mut fold.result);
        self.locals.truncate(outer - 1);
        let t = self.known(&self.get(&fold.result));
        self.set(id, t);
    }

    fn assert(&mut self, e: &Expr, wanted: &Type) {
        let t = self.get(e);
        if !self.fits(wanted, &t) {
            self.mismatch(e.id, wanted, &t);
        }
    }
}
