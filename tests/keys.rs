//! `openssl` and `jq` on the learner's own machine, as notes and exercises use them.

use kubetutor::cluster::Options;
use kubetutor::prompt::Session;

use crate::session::run;

fn session() -> Session {
    let mut s = Session::in_memory(&Options { nodes: Some(1), ..Options::default() });
    s.terminal = false;
    s
}

/// All that a line prints, and its code if it is not 0.
fn says(s: &mut Session, line: &str) -> String {
    let o = s.eval(line);
    let code = if o.code == 0 { String::new() } else { format!("[{}]\n", o.code) };
    format!("{}{}{code}", o.stdout, o.stderr)
}

/// As the documentation of Kubernetes has it ("Issue a certificate for a Kubernetes API client").
#[test]
fn a_user_is_made_with_nothing_but_openssl_and_kubectl() {
    let mut s = session();
    run(&mut s, "openssl genrsa -out jane.key 2048");
    run(&mut s, "openssl req -new -key jane.key -out jane.csr -subj \"/CN=jane/O=dev\"");
    run(
        &mut s,
        "cat <<EOF | kubectl apply -f -\napiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata:\n  name: jane\nspec:\n  request: $(cat jane.csr | base64 | tr -d \"\\n\")\n  signerName: kubernetes.io/kube-apiserver-client\n  expirationSeconds: 86400\n  usages:\n  - client auth\nEOF",
    );
    run(&mut s, "kubectl certificate approve jane");
    run(&mut s, "kubectl get csr jane -o jsonpath='{.status.certificate}' | base64 -d > jane.crt");
    let text = run(&mut s, "openssl x509 -in jane.crt -noout -text");
    for part in [
        "Issuer: CN = kubernetes\n",
        "Subject: O = dev, CN = jane\n",
        "Public-Key: (2048 bit)\n",
        "            X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
        "            X509v3 Basic Constraints: critical\n                CA:FALSE\n",
        "    Signature Algorithm: ecdsa-with-SHA256\n",
    ] {
        assert!(
            text.contains(part) || text.contains(&part.replace("O = dev, CN = jane", "CN = jane, O = dev")),
            "{text}"
        );
    }
    run(
        &mut s,
        "kubectl config set-credentials jane --client-key=jane.key --client-certificate=jane.crt --embed-certs=true",
    );
    run(&mut s, "kubectl config set-context jane --cluster=kubernetes --user=jane");
    assert_eq!(says(&mut s, "kubectl --context jane auth can-i list pods"), "no\n[1]\n");
    run(&mut s, "kubectl create role developer --verb=create,get,list --resource=pods");
    run(&mut s, "kubectl create rolebinding developer-jane --role=developer --user=jane");
    assert_eq!(says(&mut s, "kubectl --context jane auth can-i list pods"), "yes\n");
    run(&mut s, "kubectl config use-context jane");
    assert_eq!(says(&mut s, "kubectl get pods"), "No resources found in default namespace.\n");
    assert!(says(&mut s, "kubectl get nodes").contains("User \"jane\" cannot list resource \"nodes\""));
}

#[test]
fn an_authority_of_ones_own_signs_a_servers_certificate() {
    let mut s = session();
    run(
        &mut s,
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 365 -subj '/CN=my ca/O=me, myself'",
    );
    run(&mut s, "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out web.key");
    run(
        &mut s,
        "openssl req -new -key web.key -subj /CN=web.example -addext subjectAltName=DNS:web.example,IP:10.0.0.1 -out web.csr",
    );
    assert_eq!(
        says(&mut s, "openssl req -in web.csr -noout -verify -subject"),
        "subject=CN = web.example\nCertificate request self-signature verify OK\n"
    );
    assert!(run(&mut s, "openssl req -in web.csr -noout -text").contains(
        "            Requested Extensions:\n                X509v3 Subject Alternative Name: \n                    DNS:web.example, IP Address:10.0.0.1\n"
    ));
    run(
        &mut s,
        "printf 'subjectAltName = @names\\n[names]\\nDNS.1 = web.example\\nDNS.2 = *.web.example\\n' > web.ext",
    );
    assert_eq!(
        says(
            &mut s,
            "openssl x509 -req -in web.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1 -extfile web.ext -out web.crt"
        ),
        "Certificate request self-signature ok\nsubject=CN = web.example\n"
    );
    assert_eq!(
        says(&mut s, "openssl x509 -in web.crt -noout -issuer -subject -ext subjectAltName"),
        "issuer=CN = my ca, O = \"me, myself\"\nsubject=CN = web.example\nX509v3 Subject Alternative Name: \n    DNS:web.example, DNS:*.web.example\n"
    );
    assert_eq!(says(&mut s, "openssl verify -CAfile ca.crt web.crt"), "web.crt: OK\n");
    assert_eq!(
        says(&mut s, "openssl verify web.crt"),
        "CN = web.example\nerror 20 at 0 depth lookup: unable to get local issuer certificate\nerror web.crt: verification failed\n[2]\n"
    );
    let serial = run(&mut s, "cat ca.srl");
    assert_eq!(run(&mut s, "openssl x509 -in web.crt -noout -serial"), format!("serial={serial}"));
    assert_eq!(says(&mut s, "openssl x509 -in web.crt -noout -checkend 3600"), "Certificate will not expire\n");
    assert_eq!(says(&mut s, "openssl x509 -in web.crt -noout -checkend 8640000"), "Certificate will expire\n[1]\n");
    s.advance(std::time::Duration::from_secs(25 * 3_600));
    assert!(
        says(&mut s, "openssl verify -CAfile ca.crt web.crt")
            .contains("error 10 at 0 depth lookup: certificate has expired\n")
    );
    assert_eq!(says(&mut s, "kubectl create secret tls web --cert=web.crt --key=web.key"), "secret/web created\n");
    let same =
        "[ \"$(openssl x509 -in web.crt -noout -pubkey)\" = \"$(openssl pkey -in web.key -pubout)\" ] && echo same";
    assert_eq!(says(&mut s, same), "same\n");
}

#[test]
fn keys_are_shown_and_written_in_other_forms() {
    let mut s = session();
    run(
        &mut s,
        "openssl genrsa -out a.key 1024 && openssl rsa -in a.key -pubout -out a.pub && openssl genpkey -algorithm ED25519 -out e.key",
    );
    assert!(run(&mut s, "cat a.key").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(
        run(&mut s, "openssl rsa -in a.key -traditional 2>/dev/null").starts_with("-----BEGIN RSA PRIVATE KEY-----\n")
    );
    let text = run(&mut s, "openssl rsa -in a.key -noout -text");
    assert!(text.starts_with("Private-Key: (1024 bit, 2 primes)\nmodulus:\n    00:"), "{text}");
    assert!(text.contains("\npublicExponent: 65537 (0x10001)\nprivateExponent:\n"));
    assert!(
        run(&mut s, "openssl pkey -pubin -in a.pub -noout -text").starts_with("Public-Key: (1024 bit)\nModulus:\n")
    );
    assert!(run(&mut s, "openssl pkey -in e.key -noout -text").starts_with("ED25519 Private-Key:\npriv:\n"));
    let ec = run(&mut s, "openssl ecparam -genkey -name prime256v1 -noout | openssl ec -noout -text 2>/dev/null");
    assert!(
        ec.starts_with("Private-Key: (256 bit)\npriv:\n") && ec.ends_with("ASN1 OID: prime256v1\nNIST CURVE: P-256\n")
    );
    assert_eq!(
        says(
            &mut s,
            "echo hi > f; openssl dgst -sha256 -sign a.key -out f.sig f; openssl dgst -sha256 -verify a.pub -signature f.sig f"
        ),
        "Verified OK\n"
    );
    assert_eq!(says(&mut s, "openssl rsa -in e.key -noout"), "Not an RSA key\n[1]\n");
    assert!(
        says(&mut s, "openssl x509 -in nope")
            .starts_with("Could not open file or uri for loading certificate from nope\n")
    );
    assert_eq!(
        says(&mut s, "openssl genrsa -what"),
        "genrsa: Unknown option: -what\ngenrsa: Use -help for summary.\n[1]\n"
    );
    assert_eq!(says(&mut s, "openssl foo"), "Invalid command 'foo'; type \"help\" for a list.\n[1]\n");
}

#[test]
fn small_things_about_bytes_are_as_openssl_has_them() {
    let mut s = session();
    for (line, expected) in [
        (
            "echo hi > f; openssl dgst -sha256 f",
            "SHA2-256(f)= 98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4\n",
        ),
        ("echo hi | openssl md5", "MD5(stdin)= 764efa883dda1e11db47671c4a3bbd9e\n"),
        (
            "echo hi | openssl dgst -sha256 -hmac key",
            "SHA2-256(stdin)= db0bbcbea0c7734a655cda0f7d71f381de368018b9f8a47b0d01c292b9ebe6c3\n",
        ),
        ("echo hi | openssl base64", "aGkK\n"),
        ("echo aGkK | openssl enc -base64 -d", "hi\n"),
        ("openssl passwd -apr1 -salt abcdefgh secret", "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/\n"),
        ("openssl passwd -1 -salt abcdefgh secret", "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1\n"),
        ("openssl passwd -5 -salt abcdefgh secret", "$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.\n"),
        (
            "echo secret | openssl passwd -6 -stdin -salt x",
            "$6$x$mQUKLCQR1S846TztirS7Ejo4KyTtZWzcyuF2/43jqoJTDZXRb8L.bXBNxX9GCZhKdADbfqEnGZyv89igC73DL/\n",
        ),
        ("openssl rand -hex 16 | wc -c", "33\n"),
        ("openssl rand -base64 32 | wc -c", "45\n"),
    ] {
        assert_eq!(says(&mut s, line), expected, "{line}");
    }
    assert_ne!(run(&mut s, "openssl rand -hex 16"), run(&mut s, "openssl rand -hex 16"));
}

/// jq's answers were taken from a real one (1.6, where 1.7 says the same).
#[test]
fn jq_answers_as_jq_does() {
    let mut s = session();
    for (line, expected) in [
        ("echo '{\"b\":[1,{}],\"a\":null}' | jq .", "{\n  \"b\": [\n    1,\n    {}\n  ],\n  \"a\": null\n}\n"),
        ("echo '{\"b\":1,\"a\":[]}' | jq -cS .", "{\"a\":[],\"b\":1}\n"),
        (
            "jq -n '1e15*1.5, 1e17*1.5, 0.1+0.2, 3.0*1, nan' | tr '\\n' ' '",
            "1500000000000000 1.5e+17 0.30000000000000004 3 null ",
        ),
        ("jq -n '\"\\(1.0*2)\", ([1.5*2]|tostring)' -r", "2\n[3]\n"),
        ("jq -nc '[(1,2)+(10,20)]'", "[11,12,21,22]\n"),
        ("echo '{\"a\":1,\"b\":2,\"c\":3}' | jq -c 'del(.a)'", "{\"b\":2,\"c\":3}\n"),
        (
            "echo '[3,1,2]' | jq -c 'sort, map(.*2), add, length, (.[1:]), index(1)'",
            "[1,2,3]\n[6,2,4]\n6\n3\n[1,2]\n1\n",
        ),
        ("jq -nr '[1,\"a\\\"b\",null,true]|@csv,@tsv'", "1,\"a\"\"b\",,true\n1\ta\"b\t\ttrue\n"),
        (
            "jq -n --arg x 1 --argjson y '{\"z\":2}' -c '[$x,$y.z,$ARGS.named]'",
            "[\"1\",2,{\"x\":\"1\",\"y\":{\"z\":2}}]\n",
        ),
        ("printf 'a\\nb\\n' | jq -R . ; printf 'a\\nb\\n' | jq -Rs .", "\"a\"\n\"b\"\n\"a\\nb\\n\"\n"),
        ("printf '1 2\\n3' | jq -s -c .", "[1,2,3]\n"),
        ("echo '{\"a\":\"x\"}' | jq --tab . ; echo '[1]' | jq --indent 1 .", "{\n\t\"a\": \"x\"\n}\n[\n 1\n]\n"),
        (
            "jq -n '\"abc\" | test(\"B\"; \"i\"), sub(\"b\"; \"x\"), ([scan(\".\")]|length), (capture(\"(?<l>.)$\")|.l)'",
            "true\n\"axc\"\n3\n\"c\"\n",
        ),
        (
            "jq -nc '{a:{b:1}} | to_entries, with_entries(.key|=\"x\"+.), [paths], (.a.b|=.+1), has(\"a\")'",
            "[{\"key\":\"a\",\"value\":{\"b\":1}}]\n{\"xa\":{\"b\":1}}\n[[\"a\"],[\"a\",\"b\"]]\n{\"a\":{\"b\":2}}\ntrue\n",
        ),
        (
            "jq -nc '[{a:1,b:2},{a:2,b:1},{a:1,b:3}] | group_by(.a), (map(.b)|max), unique_by(.a), (map({(.a|tostring):.b})|add)'",
            "[[{\"a\":1,\"b\":2},{\"a\":1,\"b\":3}],[{\"a\":2,\"b\":1}]]\n3\n[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1}]\n{\"1\":3,\"2\":1}\n",
        ),
        (
            "jq -nr '\"aGkK\"|@base64d, (\"a b\"|@uri), (0|todate), (\"x,y\"|split(\",\")|join(\"-\"))'",
            "hi\n\na%20b\n1970-01-01T00:00:00Z\nx-y\n",
        ),
        (
            "echo '[{\"a\":1},{\"a\":2,\"b\":[{\"c\":1}]}]' | jq -c '(.[]|select(.a==2)|.a) |= .+1, del(.[]|select(.a==1)), (.[1].b|=map(.c)), ([..|numbers]|add)'",
            "[{\"a\":1},{\"a\":3,\"b\":[{\"c\":1}]}]\n[{\"a\":2,\"b\":[{\"c\":1}]}]\n[{\"a\":1},{\"a\":2,\"b\":[1]}]\n4\n",
        ),
        ("jq -e -n null; jq -e -n empty", "null\n[4]\n"),
        ("echo 'foo' | jq .", "jq: parse error: Invalid numeric literal at line 2, column 0\n[2]\n"),
        ("echo '{\"a\":1' | jq .", "jq: parse error: Unfinished JSON term at EOF at line 2, column 0\n[2]\n"),
        ("echo 5 | jq '.[]'", "jq: error (at <stdin>:1): Cannot iterate over number (5)\n[5]\n"),
        ("echo '[1]' | jq .a", "jq: error (at <stdin>:1): Cannot index array with \"a\"\n[5]\n"),
        ("echo null | jq '.[]'", "jq: error (at <stdin>:1): Cannot iterate over null (null)\n[5]\n"),
        (
            "echo '{\"a\":\"x\"}' | jq '.a+1'",
            "jq: error (at <stdin>:1): string (\"x\") and number (1) cannot be added\n[5]\n",
        ),
        ("jq -n '{a:1}|error'", "jq: error (at <unknown>) (not a string): {\"a\":1}\n[5]\n"),
        ("jq -n foo", "jq: error: foo/0 is not defined at <top-level>, line 1:\nfoo\njq: 1 compile error\n[3]\n"),
        (
            "jq -n '.a |'",
            "jq: error: syntax error, unexpected end of file (Unix shell quoting issues?) at <top-level>, line 1:\n.a |\njq: 1 compile error\n[3]\n",
        ),
        ("jq . nope", "jq: error: Could not open nope: No such file or directory\n[2]\n"),
        ("jq -n '\"a\"|halt_error'", "a[5]\n"),
        ("jq -n '$ENV.HOME == env.HOME, (now > 1e9)'", "true\ntrue\n"),
    ] {
        assert_eq!(says(&mut s, line), expected, "{line}");
    }
}

#[test]
fn what_never_ends_is_given_up() {
    let mut s = session();
    for line in [
        "jq -n 'def f: f; f'",
        "jq -n 'def f: 1 + f; f'",
        "jq -n '[range(infinite)] | length'",
        "jq -n 'reduce range(1000000) as $i (0; [.])'",
        "jq -n 'reduce range(60) as $i (\"x\"; . + .)'",
        "jq -n '\"x\" * 1000000000000'",
        "jq -n '[recurse([.])] | length'",
        "jq -n 'last(repeat(1))'",
    ] {
        let told = says(&mut s, line);
        assert!(told.ends_with("jq: error: interrupted: this takes too long\n[5]\n"), "{line}: {told}");
    }
}

#[test]
fn jq_reads_what_kubectl_prints() {
    let mut s = session();
    run(&mut s, "kubectl create deployment web --image=nginx --replicas=2");
    assert_eq!(
        says(&mut s, "kubectl get deploy web -o json | jq -r '.spec.template.spec.containers[].image'"),
        "nginx\n"
    );
    assert_eq!(
        says(
            &mut s,
            "kubectl get deploy -o json | jq '.items[] | {name: .metadata.name, replicas: .spec.replicas}' -c"
        ),
        "{\"name\":\"web\",\"replicas\":2}\n"
    );
    assert_eq!(
        says(&mut s, "kubectl get pods -o json | jq '[.items[] | select(.metadata.labels.app == \"web\")] | length'"),
        "2\n"
    );
    assert_eq!(
        says(&mut s, "kubectl get deploy web -o json | jq '.spec.replicas = 3' | kubectl apply -f - 2>/dev/null"),
        "deployment.apps/web configured\n"
    );
}

/// What asks for too much is told so, and the prompt goes on.
#[test]
fn what_would_never_end_or_does_not_fit_ends_with_a_word() {
    let mut s = session();
    for program in [
        "reduce range(60) as $i (0; [.,.])",
        "[range(1000)] as $a | [$a[]|$a[]|$a[]|$a[]] | length",
        "reduce range(200) as $i (3; .*.)",
    ] {
        let told = says(&mut s, &format!("jq -n '{program}' | tail -c 200"));
        assert!(told.contains("takes too long") || told.contains("e+308"), "{program}: {told}");
    }
    assert_eq!(run(&mut s, "jq -n 'reduce range(1;31) as $i (1; .*$i)'").trim().split('e').next_back(), Some("+32"));
    let nested = format!("jq -n '1{}'", "|1".repeat(5_000));
    assert!(says(&mut s, &nested).contains("compile error"));
    let told = says(&mut s, "jq -n '1700000000000000000|todate'");
    assert!(told.contains("error converting number of seconds"), "{told}");
    assert_eq!(run(&mut s, "jq -n '1700000000|todate'"), "\"2023-11-14T22:13:20Z\"\n");
    assert_eq!(run(&mut s, "seq 20000 | jq -s length"), "20000\n");
    run(&mut s, "openssl genrsa -out small.key 512");
    let told = says(&mut s, "openssl req -x509 -key small.key -sha512 -subj /CN=a -out small.crt");
    assert!(told.contains("digest too big for rsa key"), "{told}");
    assert!(says(&mut s, "openssl genrsa 16384").contains("would take too long here"));
}
