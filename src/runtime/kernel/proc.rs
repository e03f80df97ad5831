//! `/proc` and what else the kernel makes up when somebody looks.

use super::errno::Errno;
use super::process::Process;
use super::sys::Sys;

/// What a machine has, as far as programs are told: a container's limit is not shown here.
const MEMORY_KILOBYTES: u64 = 4_028_416;

/// Memory of the machine, in kilobytes.
pub struct Memory {
    pub total: u64,
    pub free: u64,
    pub cache: u64,
    pub available: u64,
}

/// `/proc/meminfo`, `free` and `top` tell the same.
pub fn memory(sys: &Sys<'_>) -> Memory {
    let taken: u64 = sys.machine.roots.iter().flatten().map(|r| r.memory / 1024).sum();
    let (total, cache) = (MEMORY_KILOBYTES, MEMORY_KILOBYTES / 4);
    let free = (total / 2).saturating_sub(taken);
    Memory { total, free, cache, available: free + cache }
}

/// What a path of `/proc` holds. `None`: the path lies elsewhere.
pub fn read(sys: &Sys<'_>, path: &str) -> Option<Result<Vec<u8>, Errno>> {
    if let Some(text) = path.strip_prefix("/etc/").and_then(|name| of_pod(sys, name)) {
        return Some(Ok(text.into_bytes()));
    }
    let rest = path.strip_prefix("/proc/")?;
    let text = match rest.split_once('/') {
        None => of_machine(sys, rest),
        Some(("sys", rest)) => of_kernel(sys, rest),
        Some(("net", _)) => None,
        Some((who, what)) => {
            let pid = if who == "self" { sys.pid() } else { who.parse().ok()? };
            sys.processes().iter().find(|p| p.pid == pid).and_then(|p| of_process(sys, p, what))
        }
    };
    Some(text.map(String::into_bytes).ok_or(Errno::NotFound))
}

/// What kubelet gives every container, as long as nobody wrote over it.
fn of_pod(sys: &Sys<'_>, name: &str) -> Option<String> {
    let root = sys.root()?;
    let text = match name {
        "hostname" => format!("{}\n", root.spec.hostname),
        "hosts" => hosts(sys),
        "resolv.conf" => root.spec.resolv_conf.to_string(),
        _ => return None,
    };
    let path = format!("/etc/{name}");
    let untouched = root.tree.get(&path).is_none_or(|n| n.size() == 0);
    (untouched && !text.is_empty() && root.mounts.iter().all(|m| m.path != path)).then_some(text)
}

/// Real Kubernetes: pkg/kubelet/kubelet_pods.go managedHostsFileContent.
fn hosts(sys: &Sys<'_>) -> String {
    let Some(root) = sys.root() else { return String::new() };
    let mut out = String::from(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n",
    );
    let name = &root.spec.hostname;
    if let Some(ip) = sys.machine.address {
        match &root.spec.domain {
            Some(d) => out.push_str(&format!("{ip}\t{name}.{d}\t{name}\n")),
            None => out.push_str(&format!("{ip}\t{name}\n")),
        }
    }
    if !root.spec.aliases.is_empty() {
        out.push_str("\n# Entries added by HostAliases.\n");
        root.spec.aliases.iter().for_each(|a| out.push_str(&format!("{a}\n")));
    }
    out
}

/// Names of processes, for `ls /proc`.
pub fn names(sys: &Sys<'_>, path: &str) -> Option<Vec<String>> {
    let path = path.trim_end_matches('/');
    if path == "/proc" {
        let own = ["cpuinfo", "loadavg", "meminfo", "mounts", "self", "stat", "sys", "uptime", "version"];
        return Some(sys.processes().iter().map(|p| p.pid.to_string()).chain(own.map(String::from)).collect());
    }
    let who = path.strip_prefix("/proc/").filter(|w| !w.contains('/'))?;
    let is_process = who == "self" || sys.processes().iter().any(|p| p.pid.to_string() == who);
    is_process.then(|| {
        ["cmdline", "comm", "cwd", "environ", "exe", "fd", "mounts", "stat", "status"].map(String::from).into()
    })
}

fn of_machine(sys: &Sys<'_>, name: &str) -> Option<String> {
    let up = crate::runtime::programs::up(sys.now);
    Some(match name {
        "cpuinfo" => (0..2).map(|n| format!("processor\t: {n}\nmodel name\t: simulated\n\n")).collect(),
        "loadavg" => format!("0.00 0.01 0.05 1/{} {}\n", sys.machine.processes.len(), sys.pid()),
        "meminfo" => {
            let m = memory(sys);
            format!(
                "MemTotal:       {:>8} kB\nMemFree:        {:>8} kB\nMemAvailable:   {:>8} kB\nBuffers:               0 kB\nCached:         {:>8} kB\nSwapCached:            0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\nShmem:                 0 kB\n",
                m.total, m.free, m.available, m.cache
            )
        }
        "mounts" => mounts(sys),
        "uptime" => format!("{up}.00 {up}.00\n"),
        "version" => "Linux version 6.6.0 (kubetutor) #1 SMP\n".into(),
        "stat" => "cpu  0 0 0 0 0 0 0 0 0 0\n".into(),
        _ => return None,
    })
}

/// What is mounted where, a line each, as `mount` prints it in other words.
pub fn mounts(sys: &Sys<'_>) -> String {
    let Some(root) = sys.root() else { return String::new() };
    let rights = |read_only: bool| if read_only { "ro" } else { "rw" };
    let mut out = format!("overlay / overlay {},relatime 0 0\n", rights(root.read_only));
    out.push_str(
        "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\ntmpfs /dev tmpfs rw,nosuid,size=65536k,mode=755 0 0\n",
    );
    for m in &root.mounts {
        let memory = m.path.starts_with("/var/run/secrets") || m.volume.contains("kubernetes.io~secret");
        let (source, kind) = if memory { ("tmpfs", "tmpfs") } else { ("/dev/vda1", "ext4") };
        out.push_str(&format!("{source} {} {kind} {},relatime 0 0\n", m.path, rights(m.read_only)));
    }
    out
}

fn of_kernel(sys: &Sys<'_>, path: &str) -> Option<String> {
    Some(match path {
        "kernel/hostname" => format!("{}\n", sys.hostname()),
        "kernel/pid_max" => "32768\n".into(),
        "net/ipv4/ip_forward" => "1\n".into(),
        "kernel/random/uuid" => crate::api::Uid::of(&format!("{}/{}", sys.id, sys.now.nanos())).to_string() + "\n",
        _ => return None,
    })
}

fn of_process(sys: &Sys<'_>, p: &Process, what: &str) -> Option<String> {
    let comm = p.words.first().map(|w| super::tree::name(w).to_string()).unwrap_or_default();
    Some(match what {
        "cmdline" => p.words.iter().map(|w| format!("{w}\0")).collect(),
        "comm" => format!("{comm}\n"),
        "environ" => {
            let env = match &p.env {
                super::process::Environment::Own(env) => env.clone(),
                super::process::Environment::OfContainer => sys.env(),
            };
            env.iter().map(|(k, v)| format!("{k}={v}\0")).collect()
        }
        "mounts" => mounts(sys),
        "stat" => format!("{} ({comm}) S 0 {} {} 0 -1\n", p.pid, p.pid, p.pid),
        "status" => format!(
            "Name:\t{comm}\nState:\tS (sleeping)\nPid:\t{}\nPPid:\t{}\nUid:\t{u}\t{u}\t{u}\t{u}\nGid:\t{g}\t{g}\t{g}\t{g}\n",
            p.pid,
            sys.machine.process(p.parent).map_or(0, |q| q.pid),
            u = p.who.user,
            g = p.who.group
        ),
        _ => return None,
    })
}
