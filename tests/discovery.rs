//! What kubectl says a server serves, beside a real one (`tests/reference/discovery`). The documents themselves are compared
//! beside the code that makes them (`apiserver/discovery.rs`).

use kubetutor::cluster::Options;
use kubetutor::cluster::profile::Profile;
use kubetutor::prompt::Session;

#[test]
fn kubectl_lists_every_kind_and_version_that_is_served() {
    let mut session = Session::in_memory(&Options { profile: Profile::Bare, ..Options::default() });
    for (command, file) in
        [("kubectl api-resources -o wide", "api-resources-wide"), ("kubectl api-versions", "api-versions")]
    {
        let path = format!("{}/tests/reference/discovery/{file}.txt", env!("CARGO_MANIFEST_DIR"));
        let real = std::fs::read_to_string(path).expect("file");
        let ours = session.eval(command).stdout;
        for (real, ours) in real.lines().zip(ours.lines()) {
            assert_eq!(real, ours, "{command}");
        }
        assert_eq!(real.lines().count(), ours.lines().count(), "{command}");
    }
}
