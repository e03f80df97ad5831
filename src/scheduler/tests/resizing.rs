//! A pod on a node that comes to ask for more or less → what it takes there, and whether that frees room.

use super::super::hints::of_pod;
use super::*;
use crate::store::Change;

#[test]
fn a_pod_that_is_resized_takes_the_most_of_what_it_asks_for_and_what_it_has() {
    let mut cache = Cache::default();
    cache.set_node(&node("n", json!({}), json!({})));
    let resized = |cpu: &str, generation: i64, has: Option<&str>| {
        let mut p = pod("p", asks(cpu)).get::<Pod>().unwrap().clone();
        p.metadata.generation = Some(generation);
        let told = has.map(|cpu| {
            let list = json!({"cpu": cpu});
            json!({"containerStatuses": [{"name": "c", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                "resources": {"requests": list}, "allocatedResources": list}]})
        });
        p.status = told.map(|s| serde_json::from_value(s).unwrap());
        Arc::new(Object::new(p))
    };
    let mut before = resized("1", 1, None);
    for (cpu, generation, has, takes, frees) in [
        ("1", 1, Some("1"), 1000, false),
        ("2", 2, Some("1"), 2000, false),
        ("500m", 3, Some("1"), 1000, true),
        ("500m", 3, Some("500m"), 500, true),
        ("500m", 3, Some("500m"), 500, false),
    ] {
        let now = resized(cpu, generation, has);
        cache.place(&before, "n");
        cache.place(&now, "n");
        assert_eq!(cache.nodes[0].requested.milli_cpu, takes, "{cpu} {has:?}");
        let on_node = |o: &Arc<Object>| {
            let mut p = o.get::<Pod>().unwrap().clone();
            p.spec.as_mut().unwrap().node_name = Some("n".into());
            Arc::new(Object::new(p))
        };
        let change = Change { previous: Some(on_node(&before)), ..Change::own(&on_node(&now)) };
        assert_eq!(matches!(of_pod(&change, false), Some(Happening::PodShrunk)), frees, "{cpu} {has:?}");
        before = now;
    }
    cache.remove(Uid::of("p"));
    assert_eq!(cache.nodes[0].requested.milli_cpu, 0);
}
