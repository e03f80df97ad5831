//! kubectl api-resources, kubectl api-versions.

use crate::api::KindRef;
use crate::kubectl::args::{SHOW_OWNERS, Type, output};
use crate::kubectl::tabwriter::align;
use crate::kubectl::{Args, Completes, Done, Env, Failure, Flag, Verb};

pub static API_RESOURCES: Verb = Verb {
    name: "api-resources",
    summary: "Print the supported API resources on the server",
    flags: &[
        &[
            Flag::new("namespaced", Type::Bool).default("true"),
            Flag::new("api-group", Type::Text),
            Flag::new("no-headers", Type::Bool),
            Flag::new("verbs", Type::List),
            Flag::new("sort-by", Type::Text),
            Flag::new("categories", Type::List),
            Flag::new("cached", Type::Bool),
        ],
        &[output(""), SHOW_OWNERS],
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
    if !["", "name", "wide"].contains(&args.text("output")) {
        return Err(Failure::error(format!(
            "unable to match a printer suitable for the output format {:?}, allowed formats are: json,kyaml,name,wide,yaml",
            args.text("output")
        )));
    }
    if !["", "name", "kind"].contains(&args.text("sort-by")) {
        return Err(Failure::error("--sort-by accepts only name or kind"));
    }
    let mut kinds: Vec<KindRef> = env.fresh_mapper()?.preferred().collect();
    kinds.sort_by_key(|k| (k.group(), k.plural()));
    if args.text("sort-by") == "name" {
        kinds.sort_by_key(|k| k.plural());
    } else if args.text("sort-by") == "kind" {
        kinds.sort_by_key(|k| k.name());
    }
    kinds.retain(|k| {
        (!args.is_set("namespaced") || k.namespaced() == args.flag("namespaced"))
            && (!args.is_set("api-group") || k.group() == args.text("api-group"))
            && args.list("verbs").iter().all(|v| k.verbs().contains(&v.as_str()))
            && args.list("categories").iter().all(|c| k.categories().contains(&c.as_str()))
    });
    if args.text("output") == "name" {
        let text: String = kinds.iter().map(|k| format!("{}\n", k.group_resource())).collect();
        env.out.push_str(&text);
        return Ok(Done::OK);
    }
    let wide = args.text("output") == "wide";
    let mut text = match (args.flag("no-headers"), wide) {
        (true, _) => String::new(),
        (_, false) => "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND\n".to_string(),
        (_, true) => "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND\tVERBS\tCATEGORIES\n".to_string(),
    };
    for k in kinds {
        text.push_str(&format!(
            "{}\t{}\t{}\t{}\t{}",
            k.plural(),
            k.short_names().join(","),
            k.api_version(),
            k.namespaced(),
            k.name()
        ));
        if wide {
            text.push_str(&format!("\t{}\t{}", k.verbs().join(","), k.categories().join(",")));
        }
        text.push('\n');
    }
    env.out.push_str(&align(&text, 6, 3));
    Ok(Done::OK)
}

fn api_versions(_: &Args, env: &mut Env<'_>) -> Result<Done, Failure> {
    let mut all: Vec<String> = env.fresh_mapper()?.kinds.into_iter().map(KindRef::api_version).collect();
    all.sort();
    all.dedup();
    for v in all {
        env.line(v);
    }
    Ok(Done::OK)
}
