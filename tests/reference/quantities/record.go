// Writes what Kubernetes' own library (k8s.io/apimachinery v0.36.3) makes of quantities: one JSON array per line, a text and what
// becomes of it, or two and what they are together. `go run record.go > recorded.jsonl` in a module that requires the library.
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

func text(r *rand.Rand) string {
	suffixes := []string{"", "", "", "n", "u", "m", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e0", "e3", "E3", "e-2", "e+5", "e9", "e18", "e21", "e30", "E-9", "e-20"}
	digits := func(most int) string {
		out := ""
		for i := r.Intn(most + 1); i > 0; i-- {
			if r.Intn(3) == 0 {
				out += "0"
			} else {
				out += string(rune('0' + r.Intn(10)))
			}
		}
		return out
	}
	most := []int{1, 2, 4, 4, 8, 15, 19, 25}[r.Intn(8)]
	t := []string{"", "", "", "", "-", "+"}[r.Intn(6)] + digits(most)
	if r.Intn(3) == 0 {
		t += "." + digits([]int{1, 3, 3, 6, 12}[r.Intn(5)])
	}
	return t + suffixes[r.Intn(len(suffixes))]
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	r := rand.New(rand.NewSource(1))
	texts := []string{"", "0", "00", "+", "-", ".", ".Ki", ".Ei", "+Ei", "-Ei", "0Ei", "0.0Ei", "x", "1.2.3", "1Kx", "1e", "--1", "1 ", "1.", ".5", "1.500", "1.50", "01", "+1", "1e0", "1E3", "1000E", "999E", "1e33", "1e400", "-1e400", "1e4294967296", "1e9223372036854775808", "8Ei", "7Ei", "9999999999Ei", "-9999Ei", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775808", "0.1000000000000000000000000000000000000000000000000000000000000001", "0.0000000000000000000000000000001e40", "1e-40", "0.5Ki", "0.0005Ki", "-0.0005Ki", "1.5Gi", "1023", "1024Ki", "1Ki", "8Ki", "1023Ki", "1000Ki", "0.1n", "1.0001n", "9.2e18", "9.3e18", "1.7e308", "1.8e308", "100000E", "1_0", "1e1_0", "Ki", "0x10", "1i", "1K", "1mi", "1ee3", "1e+", "1e+-3", "٣", "1\u0000"}
	for i := 0; i < 1500; i++ {
		texts = append(texts, text(r))
	}
	for _, t := range texts {
		q, err := resource.ParseQuantity(t)
		if err != nil {
			out.Encode([]any{t, err.Error()})
			continue
		}
		written, _ := json.Marshal(q)
		rounded := q.DeepCopy()
		rounded.RoundUp(resource.Milli)
		calculated := q.DeepCopy()
		calculated.Neg()
		calculated.Neg()
		var whole any
		if n, ok := q.AsInt64(); ok {
			whole = n
		}
		out.Encode([]any{t, json.RawMessage(written), calculated.String(), rounded.String(), q.Value(), q.MilliValue(), whole, fmt.Sprint(q.AsApproximateFloat64()), string(q.Format)})
	}
	// With its billionths, a sum of these has no more than 38 digits.
	parsed := func() (string, resource.Quantity) {
		for {
			t := texts[r.Intn(len(texts))]
			if q, err := resource.ParseQuantity(t); err == nil && math.Abs(q.AsApproximateFloat64()) < 1e28 {
				return t, q
			}
		}
	}
	for i := 0; i < 1500; i++ {
		a, x := parsed()
		b, y := parsed()
		if i%5 == 0 {
			b, y = a, x.DeepCopy()
		}
		sum, difference := x.DeepCopy(), x.DeepCopy()
		sum.Add(y)
		difference.Sub(y)
		out.Encode([]any{a, b, x.Cmp(y), sum.String(), difference.String(), sum.Value(), difference.MilliValue()})
	}
}
