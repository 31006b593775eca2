package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

// files is `.Files` of a template.
type files struct{ root string }

func (f files) Get(name string) string {
	text, err := os.ReadFile(filepath.Join(f.root, name))
	must(err)
	return string(text)
}

func (f files) Glob(pattern string) map[string][]byte {
	found := map[string][]byte{}
	paths, err := filepath.Glob(filepath.Join(f.root, pattern))
	must(err)
	for _, path := range paths {
		name, err := filepath.Rel(f.root, path)
		must(err)
		found[name] = []byte(f.Get(name))
	}
	return found
}

// apiVersions is `.Capabilities.APIVersions`.
type apiVersions []string

func (known apiVersions) Has(version string) bool {
	for _, one := range known {
		if one == version {
			return true
		}
	}
	return false
}

type chart struct {
	options
	templates *template.Template
	names     []string
	context   object
	cluster   []object
}

func newChart(o options) *chart {
	c := &chart{options: o}
	meta := object{}
	for key, value := range load(filepath.Join(o.chart, "Chart.yaml")) {
		meta[strings.ToUpper(key[:1])+key[1:]] = value
	}
	revision := 1
	if o.upgrade {
		revision = 2
	}
	c.context = object{
		"Values": o.values, "Chart": meta, "Files": files{o.chart},
		"Release": object{"Name": o.release, "Namespace": o.namespace, "Service": "Helm", "IsInstall": !o.upgrade,
			"IsUpgrade": o.upgrade, "Revision": revision},
		"Capabilities": object{"APIVersions": apiVersions(o.apiVersions),
			"KubeVersion": object{"Version": "v1.30.0", "Major": "1", "Minor": "30"}},
	}
	if o.lookup != "" {
		text, err := os.ReadFile(o.lookup)
		must(err)
		c.cluster = documents(o.lookup, string(text))
	}
	c.parse()
	return c
}

// documents reads YAML documents; empty ones are left out.
func documents(name, text string) []object {
	var all []object
	for _, part := range strings.Split("\n"+text, "\n---") {
		one := object{}
		if err := yaml.UnmarshalStrict([]byte(part), &one); err != nil {
			must(fmt.Errorf("%s: %v\n%s", name, err, part))
		}
		if len(one) > 0 {
			all = append(all, one)
		}
	}
	return all
}

func (c *chart) lookupObject(version, kind, namespace, name string) object {
	for _, one := range c.cluster {
		meta, _ := one["metadata"].(object)
		where, _ := meta["namespace"].(string)
		if one["apiVersion"] == version && one["kind"] == kind && meta["name"] == name && (where == "" || where == namespace) {
			return one
		}
	}
	return object{}
}

func (c *chart) functions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["toYaml"] = func(value interface{}) string {
		text, err := yaml.Marshal(value)
		must(err)
		return strings.TrimSuffix(string(text), "\n")
	}
	functions["fromYaml"] = func(text string) object {
		value := object{}
		must(yaml.Unmarshal([]byte(text), &value))
		return value
	}
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if list, isList := value.([]interface{}); value == nil || value == "" || (isList && len(list) == 0) {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	functions["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := c.templates.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	functions["lookup"] = c.lookupObject
	return functions
}

func (c *chart) parse() {
	c.templates = template.New("chart").Option("missingkey=zero").Funcs(c.functions())
	root := filepath.Join(c.chart, "templates")
	must(filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			c.names = append(c.names, path)
		}
		return err
	}))
	sort.Strings(c.names)
	for _, name := range c.names {
		text, err := os.ReadFile(name)
		must(err)
		_, err = c.templates.New(name).Parse(string(text))
		must(err)
	}
}

func (c *chart) execute(name string) string {
	var out bytes.Buffer
	must(c.templates.ExecuteTemplate(&out, name, c.context))
	text := out.String()
	if strings.Contains(text, "<no value>") {
		must(fmt.Errorf("%s: uses a value that is not there:\n%s", name, text))
	}
	return text
}

func (c *chart) render() string {
	if c.notes {
		return c.execute(filepath.Join(c.chart, "templates", "NOTES.txt"))
	}
	var all strings.Builder
	for _, name := range c.names {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		text := strings.TrimSpace(c.execute(name))
		if len(documents(name, text)) > 0 {
			fmt.Fprintf(&all, "---\n# Source: %s\n%s\n", name, strings.TrimPrefix(text, "---\n"))
		}
	}
	return all.String()
}
