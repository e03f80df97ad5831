//! What `INFO` tells.

use super::server::{Server, VERSION_HASH};
use crate::runtime::kernel::Sys;

type Lines = Vec<(&'static str, String)>;

/// Sections with their titles, in order.
const SECTIONS: &[(&str, &str)] = &[
    ("server", "Server"),
    ("clients", "Clients"),
    ("memory", "Memory"),
    ("persistence", "Persistence"),
    ("stats", "Stats"),
    ("replication", "Replication"),
    ("cpu", "CPU"),
    ("modules", "Modules"),
    ("errorstats", "Errorstats"),
    ("cluster", "Cluster"),
    ("keyspace", "Keyspace"),
];

/// `1.50M`
pub fn human(bytes: usize) -> String {
    let mut n = bytes as f64;
    for unit in ["B", "K", "M", "G"] {
        if n < 1024.0 || unit == "G" {
            return if unit == "B" { format!("{bytes}B") } else { format!("{n:.2}{unit}") };
        }
        n /= 1024.0;
    }
    String::new()
}

impl Server {
    pub fn info(&self, asked: &[String], sys: &mut Sys<'_>) -> String {
        let all = asked.is_empty() || asked.iter().any(|a| ["all", "default", "everything"].contains(&a.as_str()));
        let wanted = SECTIONS.iter().filter(|(n, _)| all || asked.iter().any(|a| a == n));
        let told = wanted.map(|(name, title)| {
            let lines = self.section(name, sys);
            let lines: String = lines.into_iter().map(|(k, v)| format!("{k}:{v}\r\n")).collect();
            format!("# {title}\r\n{lines}{}", self.keyspace(name))
        });
        told.collect::<Vec<_>>().join("\r\n")
    }

    fn keyspace(&self, section: &str) -> String {
        if section != "keyspace" {
            return String::new();
        }
        let some = self.databases.iter().enumerate().filter(|(_, d)| !d.is_empty());
        let line = |(i, d): (usize, &super::keyspace::Database)| {
            let subexpiry = if self.version.is_at_least(7, 4) { ",subexpiry=0" } else { "" };
            format!("db{i}:keys={},expires={},avg_ttl=0{subexpiry}\r\n", d.len(), d.expiring())
        };
        some.map(line).collect()
    }

    fn section(&self, name: &str, sys: &mut Sys<'_>) -> Lines {
        match name {
            "server" => self.about(sys),
            "clients" => {
                let blocked = self.clients.iter().filter(|c| c.blocked.is_some()).count();
                let listening = self.clients.iter().filter(|c| c.subscriptions() > 0).count();
                let replicas = self.clients.iter().filter(|c| c.replica).count();
                vec![
                    // Whoever asks is not among the others while being answered.
                    ("connected_clients", (self.clients.len() + 1 - replicas).to_string()),
                    ("cluster_connections", "0".into()),
                    ("maxclients", self.config.text("maxclients").into()),
                    ("blocked_clients", blocked.to_string()),
                    ("tracking_clients", "0".into()),
                    ("pubsub_clients", listening.to_string()),
                    ("watching_clients", self.clients.iter().filter(|c| !c.watched.is_empty()).count().to_string()),
                ]
            }
            "memory" => {
                let (used, most) = (self.used_memory(), usize::try_from(self.config.number("maxmemory")).unwrap_or(0));
                vec![
                    ("used_memory", used.to_string()),
                    ("used_memory_human", human(used)),
                    ("used_memory_peak", self.peak.max(used).to_string()),
                    ("used_memory_peak_human", human(self.peak.max(used))),
                    ("used_memory_dataset", self.data_bytes().to_string()),
                    ("maxmemory", most.to_string()),
                    ("maxmemory_human", human(most)),
                    ("maxmemory_policy", self.config.text("maxmemory-policy").into()),
                    ("mem_allocator", "jemalloc-5.3.0".into()),
                ]
            }
            "persistence" => self.kept(),
            "stats" => self.counts(),
            "replication" => self.replicas(sys),
            "cpu" => vec![("used_cpu_sys", "0.000000".into()), ("used_cpu_user", self.cpu())],
            "errorstats" if self.errors > 0 => vec![("errorstat_ERR", format!("count={}", self.errors))],
            "cluster" => vec![("cluster_enabled", "0".into())],
            _ => vec![],
        }
    }

    fn about(&self, sys: &mut Sys<'_>) -> Lines {
        let up = sys.now.since(self.started).as_secs();
        vec![
            ("redis_version", self.version.text.clone()),
            ("redis_git_sha1", "00000000".into()),
            ("redis_git_dirty", "0".into()),
            ("redis_build_id", VERSION_HASH.into()),
            ("redis_mode", "standalone".into()),
            ("os", "Linux 6.8.0 x86_64".into()),
            ("arch_bits", "64".into()),
            ("multiplexing_api", "epoll".into()),
            ("process_id", sys.pid().to_string()),
            ("process_supervised", "no".into()),
            ("run_id", self.run_id.clone()),
            ("tcp_port", self.config.text("port").into()),
            ("server_time_usec", (sys.now.nanos() / 1000).to_string()),
            ("uptime_in_seconds", up.to_string()),
            ("uptime_in_days", (up / 86_400).to_string()),
            ("hz", self.config.text("hz").into()),
            ("executable", "/usr/local/bin/redis-server".into()),
            ("config_file", self.config.file.clone()),
        ]
    }

    fn kept(&self) -> Lines {
        let flag = |yes: bool| i32::from(yes).to_string();
        vec![
            ("loading", "0".into()),
            ("rdb_changes_since_last_save", self.dirty.to_string()),
            ("rdb_bgsave_in_progress", "0".into()),
            ("rdb_last_save_time", self.last_save.unix_seconds_and_nanos().0.to_string()),
            ("rdb_last_bgsave_status", if self.save_failed { "err" } else { "ok" }.into()),
            ("rdb_saves", self.saves.to_string()),
            ("aof_enabled", flag(self.aof.is_some())),
            ("aof_rewrite_in_progress", "0".into()),
            ("aof_last_bgrewrite_status", "ok".into()),
            ("aof_last_write_status", "ok".into()),
        ]
    }

    fn counts(&self) -> Lines {
        let sum = |of: fn(&super::keyspace::Database) -> u64| self.databases.iter().map(of).sum::<u64>().to_string();
        vec![
            ("total_connections_received", self.connections.to_string()),
            ("total_commands_processed", self.commands.to_string()),
            ("expired_keys", sum(|d| d.expired)),
            ("evicted_keys", self.evicted.to_string()),
            ("keyspace_hits", sum(|d| d.hits)),
            ("keyspace_misses", sum(|d| d.misses)),
            ("pubsub_channels", self.clients.iter().map(|c| c.channels.len()).sum::<usize>().to_string()),
            ("total_error_replies", self.errors.to_string()),
        ]
    }

    fn cpu(&self) -> String {
        format!("{:.6}", self.commands as f64 * 5e-6)
    }

    fn replicas(&self, sys: &Sys<'_>) -> Lines {
        let mut out: Lines = vec![("role", if self.link.is_some() { "slave" } else { "master" }.into())];
        if let Some(l) = &self.link {
            out.extend([
                ("master_host", l.host.clone()),
                ("master_port", l.port.to_string()),
                ("master_link_status", if l.is_up() { "up" } else { "down" }.into()),
                ("master_last_io_seconds_ago", l.idle_seconds(sys.now)),
                ("master_sync_in_progress", "0".into()),
                ("slave_repl_offset", self.offset.to_string()),
                ("slave_priority", self.config.text("replica-priority").into()),
                ("slave_read_only", i32::from(self.config.is_on("replica-read-only")).to_string()),
            ]);
        }
        let replicas: Vec<_> = self.clients.iter().filter(|c| c.replica).collect();
        out.push(("connected_slaves", replicas.len().to_string()));
        const NAMES: [&str; 8] = ["slave0", "slave1", "slave2", "slave3", "slave4", "slave5", "slave6", "slave7"];
        for (name, r) in NAMES.into_iter().zip(replicas) {
            let ip = r.peer.map(|(p, _)| p.ip.to_string()).unwrap_or_default();
            let (port, at) = (r.replica_port, self.offset);
            out.push((name, format!("ip={ip},port={port},state=online,offset={at},lag=0")));
        }
        out.extend([
            ("master_failover_state", "no-failover".into()),
            ("master_replid", self.replication_id.clone()),
            ("master_replid2", "0".repeat(40)),
            ("master_repl_offset", self.offset.to_string()),
            ("second_repl_offset", "-1".into()),
            ("repl_backlog_active", i32::from(self.offset > 0).to_string()),
            ("repl_backlog_size", self.config.text("repl-backlog-size").into()),
        ]);
        out
    }
}
