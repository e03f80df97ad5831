//! Redis in pods: what its server and its client say, what lasts, and who follows whom.

use kubetutor::api::Duration;
use kubetutor::prompt::Session;

use super::session::{create, run, session};

fn pod(s: &mut Session, name: &str, more: &str) {
    create(
        s,
        &format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, spec: {{containers: [{{name: redis, image: 'redis:7.4'{more}}}]}}}}"
        ),
    );
    run(s, &format!("kubectl wait --for=condition=Ready pod/{name} --timeout=300s"));
}

/// What a script in a pod prints.
fn inside(s: &mut Session, pod: &str, script: &str) -> String {
    let o = s.eval(&format!("kubectl exec {pod} -- sh -c '{}'", script.replace('\'', "'\\''")));
    o.stdout + &o.stderr
}

fn check(commands: &[(&str, &str)]) {
    let mut s = session();
    pod(&mut s, "p", "");
    let mut wrong = vec![];
    for (command, expected) in commands {
        let told = inside(&mut s, "p", &format!("redis-cli --no-raw {command}"));
        if told.trim_end() != *expected {
            wrong.push(format!("{command}: {told:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn texts_and_numbers() {
    check(&[
        ("ping", "PONG"),
        ("set a 1 nx", "OK"),
        ("set a 2 nx", "(nil)"),
        ("set a 2 xx get", "\"1\""),
        ("get a", "\"2\""),
        ("incr a", "(integer) 3"),
        ("incrby a 9223372036854775807", "(error) ERR increment or decrement would overflow"),
        ("incrbyfloat a 0.1", "\"3.1\""),
        ("incr a", "(error) ERR value is not an integer or out of range"),
        ("set b x ex 10", "OK"),
        ("ttl b", "(integer) 10"),
        ("set b y keepttl", "OK"),
        ("persist b", "(integer) 1"),
        ("ttl b", "(integer) -1"),
        ("ttl nobody", "(integer) -2"),
        ("set b x ex 0", "(error) ERR invalid expire time in 'set' command"),
        ("set b x nx xx", "(error) ERR syntax error"),
        ("mset x 1 y 2", "OK"),
        ("mset x", "(error) ERR wrong number of arguments for 'mset' command"),
        ("mget x y z", "1) \"1\"\n2) \"2\"\n3) (nil)"),
        ("append x 0", "(integer) 2"),
        ("getrange x -1 -1", "\"0\""),
        ("keys [xy]", "1) \"x\"\n2) \"y\""),
        ("exists x y z x", "(integer) 3"),
        ("rename nobody x", "(error) ERR no such key"),
        ("type x", "string"),
        ("del x y z", "(integer) 2"),
        ("lpush a 1", "(error) WRONGTYPE Operation against a key holding the wrong kind of value"),
        ("nonsense a b", "(error) ERR unknown command 'nonsense', with args beginning with: 'a' 'b'"),
        ("get", "(error) ERR wrong number of arguments for 'get' command"),
        ("expire a -1", "(integer) 1"),
        ("dbsize", "(integer) 1"),
        ("scan 0", "1) \"0\"\n2) 1) \"b\""),
        ("flushall", "OK"),
        ("keys '*'", "(empty array)"),
        ("select 16", "(error) ERR DB index is out of range"),
    ]);
}

#[test]
fn lists_hashes_and_sets() {
    check(&[
        ("rpush l a b c", "(integer) 3"),
        ("lpush l z", "(integer) 4"),
        ("lrange l 0 -1", "1) \"z\"\n2) \"a\"\n3) \"b\"\n4) \"c\""),
        ("lpop l 2", "1) \"z\"\n2) \"a\""),
        ("lindex l -1", "\"c\""),
        ("lindex l 9", "(nil)"),
        ("rpoplpush l m", "\"c\""),
        ("lmove m l left right", "\"c\""),
        ("exists m", "(integer) 0"),
        ("lrem l -1 c", "(integer) 1"),
        ("blpop nobody l 1", "1) \"l\"\n2) \"b\""),
        ("blpop nobody 1", "(nil)"),
        ("brpoplpush nobody l x", "(error) ERR timeout is not a float or out of range"),
        ("hset h b 1 a 2", "(integer) 2"),
        ("hgetall h", "1) \"b\"\n2) \"1\"\n3) \"a\"\n4) \"2\""),
        ("hincrby h a 5", "(integer) 7"),
        ("hmget h a nobody", "1) \"7\"\n2) (nil)"),
        ("hdel h a b", "(integer) 2"),
        ("hgetall h", "(empty array)"),
        ("sadd s 3 1 2 1", "(integer) 3"),
        ("smembers s", "1) \"1\"\n2) \"2\"\n3) \"3\""),
        ("sismember s 9", "(integer) 0"),
        ("zadd z 2 b 1 a 1.5 c", "(integer) 3"),
        ("zrange z 0 -1 withscores", "1) \"a\"\n2) \"1\"\n3) \"c\"\n4) \"1.5\"\n5) \"b\"\n6) \"2\""),
        ("zadd z gt ch 1 b 3 a", "(integer) 1"),
        ("zrevrange z 0 0", "1) \"a\""),
        ("zincrby z 1 b", "\"3\""),
        ("zadd z x b", "(error) ERR value is not a valid float"),
        ("zrangebyscore z '(1.5' +inf", "1) \"a\"\n2) \"b\""),
        ("config get maxmemory-po*", "1) \"maxmemory-policy\"\n2) \"noeviction\""),
        (
            "config set maxmemory x",
            "(error) ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a memory value",
        ),
        ("client getname", "(nil)"),
        ("role", "1) \"master\"\n2) (integer) 0\n3) (empty array)"),
    ]);
}

#[test]
fn the_client_speaks_as_the_real_one() {
    let mut s = session();
    pod(&mut s, "p", ", args: [--requirepass, secret]");
    for (script, expected) in [
        ("redis-cli get a; echo $?", "NOAUTH Authentication required.\n\n0\n"),
        ("redis-cli -e get a; echo $?", "NOAUTH Authentication required.\n\n1\n"),
        (
            "redis-cli -a secret ping",
            "PONG\nWarning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n",
        ),
        (
            "redis-cli --no-auth-warning -a wrong ping 2>&1 | head -1",
            "AUTH failed: WRONGPASS invalid username-password pair or user is disabled.\n",
        ),
        ("export REDISCLI_AUTH=secret; printf 'set k 1\\nincr k\\n\\nselect 1\\nget k' | redis-cli", "OK\n2\nOK\n\n"),
        ("REDISCLI_AUTH=secret redis-cli -n 0 -r 3 incr k", "3\n4\n5\n"),
        ("export REDISCLI_AUTH=secret; printf %s 'a b' | redis-cli -x set k && redis-cli --csv get k", "OK\n\"a b\"\n"),
        ("REDISCLI_AUTH=secret redis-cli --scan --pattern 'k*'", "k\n"),
        ("REDISCLI_AUTH=secret redis-cli lrange nobody 0 -1", "\n"),
        (
            "export REDISCLI_AUTH=secret; printf 'multi\\nset a 1\\nincr a\\nexec' | redis-cli --no-raw",
            "OK\nQUEUED\nQUEUED\n1) OK\n2) (integer) 2\n",
        ),
        ("redis-cli -p 7000 ping; echo $?", "1\nCould not connect to Redis at 127.0.0.1:7000: Connection refused\n"),
        ("redis-cli -h nobody ping", "Could not connect to Redis at nobody:6379: Name or service not known\n"),
        ("redis-cli --version; redis-server -v | cut -d' ' -f1-3", "redis-cli 7.4.6\nRedis server v=7.4.6\n"),
        ("redis-cli --nonsense", "Unrecognized option or bad number of args for: '--nonsense'\n"),
        (
            "redis-server --maxmemoryy 3; echo $?",
            "1\n\n*** FATAL CONFIG FILE ERROR (Redis 7.4.6) ***\nReading the configuration file, at line 2\n>>> 'maxmemoryy \"3\"'\nBad directive or wrong number of arguments\n",
        ),
        ("redis-server --port 6379 | tail -1 | cut -d' ' -f7-", "Failed listening on port 6379 (tcp), aborting.\n"),
        ("curl -s localhost:6379; echo $?", "52\n"),
    ] {
        let told = inside(&mut s, "p", script);
        let told = told.replace("command terminated with exit code 1\n", "");
        assert_eq!(told, expected, "{script}");
    }
    let logs = run(&mut s, "kubectl logs p");
    assert!(logs.contains("# Possible SECURITY ATTACK detected."), "{logs}");
    // Others speak to it in lines.
    run(&mut s, "kubectl expose pod p --port=6379");
    run(&mut s, "kubectl run nc --image=busybox:1.36 -- sleep 36000");
    run(&mut s, "kubectl wait --for=condition=Ready pod/nc --timeout=300s");
    let request = "printf 'AUTH secret\\r\\nGET / HTTP/1.1\\r\\nPING\\r\\n*1\\r\\nx\\r\\n' | nc p 6379";
    let told = inside(&mut s, "nc", request);
    let expected = "+OK\r\n-ERR wrong number of arguments for 'get' command\r\n+PONG\r\n-ERR Protocol error: expected '$', got 'x'\r\n";
    assert_eq!(told.replace("\r\n", "\n"), expected.replace("\r\n", "\n"));
}

#[test]
fn a_server_says_how_it_begins_and_ends() {
    let mut s = session();
    pod(&mut s, "p", "");
    let bare = |text: &str| -> Vec<String> {
        let words = |l: &str| match l.split_once(" * ").or(l.split_once(" # ")) {
            Some((_, said)) => said.to_string(),
            None => l.to_string(),
        };
        text.lines().map(words).collect()
    };
    let logs = run(&mut s, "kubectl logs p");
    assert!(logs.starts_with("1:C 01 Jan 2026 00:"), "{logs}");
    assert_eq!(
        bare(&logs),
        [
            "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo",
            "Redis version=7.4.6, bits=64, commit=00000000, modified=0, pid=1, just started",
            "Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf",
            "monotonic clock: POSIX clock_gettime",
            "Running mode=standalone, port=6379.",
            "Server initialized",
            "Ready to accept connections tcp",
        ]
    );
    inside(&mut s, "p", "redis-cli set k v; kill 1");
    s.cluster.world.run_until(s.cluster.world.now + Duration::from_secs(1));
    let logs = bare(&run(&mut s, "kubectl logs p -p"));
    assert!(logs[7].ends_with(") Received SIGTERM scheduling shutdown..."), "{logs:?}");
    assert_eq!(
        logs[8..],
        [
            "User requested shutdown...",
            "Saving the final RDB snapshot before exiting.",
            "DB saved on disk",
            "Redis is now ready to exit, bye bye...",
        ]
    );
}

#[test]
fn a_volume_keeps_what_was_saved() {
    for (args, files) in [("", "dump.rdb\n"), (", args: [--appendonly, 'yes', --save, '']", "appendonlydir\n")] {
        let mut s = session();
        create(
            &mut s,
            &format!(
                "{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: redis, image: 'redis:7.4', volumeMounts: [{{name: d, mountPath: /data}}]{args}}}], volumes: [{{name: d, emptyDir: {{}}}}]}}}}"
            ),
        );
        run(&mut s, "kubectl wait --for=condition=Ready pod/p --timeout=300s");
        inside(
            &mut s,
            "p",
            "redis-cli set k v; redis-cli set gone x ex 5; redis-cli incrbyfloat f 1.5; redis-cli rpush l a b; redis-cli lpop l; redis-cli -n 3 hset h a 1; redis-cli shutdown",
        );
        run(&mut s, "kubectl wait --for=condition=Ready pod/p --timeout=300s");
        s.cluster.world.run_until(s.cluster.world.now + Duration::from_secs(20));
        let told =
            inside(&mut s, "p", "redis-cli mget k gone f; redis-cli lrange l 0 -1; redis-cli -n 3 hget h a; ls /data");
        assert_eq!(told, format!("v\n\n1.5\nb\n1\n{files}"), "{}", run(&mut s, "kubectl logs p"));
    }
}

/// "Configuring Redis using a ConfigMap" of the Kubernetes documentation.
#[test]
fn a_config_map_configures_it() {
    let mut s = session();
    create(
        &mut s,
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {redis-config: \"maxmemory 2mb\\nmaxmemory-policy allkeys-lru\\n\"}}",
    );
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: redis}, spec: {containers: [{name: redis, image: 'redis:8.0.2', command: [redis-server, /redis-master/redis.conf], volumeMounts: [{mountPath: /redis-master-data, name: data}, {mountPath: /redis-master, name: config}]}], volumes: [{name: data, emptyDir: {}}, {name: config, configMap: {name: c, items: [{key: redis-config, path: redis.conf}]}}]}}",
    );
    run(&mut s, "kubectl wait --for=condition=Ready pod/redis --timeout=300s");
    let o = s.eval("kubectl exec -it pod/redis -- redis-cli");
    assert!(s.is_attached() && o.stdout.ends_with("127.0.0.1:6379> "), "{o:?}");
    let told = s.eval("CONFIG GET maxmemory").stdout;
    assert!(told.contains("1) \"maxmemory\"\n2) \"2097152\"\n127.0.0.1:6379> "), "{told:?}");
    assert!(s.eval("config get maxmemory-policy").stdout.contains("2) \"allkeys-lru\""));
    assert!(s.eval("select 1").stdout.ends_with("OK\n127.0.0.1:6379[1]> "));
    s.eval("exit");
    assert!(!s.is_attached());
    // It gives up what was not used for long, and only that.
    inside(&mut s, "redis", "for i in 1 2 3 4; do head -c 500000 /dev/zero | tr '\\0' x | redis-cli -x set k$i; done");
    assert_eq!(inside(&mut s, "redis", "redis-cli keys '*'"), "k3\nk4\n");
    let more = "redis-cli config set maxmemory-policy noeviction; head -c 500000 /dev/zero | redis-cli -x set k5; redis-cli config set maxmemory 1mb; redis-cli set a b";
    assert_eq!(
        inside(&mut s, "redis", more),
        "OK\nOK\nOK\nOOM command not allowed when used memory > 'maxmemory'.\n\n"
    );
}

/// As the work queue and the guestbook of the documentation need it.
#[test]
fn a_follower_has_what_its_leader_has_and_workers_wait_for_work() {
    let mut s = session();
    pod(&mut s, "redis-leader", "");
    run(&mut s, "kubectl expose pod redis-leader --port=6379");
    inside(&mut s, "redis-leader", "redis-cli set before 1");
    create(
        &mut s,
        "{apiVersion: v1, kind: Pod, metadata: {name: follower}, spec: {containers: [{name: c, image: 'us-docker.pkg.dev/google-samples/containers/gke/gb-redis-follower:v2'}]}}",
    );
    run(&mut s, "kubectl wait --for=condition=Ready pod/follower --timeout=300s");
    s.cluster.world.run_until(s.cluster.world.now + Duration::from_secs(3));
    inside(&mut s, "redis-leader", "redis-cli set after 2 ex 100; redis-cli -n 1 rpush l a");
    let told =
        inside(&mut s, "follower", "redis-cli mget before after; redis-cli -n 1 lrange l 0 -1; redis-cli set x y");
    let logs = run(&mut s, "kubectl logs follower");
    assert_eq!(told, "1\n2\na\nREADONLY You can't write against a read only replica.\n\n", "{logs}");
    assert!(logs.contains("* MASTER <-> REPLICA sync: Finished with success"), "{logs}");
    assert!(inside(&mut s, "follower", "redis-cli info replication").contains("master_link_status:up"));
    assert!(inside(&mut s, "redis-leader", "redis-cli info replication").contains("connected_slaves:1"));
    // Somebody waits for work, and gets it when it comes.
    let worker = "kubectl exec redis-leader -- sh -c 'redis-cli -h redis-leader brpoplpush job job:processing 60 > /tmp/got & sleep 1; redis-cli rpush job apple; sleep 1; cat /tmp/got; redis-cli lrange job:processing 0 -1'";
    assert_eq!(run(&mut s, worker), "1\napple\napple\n");
    // Without its leader it goes on with what it has.
    run(&mut s, "kubectl delete pod redis-leader --now");
    s.cluster.world.run_until(s.cluster.world.now + Duration::from_secs(3));
    assert_eq!(inside(&mut s, "follower", "redis-cli get before"), "1\n");
    assert!(inside(&mut s, "follower", "redis-cli info replication").contains("master_link_status:down"));
}

#[test]
fn who_subscribes_waits_and_is_told() {
    let mut s = session();
    pod(&mut s, "p", "");
    let heard =
        inside(&mut s, "p", "(sleep 2; redis-cli publish news hello) > /dev/null & timeout 5 redis-cli subscribe news");
    assert!(heard.contains("subscribe") && heard.contains("hello"), "{heard}");
    let told = inside(&mut s, "p", "printf 'multi\\nset a 1\\nexec\\n' | redis-cli");
    assert!(told.contains("QUEUED"), "{told}");
    assert!(inside(&mut s, "p", "redis-cli setrange k 536870911 x").contains("exceeds maximum allowed size"));
}
