//! Go templates and KYAML beside a real kubectl's: `tests/reference/templates`.

use std::fs;
use std::path::Path;

use kubetutor::api::{kyaml, yaml};
use kubetutor::kubectl::go_template;
use serde_json::Value;

fn reference(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/templates").join(name);
    fs::read_to_string(path).unwrap()
}

fn object() -> Value {
    yaml::parse(&reference("object.yaml"), yaml::Repeated::Refused).unwrap().unwrap()
}

fn answers() -> Value {
    serde_json::from_str(&reference("answers.json")).unwrap()
}

/// A failure without what our engine does not know: where in the template it was, and for some the words.
fn known(error: &str) -> &str {
    // Which value is missing in a loop or a pipe it words otherwise than Go.
    if error.contains("missing value for range") || error.contains("empty command") {
        return "error parsing template";
    }
    match error.split_once(": template: output:") {
        Some((before, _)) if before.starts_with("error: error executing") => before,
        _ => error,
    }
}

/// What a template prints, and what is said of it.
fn made(template: &str, strict: bool) -> (String, String) {
    let made = go_template::check(template).and_then(|()| go_template::print(template, &object(), !strict));
    match made {
        Ok(text) => (text, String::new()),
        Err(f) => (f.stdout.split("Error executing template: ").next().unwrap_or("").into(), f.message),
    }
}

#[test]
fn templates_print_what_they_print_for_kubectl() {
    let answers = answers();
    let mut differing = vec![];
    for answer in answers["templates"].as_array().unwrap() {
        let template = answer["template"].as_str().unwrap();
        let (printed, said) = made(template, answer["strict"] == true);
        let (real, error) = (answer["printed"].as_str().unwrap(), answer["error"].as_str().unwrap());
        if printed != real || known(&said) != known(error) {
            differing.push(format!("{template}\n  kubectl: {real:?} {error}\n  ours:    {printed:?} {said}"));
        }
    }
    assert!(differing.is_empty(), "{} differ\n{}", differing.len(), differing.join("\n"));
}

#[test]
fn kyaml_is_that_of_kubectl() {
    assert_eq!(kyaml::print(&object()), answers()["kyaml"].as_str().unwrap());
}
