//! What a configuration means: servers, their locations, and what each does with a request.
//! Real nginx: src/http/ngx_http_core_module.c and the modules beside it.

use std::collections::BTreeMap;
use std::sync::Arc;

use fancy_regex::Regex;

use super::syntax::Directive;

/// All that is served.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pub servers: Vec<Server>,
    pub upstreams: BTreeMap<String, Vec<Backend>>,
    pub types: BTreeMap<String, String>,
    pub formats: BTreeMap<String, String>,
    /// Directives that nginx knows and that do nothing here, with their places.
    pub idle: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    pub host: String,
    pub port: u16,
    pub weight: usize,
    pub backup: bool,
    pub at: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    pub port: u16,
    pub tls: bool,
    pub default: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Server {
    pub listens: Vec<Listen>,
    pub names: Vec<String>,
    /// `ssl_certificate`.
    pub certificate: Option<(String, String)>,
    pub own: Scope,
    pub locations: Vec<Location>,
}

#[derive(Clone, Debug)]
pub enum Match {
    Exact,
    Prefix { final_word: bool },
    Pattern(Regex),
    Named,
}

#[derive(Clone, Debug)]
pub struct Location {
    pub how: Match,
    pub path: String,
    pub own: Scope,
    pub nested: Vec<Location>,
}

/// What is said for a place and for all in it that says nothing else.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    pub root: Option<String>,
    pub alias: Option<String>,
    pub index: Vec<String>,
    pub try_files: Vec<String>,
    pub returns: Option<(u16, String)>,
    pub rewrites: Vec<Rewrite>,
    /// An address, and whether it stands in `ssl`.
    pub proxy: Option<String>,
    pub sent_headers: Vec<(String, String)>,
    pub added_headers: Vec<(String, String, bool)>,
    pub error_pages: Vec<ErrorPage>,
    pub autoindex: bool,
    pub default_type: Option<String>,
    /// `None` within: off.
    pub access_log: Option<Option<(String, String)>>,
    pub error_log: Option<String>,
    /// Who may come in, in order.
    pub rights: Vec<(bool, String)>,
    pub status: bool,
    pub variables: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Rewrite {
    pub pattern: Regex,
    pub to: String,
    pub flag: Flag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    Last,
    Break,
    Found,
    Moved,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorPage {
    pub codes: Vec<u16>,
    /// The code that is answered instead: `=200`.
    pub instead: Option<u16>,
    pub uri: String,
}

/// Words that change nothing that anybody could see here: sizes, times, caches, how bytes are sent.
const QUIET: &str = "user worker_processes worker_connections worker_rlimit_nofile worker_shutdown_timeout worker_priority worker_cpu_affinity multi_accept use events pid daemon master_process accept_mutex debug_connection lock_file env load_module sendfile sendfile_max_chunk tcp_nopush tcp_nodelay aio directio keepalive_timeout keepalive_requests keepalive_time keepalive reset_timedout_connection send_timeout client_body_timeout client_header_timeout client_max_body_size client_body_buffer_size client_header_buffer_size large_client_header_buffers client_body_temp_path client_body_in_file_only types_hash_max_size types_hash_bucket_size server_names_hash_max_size server_names_hash_bucket_size variables_hash_max_size variables_hash_bucket_size map_hash_max_size map_hash_bucket_size charset charset_types override_charset gzip gzip_types gzip_vary gzip_min_length gzip_comp_level gzip_proxied gzip_buffers gzip_disable gzip_http_version gzip_static gunzip etag if_modified_since expires open_file_cache open_file_cache_valid open_file_cache_min_uses open_file_cache_errors log_not_found log_subrequest server_tokens msie_padding ignore_invalid_headers underscores_in_headers merge_slashes port_in_redirect absolute_redirect server_name_in_redirect resolver resolver_timeout proxy_buffering proxy_buffers proxy_buffer_size proxy_busy_buffers_size proxy_max_temp_file_size proxy_temp_file_write_size proxy_temp_path proxy_connect_timeout proxy_send_timeout proxy_read_timeout proxy_http_version proxy_request_buffering proxy_socket_keepalive proxy_next_upstream proxy_next_upstream_tries proxy_next_upstream_timeout proxy_ssl_verify proxy_ssl_server_name proxy_ssl_name proxy_ssl_protocols proxy_ssl_ciphers proxy_ssl_session_reuse proxy_ssl_trusted_certificate proxy_cache_bypass proxy_no_cache proxy_pass_request_headers proxy_pass_request_body proxy_headers_hash_max_size proxy_headers_hash_bucket_size proxy_ignore_client_abort proxy_force_ranges ssl_protocols ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache ssl_session_timeout ssl_session_tickets ssl_session_ticket_key ssl_dhparam ssl_ecdh_curve ssl_buffer_size ssl_early_data ssl_certificate_key ssl_stapling ssl_stapling_verify ssl_trusted_certificate http2 http2_max_concurrent_streams http2_max_field_size http2_max_header_size zone least_conn ip_hash hash random least_time fastcgi_temp_path uwsgi_temp_path scgi_temp_path max_ranges output_buffers postpone_output read_ahead recursive_error_pages satisfy types_hash timer_resolution pcre_jit thread_pool";

/// Words that would be seen, and are not done.
const IDLE: &str = "auth_basic auth_basic_user_file auth_request auth_request_set limit_req limit_req_zone limit_req_status limit_conn limit_conn_zone limit_rate limit_rate_after proxy_cache proxy_cache_path proxy_cache_key proxy_cache_valid proxy_cache_methods proxy_redirect proxy_cookie_path proxy_cookie_domain proxy_hide_header proxy_pass_header proxy_ignore_headers proxy_set_body proxy_method proxy_intercept_errors proxy_bind proxy_ssl_certificate proxy_ssl_certificate_key fastcgi_pass fastcgi_param fastcgi_index fastcgi_split_path_info fastcgi_buffers fastcgi_buffer_size fastcgi_read_timeout uwsgi_pass uwsgi_param scgi_pass grpc_pass grpc_set_header memcached_pass map geo split_clients if sub_filter sub_filter_once sub_filter_types mirror internal limit_except real_ip_header set_real_ip_from real_ip_recursive ssl_client_certificate ssl_verify_client ssl_verify_depth secure_link valid_referers stream mail perl js_import js_content dav_methods create_full_put_path empty_gif slice addition_types add_after_body add_before_body autoindex_exact_size autoindex_localtime autoindex_format random_index userid";

fn is_one_of(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|w| w == name)
}

/// Makes sense of a configuration.
///
/// # Errors
/// As nginx says it.
pub fn read(all: &[Directive]) -> Result<Site, String> {
    let mut site = Site::default();
    for d in all {
        match d.name.as_str() {
            "http" => http(d, &mut site)?,
            "error_log" => {}
            "server" | "location" | "upstream" | "listen" | "root" | "return" | "proxy_pass" => {
                return Err(d.wrong(&format!("\"{}\" directive is not allowed here", d.name)));
            }
            other => unused(d, other, &mut site)?,
        }
    }
    Ok(site)
}

fn unused(d: &Directive, name: &str, site: &mut Site) -> Result<(), String> {
    if is_one_of(QUIET, name) {
        return Ok(());
    }
    let modules = ["fastcgi_", "uwsgi_", "scgi_", "grpc_", "proxy_", "ssl_", "limit_", "http2_", "http3_", "quic_"];
    if is_one_of(IDLE, name) || modules.iter().any(|m| name.starts_with(m)) {
        site.idle.push(d.wrong(&format!("\"{name}\" has no effect here")));
        return Ok(());
    }
    Err(d.wrong(&format!("unknown directive \"{name}\"")))
}

fn http(d: &Directive, site: &mut Site) -> Result<(), String> {
    let mut own = Scope::default();
    for d in d.inner().iter().filter(|d| d.name != "server") {
        match d.name.as_str() {
            "upstream" => {
                let all = d.inner().iter().filter(|d| d.name == "server").map(backend).collect::<Result<_, _>>()?;
                site.upstreams.insert(d.arg(0).into(), all);
            }
            "types" => site.types.extend(types(d)),
            "log_format" => {
                let from = 1 + usize::from(d.arg(1).starts_with("escape="));
                site.formats.insert(d.arg(0).into(), d.args.get(from..).unwrap_or_default().concat());
            }
            _ => scope(d, &mut own, site)?,
        }
    }
    for d in d.inner().iter().filter(|d| d.name == "server") {
        let made = server(d, &own, site)?;
        site.servers.push(made);
    }
    Ok(())
}

fn types(d: &Directive) -> impl Iterator<Item = (String, String)> {
    d.inner().iter().flat_map(|t| t.args.iter().map(|end| (end.clone(), t.name.clone())))
}

fn backend(d: &Directive) -> Result<Backend, String> {
    let (host, port) = place(d.arg(0), 80).ok_or_else(|| d.wrong(&format!("invalid host in \"{}\"", d.arg(0))))?;
    let weight = d.args.iter().find_map(|a| a.strip_prefix("weight=")?.parse().ok()).unwrap_or(1).min(100);
    let has = |word: &str| d.args.iter().any(|a| a == word);
    Ok(Backend {
        host,
        port,
        weight: if has("down") { 0 } else { weight },
        backup: has("backup"),
        at: d.at.to_string(),
    })
}

/// `web:8080`
pub fn place(text: &str, other: u16) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|p| *p > 0)?),
        None => (text, other),
    };
    (!host.is_empty()).then(|| (host.into(), port))
}

fn listen(d: &Directive) -> Result<Option<Listen>, String> {
    let first = d.arg(0);
    // The same ports by IPv6: there is none here.
    if first.starts_with("[") {
        return Ok(None);
    }
    let port = first.rsplit(':').next().unwrap_or_default();
    let port = match port.parse::<u16>() {
        Ok(0) => return Err(d.wrong(&format!("invalid port in \"{first}\" of the \"listen\" directive"))),
        Ok(port) => port,
        Err(_) if first.starts_with("unix:") => return Ok(None),
        Err(_) if first.contains(':') || port.bytes().all(|b| b.is_ascii_digit()) => {
            return Err(d.wrong(&format!("invalid port in \"{first}\" of the \"listen\" directive")));
        }
        Err(_) => 80,
    };
    let has = |word: &str| d.args.iter().any(|a| a == word);
    Ok(Some(Listen { port, tls: has("ssl"), default: has("default_server") || has("default") }))
}

fn server(d: &Directive, above: &Scope, site: &mut Site) -> Result<Server, String> {
    let mut made = Server { own: below(above), ..Server::default() };
    for d in d.inner().iter().filter(|d| d.name != "location") {
        match d.name.as_str() {
            "listen" => made.listens.extend(listen(d)?),
            "server_name" => made.names.extend(d.args.iter().map(|n| n.to_ascii_lowercase())),
            "ssl_certificate" => made.certificate = Some((d.arg(0).into(), d.at.to_string())),
            _ => scope(d, &mut made.own, site)?,
        }
    }
    if !d.inner().iter().any(|d| d.name == "listen") {
        made.listens.push(Listen { port: 80, tls: false, default: false });
    }
    if made.listens.iter().any(|l| l.tls) && made.certificate.is_none() {
        return Err(format!("no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive in {}", d.at));
    }
    let own = made.own.clone();
    made.locations = locations(d, &own, site)?;
    Ok(made)
}

fn locations(d: &Directive, above: &Scope, site: &mut Site) -> Result<Vec<Location>, String> {
    d.inner().iter().filter(|d| d.name == "location").map(|d| location(d, above, site)).collect()
}

fn location(d: &Directive, above: &Scope, site: &mut Site) -> Result<Location, String> {
    let (sign, path) = match d.args.as_slice() {
        [path] if path.starts_with('@') => ("@", path.clone()),
        [path] => match ["^~", "~*", "~", "="].into_iter().find(|s| path.starts_with(s)) {
            Some(sign) => (sign, path[sign.len()..].to_string()),
            None => ("", path.clone()),
        },
        [sign, path] => match ["^~", "~*", "~", "="].into_iter().find(|s| s == sign) {
            Some(sign) => (sign, path.clone()),
            None => return Err(d.wrong(&format!("invalid location modifier \"{sign}\""))),
        },
        _ => return Err(d.wrong("invalid number of arguments in \"location\" directive")),
    };
    let how = match sign {
        "=" => Match::Exact,
        "@" => Match::Named,
        "~" | "~*" => Match::Pattern(pattern(d, &path, sign == "~*")?),
        other => Match::Prefix { final_word: other == "^~" },
    };
    let mut own = below(above);
    for d in d.inner().iter().filter(|d| d.name != "location") {
        scope(d, &mut own, site)?;
    }
    let nested = locations(d, &own, site)?;
    Ok(Location { how, path, own, nested })
}

fn pattern(d: &Directive, text: &str, any_case: bool) -> Result<Regex, String> {
    let whole = if any_case { format!("(?i){text}") } else { text.to_string() };
    Regex::new(&whole).map_err(|_| d.wrong(&format!("pcre2_compile() failed: syntax error in \"{text}\"")))
}

/// What holds in a place is what holds around it, but for what is done with a request.
fn below(above: &Scope) -> Scope {
    Scope {
        alias: None,
        try_files: vec![],
        returns: None,
        rewrites: vec![],
        proxy: None,
        status: false,
        ..above.clone()
    }
}

fn number(d: &Directive, text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| d.wrong(&format!("invalid value \"{text}\"")))
}

fn scope(d: &Directive, own: &mut Scope, site: &mut Site) -> Result<(), String> {
    let needs = |n: usize| {
        if d.args.len() < n {
            Err(d.wrong(&format!("invalid number of arguments in \"{}\" directive", d.name)))
        } else {
            Ok(())
        }
    };
    match d.name.as_str() {
        "root" | "alias" | "index" | "try_files" | "return" | "proxy_pass" | "default_type" | "autoindex"
        | "access_log" | "error_log" | "allow" | "deny" => needs(1)?,
        "rewrite" | "proxy_set_header" | "add_header" | "error_page" | "set" => needs(2)?,
        _ => {}
    }
    match d.name.as_str() {
        "root" => own.root = Some(d.arg(0).into()),
        "alias" => own.alias = Some(d.arg(0).into()),
        "index" => own.index.clone_from(&d.args),
        "try_files" => own.try_files.clone_from(&d.args),
        "return" => {
            own.returns = Some(match (d.arg(0).parse::<u16>(), d.args.get(1)) {
                (Ok(code), text) => (code, text.cloned().unwrap_or_default()),
                (Err(_), None) => (302, d.arg(0).into()),
                (Err(_), Some(_)) => return Err(d.wrong(&format!("invalid return code \"{}\"", d.arg(0)))),
            });
        }
        "rewrite" => {
            let to = d.arg(1).to_string();
            let away = to.starts_with("http://") || to.starts_with("https://") || to.starts_with("$scheme");
            let flag = match d.arg(2) {
                "permanent" => Flag::Moved,
                "redirect" => Flag::Found,
                _ if away => Flag::Found,
                "break" => Flag::Break,
                "" | "last" => Flag::Last,
                other => return Err(d.wrong(&format!("invalid parameter \"{other}\""))),
            };
            own.rewrites.push(Rewrite { pattern: pattern(d, d.arg(0), false)?, to, flag });
        }
        "proxy_pass" => {
            if !["http://", "https://", "$"].iter().any(|p| d.arg(0).starts_with(p)) {
                return Err(d.wrong("invalid URL prefix"));
            }
            own.proxy = Some(d.arg(0).into());
        }
        "proxy_set_header" => set(&mut own.sent_headers, d.arg(0), d.arg(1)),
        "add_header" => {
            let always = d.arg(2) == "always";
            own.added_headers.push((d.arg(0).into(), d.arg(1).into(), always));
        }
        "error_page" => {
            let uri = d.args.last().cloned().unwrap_or_default();
            let mut page = ErrorPage { codes: vec![], instead: None, uri };
            for a in &d.args[..d.args.len() - 1] {
                match a.strip_prefix('=') {
                    Some(code) => page.instead = Some(number(d, code).unwrap_or(200)),
                    None => page.codes.push(number(d, a)?),
                }
            }
            own.error_pages.push(page);
        }
        "autoindex" => own.autoindex = d.arg(0) == "on",
        "default_type" => own.default_type = Some(d.arg(0).into()),
        "types" => site.types.extend(types(d)),
        "access_log" => {
            let format = Some(d.arg(1)).filter(|f| !f.is_empty() && !f.contains('=')).unwrap_or("combined");
            own.access_log = Some(if d.arg(0) == "off" { None } else { Some((d.arg(0).into(), format.into())) });
        }
        "error_log" => own.error_log = Some(d.arg(0).into()),
        "allow" | "deny" => own.rights.push((d.name == "allow", d.arg(0).into())),
        "stub_status" => own.status = true,
        "set" => set(&mut own.variables, d.arg(0).trim_start_matches('$'), d.arg(1)),
        "server" | "http" | "listen" | "server_name" | "upstream" => {
            return Err(d.wrong(&format!("\"{}\" directive is not allowed here", d.name)));
        }
        other => unused(d, other, site)?,
    }
    Ok(())
}

fn set(list: &mut Vec<(String, String)>, name: &str, value: &str) {
    list.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    list.push((name.into(), value.into()));
}

impl Site {
    /// The ports, and whether TLS is spoken there.
    pub fn ports(&self) -> BTreeMap<u16, bool> {
        let mut all = BTreeMap::new();
        for l in self.servers.iter().flat_map(|s| &s.listens) {
            *all.entry(l.port).or_insert(false) |= l.tls;
        }
        all
    }

    /// The server that a request to a port and a host is for.
    pub fn server(&self, port: u16, host: &str) -> Option<&Server> {
        let host = host.to_ascii_lowercase();
        let here: Vec<&Server> = self.servers.iter().filter(|s| s.listens.iter().any(|l| l.port == port)).collect();
        let exact = here.iter().find(|s| s.names.contains(&host));
        let mut starred: Vec<(usize, &&Server)> = vec![];
        for s in &here {
            for n in &s.names {
                let fits = match (n.strip_prefix('*'), n.strip_suffix('*'), n.strip_prefix('.')) {
                    (Some(end), _, _) => host.ends_with(end) && host.len() > end.len(),
                    (_, Some(begin), _) => host.starts_with(begin),
                    (_, _, Some(domain)) => host == domain || host.ends_with(n),
                    _ => false,
                };
                if fits {
                    starred.push((n.len(), s));
                }
            }
        }
        let by_pattern = || {
            here.iter().find(|s| {
                let patterns = s.names.iter().filter_map(|n| n.strip_prefix('~'));
                patterns.filter_map(|p| Regex::new(p).ok()).any(|r| r.is_match(&host).unwrap_or(false))
            })
        };
        let default = || here.iter().find(|s| s.listens.iter().any(|l| l.port == port && l.default));
        exact
            .or_else(|| starred.iter().max_by_key(|(n, _)| *n).map(|(_, s)| *s))
            .or_else(by_pattern)
            .or_else(default)
            .or_else(|| here.first())
            .copied()
    }
}

/// Where a path belongs among locations, and what a pattern has caught.
pub fn locate<'a>(all: &'a [Location], path: &str) -> Option<(&'a Location, Vec<String>)> {
    if let Some(l) = all.iter().find(|l| matches!(l.how, Match::Exact) && l.path == path) {
        return Some((l, vec![]));
    }
    let prefixes = all.iter().filter(|l| matches!(l.how, Match::Prefix { .. }) && path.starts_with(&l.path));
    let longest = prefixes.max_by_key(|l| l.path.len());
    if let Some(l) = longest
        && let Some((deeper, caught)) = locate(&l.nested, path)
    {
        return Some((deeper, caught));
    }
    if !longest.is_some_and(|l| matches!(l.how, Match::Prefix { final_word: true })) {
        for l in all {
            let Match::Pattern(r) = &l.how else { continue };
            if let Ok(Some(c)) = r.captures(path) {
                let caught = c.iter().map(|m| m.map_or_else(String::new, |m| m.as_str().to_string())).collect();
                return Some((l, caught));
            }
        }
    }
    longest.map(|l| (l, vec![]))
}

/// Shared: a copy of a process shares what it serves.
pub type Served = Arc<Site>;
