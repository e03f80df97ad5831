use super::*;
use crate::api::file_tree::{Kind, Node};
use crate::runtime::Catalogue;

#[derive(Default)]
struct Registry(BTreeMap<String, Picture>);

impl Shelf for Registry {
    fn base(&mut self, image: &ImageRef) -> Result<(Picture, Duration), String> {
        let found = Catalogue::public().find(image).ok_or_else(|| "pull access denied".to_string())?;
        Ok((Picture::of(&image.full(), found), Duration::from_secs(1)))
    }
    fn cached(&self, id: &str) -> Option<Picture> {
        self.0.get(id).cloned()
    }
    fn keep(&mut self, picture: &Picture) {
        self.0.insert(picture.id.clone(), picture.clone());
    }
}

fn job(text: &str) -> Job {
    let mut context = Tree::default();
    for (path, text) in [("/app.js", "js"), ("/package.json", "{}"), ("/run.sh", "#!/bin/sh\necho hi\n")] {
        context.put(path, Node::file(text));
    }
    Job { file: "Dockerfile".into(), text: text.into(), context, ..Job::default() }
}

fn made(text: &str) -> Built {
    build(&job(text), &mut Registry::default())
}

fn good(text: &str) -> Picture {
    let b = made(text);
    b.picture.unwrap_or_else(|| panic!("{}", b.report))
}

fn content(p: &Picture, path: &str) -> String {
    match p.image.files.get(path).map(|n| &n.kind) {
        Some(Kind::File(b)) => String::from_utf8_lossy(b).into_owned(),
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn a_learners_dockerfile_becomes_an_image_with_a_declared_stand_in() {
    let p = good(
        "FROM node:18-alpine\nWORKDIR /app\nCOPY package.json .\nRUN npm install\nCOPY . .\nEXPOSE 8080\nCMD [ \"node\", \"app.js\" ]\n",
    );
    assert_eq!((content(&p, "/app/app.js").as_str(), p.image.working_dir.as_str()), ("js", "/app"));
    assert!(p.image.files.is_directory("/app/node_modules"));
    let s = p.stand_in().unwrap();
    assert_eq!((s.command.as_str(), s.port), ("node app.js", Some(8080)));
    assert_eq!(p.command(), ["node", "app.js"]);
}

#[test]
fn commands_run_in_the_images_own_files() {
    let p = good(
        "FROM alpine\nARG WHO=world\nENV GREETING=\"hello $WHO\"\nWORKDIR /x\nRUN echo \"$GREETING\" > a && mkdir b && cp a b/c\nRUN <<EOF\nset -e\ncat a > d\necho more >> d\nEOF\nRUN cat <<E > e\n$WHO\nE\nSHELL [\"/bin/ash\", \"-c\"]\nRUN echo $0 > f\nRUN [\"touch\", \"g h\"]\nCMD cat /x/d",
    );
    assert_eq!(content(&p, "/x/b/c"), "hello world\n");
    assert_eq!(content(&p, "/x/d"), "hello world\nmore\n");
    assert_eq!(content(&p, "/x/e"), "world\n");
    assert_eq!(content(&p, "/x/f"), "/bin/ash\n");
    assert_eq!(content(&p, "/x/g h"), "");
    assert_eq!(p.command(), ["/bin/ash", "-c", "cat /x/d"]);
    assert!(p.stand_in().is_none());
}

#[test]
fn a_command_that_fails_fails_the_build_as_docker_says_it() {
    let b = made("FROM alpine\nRUN echo oh && exit 3\nRUN echo never");
    assert!(b.picture.is_none());
    let tail = b.report.split("------\n > ").nth(1).unwrap();
    assert_eq!(
        tail,
        "[2/3] RUN echo oh && exit 3:\n0.120 oh\n------\nDockerfile:2\n--------------------\n   1 |     FROM alpine\n   2 | >>> RUN echo oh && exit 3\n   3 |     RUN echo never\n--------------------\nERROR: failed to build: failed to solve: process \"/bin/sh -c echo oh && exit 3\" did not complete successfully: exit code: 3\n"
    );
    assert!(made("FROM alpine\nRUN nosuchprogram").report.contains("exit code: 127"));
}

#[test]
fn what_is_wrong_is_shown_where_it_is() {
    for (text, why) in [
        ("FORM alpine", "dockerfile parse error on line 1: unknown instruction: FORM (did you mean FROM?)"),
        ("", "file with no instructions"),
        (
            "FROM nosuch",
            "nosuch: failed to resolve source metadata for docker.io/library/nosuch:latest: pull access denied",
        ),
        ("FROM alpine\nCOPY nope .", "\"/nope\": not found"),
        ("FROM alpine\nUSER nobodyknows", "unable to find user nobodyknows: no matching entries in passwd file"),
        ("FROM $NOTHING", "base name ($NOTHING) should not be blank"),
        ("FROM alpine\nADD https://example.com/x /x", "there is no internet here"),
        ("FROM alpine\nEXPOSE web", "invalid containerPort: web"),
    ] {
        let b = made(text);
        assert!(b.picture.is_none() && b.report.contains(why), "{text}: {}", b.report);
    }
}

#[test]
fn stages_take_from_one_another_and_only_what_is_needed_is_built() {
    let text = "ARG TAG=alpine\nFROM golang:${TAG} AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app .\nFROM alpine AS test\nRUN exit 1\nFROM scratch\nCOPY --from=build /out/app /app\nEXPOSE 9000/tcp\nENTRYPOINT [\"/app\"]";
    let p = good(text);
    assert_eq!(p.stand_in().map(|s| (s.command.clone(), s.port)), Some(("/app".into(), Some(9000))));
    assert!(p.image.files.get("/bin/sh").is_none());
    let mut j = job(text);
    j.target = Some("test".into());
    assert!(build(&j, &mut Registry::default()).picture.is_none());
    j.target = Some("nope".into());
    assert!(build(&j, &mut Registry::default()).report.contains("target stage \"nope\" could not be found"));
}

#[test]
fn a_page_over_a_web_server_is_served_by_it() {
    let p = good("FROM nginx:1.27\nCOPY app.js /usr/share/nginx/html/index.html");
    assert_eq!((content(&p, "/usr/share/nginx/html/index.html").as_str(), p.stand_in()), ("js", None));
    assert_eq!(p.image.exposes, Some(80));
}

#[test]
fn the_rest_is_kept_for_its_containers() {
    let p = good(
        "FROM node:22\nLABEL a=b\nMAINTAINER me\nVOLUME /data\nUSER node\nCOPY --chown=node:node --chmod=700 run.sh /run.sh\nHEALTHCHECK CMD true\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"/run.sh\"]\nONBUILD RUN false",
    );
    assert_eq!((p.image.user, p.image.group, p.user.as_str()), (1000, 1000, "node"));
    let script = p.image.files.get("/run.sh").unwrap();
    assert_eq!((script.user, script.mode), (1000, 0o700));
    assert_eq!(p.labels.get("maintainer").map(String::as_str), Some("me"));
    assert_eq!((p.image.cmd.len(), p.healthcheck.as_deref(), p.on_build.len()), (0, Some("/bin/sh -c true"), 1));
    assert_eq!((p.volumes.first().map(String::as_str), p.stop_signal.as_deref()), (Some("/data"), Some("SIGINT")));
}

#[test]
fn the_same_steps_on_the_same_files_come_out_of_the_cache() {
    let mut shelf = Registry::default();
    let mut j = job("FROM alpine\nCOPY app.js /\nRUN echo x > /y");
    let first = build(&j, &mut shelf);
    let again = build(&j, &mut shelf);
    assert_eq!(again.report.matches("CACHED").count(), 2, "{}", again.report);
    assert_eq!(first.picture.unwrap().id, again.picture.unwrap().id);
    j.context.put("/app.js", Node::file("other"));
    assert_eq!(build(&j, &mut shelf).report.matches("CACHED").count(), 0);
    j.no_cache = true;
    assert_eq!(build(&j, &mut shelf).report.matches("CACHED").count(), 0);
}

#[test]
fn arguments_given_to_the_build_go_before_those_of_the_file() {
    let mut j = job("ARG V=3\nFROM alpine:${V}\nARG V\nARG W=x\nRUN echo $V $W > /v");
    j.arguments = [("V".to_string(), "3.19".to_string()), ("W".into(), "y".into())].into();
    let p = build(&j, &mut Registry::default()).picture.unwrap();
    assert_eq!(content(&p, "/v"), "3.19 y\n");
}
