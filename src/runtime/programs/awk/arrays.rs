//! Which names stand for arrays: nothing declares them, so it is read off their use.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{Expr, From, Pattern, Program, Stmt};

struct Inference<'a> {
    program: &'a Program,
    params: &'a mut [BTreeSet<String>],
    globals: &'a mut BTreeMap<String, usize>,
    function: Option<usize>,
    changed: bool,
}

/// Arrays are handed from function to function, so it is looked for until nothing new is found.
pub fn infer(p: &Program, params: &mut [BTreeSet<String>], globals: &mut BTreeMap<String, usize>) {
    let mut i = Inference { program: p, params, globals, function: None, changed: true };
    while std::mem::take(&mut i.changed) {
        i.function = None;
        for r in &p.rules {
            match &r.pattern {
                Pattern::When(e) => i.expr(e),
                Pattern::Range(a, b) => [a, b].into_iter().for_each(|e| i.expr(e)),
                _ => {}
            }
            r.body.iter().for_each(|b| i.stmt(b));
        }
        for (n, f) in p.functions.iter().enumerate() {
            i.function = Some(n);
            i.stmt(&f.body);
        }
    }
}

impl Inference<'_> {
    fn found(&mut self, name: &str) {
        let local = self.function.filter(|f| self.program.functions[*f].params.iter().any(|p| p == name));
        self.changed |= match local {
            Some(f) => self.params[f].insert(name.into()),
            None => {
                let n = self.globals.len();
                let fresh = !self.globals.contains_key(name);
                self.globals.entry(name.into()).or_insert(n);
                fresh
            }
        };
    }

    fn all(&mut self, list: &[Expr]) {
        list.iter().for_each(|e| self.expr(e));
    }

    fn stmt(&mut self, s: &Stmt) {
        match s {
            Stmt::Expr(e) | Stmt::Exit(Some(e)) | Stmt::Return(Some(e)) => self.expr(e),
            Stmt::Print { args, to, .. } => {
                self.all(args);
                to.iter().for_each(|(_, e)| self.expr(e));
            }
            Stmt::If(e, a, b) => {
                self.expr(e);
                self.stmt(a);
                b.iter().for_each(|b| self.stmt(b));
            }
            Stmt::While(e, b) | Stmt::Do(b, e) => {
                self.expr(e);
                self.stmt(b);
            }
            Stmt::For(a, e, c, b) => {
                a.iter().chain(c).for_each(|s| self.stmt(s));
                e.iter().for_each(|e| self.expr(e));
                self.stmt(b);
            }
            Stmt::ForIn(_, array, b) => {
                self.found(array);
                self.stmt(b);
            }
            Stmt::Block(list) => list.iter().for_each(|s| self.stmt(s)),
            Stmt::Delete(name, index) => {
                self.found(name);
                index.iter().for_each(|i| self.all(i));
            }
            _ => {}
        }
    }

    fn expr(&mut self, e: &Expr) {
        match e {
            Expr::Element(n, index) | Expr::In(index, n) => {
                self.found(n);
                self.all(index);
            }
            Expr::Builtin("split", args) => {
                if let Some(Expr::Variable(n)) = args.get(1) {
                    self.found(n);
                }
                self.all(args);
            }
            Expr::Call(name, args) => {
                let callee = self.program.functions.iter().position(|f| f.name == *name);
                for (i, a) in args.iter().enumerate() {
                    let takes = callee.is_some_and(|c| {
                        self.program.functions[c].params.get(i).is_some_and(|p| self.params[c].contains(p))
                    });
                    match a {
                        Expr::Variable(n) if takes => self.found(n),
                        a => self.expr(a),
                    }
                }
            }
            Expr::Field(a) | Expr::Not(a) | Expr::Minus(a) | Expr::Plus(a) | Expr::Step { of: a, .. } => self.expr(a),
            Expr::Assign(a, _, b) | Expr::And(a, b) | Expr::Or(a, b) | Expr::Two(_, a, b) => {
                self.expr(a);
                self.expr(b);
            }
            Expr::Match { text, pattern, .. } => {
                self.expr(text);
                self.expr(pattern);
            }
            Expr::If(a, b, c) => [a, b, c].into_iter().for_each(|e| self.expr(e)),
            Expr::Builtin(_, args) | Expr::Group(args) => self.all(args),
            Expr::Getline { from, target } => {
                if let From::File(e) | From::Command(e) = from {
                    self.expr(e);
                }
                target.iter().for_each(|t| self.expr(t));
            }
            _ => {}
        }
    }
}
