package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

// someRuns are what a bench of light hosts may have found.
func someRuns() ScaleResults {
	return ScaleResults{Runs: []ScaleRun{
		{What: again, Hosts: 20, Rate: "1gbit", Wall: 1, CPU: 0.5, Memory: 40e6},
		{What: again, Hosts: 20, Rate: "1gbit", Wall: 3, CPU: 0.7, Memory: 42e6},
		{What: again, Hosts: 100, Rate: "1gbit", Wall: 5},
		{What: again, Hosts: 100, Rate: "100mbit", Trip: 0.05, Wall: 6},
	}}
}

// TestScaleTable: runs that differ in nothing are one row with their medians.
func TestScaleTable(t *testing.T) {
	r := someRuns()
	got := r.markdown()
	for _, row := range []string{
		"| up again | 20 | 0 | 1gbit | 2 | **2.00** | 0.60 | 41 |\n",
		"| up again | 100 | 0 | 1gbit | 1 | **5.00** | 0.00 |  |\n",
		"| up again | 100 | 50 | 100mbit | 1 | **6.00** | 0.00 |  |\n",
	} {
		if !strings.Contains(got, row) {
			t.Errorf("no row %q in\n%s", row, got)
		}
	}
}

// TestPlot: the plot is XML, has a point for each row of the table, and no number that is none.
func TestPlot(t *testing.T) {
	r := someRuns()
	got := r.svg()
	points := 0
	for d := xml.NewDecoder(strings.NewReader(got)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "circle" {
			points++
		}
	}
	if points != 3 || strings.Contains(got, "NaN") || strings.Contains(got, "Inf") || strings.Contains(got, "%!") {
		t.Errorf("%d points in\n%s", points, got)
	}
	if !strings.Contains(got, "up again, 50 ms, 100mbit") {
		t.Errorf("no line is named after its distance and rate in\n%s", got)
	}
}

func TestNumbers(t *testing.T) {
	if got, err := numbers("20,100"); err != nil || len(got) != 2 || got[1] != 100 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := numbers(""); err != nil || got != nil {
		t.Errorf("an empty list is %v, %v", got, err)
	}
	for _, bad := range []string{"a", "-1", "1,x"} {
		if _, err := numbers(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
