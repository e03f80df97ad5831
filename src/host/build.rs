//! A Dockerfile is carried out: stage by stage, step by step, each on the picture that the step before it left.
//! Docker: moby/buildkit, frontend/dockerfile/dockerfile2llb/convert.go.

mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::dockerfile::words::{self, Variables};
use super::dockerfile::{self, Dockerfile, Instruction, What};
use super::picture::Picture;
use super::report::Report;
use super::stand_in;
use crate::api::file_tree::Tree;
use crate::api::image::ImageRef;
use crate::api::{Duration, Time};
use steps::Stage;

/// What is to be built.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// The Dockerfile's name, and what is in it.
    pub file: String,
    pub text: String,
    pub context: Tree,
    /// `--build-arg`
    pub arguments: Variables,
    pub target: Option<String>,
    pub no_cache: bool,
    /// The names that it gets, in full.
    pub tags: Vec<String>,
    pub now: Time,
}

/// Where other images come from, and what was built before.
pub trait Shelf {
    /// An image by its name: from here, or from its registry, and how long that takes. The error is the registry's.
    fn base(&mut self, image: &ImageRef) -> Result<(Picture, Duration), String>;
    /// What came of the same step the last time.
    fn cached(&self, id: &str) -> Option<Picture>;
    fn keep(&mut self, picture: &Picture);
}

#[derive(Clone, Debug)]
pub struct Built {
    /// What was said meanwhile.
    pub report: String,
    pub took: Duration,
    /// `None`: it failed.
    pub picture: Option<Picture>,
}

pub(super) struct Failed {
    pub span: (usize, usize),
    pub why: String,
}

pub fn build(job: &Job, shelf: &mut dyn Shelf) -> Built {
    let mut b =
        Building { job, shelf, report: Report::new(), took: Duration::ZERO, stages: vec![], bases: BTreeMap::new() };
    let size = job.text.len();
    b.report.note(
        &format!("[internal] load build definition from {}", job.file),
        &[&format!("transferring dockerfile: {size}B done")],
    );
    let picture = match b.run() {
        Ok(p) => Some(p),
        Err(f) => {
            if f.span.0 > 0 {
                b.report.excerpt(&job.file, &job.text, f.span);
            }
            b.report.error(&f.why);
            None
        }
    };
    Built { report: b.report.text, took: b.took, picture }
}

pub(super) struct Building<'a> {
    pub job: &'a Job,
    pub shelf: &'a mut dyn Shelf,
    pub report: Report,
    pub took: Duration,
    /// Those that are finished, by number.
    pub stages: Vec<Option<Picture>>,
    /// Images that were asked for.
    bases: BTreeMap<String, Picture>,
}

/// A stage as it is written.
struct Written<'a> {
    image: String,
    name: Option<String>,
    from: &'a Instruction,
    instructions: &'a [Instruction],
}

impl Building<'_> {
    fn run(&mut self) -> Result<Picture, Failed> {
        let parsed = dockerfile::parse(&self.job.text);
        let file = parsed.map_err(|w| Failed {
            span: w.span,
            why: match w.span.0 {
                0 => w.message,
                line => format!("dockerfile parse error on line {line}: {}", w.message),
            },
        })?;
        let (globals, written) = stages(&file, &self.job.arguments)?;
        let number = |name: &str| {
            let named = written.iter().position(|s| s.name.as_deref() == Some(&name.to_lowercase()));
            named.or_else(|| name.parse().ok().filter(|n| *n < written.len()))
        };
        let last = match &self.job.target {
            None => written.len() - 1,
            Some(t) => number(t)
                .ok_or_else(|| Failed { span: (0, 0), why: format!("target stage {t:?} could not be found") })?,
        };
        // Only what leads to the target is built.
        let mut needed = vec![last];
        let mut i = 0;
        while let Some(n) = needed.get(i).copied() {
            i += 1;
            let copies = written[n].instructions.iter().filter_map(|i| match &i.what {
                What::Copy(c) => number(c.from.as_deref()?),
                _ => None,
            });
            let base = number(&written[n].image).filter(|b| *b < n);
            for d in copies.chain(base).filter(|d| *d < n) {
                if !needed.contains(&d) {
                    needed.push(d);
                }
            }
        }
        needed.sort_unstable();
        self.stages = vec![None; written.len()];
        for n in &needed {
            let image = &written[*n].image;
            if image != "scratch" && number(image).is_none_or(|b| b >= *n) {
                self.load(image, written[*n].from)?;
            }
        }
        self.report.note("[internal] load .dockerignore", &["transferring context: 2B done"]);
        if self.uses_context(&written, &needed) {
            let bytes = self.job.context.bytes();
            self.report
                .note("[internal] load build context", &[&format!("transferring context: {} done", size(bytes))]);
        }
        for n in &needed {
            let w = &written[*n];
            let base = match number(&w.image).filter(|b| b < n).and_then(|b| self.stages[b].clone()) {
                Some(p) => p,
                None if w.image == "scratch" => Picture::scratch(),
                None => self.bases.get(&w.image).cloned().unwrap_or_default(),
            };
            let many = needed.len() > 1 || written.len() > 1;
            let title = match (&w.name, many) {
                (Some(name), true) => format!("{name} "),
                (None, true) => format!("stage-{n} "),
                _ => String::new(),
            };
            let from = ImageRef::parse(&w.image).filter(|_| self.bases.contains_key(&w.image)).map(|i| i.full());
            let stage = Stage { title, escape: file.escape, globals: globals.clone(), from, number: &number };
            let done = self.stage(&stage, base, w.instructions)?;
            self.stages[*n] = Some(done);
        }
        let mut done = self.stages[last].clone().unwrap_or_default();
        stand_in::decide(&mut done);
        done.created = self.job.now + self.took;
        self.export(&done);
        Ok(done)
    }

    fn uses_context(&self, written: &[Written<'_>], needed: &[usize]) -> bool {
        needed.iter().flat_map(|n| written[*n].instructions).any(|i| match &i.what {
            What::Copy(c) => c.from.is_none() && !c.sources.is_empty(),
            _ => false,
        })
    }

    /// Asks for an image that is no stage.
    pub fn load(&mut self, name: &str, from: &Instruction) -> Result<Picture, Failed> {
        if let Some(p) = self.bases.get(name) {
            return Ok(p.clone());
        }
        let Some(image) = ImageRef::parse(name) else {
            let why = format!("failed to parse stage name {name:?}: invalid reference format");
            return Err(Failed { span: from.span, why });
        };
        self.report.begin(&format!("[internal] load metadata for {}", image.full()));
        match self.shelf.base(&image) {
            Ok((picture, took)) => {
                self.took += took;
                self.report.done(took);
                self.bases.insert(name.into(), picture.clone());
                Ok(picture)
            }
            Err(why) => {
                self.report.fail(&why);
                let full = image.full();
                let why = format!("{name}: failed to resolve source metadata for {full}: {why}");
                Err(Failed { span: from.span, why })
            }
        }
    }

    fn export(&mut self, done: &Picture) {
        let took = Duration::from_millis(100);
        self.took += took;
        self.report.begin("exporting to image");
        self.report.say("exporting layers 0.1s done");
        self.report.say(&format!("writing image sha256:{} done", done.id));
        for t in &self.job.tags {
            let named = t.strip_suffix(":latest").unwrap_or(t);
            self.report.say(&format!("naming to {named} done"));
        }
        self.report.done(took);
    }
}

/// As BuildKit writes sizes.
fn size(bytes: usize) -> String {
    match bytes {
        0..1_000 => format!("{bytes}B"),
        1_000..1_000_000 => format!("{:.2}kB", bytes as f64 / 1e3),
        _ => format!("{:.2}MB", bytes as f64 / 1e6),
    }
}

/// The stages, and what `ARG`s before them say.
fn stages<'a>(file: &'a Dockerfile, given: &Variables) -> Result<(Variables, Vec<Written<'a>>), Failed> {
    let (mut globals, mut written): (Variables, Vec<Written<'_>>) = Default::default();
    for (i, instruction) in file.instructions.iter().enumerate() {
        let failed = |why| Failed { span: instruction.span, why };
        match &instruction.what {
            What::Arg(all) if written.is_empty() => {
                for (name, value) in all {
                    let own = value.as_ref().map(|v| words::expand(v, &globals, file.escape)).transpose();
                    if let Some(value) = given.get(name).cloned().or(own.map_err(failed)?) {
                        globals.insert(name.clone(), value);
                    }
                }
            }
            What::From { image, name } => {
                let image = words::expand(image, &globals, file.escape).map_err(failed)?;
                if image.is_empty() {
                    let line = instruction.span.0;
                    return Err(failed(format!(
                        "dockerfile parse error on line {line}: base name ({}) should not be blank",
                        instruction.text.split(' ').nth(1).unwrap_or_default()
                    )));
                }
                let rest = &file.instructions[i + 1..];
                let ends = rest.iter().position(|i| matches!(i.what, What::From { .. })).unwrap_or(rest.len());
                let name = name.clone();
                written.push(Written { image, name, from: instruction, instructions: &rest[..ends] });
            }
            _ => {}
        }
    }
    Ok((globals, written))
}
