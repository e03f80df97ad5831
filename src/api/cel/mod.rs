//! CEL, the language of rules in Kubernetes: in `x-kubernetes-validations` of CustomResourceDefinitions, in admission policies and in
//! the match conditions of webhooks.
//!
//! Start at [`compile`], which reads and checks an expression against an [`Env`]; [`Compiled::cost`] tells what it may cost, and
//! [`Compiled::program`] what runs. Expressions have no clock, no randomness and no state; how deep they nest, how much
//! they cost and how large the values are that they make is bounded, so that no expression can harm the server.
//!
//! Why this is our own: the crate `cel` (also behind `kube-cel`) interprets expressions whose types it does not know. It has
//! no type checker, so that it cannot say what is wrong before data come; no costs, by which Kubernetes refuses rules and stops them;
//! and it tells no places of the nodes it has read, without which no error can be shown. What it does have is ANTLR's words for an
//! expression that does not follow the grammar, and those are taken from it ([`parser`]).
//!
//! Real Kubernetes: github.com/google/cel-go v0.26, k8s.io/apiserver/pkg/cel.

mod ast;
mod checker;
mod convert;
mod declarations;
pub mod env;
pub mod escaping;
mod estimate;
mod estimate_calls;
pub mod eval;
mod issue;
pub mod json;
mod lexer;
pub mod library;
mod literal;
mod macros;
mod ops;
mod parser;
mod plan;
pub mod policy;
mod published;
pub mod rules;
mod runtime_cost;
pub mod schema;
pub mod size;
mod syntax_errors;
#[cfg(test)]
mod tests;
mod times;
pub mod types;
mod validators;
pub mod value;

pub use env::Env;
pub use estimate::{NoSizes, Sizes};
pub use eval::{Activation, Outcome};
pub use types::Type;
pub use value::{Error, Value};

use ast::{Expr, Source};
use checker::Checked;
use plan::Node;
use size::Range;

/// What one expression may cost when it runs.
pub const PER_CALL: u64 = 1_000_000;
/// What all rules of an object, or all expressions of a policy's binding, may cost together when they run.
pub const PER_OBJECT: i64 = 10_000_000;
/// What all match conditions may cost together.
pub const PER_MATCH: i64 = 2_500_000;

/// An expression whose types fit.
pub struct Compiled {
    expr: Expr,
    checked: Checked,
    pub type_: Type,
}

/// What runs.
pub struct Program {
    node: Node,
}

/// Reads an expression and finds its types.
///
/// # Errors
/// All that is wrong with it, in the form in which CEL shows it.
pub fn compile(text: &str, env: &Env) -> Result<Compiled, String> {
    let (parsed, source, issues) = parser::parse(text, env.bindings);
    let Some(mut expr) = parsed.filter(|_| issues.is_empty()) else {
        return Err(issues.text(&source));
    };
    let (checked, mut issues) = checker::check(&mut expr, &source, env);
    if issues.is_empty() {
        for (id, message) in validators::validate(&expr, &checked) {
            issues.add(Some(place(&source, id)), message);
        }
    }
    if !issues.is_empty() {
        return Err(issues.text(&source));
    }
    let type_ = checked.type_of(expr.id);
    Ok(Compiled { expr, checked, type_ })
}

fn place(source: &Source, id: ast::Id) -> (usize, usize) {
    source.position(source.places.get(id).copied().unwrap_or(0))
}

impl Compiled {
    /// Whether it reads a variable.
    pub fn reads(&self, variable: &str) -> bool {
        self.checked.reads(variable)
    }

    /// The least and the most that it can cost.
    pub fn cost(&self, sizes: &dyn Sizes) -> Range {
        estimate::estimate(&self.expr, &self.checked, sizes)
    }

    /// # Errors
    /// A constant in it cannot be made: `int('x')`.
    pub fn program(&self) -> Result<Program, Error> {
        Ok(Program { node: plan::plan(&self.expr, &self.checked)? })
    }
}

impl Program {
    pub fn run(&self, activation: &dyn Activation, limit: u64) -> Outcome {
        eval::run(&self.node, activation, limit)
    }
}
