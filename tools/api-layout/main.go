// Command api-layout prints how Go lays the Kubernetes API types out: for each struct its fields in order,
// with Go type, JSON name, shape and patch strategy. src/api/schema/layout.txt is its output; README.md
// beside this file says how to run it. It is a tool of the maintainers and no part of the build.
package main

import (
	"bufio"
	"fmt"
	"os"
	"reflect"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	coordv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

var roots = []any{
	corev1.Namespace{}, corev1.Node{}, corev1.Pod{}, corev1.Service{}, corev1.ConfigMap{}, corev1.Secret{},
	corev1.ServiceAccount{}, corev1.Event{}, corev1.Binding{},
	appsv1.ReplicaSet{}, appsv1.Deployment{}, discoveryv1.EndpointSlice{}, coordv1.Lease{},
}

// Types whose JSON is a single value, not an object of their fields.
var scalars = map[string]bool{"meta/v1.Time": true, "meta/v1.MicroTime": true, "api/resource.Quantity": true, "util/intstr.IntOrString": true, "meta/v1.FieldsV1": true}

func id(t reflect.Type) string {
	p := t.PkgPath()
	for _, cut := range []string{"k8s.io/apimachinery/pkg/apis/", "k8s.io/apimachinery/pkg/", "k8s.io/api/"} {
		if rest, ok := strings.CutPrefix(p, cut); ok {
			p = rest
			break
		}
	}
	return p + "." + t.Name()
}

// shape peels pointers, slices and maps off: "*" pointer, "[" slice, "{" map with its key type.
func shape(t reflect.Type) (string, reflect.Type) {
	s := ""
	for {
		switch t.Kind() {
		case reflect.Pointer:
			s += "*"
		case reflect.Slice:
			if t.Elem().Kind() == reflect.Uint8 {
				return s + "b", t
			}
			s += "["
		case reflect.Map:
			s += "{" + t.Key().String() + "}"
		default:
			if s == "" {
				s = "-"
			}
			return s, t
		}
		t = t.Elem()
	}
}

func main() {
	seen := map[reflect.Type]bool{}
	queue := []reflect.Type{}
	add := func(t reflect.Type) {
		if t.Kind() == reflect.Struct && !seen[t] {
			seen[t] = true
			queue = append(queue, t)
		}
	}
	for _, r := range roots {
		add(reflect.TypeOf(r))
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		fmt.Fprintf(out, "%s\n", id(t))
		if scalars[id(t)] {
			continue
		}
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			tag := strings.Split(f.Tag.Get("json"), ",")
			flags := ""
			for _, x := range tag[1:] {
				if x != "" {
					flags += " " + x
				}
			}
			if s := f.Tag.Get("patchStrategy"); s != "" {
				flags += " strategy=" + s
			}
			if s := f.Tag.Get("patchMergeKey"); s != "" {
				flags += " key=" + s
			}
			name := tag[0]
			if name == "" {
				name = "-"
			}
			sh, base := shape(f.Type)
			b := base.Kind().String()
			if base.Kind() == reflect.Struct {
				b = id(base)
			}
			if base.Kind() == reflect.Slice {
				b = "bytes"
			}
			elem := base.String()
			fmt.Fprintf(out, " %s %s %s %s %s %s%s\n", f.Name, name, strings.ReplaceAll(f.Type.String(), " ", ""), sh, b, elem, flags)
			add(base)
		}
	}
}
