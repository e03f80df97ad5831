//! Who writes: the name that a request gives itself or that its client has, and what is wrong with it.
//!
//! Real Kubernetes: apiserver/pkg/endpoints/handlers/create.go (`managerOrUserAgent`),
//! apimachinery/pkg/apis/meta/v1/validation.

use crate::api::field::{FieldError, FieldErrors, Path};
use crate::api::go_text::is_printable;
use crate::api::status::{Details, Reason, Status};

/// Bytes of the name of a manager.
pub const MAX_MANAGER: usize = 128;

/// The manager of a request: what it calls itself, or else what its client calls itself before the first slash.
pub fn manager_of(field_manager: &str, user_agent: &str) -> String {
    if !field_manager.is_empty() {
        return field_manager.into();
    }
    let mut name = String::new();
    for c in user_agent.split('/').next().unwrap_or("").chars().filter(|c| is_printable(*c)) {
        if name.len() + c.len_utf8() > MAX_MANAGER {
            break;
        }
        name.push(c);
    }
    name
}

pub(super) fn validate_manager(name: &str, at: &Path<'_>, errors: &mut FieldErrors) {
    if name.len() > MAX_MANAGER {
        errors.too_long(at, MAX_MANAGER);
    }
    for (i, c) in name.char_indices().filter(|(_, c)| !is_printable(*c)) {
        errors.invalid(at, name, format!("invalid character U+{:04X} (at position {i})", u32::from(c)));
    }
}

/// Either all of a write is tried only, or nothing.
pub fn validate_dry_run(dry_run: &[String], errors: &mut FieldErrors) {
    if dry_run.iter().any(|d| d != "All") {
        errors.not_supported_struct(&Path::new("dryRun"), serde_json::json!(dry_run).to_string(), &["All"]);
    }
}

/// The options of a write.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// How the writer calls itself.
    pub manager: &'a str,
    pub dry_run: Vec<String>,
    pub field_validation: &'a str,
}

impl Options<'_> {
    fn validate(&self, errors: &mut FieldErrors) {
        validate_manager(self.manager, &Path::new("fieldManager"), errors);
        validate_dry_run(&self.dry_run, errors);
        errors.one_of(&Path::new("fieldValidation"), self.field_validation, &["", "Ignore", "Strict", "Warn"]);
    }
}

/// What is wrong with the options of a patch: an apply must say who applies, and nothing else may force.
pub fn validate_patch(is_apply: bool, options: &Options<'_>, force: Option<bool>) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    let manager = Path::new("fieldManager");
    if is_apply && options.manager.is_empty() {
        errors.required(&manager, "is required for apply patch");
    }
    if !is_apply && force.is_some() {
        errors.forbidden(&Path::new("force"), "may not be specified for non-apply patch");
    }
    options.validate(&mut errors);
    refused("PatchOptions", &errors)
}

/// The same for the options of a create (`CreateOptions`) or an update (`UpdateOptions`).
pub fn validate_write(name: &str, options: &Options<'_>) -> Result<(), Status> {
    let mut errors = FieldErrors::default();
    options.validate(&mut errors);
    refused(name, &errors)
}

/// Options with something wrong refuse the request.
pub fn refused(options: &str, errors: &FieldErrors) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> = errors.list().iter().map(ToString::to_string).collect();
    let list = if let [one] = texts.as_slice() { one.clone() } else { format!("[{}]", texts.join(", ")) };
    let details = Details {
        group: "meta.k8s.io".into(),
        kind: options.into(),
        causes: errors.list().iter().map(FieldError::cause).collect(),
        ..Details::default()
    };
    Err(Status {
        reason: Reason::Invalid,
        message: format!("{options}.meta.k8s.io \"\" is invalid: {list}"),
        details: Some(Box::new(details)),
        warnings: vec![],
        own: None,
    })
}
