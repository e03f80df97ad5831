//! Filters that cannot be said in jq, or not as jq has them.

use std::cell::Cell;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::{Error, Exn, Native, RunPtr, ValR, ValXs};
use jaq_json::{Num, Val};

use super::filter::Jq;
use super::{errors, input, print};

/// How many steps a program may take.
const MOST_STEPS: u64 = 2_000_000;
/// How far the stack may grow, in bytes.
const MOST_STACK: usize = 700_000;
/// How deep values may lie in one another.
const DEEPEST: usize = 500;
/// How long a text or an array may get.
const LONGEST: usize = 1 << 22;

/// How much a program has done. What never ends is given up.
pub struct Effort {
    steps: Cell<u64>,
    /// When the next value is measured.
    measures: Cell<u64>,
    stack: usize,
    given_up: Cell<bool>,
}

/// Where the stack is.
#[inline(never)]
fn here() -> usize {
    let mark = 0u8;
    std::ptr::from_ref(&mark).addr()
}

impl Effort {
    pub fn begins() -> Effort {
        Effort { steps: Cell::new(0), measures: Cell::new(0), stack: here(), given_up: Cell::new(false) }
    }

    pub fn give_up(&self) {
        self.given_up.set(true);
    }

    pub fn is_given_up(&self) -> bool {
        self.given_up.get()
    }

    fn step(&self, v: &Val) -> bool {
        let n = self.steps.get() + 1;
        self.steps.set(n);
        let mut good = n < MOST_STEPS && here().abs_diff(self.stack) < MOST_STACK && !self.given_up.get();
        // Measuring costs as much as a value is large: so it is done the less often.
        if good && n >= self.measures.get() {
            let mut cost = 0;
            good = !measured(v, 0, &mut cost);
            self.measures.set(n + cost / 4);
        }
        if !good {
            self.give_up();
        }
        good
    }
}

/// A value that is larger is as good as one that is too deep. (Parts may be shared: they count each time that they are shown.)
const LARGEST: u64 = 1 << 22;

/// Whether a value is too deep, or too large.
fn measured(v: &Val, depth: usize, cost: &mut u64) -> bool {
    *cost += 1;
    depth > DEEPEST
        || *cost > LARGEST
        || match v {
            Val::Arr(a) => a.iter().any(|x| measured(x, depth + 1, cost)),
            Val::Obj(o) => o.values().any(|x| measured(x, depth + 1, cost)),
            _ => false,
        }
}

pub fn is_too_deep(v: &Val) -> bool {
    measured(v, 0, &mut 0)
}

type Cv<'a> = jaq_core::Cv<'a, Jq>;

/// Names that are jq's own affair here, or the machine's.
const REPLACED: [&str; 9] =
    ["env", "now", "debug_empty", "stderr_empty", "localtime", "strflocaltime", "tojson", "fromjson", "range"];
/// What the prelude puts something around.
const WRAPPED: [(&str, &str); 13] = [
    ("range", "__range"),
    ("keys_unsorted", "__keys_unsorted"),
    ("ltrimstr", "__ltrimstr"),
    ("rtrimstr", "__rtrimstr"),
    ("startswith", "__startswith"),
    ("endswith", "__endswith"),
    ("explode", "__explode"),
    ("ascii_downcase", "__ascii_downcase"),
    ("ascii_upcase", "__ascii_upcase"),
    ("has", "__has"),
    ("tojson", "__tojson"),
    ("gmtime", "__gmtime"),
    ("strftime", "__strftime"),
];

fn native(f: Filter<RunPtr<Jq>>) -> Fun<Jq> {
    run::<Jq>(f)
}

pub fn all() -> impl Iterator<Item = Fun<Jq>> {
    let jaqs = || jaq_core::funs::<Jq>().chain(jaq_std::funs()).chain(jaq_json::funs());
    let kept = jaqs().filter(|(n, _, _)| !REPLACED.contains(n));
    let wrapped = jaqs().filter_map(|(n, a, f)| Some((WRAPPED.iter().find(|(o, _)| *o == n)?.1, a, f)));
    let inputs = jaq_std::input::funs::<Jq>().into_vec().into_iter().map(native);
    // What it stands before may be a path, or be updated.
    let tick = Native::new(|cv: Cv<'_>| {
        let good = cv.0.data().effort.step(&cv.1);
        box_once(if good { Ok(cv.1) } else { Err(Exn::halt(5)) })
    })
    .with_paths(|cv| {
        let good = cv.0.data().effort.step(&cv.1.0);
        box_once(if good { Ok(cv.1) } else { Err(Exn::halt(5)) })
    })
    .with_update(|cv, act| {
        let good = cv.0.data().effort.step(&cv.1);
        if good { act(cv.1) } else { box_once(Err(Exn::halt(5))) }
    });
    let tick = [("__tick", v(0), tick)];
    kept.chain(wrapped).chain(inputs).chain(tick).chain(own().into_iter().map(native))
}

fn text(t: &str) -> Val {
    Val::from(t.to_string())
}

fn math<'a>(mut cv: Cv<'a>, act: fn(Val, Val) -> ValR<Val>) -> ValXs<'a, Val> {
    let l = cv.0.pop_var();
    let r = cv.0.pop_var();
    let size = |v: &Val| match v {
        Val::TStr(s) | Val::BStr(s) => s.len(),
        Val::Arr(a) => a.len(),
        _ => 0,
    };
    let times = match (&l, &r) {
        (Val::TStr(_), Val::Num(n)) | (Val::Num(n), Val::TStr(_)) => {
            n.to_string().parse::<f64>().map_or(1, |f| f.clamp(1.0, 1e9) as usize)
        }
        _ => 1,
    };
    if (size(&l) + size(&r)).saturating_mul(times) > LONGEST {
        cv.0.data().effort.give_up();
        return box_once(Err(Exn::halt(5)));
    }
    bome(act(l, r).map(floating))
}

/// What is too large for a whole number becomes a floating-point number, as in jq.
fn floating(v: Val) -> Val {
    match &v {
        Val::Num(n @ jaq_json::Num::BigInt(_)) => Val::from(n.to_string().parse::<f64>().unwrap_or(f64::INFINITY)),
        _ => v,
    }
}

fn is_zero(v: &Val) -> bool {
    matches!(v, Val::Num(_)) && *v == Val::from(0usize)
}

fn divided(l: Val, r: Val, act: fn(Val, Val) -> ValR<Val>) -> ValR<Val> {
    if matches!(l, Val::Num(_)) && is_zero(&r) {
        let why = "cannot be divided because the divisor is zero";
        return Err(Error::new(text(&format!("{} and {} {why}", errors::shown(&l), errors::shown(&r)))));
    }
    act(l, r)
}

/// Removes what a path leads to; others stay in their order.
fn without(v: &Val, path: &[Val]) -> Result<Val, Error<Val>> {
    let Some((first, rest)) = path.split_first() else { return Ok(Val::Null) };
    let index = |n: usize, i: &Num| {
        let i = i.as_isize()?;
        let at = if i < 0 { i.checked_add_unsigned(n)? } else { i };
        usize::try_from(at).ok().filter(|i| *i < n)
    };
    match (v, first) {
        (Val::Null, _) => Ok(Val::Null),
        (Val::Obj(o), Val::TStr(_)) => {
            let mut o = (**o).clone();
            match rest {
                [] => drop(o.shift_remove(first)),
                rest => {
                    if let Some(x) = o.get_mut(first) {
                        *x = without(x, rest)?;
                    }
                }
            }
            Ok(Val::obj(o))
        }
        (Val::Arr(a), Val::Num(i)) => {
            let mut a = (**a).clone();
            match (index(a.len(), i), rest) {
                (None, _) => {}
                (Some(i), []) => drop(a.remove(i)),
                (Some(i), rest) => a[i] = without(&a[i], rest)?,
            }
            Ok(a.into_iter().collect())
        }
        (Val::Arr(a), Val::Obj(range)) if rest.is_empty() => {
            let bound = |name: &str, otherwise: usize| match range.get(&text(name)) {
                Some(Val::Num(n)) => {
                    let i = n.as_isize().unwrap_or(0);
                    let at = if i < 0 { i.saturating_add_unsigned(a.len()).max(0) } else { i };
                    usize::try_from(at).unwrap_or(0).min(a.len())
                }
                _ => otherwise,
            };
            let (from, to) = (bound("start", 0), bound("end", a.len()));
            Ok(a.iter().enumerate().filter(|(i, _)| !(from..to).contains(i)).map(|(_, x)| x.clone()).collect())
        }
        (v, k) => Err(Error::new(text(&errors::indexed(v, k).replace("Cannot index", "Cannot delete field of")))),
    }
}

fn own() -> Vec<Filter<RunPtr<Jq>>> {
    vec![
        ("__add", v(2), |cv| math(cv, |l, r| l + r)),
        ("__sub", v(2), |cv| math(cv, |l, r| l - r)),
        ("__mul", v(2), |cv| math(cv, |l, r| l * r)),
        ("__div", v(2), |cv| math(cv, |l, r| divided(l, r, |l, r| l / r))),
        ("__rem", v(2), |cv| math(cv, |l, r| divided(l, r, |l, r| l % r))),
        ("nan", v(0), |_| bome(Ok(Val::from(f64::NAN)))),
        ("infinite", v(0), |_| bome(Ok(Val::from(f64::INFINITY)))),
        ("__shown", v(0), |cv| bome(Ok(text(&errors::shown(&cv.1))))),
        ("__tonumber", v(0), |cv| {
            let number = match &cv.1 {
                Val::TStr(s) => input::single(s).filter(|v| matches!(v, Val::Num(_))),
                _ => None,
            };
            let why = || match &cv.1 {
                Val::TStr(s) => format!("Cannot parse '{}' as JSON", String::from_utf8_lossy(s)),
                other => format!("{} cannot be parsed as a number", errors::shown(other)),
            };
            bome(number.ok_or_else(|| Error::new(text(&why()))))
        }),
        ("tostring", v(0), |cv| {
            bome(Ok(if matches!(cv.1, Val::TStr(_)) { cv.1 } else { text(&print::compact(&cv.1)) }))
        }),
        ("tojson", v(0), |cv| bome(Ok(text(&print::compact(&cv.1))))),
        ("fromjson", v(0), |cv| {
            let Val::TStr(s) = &cv.1 else {
                let why = format!("{} only strings can be parsed", errors::shown(&cv.1));
                return bome(Err(Error::new(text(&why))));
            };
            let items = input::values(s, 0);
            let shown = String::from_utf8_lossy(s).into_owned();
            let out: Vec<_> = items
                .into_iter()
                .map(|i| i.value.map_err(|e| Error::new(text(&format!("{e} (while parsing '{shown}')")))))
                .map(|r| r.map_err(Exn::from))
                .collect();
            Box::new(out.into_iter())
        }),
        ("delpaths", v(1), |mut cv| {
            let paths = cv.0.pop_var();
            let Val::Arr(paths) = &paths else {
                return bome(Err(Error::new(text("Paths must be specified as an array"))));
            };
            let mut paths: Vec<&Val> = paths.iter().collect();
            paths.sort();
            // The last first: so the others stay where they are.
            let mut value = cv.1;
            for path in paths.into_iter().rev() {
                let Val::Arr(path) = path else {
                    return bome(Err(Error::new(text("Path must be specified as an array"))));
                };
                match without(&value, path) {
                    Ok(v) => value = v,
                    Err(e) => return bome(Err(e)),
                }
            }
            bome(Ok(value))
        }),
        ("now", v(0), |cv| bome(Ok(Val::from(cv.0.data().now)))),
        ("env", v(0), |cv| bome(Ok(cv.0.data().env.clone()))),
        ("input_line_number", v(0), |cv| bome(Ok(Val::from(cv.0.data().line.get())))),
        ("debug_empty", v(0), |cv| {
            let line = format!("[\"DEBUG:\",{}]\n", print::compact(&cv.1));
            cv.0.data().said.borrow_mut().extend(line.bytes());
            Box::new(std::iter::empty())
        }),
        ("stderr_empty", v(0), |cv| {
            let said = match &cv.1 {
                Val::TStr(s) => s.to_vec(),
                v => print::compact(v).into_bytes(),
            };
            cv.0.data().said.borrow_mut().extend(said);
            Box::new(std::iter::empty())
        }),
        ("halt_error", v(1), |mut cv| {
            let code = match cv.0.pop_var() {
                Val::Num(n) => n.as_isize().and_then(|n| i32::try_from(n).ok()).unwrap_or(5),
                _ => return bome(Err(Error::new(text("halt_error/1: number required")))),
            };
            let said = match &cv.1 {
                Val::TStr(s) => s.to_vec(),
                v => format!("{}\n", print::compact(v)).into_bytes(),
            };
            cv.0.data().said.borrow_mut().extend(said);
            box_once(Err(Exn::halt(code)))
        }),
    ]
}
