//! What a tool that is not executed leaves behind, as far as a Dockerfile goes on with it: programs, archives, pages. None of them
//! holds anything real; each says what it stands for.

use super::Call;
use crate::runtime::kernel::tree::{Kind, join, name, parent};

/// An executable that stands for a program which was not built.
const STAND_IN: Kind = Kind::Program("stand-in");

fn put(c: &mut Call<'_, '_>, path: &str, kind: Kind, mode: u16) {
    let path = lay(c, path, kind, mode);
    c.line(format!("kubetutor: {path} stands for what it would have made"));
}

/// Puts it there, and tells where that is.
fn lay(c: &mut Call<'_, '_>, path: &str, kind: Kind, mode: u16) -> String {
    let path = c.sys.path(path);
    c.sys.view(|v| {
        make_directories(v, parent(&path));
        if !v.exists(&path) || matches!(kind, Kind::Program(_)) {
            // Who may not write there leaves nothing.
            let _ = v.put(&path, kind, mode);
        }
    });
    path
}

fn make_directories(v: &mut crate::runtime::kernel::files::View<'_>, path: &str) {
    if path != "/" && !v.exists(path) {
        make_directories(v, parent(path));
        let _ = v.make_directory(path, 0o755);
    }
}

fn text(c: &mut Call<'_, '_>, path: &str) -> Option<String> {
    c.sys.read_file(path).ok().map(|b| String::from_utf8_lossy(&b).into_owned())
}

fn placeholder(what: &str) -> Kind {
    Kind::File(format!("kubetutor: a placeholder for {what}\n").into_bytes().into())
}

/// The word after a flag.
fn after<'a>(words: &'a [String], flag: &str) -> Option<&'a str> {
    words.iter().position(|w| w == flag).and_then(|i| words.get(i + 1)).map(String::as_str)
}

fn plain(words: &[String]) -> impl Iterator<Item = &String> {
    words.iter().filter(|w| !w.starts_with('-'))
}

/// Packages whose programs are here are there from now on.
pub fn packages(c: &mut Call<'_, '_>, words: &[String]) {
    if !words.iter().any(|w| w == "install" || w == "add") {
        return;
    }
    for w in plain(words).filter(|w| *w != "install" && *w != "add") {
        let package = w.split(['=', '@', '~', '<', '>']).next().unwrap_or_default();
        for (path, program) in super::installable(package) {
            lay(c, &path, Kind::Program(program), 0o755);
            c.line(format!("kubetutor: {path} is there from now on"));
        }
    }
}

/// `-o app`, or what a compiler calls it by itself.
pub fn binary(c: &mut Call<'_, '_>, words: &[String]) {
    let builds = c.name() != "go" || words.first().is_some_and(|w| w == "build");
    if !builds {
        return;
    }
    let cwd = c.sys.cwd().to_string();
    let module =
        text(c, "go.mod").and_then(|t| t.lines().find_map(|l| Some(l.strip_prefix("module ")?.trim().to_string())));
    let own = if c.name() == "go" { module.as_deref().map_or(name(&cwd), name) } else { "a.out" };
    let mut path = after(words, "-o").unwrap_or(own).to_string();
    let full = c.sys.path(&path);
    if path.ends_with('/') || c.sys.view(|v| v.is_directory(&full)) {
        path = join(&path, module.as_deref().map_or("app", name));
    }
    put(c, &path, STAND_IN, 0o755);
}

/// `npm install` and its like; `npm run build`.
pub fn of_node(c: &mut Call<'_, '_>, words: &[String]) {
    let first = words.first().map_or("install", String::as_str);
    if ["install", "i", "ci", "add"].contains(&first) {
        let path = c.sys.path("node_modules");
        c.sys.view(|v| make_directories(v, &path));
    }
    if words.iter().any(|w| w == "build") {
        let page = text(c, "public/index.html").or_else(|| text(c, "index.html"));
        let made =
            page.map_or_else(|| placeholder("the page that the build makes"), |t| Kind::File(t.into_bytes().into()));
        for dir in ["build", "dist"] {
            put(c, &format!("{dir}/index.html"), made.clone(), 0o644);
        }
    }
}

/// The programs that packages of Python bring: called as the packages are.
pub fn of_python(c: &mut Call<'_, '_>, words: &[String]) {
    if words.first().is_none_or(|w| w != "install") {
        return;
    }
    let listed =
        after(words, "-r").or_else(|| after(words, "--requirement")).and_then(|f| text(c, f)).unwrap_or_default();
    let file = after(words, "-r").unwrap_or_default();
    let named: Vec<String> = plain(&words[1..]).filter(|w| *w != file).cloned().collect();
    let lines = listed.lines().map(|l| l.trim().to_string()).filter(|l| !l.is_empty() && !l.starts_with(['#', '-']));
    for w in named.into_iter().chain(lines) {
        let package = w.split(['=', '>', '<', '~', '!', '[', ';', ' ']).next().unwrap_or_default().to_lowercase();
        let program = if package == "django" { "django-admin" } else { package.as_str() };
        if program.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            && !program.starts_with('.')
            && !program.is_empty()
        {
            put(c, &format!("/usr/local/bin/{program}"), STAND_IN, 0o755);
        }
    }
}

/// The text of the first element of that name that lies in no `<parent>`.
fn element(xml: &str, name: &str) -> Option<String> {
    let own = match (xml.find("<parent>"), xml.find("</parent>")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &xml[..from], &xml[to..]),
        _ => xml.to_string(),
    };
    let (_, rest) = own.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim().to_string())
}

pub fn jar_of_maven(c: &mut Call<'_, '_>, words: &[String]) {
    if !words.iter().any(|w| ["package", "install", "verify"].contains(&w.as_str())) {
        return;
    }
    let pom = text(c, "pom.xml").unwrap_or_default();
    let of = |n: &str, other: &str| element(&pom, n).unwrap_or_else(|| other.into());
    let jar = element(&pom, "finalName").filter(|n| !n.contains('$'));
    let jar = jar.unwrap_or_else(|| format!("{}-{}", of("artifactId", "app"), of("version", "0.0.1-SNAPSHOT")));
    put(c, &format!("target/{jar}.jar"), placeholder("a jar"), 0o644);
}

pub fn jar_of_gradle(c: &mut Call<'_, '_>, words: &[String]) {
    if !words.iter().any(|w| ["build", "bootJar", "jar", "assemble"].contains(&w.as_str())) {
        return;
    }
    let quoted = |line: &str| line.split(['\'', '"']).nth(1).map(String::from);
    let find = |t: String, key: &str| t.lines().find(|l| l.trim().starts_with(key)).and_then(quoted);
    let project = text(c, "settings.gradle").and_then(|t| find(t, "rootProject.name"));
    let version = text(c, "build.gradle").and_then(|t| find(t, "version"));
    let cwd = c.sys.cwd().to_string();
    let project = project.unwrap_or_else(|| name(&cwd).to_string());
    let jar = version.map_or_else(|| project.clone(), |v| format!("{project}-{v}"));
    put(c, &format!("build/libs/{jar}.jar"), placeholder("a jar"), 0o644);
}

pub fn of_cargo(c: &mut Call<'_, '_>, words: &[String]) {
    if words.first().is_none_or(|w| w != "build") {
        return;
    }
    let manifest = text(c, "Cargo.toml").unwrap_or_default();
    let name = manifest.lines().find_map(|l| l.trim().strip_prefix("name")?.split('"').nth(1).map(String::from));
    let kind = if words.iter().any(|w| w == "--release" || w == "-r") { "release" } else { "debug" };
    put(c, &format!("target/{kind}/{}", name.unwrap_or_else(|| "app".into())), STAND_IN, 0o755);
}

pub fn of_dotnet(c: &mut Call<'_, '_>, words: &[String]) {
    if words.first().is_none_or(|w| w != "publish") {
        return;
    }
    let cwd = c.sys.cwd().to_string();
    let names = c.sys.view(|v| v.names(&cwd)).unwrap_or_default();
    let project = names.iter().find_map(|n| n.strip_suffix(".csproj")).unwrap_or("app").to_string();
    let to = after(words, "-o").or_else(|| after(words, "--output")).unwrap_or("bin/publish").to_string();
    put(c, &format!("{to}/{project}.dll"), placeholder("a program of .NET"), 0o644);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_told_from_its_parent() {
        let pom = "<project><parent><artifactId>boot</artifactId><version>3</version></parent>\n<artifactId>demo</artifactId><version>1.0</version></project>";
        assert_eq!(element(pom, "artifactId").as_deref(), Some("demo"));
        assert_eq!(element(pom, "version").as_deref(), Some("1.0"));
        assert_eq!(element("", "version"), None);
    }
}
