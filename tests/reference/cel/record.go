// Asks cel-go, set up as Kubernetes v1.36.3 sets it up, what it says of expressions.
//
// In a module that requires github.com/google/cel-go v0.26.0 and k8s.io/{apiextensions-apiserver,apimachinery,apiserver} v0.36.3:
// `go run record.go cases.yaml > cases.answers.json`.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	apiservercel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
	"sigs.k8s.io/yaml"
)

type group struct {
	Schema      v1.JSONSchemaProps `json:"schema"`
	Root        bool               `json:"root"`
	Object      any                `json:"object"`
	Expressions []string           `json:"expressions"`
}

type answer struct {
	Expression string  `json:"expression"`
	Issues     string  `json:"issues,omitempty"`
	Type       string  `json:"type,omitempty"`
	Min        *uint64 `json:"min,omitempty"`
	Max        *uint64 `json:"max,omitempty"`
	Error      string  `json:"error,omitempty"`
	Value      string  `json:"value,omitempty"`
	Cost       *uint64 `json:"cost,omitempty"`
}

type sizes struct{ root *apiservercel.DeclType }

func (c *sizes) EstimateSize(element checker.AstNode) *checker.SizeEstimate {
	if len(element.Path()) == 0 {
		return nil
	}
	n := c.root
	for _, name := range element.Path()[1:] {
		switch name {
		case "@items", "@values":
			if n.ElemType == nil {
				return nil
			}
			n = n.ElemType
		case "@keys":
			if n.KeyType == nil {
				return nil
			}
			n = n.KeyType
		default:
			f, ok := n.Fields[name]
			if !ok || f.Type == nil {
				return nil
			}
			n = f.Type
		}
	}
	return &checker.SizeEstimate{Min: 0, Max: uint64(n.MaxElements)}
}

func (c *sizes) EstimateCallCost(function, overloadID string, target *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	return nil
}

func show(v ref.Val) string {
	switch t := v.(type) {
	case types.String:
		b, _ := json.Marshal(string(t))
		return string(b)
	case types.Bytes:
		return fmt.Sprintf("b%x", []byte(t))
	case types.Uint:
		return fmt.Sprintf("%du", uint64(t))
	case types.Double:
		return fmt.Sprintf("double(%v)", float64(t))
	case types.Null:
		return "null"
	case *types.Optional:
		if !t.HasValue() {
			return "none"
		}
		return "optional(" + show(t.GetValue()) + ")"
	case types.Duration, types.Timestamp:
		return fmt.Sprint(t.ConvertToType(types.StringType))
	case *types.Type:
		return "type(" + t.TypeName() + ")"
	case traits.Lister:
		out := "["
		for it := t.Iterator(); it.HasNext() == types.True; {
			if out != "[" {
				out += ", "
			}
			out += show(it.Next())
		}
		return out + "]"
	case traits.Mapper:
		all := []string{}
		for it := t.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			if k == nil {
				continue // what the schema does not know
			}
			all = append(all, show(k)+": "+show(t.Get(k)))
		}
		sort.Strings(all)
		out := "{"
		for i, s := range all {
			if i > 0 {
				out += ", "
			}
			out += s
		}
		return out + "}"
	case types.Int, types.Bool:
		return fmt.Sprint(t.Value())
	}
	return v.Type().TypeName()
}

type activation struct{ self ref.Val }

func (a *activation) ResolveName(name string) (any, bool) {
	return a.self, name == "self" || name == "oldSelf"
}
func (a *activation) Parent() interpreter.Activation { return nil }

func judge(g group) []answer {
	var internal apiextensions.JSONSchemaProps
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&g.Schema, &internal, nil); err != nil {
		panic(err)
	}
	s, err := schema.NewStructural(&internal)
	if err != nil {
		panic(err)
	}
	decl := model.SchemaDeclType(s, g.Root).MaybeAssignTypeName("selfType")
	set, err := environment.MustBaseEnvSet(version.MajorMinor(1, 36)).Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable("self", decl.CelType()), cel.Variable("oldSelf", decl.CelType())},
		DeclTypes:         []*apiservercel.DeclType{decl},
	})
	if err != nil {
		panic(err)
	}
	env := set.NewExpressionsEnv()
	sts := s
	if g.Root {
		sts = model.WithTypeAndObjectMeta(s)
	}
	self := schemacel.UnstructuredToVal(g.Object, sts)
	estimator := &library.CostEstimator{SizeEstimator: &sizes{decl}}
	var all []answer
	for _, e := range g.Expressions {
		a := answer{Expression: e}
		ast, issues := env.Compile(e)
		if issues != nil {
			a.Issues = issues.String()
			all = append(all, a)
			continue
		}
		a.Type = cel.FormatCELType(ast.OutputType())
		if est, err := env.EstimateCost(ast, estimator); err == nil {
			a.Min, a.Max = &est.Min, &est.Max
		}
		p, err := env.Program(ast, cel.CostLimit(1000000), cel.CostTracking(estimator), cel.InterruptCheckFrequency(100))
		if err != nil {
			a.Error = "program: " + err.Error()
			all = append(all, a)
			continue
		}
		v, details, err := p.Eval(&activation{self})
		if err != nil {
			a.Error = err.Error()
		} else {
			a.Value = show(v)
		}
		if details != nil {
			a.Cost = details.ActualCost()
		}
		all = append(all, a)
	}
	return all
}

func main() {
	var groups []group
	raw, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	if err := yaml.Unmarshal(raw, &groups); err != nil {
		panic(err)
	}
	// Numbers as Kubernetes reads them.
	for i := range groups {
		groups[i].Object = plain(groups[i].Object)
	}
	out := [][]answer{}
	for _, g := range groups {
		out = append(out, judge(g))
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	e.Encode(out)
}

func plain(v any) any {
	switch t := v.(type) {
	case float64:
		if t == float64(int64(t)) {
			return int64(t)
		}
		return t
	case map[string]any:
		for k := range t {
			t[k] = plain(t[k])
		}
	case []any:
		for i := range t {
			t[i] = plain(t[i])
		}
	}
	return v
}
