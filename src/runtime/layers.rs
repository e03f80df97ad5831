//! What an image's files begin with: a collection of programs, and what every system has. Made once, shared by all containers.

use std::sync::OnceLock;

use super::programs::{Tools, of_tools};
use crate::api::file_tree::{Device, Kind, Node, Tree, join};

/// Which system an image is built on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    Busybox,
    Alpine,
    Debian,
    /// Nothing but what the image brings.
    Scratch,
}

impl Base {
    pub fn parse(text: &str) -> Option<Base> {
        Some(match text {
            "busybox" => Base::Busybox,
            "alpine" => Base::Alpine,
            "debian" => Base::Debian,
            "scratch" => Base::Scratch,
            _ => return None,
        })
    }

    pub fn tools(self) -> Tools {
        match self {
            Base::Debian => Tools::Debian,
            _ => Tools::Busybox,
        }
    }

    /// The files of the layer.
    pub fn layer(self) -> &'static Tree {
        static LAYERS: [OnceLock<Tree>; 4] = [OnceLock::new(), OnceLock::new(), OnceLock::new(), OnceLock::new()];
        LAYERS[self as usize].get_or_init(|| make(self))
    }
}

const DEVICES: [(&str, Device); 9] = [
    ("null", Device::Null),
    ("zero", Device::Zero),
    ("full", Device::Full),
    ("random", Device::Random),
    ("urandom", Device::Random),
    ("tty", Device::Terminal),
    ("stdin", Device::Own(0)),
    ("stdout", Device::Own(1)),
    ("stderr", Device::Own(2)),
];

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
bin:x:2:2:bin:/bin:/bin/false
sys:x:3:3:sys:/dev:/bin/false
mail:x:8:8:mail:/var/spool/mail:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
nobody:x:65534:65534:nobody:/home:/bin/false
";

const GROUP: &str = "root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:
tty:x:5:
mail:x:8:
wheel:x:10:root
www-data:x:33:
users:x:100:
nogroup:x:65534:
";

fn make(base: Base) -> Tree {
    let mut t = Tree::default();
    for d in ["/dev", "/etc", "/proc", "/sys"] {
        t.put(d, Node::directory());
    }
    for (name, device) in DEVICES {
        t.put(&join("/dev", name), Node::new(Kind::Device(device), 0o666));
    }
    t.put("/dev/termination-log", Node::new(Kind::File(Default::default()), 0o666));
    // Kubelet's own files, as long as nobody writes to them: see `kernel/proc.rs`.
    for name in ["hostname", "hosts", "resolv.conf"] {
        t.put(&join("/etc", name), Node::file(""));
    }
    if base == Base::Scratch {
        return t;
    }
    for d in ["/bin", "/home", "/root", "/usr/bin", "/usr/sbin", "/var/log", "/var/run", "/var/www"] {
        t.put(d, Node::directory());
    }
    t.put("/root", Node { mode: 0o700, ..Node::directory() });
    for d in ["/tmp", "/var/tmp"] {
        t.put(d, Node { mode: 0o1777, ..Node::directory() });
    }
    t.put("/etc/passwd", Node::file(PASSWD));
    t.put("/etc/group", Node::file(GROUP));
    if let Some(text) = release(base) {
        t.put("/etc/os-release", Node::file(text));
    }
    for e in of_tools(base.tools()) {
        let place = if base == Base::Busybox { "/bin" } else { e.place };
        t.put(&join(place, e.name), Node::new(Kind::Program(e.name), 0o755));
    }
    if base == Base::Alpine {
        t.put("/usr/bin/getent", Node::new(Kind::Program("getent"), 0o755));
    }
    if base == Base::Busybox {
        t.put("/usr/bin/env", Node::link("../../bin/env"));
    }
    // Package managers, which cannot do here what they do.
    let managers: &[&str] = match base {
        Base::Alpine => &["/sbin/apk"],
        Base::Debian => &["/usr/bin/apt", "/usr/bin/apt-get"],
        Base::Busybox | Base::Scratch => &[],
    };
    for path in managers {
        t.put(path, Node::new(Kind::Program("tool"), 0o755));
    }
    t
}

fn release(base: Base) -> Option<&'static str> {
    match base {
        Base::Alpine => Some(
            "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME=\"Alpine Linux v3.20\"\nHOME_URL=\"https://alpinelinux.org/\"\n",
        ),
        Base::Debian => Some(
            "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\nHOME_URL=\"https://www.debian.org/\"\n",
        ),
        Base::Busybox | Base::Scratch => None,
    }
}
