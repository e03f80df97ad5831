//! Who somebody is: `/etc/passwd` and `/etc/group`.

use super::Call;
use crate::runtime::kernel::Sys;

/// Lines of such a file, parted.
fn entries(path: &str, sys: &mut Sys<'_>) -> Vec<Vec<String>> {
    let text = sys.read_file(path).map(|b| String::from_utf8_lossy(&b).to_string()).unwrap_or_default();
    text.lines().map(|l| l.split(':').map(String::from).collect()).collect()
}

fn by_number(path: &str, number: u32, sys: &mut Sys<'_>) -> Option<String> {
    let number = number.to_string();
    entries(path, sys).into_iter().find(|e| e.get(2) == Some(&number)).map(|e| e[0].clone())
}

pub fn name_of(user: u32, sys: &mut Sys<'_>) -> Option<String> {
    by_number("/etc/passwd", user, sys)
}

pub fn group_name(group: u32, sys: &mut Sys<'_>) -> Option<String> {
    by_number("/etc/group", group, sys)
}

/// A user by name or number: its number and its group's.
pub fn find(who: &str, sys: &mut Sys<'_>) -> Option<(u32, u32)> {
    let all = entries("/etc/passwd", sys);
    let entry = all.iter().find(|e| e[0] == who || e.get(2).is_some_and(|n| n == who));
    match entry {
        Some(e) => Some((e.get(2)?.parse().ok()?, e.get(3)?.parse().ok()?)),
        None => who.parse().ok().map(|n| (n, 0)),
    }
}

/// A user's line of `/etc/passwd`, parted.
pub fn entry(who: &str, sys: &mut Sys<'_>) -> Vec<String> {
    entries("/etc/passwd", sys).into_iter().find(|e| e[0] == who).unwrap_or_default()
}

/// A group's number.
pub fn find_group(group: &str, sys: &mut Sys<'_>) -> Option<u32> {
    let all = entries("/etc/group", sys);
    let named = all.iter().find(|e| e[0] == group).and_then(|e| e.get(2)?.parse().ok());
    named.or_else(|| group.parse().ok())
}

pub fn whoami(c: &mut Call<'_, '_>) -> i32 {
    let user = c.sys.who().user;
    match name_of(user, c.sys) {
        Some(n) => {
            c.line(n);
            0
        }
        None => {
            c.complain(format!("unknown uid {user}"));
            1
        }
    }
}

pub fn id(c: &mut Call<'_, '_>) -> i32 {
    let who = c.sys.who();
    let letters: String = c.args().iter().filter_map(|a| a.strip_prefix('-')).collect();
    let named = |n: u32, name: Option<String>| name.map_or_else(|| n.to_string(), |s| format!("{n}({s})"));
    let mut groups: Vec<u32> = who.groups.to_vec();
    if !groups.contains(&who.group) {
        groups.insert(0, who.group);
    }
    // The kernel keeps them in this order.
    groups.sort_unstable();
    let by_name = letters.contains('n');
    let show =
        |n: u32, name: Option<String>| if by_name { name.unwrap_or_else(|| n.to_string()) } else { n.to_string() };
    let text = if letters.contains('u') {
        show(who.user, name_of(who.user, c.sys))
    } else if letters.contains('g') {
        show(who.group, group_name(who.group, c.sys))
    } else if letters.contains('G') {
        let all: Vec<String> = groups.iter().map(|g| show(*g, group_name(*g, c.sys))).collect();
        all.join(" ")
    } else {
        let user = named(who.user, name_of(who.user, c.sys));
        let group = named(who.group, group_name(who.group, c.sys));
        let all: Vec<String> = groups.iter().map(|g| named(*g, group_name(*g, c.sys))).collect();
        format!("uid={user} gid={group} groups={}", all.join(","))
    };
    c.line(text);
    0
}
