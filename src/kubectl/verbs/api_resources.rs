//! kubectl api-resources, kubectl api-versions.

use crate::api::KindRef;
use crate::kubectl::args::{OUTPUT, Type};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static API_RESOURCES: Verb = Verb {
    name: "api-resources",
    summary: "Print the supported API resources on the server",
    flags: &[
        &[
            Flag::new("namespaced", Type::Bool),
            Flag::new("api-group", Type::Text),
            Flag::new("no-headers", Type::Bool),
            Flag::new("verbs", Type::List),
            Flag::new("sort-by", Type::Text),
            Flag::new("categories", Type::List),
            Flag::new("cached", Type::Bool),
        ],
        OUTPUT,
    ],
    completes: Completes::Nothing,
    run: api_resources,
};

pub static API_VERSIONS: Verb = Verb {
    name: "api-versions",
    summary: "Print the supported API versions on the server, in the form of \"group/version\"",
    flags: &[],
    completes: Completes::Nothing,
    run: api_versions,
};

fn api_resources(args: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    if !args.words.is_empty() {
        return Err(Failure::see(format!("unexpected arguments: [{}]", args.words.join(" ")), "api-resources"));
    }
    let mut kinds: Vec<KindRef> = KindRef::all().collect();
    kinds.sort_by_key(|k| (k.group(), k.plural()));
    if args.text("sort-by") == "name" {
        kinds.sort_by_key(|k| k.plural());
    } else if args.text("sort-by") == "kind" {
        kinds.sort_by_key(|k| k.name());
    }
    kinds.retain(|k| {
        (!args.is_set("namespaced") || k.namespaced() == args.flag("namespaced"))
            && (!args.is_set("api-group") || k.group() == args.text("api-group"))
            && args.list("categories").iter().all(|c| k.categories().contains(&c.as_str()))
    });
    if args.text("output") == "name" {
        let text: String = kinds.iter().map(|k| format!("{}\n", k.group_resource())).collect();
        env.out.push_str(&text);
        return Ok(Done::OK);
    }
    let mut text = if args.flag("no-headers") {
        String::new()
    } else {
        "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND\n".to_string()
    };
    for k in kinds {
        text.push_str(&format!(
            "{}\t{}\t{}\t{}\t{}\n",
            k.plural(),
            k.short_names().join(","),
            k.api_version(),
            k.namespaced(),
            k.name()
        ));
    }
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}

fn api_versions(_: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let mut all: Vec<String> = KindRef::all().map(KindRef::api_version).collect();
    all.sort();
    all.dedup();
    for v in all {
        env.line(v);
    }
    Ok(Done::OK)
}
