package fault_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/mailtlslab/mailtlslab/lab/fault"
)

func full() fault.Plan {
	return fault.Plan{
		Closed: true, Accept: fault.Reset, Portal: "HTTP/1.1 302 Found\r\n\r\n", Hide: []string{"STARTTLS"},
		Lines: []fault.Line{{Command: "STARTTLS", Answer: "{tag} NO", Then: fault.Drop}}, CutAfter: 3,
		Hello: fault.Hello{Over: 1400, Reply: []byte{21, 3, 3, 0, 2, 2, 80}, Then: fault.Close}, Mask: []string{"STARTTLS"}, Dropped: true, Delay: time.Second,
	}
}

// TestHealthy sets one field after the other: each must count.
func TestHealthy(t *testing.T) {
	if !(fault.Plan{}).Healthy() || !(fault.Plan{Hide: []string{}, Lines: []fault.Line{}}).Healthy() {
		t.Error("the empty plan disturbs something")
	}
	v := reflect.ValueOf(full())
	for i := range v.NumField() {
		var p fault.Plan
		if v.Field(i).IsZero() {
			t.Errorf("%s is not tested", v.Type().Field(i).Name)
		}
		reflect.ValueOf(&p).Elem().Field(i).Set(v.Field(i))
		if p.Healthy() {
			t.Errorf("a plan with %s disturbs nothing", v.Type().Field(i).Name)
		}
	}
}

func TestPlanSurvivesJSON(t *testing.T) {
	for _, want := range []fault.Plan{{}, full()} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got fault.Plan
		if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n%+v, %v", data, got, err)
		}
	}
}
