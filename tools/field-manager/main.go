// Command field-manager lets Kubernetes' own field manager write to random objects of a custom kind and prints what
// comes of it, one history of writes a line. tests/reference/managed/random.jsonl is its output; README.md beside this
// file says how to run it. It is a tool of the maintainers and no part of the build.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

type object = map[string]any

// crd is the schema of the kind: one of each sort of place.
const crd = `{"type": "object", "properties": {
  "apiVersion": {"type": "string"}, "kind": {"type": "string"},
  "metadata": {"type": "object", "properties": {"name": {"type": "string"}, "uid": {"type": "string"},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}}, "managedFields": {"type": "array", "items": {"type": "object"}}}},
  "spec": {"type": "object", "properties": {
    "size": {"type": "string"},
    "count": {"type": "integer"},
    "map": {"type": "object", "additionalProperties": {"type": "string"}},
    "whole": {"type": "object", "additionalProperties": {"type": "string"}, "x-kubernetes-map-type": "atomic"},
    "nested": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "object", "properties": {"c": {"type": "string"}}}}},
    "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
    "words": {"type": "array", "items": {"type": "string"}},
    "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"],
      "items": {"type": "object", "properties": {"port": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"},
        "name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}}}},
    "rooms": {"type": "object", "additionalProperties": {"type": "object", "properties": {"floor": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}}}},
    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "string"}}},
    "json": {"x-kubernetes-preserve-unknown-fields": true},
    "port": {"x-kubernetes-int-or-string": true}
  }},
  "status": {"type": "object", "properties": {"phase": {"type": "string"}}}}}`

var group = "x.io"

type converter struct{}

func (converter) Convert(in, out, context interface{}) error { return fmt.Errorf("unused") }
func (converter) ConvertToVersion(in runtime.Object, gv runtime.GroupVersioner) (runtime.Object, error) {
	out := in.DeepCopyObject().(*unstructured.Unstructured)
	out.SetAPIVersion(gv.(schema.GroupVersion).String())
	return out, nil
}
func (converter) ConvertFieldLabel(gvk schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

type nothing struct{}

func (nothing) Default(runtime.Object) {}
func (nothing) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	o := &unstructured.Unstructured{Object: object{}}
	o.SetGroupVersionKind(kind)
	return o, nil
}

func models() map[string]*spec.Schema {
	out := map[string]*spec.Schema{}
	for _, v := range []string{"v1", "v2"} {
		s := &spec.Schema{}
		if err := json.Unmarshal([]byte(crd), s); err != nil {
			panic(err)
		}
		s.AddExtension("x-kubernetes-group-version-kind", []interface{}{map[string]interface{}{"group": group, "version": v, "kind": "Gadget"}})
		out["io.x."+v+".Gadget"] = s
	}
	return out
}

func manager(types managedfields.TypeConverter, version, subresource string) *managedfields.FieldManager {
	gv := schema.GroupVersion{Group: group, Version: version}
	reset := map[fieldpath.APIVersion]fieldpath.Filter{}
	if subresource == "status" {
		for _, v := range []string{"v1", "v2"} {
			reset[fieldpath.APIVersion(group+"/"+v)] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"), fieldpath.MakePathOrDie("spec")))
		}
	} else {
		reset[fieldpath.APIVersion(gv.String())] = fieldpath.NewExcludeSetFilter(fieldpath.NewSet(fieldpath.MakePathOrDie("status")))
	}
	m, err := managedfields.NewDefaultCRDFieldManager(types, converter{}, nothing{}, nothing{}, gv.WithKind("Gadget"), gv, subresource, reset)
	if err != nil {
		panic(err)
	}
	return m
}

// r draws all that is random.
var r = rand.New(rand.NewSource(36))

func word() any { return string("abc"[r.Intn(3)]) }

func words(twice bool) any {
	out := []any{}
	for _, i := range r.Perm(4)[:r.Intn(4)] {
		out = append(out, string("abcd"[i]))
	}
	if twice && len(out) > 0 && r.Intn(4) == 0 {
		out = append(out, out[0])
	}
	return out
}

func mapOf(f func() any) any {
	out := object{}
	for i := r.Intn(3); i > 0; i-- {
		out[word().(string)] = f()
	}
	return out
}

func maybe(o object, key string, f func() any) {
	switch n := r.Intn(20); {
	case n < 8:
		o[key] = f()
	case n == 8:
		o[key] = nil
	}
}

// twice says that items may be there twice, as nobody may apply them.
func ports(twice bool) any {
	out := []any{}
	seen := map[string]bool{}
	for i := r.Intn(4); i > 0; i-- {
		p := object{"port": int64(1 + r.Intn(3))}
		key := fmt.Sprint(p["port"])
		switch r.Intn(3) {
		case 0:
			p["protocol"] = "UDP"
			key += "UDP"
		case 1:
			p["protocol"] = "TCP"
		}
		if seen[key] && !(twice && r.Intn(4) == 0) {
			continue
		}
		seen[key] = true
		maybe(p, "name", word)
		maybe(p, "tags", func() any { return words(twice) })
		out = append(out, p)
	}
	return out
}

func anything() any {
	switch r.Intn(6) {
	case 0:
		return word()
	case 1:
		return int64(r.Intn(3))
	case 2:
		return float64(r.Intn(4)) / 2
	case 3:
		return words(true)
	case 4:
		return []any{object{"a": word()}, nil}
	default:
		return mapOf(func() any { return word() })
	}
}

func randomSpec(twice bool) object {
	o := object{}
	maybe(o, "size", word)
	maybe(o, "count", func() any { return int64(r.Intn(3)) })
	maybe(o, "map", func() any { return mapOf(word) })
	maybe(o, "whole", func() any { return mapOf(word) })
	maybe(o, "nested", func() any {
		n := object{}
		maybe(n, "a", word)
		maybe(n, "b", func() any { b := object{}; maybe(b, "c", word); return b })
		return n
	})
	maybe(o, "tags", func() any { return words(twice) })
	maybe(o, "words", func() any { return words(true) })
	maybe(o, "ports", func() any { return ports(twice) })
	maybe(o, "rooms", func() any {
		return mapOf(func() any {
			room := object{}
			maybe(room, "floor", func() any { return int64(r.Intn(3)) })
			maybe(room, "tags", func() any { return words(twice) })
			return room
		})
	})
	maybe(o, "any", func() any { return mapOf(anything) })
	maybe(o, "json", anything)
	maybe(o, "port", func() any {
		if r.Intn(2) == 0 {
			return word()
		}
		return int64(r.Intn(3))
	})
	return o
}

func withoutNulls(v any) any {
	switch t := v.(type) {
	case object:
		for k, x := range t {
			if x == nil {
				delete(t, k)
			} else {
				t[k] = withoutNulls(x)
			}
		}
	case []any:
		out := []any{}
		for _, x := range t {
			if x != nil {
				out = append(out, withoutNulls(x))
			}
		}
		return out
	}
	return v
}

// entries lists the owners, without the times but for whether there is one.
func entries(o *unstructured.Unstructured) []any {
	out := []any{}
	for _, e := range o.GetManagedFields() {
		out = append(out, []any{e.Manager, string(e.Operation), e.APIVersion, e.Subresource, e.Time != nil, string(e.FieldsV1.GetRawBytes())})
	}
	return out
}

func main() {
	histories := 400
	if len(os.Args) > 1 {
		histories, _ = strconv.Atoi(os.Args[1])
	}
	types, err := managedfields.NewTypeConverter(models(), false)
	if err != nil {
		panic(err)
	}
	managers := map[string]*managedfields.FieldManager{}
	for _, v := range []string{"v1", "v2"} {
		for _, s := range []string{"", "status"} {
			managers[v+s] = manager(types, v, s)
		}
	}
	schemaLine, _ := json.Marshal(json.RawMessage(crd))
	fmt.Println(string(schemaLine))
	for h := 0; h < histories; h++ {
		var live *unstructured.Unstructured
		steps := []any{}
		for n := 2 + r.Intn(7); n > 0; n-- {
			version, who := []string{"v1", "v1", "v2"}[r.Intn(3)], string("xyz"[r.Intn(3)])
			apply, force, status := r.Intn(3) > 0, r.Intn(2) == 0, live != nil && r.Intn(8) == 0
			body := object{"apiVersion": group + "/" + version, "kind": "Gadget", "metadata": object{"name": "g"}}
			maybe(body, "status", func() any { return object{"phase": word()} })
			maybe(body["metadata"].(object), "labels", func() any { return mapOf(word) })
			if r.Intn(10) > 0 {
				body["spec"] = randomSpec(!apply || r.Intn(10) == 0)
			}
			step := object{"version": version, "by": who, "apply": apply, "force": force, "status": status}
			text, _ := json.Marshal(body)
			step["body"] = json.RawMessage(text)
			sub := ""
			if status {
				sub = "status"
			}
			m := managers[version+sub]
			before := live
			if before == nil {
				empty, _ := nothing{}.New(schema.GroupVersionKind{Group: group, Version: version, Kind: "Gadget"})
				before = empty.(*unstructured.Unstructured)
			}
			// Custom resources are read in the version of the request.
			before.SetAPIVersion(group + "/" + version)
			var after runtime.Object
			var err error
			if apply {
				after, err = m.Apply(before.DeepCopy(), &unstructured.Unstructured{Object: body}, who, force)
			} else {
				after = m.UpdateNoErrors(before.DeepCopy(), &unstructured.Unstructured{Object: body}, who)
			}
			if err != nil {
				step["error"] = err.Error()
			} else {
				u := after.(*unstructured.Unstructured)
				step["owners"] = entries(u)
				fields := u.GetManagedFields()
				u.SetManagedFields(nil)
				content, _ := json.Marshal(u.Object)
				step["after"] = json.RawMessage(content)
				u.Object = withoutNulls(u.Object).(object)
				u.SetUID("1")
				for i := range fields {
					if fields[i].Time != nil {
						fields[i].Time = &metav1.Time{Time: time.Unix(1, 0)}
					}
				}
				u.SetManagedFields(fields)
				live = after.(*unstructured.Unstructured)
			}
			steps = append(steps, step)
		}
		line, err := json.Marshal(steps)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
