//! What a person sees at the prompt, kubectl's output and the story, in both languages. The sessions lie in `stories/`:
//! each line typed stands after `>`. Written anew with `UPDATE_EXPECT=1`, and then to be read before it is kept.

use expect_test::expect_file;
use kubetutor::cluster::Options;
use kubetutor::explain::Language;
use kubetutor::prompt::Session;

const SESSIONS: &[(&str, &[&str])] = &[
    (
        "first-deployment",
        &[
            "kubectl create deployment web --image=nginx:1.27 --replicas=2",
            "kubectl get pods",
            "kubectl scale deployment web --replicas=3",
            "why deploy/web",
            "kubectl delete deployment web",
        ],
    ),
    (
        "who-brings-it-back",
        &[
            "kubectl create deployment web --image=nginx --replicas=2",
            "kubectl run alone --image=nginx",
            "kubectl delete pod alone",
            "kubectl delete pod -l app=web",
            "kubectl get pods",
        ],
    ),
    (
        "a-wrong-image",
        &[
            "kubectl create deployment web --image=nginx:1.26",
            "kubectl set image deployment/web nginx=nginx:9.99",
            "kubectl rollout undo deployment/web",
            "kubectl rollout history deployment/web",
        ],
    ),
    (
        "nothing-fits",
        &[
            "kubectl create deployment big --image=nginx",
            "kubectl set resources deployment big --requests=cpu=30",
            "kubectl describe nodes nope",
            "kubectl get podz",
        ],
    ),
    (
        "a-silent-kubelet",
        &[
            "kubectl create deployment web --image=nginx --replicas=3",
            "fail kubelet worker-1",
            "wait 6m",
            "heal kubelet worker-1",
            "wait 20s",
        ],
    ),
];

fn play(lines: &[&str], language: Language) -> String {
    let mut s = Session::in_memory(&Options::default());
    s.language = language;
    let mut out = String::new();
    for line in lines {
        let o = s.eval(line);
        out.push_str(&format!("> {line}\n{}{}{}", o.stdout, o.stderr, o.story));
    }
    out
}

#[test]
fn sessions_are_told_as_they_were_read() {
    for (name, lines) in SESSIONS {
        for language in [Language::English, Language::Korean] {
            let file = format!("{}/tests/stories/{name}.{}.txt", env!("CARGO_MANIFEST_DIR"), language.code());
            expect_file![file].assert_eq(&play(lines, language));
        }
    }
}

/// A story must fit on the screen: no line is wider than it, and there are not too many.
#[test]
fn stories_fit_on_the_screen() {
    use unicode_width::UnicodeWidthStr;
    for (name, lines) in SESSIONS {
        for (language, width) in [(Language::English, 80), (Language::Korean, 80), (Language::English, 120)] {
            let mut s = Session::in_memory(&Options::default());
            (s.language, s.width) = (language, width);
            for line in *lines {
                let story = s.eval(line).story;
                // What `why` and `fault` say is not laid out in columns.
                if story.contains("└") {
                    assert!(story.lines().all(|l| l.width() <= width), "{name}: {line}\n{story}");
                    assert!(story.lines().count() <= 24, "{name}: {line}\n{story}");
                }
            }
        }
    }
}

/// README shows what really comes.
#[test]
fn readme_shows_the_first_two_commands_as_they_are() {
    let (_, lines) = SESSIONS[0];
    let shown = play(&lines[..2], Language::English).replace("> kubectl", "$ kubectl");
    let readme = include_str!("../README.md");
    assert!(readme.contains(&shown), "README.md does not show:\n{shown}");
}
