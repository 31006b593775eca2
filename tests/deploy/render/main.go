// render: what `helm template` says, for tests on machines without Helm and without a cluster.
//
//	render CHART [-f FILE]… [--set a.b=c]… [--release NAME] [--namespace NS] [--upgrade]
//	       [--api-versions a/v1,b/v1] [--lookup FILE] [--notes]
//
// Built as GO111MODULE=off GOPATH=/usr/share/gocode go build. It is stricter than Helm: a value that is not there is an
// error, and so is a document that is not YAML. `lookup` finds the objects of FILE (YAML documents), as a cluster would.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

type object = map[string]interface{}

type options struct {
	chart, release, namespace, lookup string
	apiVersions                       []string
	upgrade, notes                    bool
	values                            object
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func load(path string) object {
	text, err := os.ReadFile(path)
	must(err)
	loaded := object{}
	if err := yaml.UnmarshalStrict(text, &loaded); err != nil {
		must(fmt.Errorf("%s: %v", path, err))
	}
	return loaded
}

// merge lays `over` upon `under`; null removes a key.
func merge(under, over object) object {
	for key, value := range over {
		overMap, isMap := value.(object)
		underMap, wasMap := under[key].(object)
		switch {
		case value == nil:
			delete(under, key)
		case isMap && wasMap:
			under[key] = merge(underMap, overMap)
		default:
			under[key] = value
		}
	}
	return under
}

// parseSet turns a.b=c into nested values; c is YAML.
func parseSet(text string) object {
	parts := strings.SplitN(text, "=", 2)
	if len(parts) != 2 {
		must(fmt.Errorf("--set %s: is not key=value", text))
	}
	var value interface{}
	must(yaml.Unmarshal([]byte(parts[1]), &value))
	path := strings.Split(parts[0], ".")
	for i := len(path) - 1; i >= 0; i-- {
		value = object{path[i]: value}
	}
	return value.(object)
}

func parseArguments(arguments []string) options {
	if len(arguments) == 0 {
		must(fmt.Errorf("which chart?"))
	}
	o := options{chart: arguments[0], release: "chat", namespace: "default"}
	o.values = load(filepath.Join(o.chart, "values.yaml"))
	next := func(i *int) string {
		*i++
		if *i >= len(arguments) {
			must(fmt.Errorf("%s needs a value", arguments[*i-1]))
		}
		return arguments[*i]
	}
	for i := 1; i < len(arguments); i++ {
		switch arguments[i] {
		case "-f":
			o.values = merge(o.values, load(next(&i)))
		case "--set":
			o.values = merge(o.values, parseSet(next(&i)))
		case "--release":
			o.release = next(&i)
		case "--namespace":
			o.namespace = next(&i)
		case "--lookup":
			o.lookup = next(&i)
		case "--api-versions":
			o.apiVersions = strings.Split(next(&i), ",")
		case "--upgrade":
			o.upgrade = true
		case "--notes":
			o.notes = true
		default:
			must(fmt.Errorf("unknown argument %s", arguments[i]))
		}
	}
	return o
}

func main() {
	o := parseArguments(os.Args[1:])
	fmt.Print(newChart(o).render())
}
